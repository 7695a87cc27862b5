"""Start a Redis of one's own, from Debian's package, on a free port of this machine."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class RunningRedis(NamedTuple):
    """Be a server, and where it is."""

    url: str
    process: "subprocess.Popen[bytes]"


@contextmanager
def redis_running() -> Iterator[RunningRedis]:
    """Run a server for as long as the block lasts; nothing of it is kept.

    Raises:
        LookupError: It cannot be started here; the message says why.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise LookupError("Redis' server is not installed (Debian: apt-get install redis-server)")
    try:
        import redis
    except ImportError:
        raise LookupError("the package redis is not installed (pip install 'langgraph-moa[redis]')") from None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tempfile.mkdtemp(prefix="moa-redis-")
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", home]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        client = redis.Redis(port=port)
        while True:
            try:
                client.ping()
                break
            except redis.exceptions.ConnectionError:
                if process.poll() is not None or time.monotonic() > until:
                    raise LookupError("Redis did not start") from None
                time.sleep(0.02)
        client.close()
        yield RunningRedis(f"redis://127.0.0.1:{port}/0", process)
    finally:
        process.kill()
        process.wait(timeout=30)
        shutil.rmtree(home, ignore_errors=True)
