"""Read ordinary files: what else a path may lead to is known by its kind, and nothing waits for it or is endless."""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from .errors import ConfigError

LONGEST_LINE = 250_000_000
"""Bytes of a line: a row may hold what several models wrote, and a hole in a file is a line without end."""
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
_UNBLOCKED = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


def file_kind(path: Path) -> str | None:
    """Say what a path leads to that is no ordinary file; None for a file, and where nothing is there.

    Nothing is opened: opening a pipe waits until somebody writes to it.

    Args:
        path: Where to look.
    """
    try:
        return _KINDS.get(stat.S_IFMT(path.stat().st_mode))
    except (OSError, ValueError):
        return None


def unreachable(path: Path) -> str | None:
    """Say why nobody may look at what a path leads to; None where one may, or nothing is there.

    Args:
        path: Where to look.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as exc:
        return exc.strerror or str(exc)
    return None


def check_reachable(path: Path, what: str) -> None:
    """Refuse to write where nobody may look, before anything is paid for.

    Args:
        path: Where something will be written.
        what: What that is, in the plural or not, with its article.

    Raises:
        ConfigError: One may not.
    """
    if why := unreachable(path):
        raise ConfigError(f"{what} cannot be written to {path}: {why}; name a file that you may write")


def is_same_file(one: Path, other: Path) -> bool:
    """Tell whether two paths lead to one file that is there, as far as one may look."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def leads_into(one: Path, other: Path) -> bool:
    """Tell whether a path leads to what another one leads to, or into that folder; nothing need be there yet.

    Args:
        one: What would be lost if the other were written anew.
        other: The file or folder to write.
    """
    try:
        return is_same_file(one, other) or one.resolve().is_relative_to(other.resolve())
    except (OSError, RuntimeError, ValueError):  # links in a circle, or no name at all
        return False


def opened_file(path: Path) -> BinaryIO:
    """Open an ordinary file to be read, and never wait: something else may have taken its place since it was looked at.

    Args:
        path: The file; a link is followed.

    Raises:
        OSError: It cannot be opened, or is no ordinary file, which its `strerror` says.
    """
    _refuse(file_kind(path), path)  # opening a device may do something
    return open(path, "rb", opener=_unblocked)


def content_of(path: Path, *, most: int) -> bytes:
    """Return what stands in an ordinary file.

    Args:
        path: The file.
        most: Bytes that it may have.

    Raises:
        OSError: It cannot be read, is no ordinary file, or has more, which its `strerror` says.
    """
    with opened_file(path) as file:
        content = file.read(most + 1)
    if content is None:  # some of the kernel's files wait for something to happen
        raise OSError(errno.EAGAIN, "it holds nothing yet, and is no file that can be read to its end", str(path))
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(path))
    return content


def beside(file: Path, ending: str) -> Path:
    """Return the file that goes with another, by whichever name that is called: a link's is where the link leads.

    Args:
        file: The file.
        ending: What the name of the other one has more.
    """
    real = file.resolve() if file.is_symlink() else file
    return real.with_name(f"{real.name}{ending}")


def on_the_disk(path: Path) -> None:
    """See to it that what was written to a file is there after a power failure, and so its name.

    Args:
        path: The file; one that is not there needs nothing.

    Raises:
        OSError: It cannot be.
    """
    things = [(path, os.O_RDWR)]
    if sys.platform != "win32":  # which opens no folders
        things.append((path.resolve().parent, os.O_RDONLY))
    for thing, flags in things:
        with suppress(FileNotFoundError):
            opened = os.open(thing, flags)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)


def append_line(path: Path, line: bytes) -> None:
    """Add a whole line to a file, so that whoever reads along sees no half of it.

    Args:
        path: The file.
        line: The line, with its end.

    Raises:
        OSError: It could not be written, or not all of it.
    """
    with FileIO(path, "a") as file:
        if file.write(line) != len(line):
            raise OSError("no room for all of a line")


def whole_lines(path: Path, *, most: int) -> bytes:
    """Return the lines of a file that `append_line` writes; a last one that was cut off is taken off the file, too.

    Args:
        path: The file; one that is not there has no lines.
        most: Bytes above which it is not read.

    Raises:
        OSError: It cannot be read, or is larger than that, or the last line cannot be taken off.
    """
    content = content_of(path, most=most) if path.exists() else b""
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return whole


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Go through the lines of an open file, each with its end, and none longer than memory should hold.

    Raises:
        OSError: One is longer, which its `strerror` says.
    """
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise OSError(errno.EFBIG, f"line {number:,} has more than {LONGEST_LINE:,} bytes")
        yield line


def _unblocked(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | _UNBLOCKED)
    try:
        _refuse(_KINDS.get(stat.S_IFMT(os.fstat(descriptor).st_mode)), path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _refuse(kind: str | None, path: str | Path) -> None:
    if kind == "a folder":
        raise IsADirectoryError(errno.EISDIR, "it is a folder, and no file", str(path))
    if kind:
        raise OSError(errno.EINVAL, f"it is {kind}, and no file", str(path))
