"""Files that come through a pipe: copied, so that they can be read again."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import UnsupportedOperation
from pathlib import Path
from select import select
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import IO, Any

import typer

from ..core.errors import ConfigError
from ..core.lock import locked
from ..core.ordinary import file_kind
from .interrupts import INTERRUPTED, TERMINATED
from .terminal import note, sigterm_as_ctrl_c

_BY_NUMBER = re.compile(r"/(?:dev|proc/self)/fd/(\d{1,9})")
_STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_CHUNK = 1 << 20
_SIGNALS_S = 0.1
"""Seconds until a signal that came is looked at."""
STANDARD_INPUT = "-"


class Source:
    """Be a file that can be read as often as is wanted: the one that was named, or a copy of what was piped."""

    def __init__(self, path: Path, name: str | None = None, home: Path | None = None) -> None:
        self.path = path
        """Where it can be read."""
        self.name = name or str(path)
        """What it was, for messages."""
        self.is_piped = name is not None
        self.stem = "questions" if self.is_piped else path.stem
        """A name that others can be made of."""
        self._home = home

    @property
    def copy(self) -> Path | None:
        """Return where a copy stays once `keep` was called; None where there is none."""
        return self._home if self.is_piped and self.path == self._home else None

    def keep(self) -> None:
        """Let the copy stay, in place of an earlier one, once it is clear that it is the right one."""
        if self._home is None or self.path == self._home:
            return
        try:
            try:
                self.path.replace(self._home)
            except OSError:  # on another disk
                new = self._home.with_name(f"{self._home.name}.new")
                with open(new, "wb", opener=_private) as copy, self.path.open("rb") as original:
                    copyfileobj(original, copy)
                new.replace(self._home)
        except OSError as exc:
            raise ConfigError(f"{self._home} cannot be written: {exc.strerror or exc}; make room for it") from exc
        self.path = self._home

    def forget(self) -> None:
        """Remove the copy that stayed."""
        if self.copy:
            self.copy.unlink(missing_ok=True)


@contextmanager
def read_again(given: Path, *, what: str, home: Path | None = None, beside: bool = False) -> Iterator[Source]:
    """Make sure that a file can be read more than once; what is piped is copied first, within bounded memory.

    Args:
        given: What was named: a file, a pipe, or `-` for standard input.
        what: What it holds, for messages.
        home: Where the copy may stay.
        beside: Whether to copy there at once: its folder is there, and large enough for what is kept in it.

    Raises:
        ConfigError: It can not be read or copied, or is a socket or device.
        Exit: Ctrl-C or SIGTERM came while it was waited for.
    """
    if not is_piped(given):
        yield Source(given)
        return
    name = "standard input" if str(given) == STANDARD_INPUT else str(given)
    with ExitStack() as held:
        if home and beside:
            busy = f"found another command at work on {home}, expected it free; wait until that one has ended"
            held.enter_context(locked(home, busy=busy))
            copy = home.with_name(f"{home.name}.new")
            held.callback(copy.unlink, missing_ok=True)
        else:
            copy = Path(held.enter_context(TemporaryDirectory(prefix="langgraph-moa-"))) / "copy"
        with _ended_by_signals(), _opened(given, name, what, home) as stream:
            _copy(stream, copy, name)
        yield Source(copy, name, home)


def is_piped(given: Path) -> bool:
    """Tell whether a file can be read only once, as pipes can and what the shell has opened already."""
    if str(given) == STANDARD_INPUT:
        return True
    kind = file_kind(given)
    if kind is None and _descriptor(given) is not None:
        return sys.platform != "linux" and given.exists()  # elsewhere all who open it share one place in it
    return kind not in (None, "a folder")


def check_own_file(out: Path, what: str) -> None:
    """Refuse to write to what is open already: it is read, or something else is written to it.

    Args:
        out: Where to write.
        what: What will be written, for the message.

    Raises:
        ConfigError: It is none of its own.
    """
    if str(out) == STANDARD_INPUT or _descriptor(out) is not None:
        shown = "standard output" if str(out) == STANDARD_INPUT else out
        raise ConfigError(
            f"found {shown} for {what}, expected a file, for a batch that was stopped goes on from it; name one, and "
            "read along with: tail -f FILE"
        )
    if file_kind(out) is not None:
        return
    for number, stream in enumerate(("standard input", "standard output", "standard error")):
        try:
            is_same = os.path.samestat(os.fstat(number), out.stat())
        except OSError:
            continue
        if is_same:
            raise ConfigError(f"found {out} for {what} and as {stream}, expected a file of its own; name another")


@contextmanager
def _opened(given: Path, name: str, what: str, home: Path | None) -> Iterator[IO[bytes]]:
    """Open what is piped, and say so before anybody waits for it."""
    number = _descriptor(given)
    _check_kind(given, number)
    is_standard = str(given) == STANDARD_INPUT
    if is_standard and sys.stdin is None:
        raise ConfigError(f"found {name} closed, expected {what}; name a file")
    ends = ", until Ctrl-D" if is_standard and sys.stdin.isatty() else ""
    copied = f"; a copy is kept in {home}" if home else ""
    note(f"{what} are read from {name}{ends}{copied}")
    try:
        if is_standard:
            buffer: Any = sys.stdin.buffer
            yield getattr(buffer, "raw", buffer)
        elif number is not None:
            with open(number, "rb", buffering=0, closefd=False) as stream:
                yield stream
        else:
            with open(given, "rb", buffering=0, opener=_unblocked) as stream:
                yield stream
    except OSError as exc:
        raise ConfigError(f"{name} cannot be read: {exc.strerror or exc}; expected a pipe that gives {what}") from exc


def _descriptor(path: Path) -> int | None:
    """Return the number under which a file is open here already; None where a path names no such."""
    number = _BY_NUMBER.fullmatch(str(path))
    return int(number[1]) if number else _STANDARD.get(str(path))


def _check_kind(given: Path, number: int | None) -> None:
    kind = file_kind(given)
    is_closed_socket = kind == "a socket" and number is None
    is_endless = kind == "a device" and str(given) != os.devnull and not _is_terminal(given, number)
    if str(given) != STANDARD_INPUT and (is_closed_socket or is_endless):
        raise ConfigError(
            f"found {kind}, {given}, expected a file, a pipe, or - for standard input; copy what it gives to a file"
        )


def _is_terminal(given: Path, number: int | None) -> bool:
    if number is not None:
        return os.isatty(number) or os.path.samestat(os.fstat(number), os.stat(os.devnull))  # noqa: PTH116
    try:
        opened = os.open(given, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.isatty(opened)
    finally:
        os.close(opened)


def _copy(stream: IO[bytes], copy: Path, name: str) -> None:
    try:
        with open(copy, "wb", buffering=0, opener=_private) as file:
            for chunk in _chunks(stream, name):
                rest = memoryview(chunk)
                while rest:
                    rest = rest[file.write(rest) :]
    except OSError as exc:
        raise ConfigError(f"{name} cannot be copied to {copy}: {exc.strerror or exc}; make room for it") from exc


def _chunks(stream: IO[bytes], name: str) -> Iterator[bytes]:
    while True:
        try:
            _wait(stream)
            chunk: bytes | None = stream.read(_CHUNK)
        except OSError as exc:
            raise ConfigError(f"{name} cannot be read: {exc.strerror or exc}; expected something to read") from exc
        if chunk == b"":
            return
        if chunk:  # there is none where somebody else reads, too
            yield chunk


def _private(path: str, flags: int) -> int:
    """Make a file that only its user can read."""
    return os.open(path, flags, 0o600)


def _unblocked(path: str, flags: int) -> int:
    """Open a named pipe at once, whoever writes to it later: Linux tells who has not begun from who has ended."""
    return os.open(path, flags | (os.O_NONBLOCK if sys.platform == "linux" else 0))


def _wait(stream: IO[bytes]) -> None:
    """Wait for something to read, in short steps: a signal just before a system call does not interrupt it."""
    with suppress(UnsupportedOperation):  # what is in memory has no number to ask about
        while sys.platform != "win32" and not select([stream], [], [], _SIGNALS_S)[0]:
            pass


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    with sigterm_as_ctrl_c() as ending:
        try:
            yield
        except KeyboardInterrupt:
            sys.stderr.write("stopped before anything was asked\n")
            raise typer.Exit(TERMINATED if ending.terminated else INTERRUPTED) from None
