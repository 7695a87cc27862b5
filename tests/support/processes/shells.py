"""Type a line into a shell, as somebody does at a terminal, and see what Tab makes of it."""

import fcntl
import os
import pty
import select
import shutil
import struct
import termios
import time
from pathlib import Path

import pytest

_WITHIN_S = 60.0


def shell(name: str) -> str:
    """Return where a shell is; skip the test where it is not."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def after_tab(shell_line: list[str], setup: str, line: str, folder: Path) -> str:
    """Return the words of a line, begun and then completed with Tab, as the program would get them."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(shell_line[0], shell_line, {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb"})
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        stub = "langgraph-moa() { printf 'words(%s)\\n' \"$*\"; }"
        os.write(terminal, f"{stub}; {setup}; printf 'rea%s\\n' dy\n".encode())
        _until(terminal, b"ready\r\n")
        os.write(terminal, f"{line}\t\n".encode())
        _until(terminal, b"words(")
        return _until(terminal, b")\r\n").decode()
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


def _until(terminal: int, mark: bytes) -> bytes:
    text, end = b"", time.monotonic() + _WITHIN_S
    while not text.endswith(mark):
        if not select.select([terminal], [], [], max(end - time.monotonic(), 0))[0]:
            raise TimeoutError(f"expected {mark!r} after {text!r}")
        text += os.read(terminal, 1)
    return text.removesuffix(mark)
