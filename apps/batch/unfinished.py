"""Keep what is under way of a batch in a file beside its rows, for as long as it is of use."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import ConfigError
from ...core.ordinary import beside, file_kind
from ..ask.store import is_there, opened

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver


@dataclass
class Kept:
    """Hold the checkpointer, None where nothing is kept."""

    saver: "AsyncSqliteSaver | None" = None
    was_there: bool = False
    """Whether an earlier batch left something behind."""
    is_needed: bool = True
    """Whether another batch may find something to take up."""


@asynccontextmanager
async def unfinished_runs(rows: Path, *, wanted: bool) -> AsyncIterator[Kept]:
    """Open the file `ROWS.unfinished`, where the extra `sqlite` is installed, and remove it when it is not needed.

    Args:
        rows: The file of the rows.
        wanted: Whether to keep anything.

    Raises:
        ConfigError: The file is there, and is no such file.
        InputError: It holds what no run wrote.
    """
    file = beside(rows, ".unfinished")
    if not wanted or not can_keep():
        yield Kept()
        return
    if kind := file_kind(file):  # before the store's thread is started: a failure would leave it behind
        raise ConfigError(f"{file} cannot be used: it is {kind}; take it away, or keep nothing: --no-keep")
    was_there = is_there(file)
    store = Kept(was_there=was_there, is_needed=was_there)
    try:
        async with opened(file) as saver:
            try:
                await saver.setup()
                await saver.conn.execute("PRAGMA synchronous = NORMAL")  # after a crash whole, but for the last steps
            except sqlite3.Error as exc:
                raise ConfigError(f"{file} cannot be used: {exc}; take it away, or keep nothing: --no-keep") from exc
            if store.was_there:
                await _check_all(saver)
            store.saver = saver
            yield store
    except sqlite3.Error as exc:
        raise ConfigError(f"{file} cannot be used: {exc}; mend that, or keep nothing: --no-keep") from exc
    finally:
        if not store.is_needed:
            for more in ("", "-wal", "-shm"):
                file.with_name(f"{file.name}{more}").unlink(missing_ok=True)


async def _check_all(saver: "AsyncSqliteSaver") -> None:
    """Read what is there where each thread would be taken up, so that what no run wrote is refused before anything is
    paid for.
    """
    async with saver.conn.execute("SELECT DISTINCT thread_id FROM checkpoints") as threads:
        ids = [str(thread) async for (thread,) in threads]
    for id_ in ids:
        await saver.aget_tuple({"configurable": {"thread_id": id_}})


def can_keep() -> bool:
    """Tell whether the extra `sqlite` is installed."""
    return find_spec("langgraph.checkpoint.sqlite") is not None
