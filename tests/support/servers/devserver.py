"""LangGraph's own development server, as `make studio` starts it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2

ROOT = Path(__file__).parents[3]
LIFETIME = 300
"""Seconds after which a server ends, whatever became of the tests that started it."""
_WANTED = re.compile(r"API: \S*?(http://127\.0\.0\.1:\d+)")


class DevServer:
    """Know where it listens, and what it has written."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.url = ""
        self.log: list[str] = []
        self.ready = threading.Event()
        self._process = process
        self.group = process.pid
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def kill(self) -> None:
        """End it at once, as a machine does that fails: `timeout` leads a group of processes, its own."""
        os.killpg(self.group, signal.SIGKILL)
        self._process.wait(30)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.log.append(line)
            if found := _WANTED.search(re.sub(r"\x1b\[\d*m", "", line)):
                self.url = found[1]
            if "Application started up" in line:
                self.ready.set()
        self.ready.set()


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@contextmanager
def devserver(
    home: Path | None = None,
    *,
    config: str = "langgraph.json",
    env: Mapping[str, str] | None = None,
    jobs: int = 4,
    may_block: bool = False,
) -> Iterator[DevServer]:
    """Run it on the repo's files until the block ends; the blocking detector is on.

    It would keep its threads in the folder that it is started from, and show those of whoever works here: so that
    folder is one of its own, which holds nothing but the way to the project.

    Args:
        home: That folder, where it is to stay.
        config: What is served, as a path from the project's root.
        env: Variables for it.
        jobs: How many runs it has under way at once.
        may_block: Whether to leave the blocking detector off, which a deployed server has not.
    """
    stays, home = home is not None, home or Path(tempfile.mkdtemp(prefix="moa-studio-"))
    for name in ("langgraph.json", "studio"):
        if not (home / name).exists():
            (home / name).symlink_to(ROOT / name)
    command = [str(Path(sys.executable).with_name("langgraph")), "dev"]
    options = ["--no-browser", "--no-reload", "--port", str(_free_port()), "--n-jobs-per-worker", str(jobs)]
    options += ["--config", config, *(["--allow-blocking"] if may_block else [])]
    own = {"LANGGRAPH_CLI_NO_ANALYTICS": "1", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        ["timeout", str(LIFETIME), *command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=home,
        env={**os.environ, **own, **(env or {})},
    )
    server = DevServer(process)
    try:
        if not server.ready.wait(60) or process.poll() is not None:
            raise LookupError("the server did not start:\n" + "".join(server.log[-30:]))
        # It says that it has started up right before it listens.
        with httpx2.Client(transport=httpx2.HTTPTransport(retries=5)) as http:
            http.get(f"{server.url}/ok").raise_for_status()
        yield server
    finally:
        process.terminate()
        process.wait(30)
        server.reader.join(30)
        if process.stdout:
            process.stdout.close()
        if not stays:
            shutil.rmtree(home)
