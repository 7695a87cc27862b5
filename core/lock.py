"""Keep two processes from working on one thing, and leave no lock behind."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EAGAIN, EDEADLK
from pathlib import Path

from .errors import ConfigError


@contextmanager
def locked(file: Path, *, busy: str) -> Iterator[None]:
    """Hold a lock, in a file of its own beside another; it is gone with its process, however that ends.

    The lock is removed while it is held, and whoever has opened it meanwhile finds another in its place, or none, and
    begins anew: nobody removes what somebody else has taken. Windows removes nothing that anyone has open, so that
    there the last who has it does.

    Args:
        file: What it is a lock of; the lock is called `FILE.lock`.
        busy: What to say where somebody else holds it.

    Raises:
        ConfigError: Somebody else holds it, or nothing can be written there.
    """
    lock = file.with_name(f"{file.name}.lock")
    try:
        held = _hold(lock)
    except OSError as exc:
        raise ConfigError(f"{lock} cannot be written: {exc}; expected a folder to write to") from exc
    if held is None:
        raise ConfigError(busy)
    try:
        yield
    finally:
        if sys.platform != "win32":
            with suppress(OSError):  # its folder may be gone
                lock.unlink()
        os.close(held)
        if sys.platform == "win32":
            with suppress(OSError):
                lock.unlink()


def _hold(lock: Path) -> int | None:
    """Open a file and take the operating system's lock on it; None where somebody else has it."""
    while True:
        opened = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _take(opened)
            if _is_at(lock, opened):
                return opened
        except OSError as exc:
            os.close(opened)
            if exc.errno in (EACCES, EAGAIN, EDEADLK):
                return None
            raise
        os.close(opened)  # whoever had it has removed it meanwhile


def _take(opened: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(opened, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_at(lock: Path, opened: int) -> bool:
    try:
        return os.path.samestat(lock.stat(), os.fstat(opened))
    except FileNotFoundError:
        return False
