"""Open the files that hold what is under way, and run nothing that they say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import ConfigError, InputError, MissingExtra
from ...core.lock import locked
from .latest import saver_by_writing

if TYPE_CHECKING:
    from langgraph.checkpoint.serde.base import SerializerProtocol
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

_WRITTEN = ("null", "bytes", "bytearray", "msgpack")
"""How LangGraph writes values; what else it reads, it has not written for years."""


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator["AsyncSqliteSaver"]:
    """Open a file of threads, whoever made it.

    LangGraph's serializer as it is by default calls whatever function of whatever module a file names: whoever can
    write to the folder, or sends a thread to be taken up, would run programs as the one who reads it.

    Raises:
        InputError: (when read) It holds something that no run wrote.
    """
    async with saver_by_writing().from_conn_string(str(file)) as saver:
        saver.serde = _strict(file)
        yield saver


def _strict(file: Path) -> "SerializerProtocol":
    from langgraph.checkpoint.serde.event_hooks import SerdeEvent, register_serde_event_listener
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    class Strict(JsonPlusSerializer):
        """Read data and messages; what LangGraph would leave out with a warning is refused."""

        def loads_typed(self, data: tuple[str, bytes]) -> Any:
            blocked: list[SerdeEvent] = []
            unregister = register_serde_event_listener(blocked.append)
            try:
                value = super().loads_typed(data) if data[0] in _WRITTEN else None
            except ValueError as exc:
                raise _refusal(file, "a value that is damaged") from exc
            finally:
                unregister()
            if data[0] not in _WRITTEN:
                raise _refusal(file, f"a value written as {data[0]!r:.40}")
            for event in blocked:
                raise _refusal(file, f"a call of {event['module']!s:.40}.{event['name']!s:.40}")
            return value

    return Strict(pickle_fallback=False, allowed_json_modules=None, allowed_msgpack_modules=None)


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
            async with opened(file) as saver:
                yield saver
    except (sqlite3.Error, OSError) as exc:
        raise unusable(file, exc) from exc


def unusable(file: Path, exc: Exception) -> ConfigError:
    """Return what tells that a file of threads cannot be used, and why."""
    why = getattr(exc, "strerror", None) or exc
    return ConfigError(f"the store {file} cannot be used: {why}; expected a file that --store made")


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
