"""Start a PostgreSQL of one's own, from Debian's packages, on a Unix socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIFETIME = 900
"""Seconds after which a server ends, whatever became of the tests that started it."""


def _programs() -> Path | None:
    """Return the folder of the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    where = shutil.which("initdb")
    return found[-1].parent if found else Path(where).parent if where else None


def _wait_until_ready(programs: Path, home: Path) -> None:
    until = time.monotonic() + 60
    while subprocess.run([str(programs / "pg_isready"), "-q", "-h", str(home)], timeout=30).returncode:
        if time.monotonic() > until:
            raise LookupError("PostgreSQL did not start within a minute")
        time.sleep(0.1)


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server for as long as the block lasts, or take that of `MOA_TEST_POSTGRES`; yields its connection string.

    Raises:
        LookupError: It cannot be started here; the message says why.
    """
    if place := os.environ.get("MOA_TEST_POSTGRES"):
        yield place
        return
    programs = _programs()
    if programs is None:
        raise LookupError("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    home = Path(tempfile.mkdtemp(prefix="moa-pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            shutil.rmtree(home)
            raise LookupError("PostgreSQL does not run as root, and there is no user postgres") from None
        os.chown(home, user.pw_uid, user.pw_gid)
        as_user = ["runuser", "-u", "postgres", "--"]

    def run(program: str, *arguments: str) -> None:
        command = [*as_user, str(programs / program), "-D", str(home / "data"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=home)
        if done.returncode:
            raise LookupError(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}")

    try:
        run("initdb", "-U", "postgres", "-A", "trust", "--no-sync")
        # It stops by itself, too, should the tests be killed.
        bounded = [*as_user, "timeout", "--signal=QUIT", str(LIFETIME), str(programs / "postgres")]
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={home}", "-c", "fsync=off"]
        server = subprocess.Popen(
            [*bounded, "-D", str(home / "data"), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=home,
        )
        try:
            _wait_until_ready(programs, home)
            yield f"host={home} user=postgres dbname=postgres"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
            server.wait(60)
    finally:
        shutil.rmtree(home, ignore_errors=True)
