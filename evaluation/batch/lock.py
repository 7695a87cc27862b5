"""Keep two processes from writing to one file."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...core.errors import ConfigError


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock on a file, in one of its own beside it; it is gone with its process, however that ends.

    Raises:
        ConfigError: Another process holds it, or nothing can be written there.
    """
    lock = file.with_name(f"{file.name}.lock")
    try:
        held = _hold(lock)
    except (sqlite3.Error, OSError) as exc:
        if getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise ConfigError(
                f"found another batch at work on {file}, expected it free; wait until that one has ended"
            ) from exc
        raise ConfigError(f"{lock} cannot be written: {exc}; expected a folder to write to") from exc
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no file that is open; it is taken up again next time
            lock.unlink()
        held.close()


def _hold(lock: Path) -> sqlite3.Connection:
    """Take SQLite's lock on a file: that of the operating system, on every one of them."""
    while True:
        lock.touch()
        before = lock.stat().st_ino
        held = sqlite3.connect(lock, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            held.execute("PRAGMA journal_mode = MEMORY")  # no second file beside it
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error:
            held.close()
            raise
        if lock.exists() and lock.stat().st_ino == before:
            return held
        held.close()  # whoever had it has removed it meanwhile, and another may have made a new one
