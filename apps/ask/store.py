"""Open the files that hold what is under way, and run nothing that they say."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

from ...core.errors import ConfigError, InputError, MissingExtra
from ...core.lock import locked
from ...core.text import one_line, printable
from ..terminal import note
from .checking import checked_saver, damaged

if TYPE_CHECKING:
    import aiosqlite
    from langgraph.checkpoint.serde.base import SerializerProtocol
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

_WRITTEN = ("null", "bytes", "bytearray", "msgpack")
"""How LangGraph writes values; what else it reads, it has not written for years."""


_OF_ITS_PLACE = tuple(f"SQLITE_{word}" for word in ("FULL", "IOERR", "READONLY", "PERM", "CANTOPEN"))
"""How SQLite calls what no file is to blame for."""


class StoreUnusable(ConfigError):
    """Tell that a file of threads cannot be read or written, at all or any more."""


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator["AsyncSqliteSaver"]:
    """Open a file of threads, whoever made it; a new one is its maker's alone.

    LangGraph's serializer as it is by default calls whatever function of whatever module a file names: whoever can
    write to the folder, or sends a thread to be taken up, would run programs as the one who reads it.

    Raises:
        InputError: (when read) It holds something that no run wrote.
    """
    import sqlite3

    _make_private(file)
    # A thread that cannot open a file is left behind, and its traceback shown once the event loop is closed.
    sqlite3.connect(file).close()
    async with _connected(file) as connection:
        saver = checked_saver(file)(connection)
        saver.serde = _strict(file)
        yield saver


@asynccontextmanager
async def _connected(file: Path) -> "AsyncIterator[aiosqlite.Connection]":
    """Open a file and close it, whoever is cancelled meanwhile.

    Its thread would answer an event loop that is closed, and show a traceback.
    """
    import aiosqlite

    async def connect() -> aiosqlite.Connection:
        return await aiosqlite.connect(str(file))

    connecting = asyncio.ensure_future(connect())
    try:
        connection = await asyncio.shield(connecting)
    except asyncio.CancelledError:
        await (await connecting).close()
        raise
    try:
        yield connection
    finally:
        disconnecting = asyncio.ensure_future(connection.close())
        try:
            await asyncio.shield(disconnecting)
        except asyncio.CancelledError:
            await disconnecting
            raise


def _make_private(file: Path) -> None:
    """Make a file that only its user can read, where there is none: SQLite gives those beside it the same rights."""
    with suppress(OSError):  # which whoever opens it tells
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def _strict(file: Path) -> "SerializerProtocol":
    from langgraph.checkpoint.serde.event_hooks import SerdeEvent, register_serde_event_listener
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    class Strict(JsonPlusSerializer):
        """Read data and messages; what LangGraph would leave out with a warning is refused."""

        def loads_typed(self, data: tuple[str, bytes]) -> Any:
            blocked: list[SerdeEvent] = []
            unregister = register_serde_event_listener(blocked.append)
            try:
                with _unlogged():
                    value = super().loads_typed(data) if data[0] in _WRITTEN else None
            except ValueError as exc:
                raise damaged(file, "a value that cannot be read") from exc
            finally:
                unregister()
            if data[0] not in _WRITTEN:
                raise _refusal(file, f"a value written as {data[0]!r:.40}")
            for event in blocked:
                call = f"{event['module']!s:.40}.{event['name']!s:.40}"
                raise _refusal(file, f"a call of {one_line(printable(call))}")
            return value

    return Strict(pickle_fallback=False, allowed_json_modules=None, allowed_msgpack_modules=None)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep LangGraph's own warnings of what this thread reads off the terminal: they repeat the file's text as it is,
    and say how to allow it.
    """
    thread, logger = get_ident(), logging.getLogger("langgraph.checkpoint.serde.jsonplus")

    def is_anothers(record: logging.LogRecord) -> bool:
        return record.thread != thread

    logger.addFilter(is_anothers)
    try:
        yield
    finally:
        logger.removeFilter(is_anothers)


def _refusal(file: Path, what: str) -> InputError:
    return InputError(
        f"found {what} in {file}, expected what a run wrote; nothing of it was run: take the file away, and look who "
        "can write to its folder"
    )


@asynccontextmanager
async def locked_store(file: Path, thread: str) -> AsyncIterator["AsyncSqliteSaver"]:
    """Open a file of threads to work on one of them, which nobody else may be doing.

    Args:
        file: The file; it is made where it is not there.
        thread: The id of the thread.

    Raises:
        ConfigError: Somebody is, or the file cannot be used, or is another program's.
        MissingExtra: The extra `sqlite` is missing.
    """
    import sqlite3

    try:
        from langgraph.checkpoint.sqlite import aio as _  # noqa: F401 - here a missing extra is told
    except ImportError as exc:
        raise MissingExtra("keeping threads in a file", "sqlite") from exc
    try:
        _check_ours(file)
        mine = file.with_name(f"{file.name}.{sha256(thread.encode('utf-8', 'replace')).hexdigest()[:12]}")
        busy = f"found thread {thread!r} at work in another process, expected it free; wait until that one has ended"
        with locked(mine, busy=busy):
            _tell_if_shown(file)
            async with opened(file) as saver:
                yield saver
    except (sqlite3.Error, OSError) as exc:
        raise unusable(file, exc) from exc
    except (LookupError, TypeError, AttributeError) as exc:  # half a thread, of which each part is what it has to be
        raise damaged(
            file, f"thread {thread!r}, which nobody can go on with ({type(exc).__name__}: {exc!s:.80})"
        ) from exc


def _tell_if_shown(file: Path) -> None:
    if os.name == "posix" and file.exists() and file.stat().st_mode & 0o004:
        note(f"{file} can be read by every user of this machine, as earlier versions made it: chmod 600 changes that")


def unusable(file: Path, exc: Exception) -> StoreUnusable:
    """Return what tells that a file of threads cannot be used, and why."""
    why = getattr(exc, "strerror", None) or exc
    if isinstance(exc, OSError) or str(getattr(exc, "sqlite_errorname", "")).startswith(_OF_ITS_PLACE):
        return StoreUnusable(f"the store {file} cannot be used: {why}; mend that, or name another place for it")
    return StoreUnusable(f"the store {file} cannot be used: {why}; expected a file that --store made")


def is_there(file: Path) -> bool:
    """Tell whether a file of threads is there.

    Raises:
        ConfigError: Nobody may look.
    """
    try:
        return file.exists()
    except OSError as exc:
        raise unusable(file, exc) from exc


def _check_ours(file: Path) -> None:
    """Look before anything is written, and before the store's thread is started: a failure would leave it behind."""
    import sqlite3

    if not file.exists():
        if not file.absolute().parent.is_dir():
            raise ConfigError(f"found no folder {file.parent} for the store {file.name}, expected one; make it first")
        return
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as opened:
        tables = {name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and not {"checkpoints", "writes"} <= tables:
        raise ConfigError(
            f"found another program's database in {file}, expected a file that --store made; nothing was changed"
        )
