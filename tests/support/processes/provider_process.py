"""A provider of batches as a process of its own, with a log of all that it bills, which stands in OpenAI's place."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

SUPPORT = Path(__file__).parents[1]
HOST = "http://api.openai.com/v1"
"""Who is asked, by a proxy that is the server of this machine: so the package prices its batches as OpenAI's."""


@dataclass
class Provider:
    """Be the server's process."""

    url: str
    log: Path
    _read: int = 0
    _answers: int = 0

    def lines(self) -> list[dict[str, Any]]:
        """Return what it noted, but for a line that it is writing."""
        written = self.log.read_bytes() if self.log.exists() else b""
        return [json.loads(line) for line in written.splitlines(keepends=True) if line.endswith(b"\n")]

    def answers(self) -> int:
        """Return how many answers it billed so far."""
        with self.log.open("rb") if self.log.exists() else BytesIO() as file:
            file.seek(self._read)
            written = file.read()
        self._read += len(written)
        self._answers += written.count(b'{"billed"')
        return self._answers

    def billed(self) -> Counter[str]:
        """Count what it answered, by request."""
        return Counter(line["digest"] for line in self.lines() if "billed" in line)


@contextmanager
def provider(folder: Path, *flags: str) -> Iterator[Provider]:
    """Run the server until the block ends; it ends after two hours by itself."""
    log = folder / "billed.jsonl"
    command = [sys.executable, str(SUPPORT / "servers" / "batch_server.py"), "--log", str(log), "--seconds", "7200"]
    path = os.pathsep.join([str(SUPPORT), str(SUPPORT / "files")])
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, *flags], **pipes, env={**os.environ, "PYTHONPATH": path}) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Provider(process.stdout.readline().strip(), log)
        finally:
            process.stdin.close()
            process.wait(30)


@contextmanager
def asked_instead(url: str) -> Iterator[None]:
    """Let processes ask a server of this machine for all that goes to OpenAI."""
    proxy = url.removesuffix("/v1")
    ours = {
        "OPENAI_BASE_URL": HOST, "OPENAI_API_KEY": "none", "HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": "",
        "no_proxy": "",
    }  # fmt: skip
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
