"""Threads in a file: what a run needs to be taken up again by another process."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import RunControl
from langgraph.types import StateSnapshot

from ..core.errors import ConfigError, InputError, MissingExtra, nearest
from ..core.seating import STATE_FORMAT
from ..core.state import USABLE
from .settings import Settings, load_settings

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

_RECORD = "moa_record"
"""The key of a checkpoint's metadata under which a thread says what it was begun with."""
Graph = CompiledStateGraph[Any, None, Any, Any]


@dataclass(frozen=True)
class Thread:
    """Name a thread and the file that keeps it."""

    id: str
    file: Path

    @property
    def resume(self) -> str:
        """Return the command that goes on with it."""
        return f"langgraph-moa resume --thread {self.id} --store {self.file}"


def named_thread(thread: str | None, store: Path | None) -> Thread | None:
    """Return the thread that two flags name, None where neither is given.

    Raises:
        ConfigError: Only one of them is given.
    """
    if thread is None and store is None:
        return None
    if not thread or store is None:
        raise ConfigError("found one of --thread and --store, expected both; add --thread ID --store FILE")
    return Thread(thread, store)


@dataclass(frozen=True)
class Session:
    """Hold an open thread: its graph, its config, and where it stands."""

    moa: Graph
    config: RunnableConfig
    state: StateSnapshot
    why: str
    """Which models it asks, and why, in one line."""


@asynccontextmanager
async def begin(thread: Thread, asked: Settings) -> AsyncIterator[Session]:
    """Open a thread for its next question; a new one is recorded with the mixture that was asked for.

    Raises:
        ConfigError: The thread has another mixture, or a run that is not finished.
    """
    async with _store(thread) as saver:
        record = await _recorded(saver, thread)
        if record is None:
            settings = asked
        else:
            settings = _settings_of(record, thread, {})
            if asked != Settings() and asked.choose()[0].record() != settings.record():
                raise ConfigError(
                    f"found thread {thread.id!r} with another mixture than the flags say, expected the same or none; "
                    "leave the flags out, or take another thread"
                )
        session = await _open(saver, thread, settings)
        if session.state.next:
            raise ConfigError(
                f"found an unfinished run in thread {thread.id!r}, expected a finished one; go on with: {thread.resume}"
            )
        yield session


@asynccontextmanager
async def take_up(thread: Thread, *, base_url: str | None) -> AsyncIterator[Session]:
    """Open a thread where its last run stopped, with the mixture it was begun with.

    A run whose aggregator failed is taken up before its aggregator, and one whose first layer failed before that;
    nothing that was answered is asked again, but for the answers of a first layer with too few of them.

    Args:
        thread: Which one.
        base_url: The server to ask instead of the one that was recorded.

    Raises:
        ConfigError: There is no such thread, or it is not one of ours, or of another version.
    """
    if not thread.file.is_file():
        raise ConfigError(f"found no store {thread.file}, expected the file that --store named when the run began")
    async with _store(thread) as saver:
        record = await _recorded(saver, thread)
        if record is None:
            known = sorted({str(found.config["configurable"]["thread_id"]) async for found in saver.alist(None)})
            raise ConfigError(
                f"found no thread {thread.id!r} in {thread.file}; {nearest(thread.id, known or ['none'])}"
            )
        settings = _settings_of(record, thread, {"base_url": base_url} if base_url else {})
        session = await _open(saver, thread, settings)
        yield await _before_failure(session)


async def _before_failure(session: Session) -> Session:
    """Step back before an aggregator that failed, or a first layer that did."""
    state = session.state
    attempts = (state.values.get("run") or {}).get("aggregators") or []
    if not state.next and attempts and attempts[-1]["status"] not in USABLE:
        entered = ["aggregate"]
    elif state.next == ("gate_1",) and any(task.error for task in state.tasks):
        entered = [name for name in session.moa.nodes if name.startswith("layer_1/")]
    else:
        return session
    async for before in session.moa.aget_state_history(session.config):
        if set(before.next) == set(entered):
            return replace(session, config={**session.config, **before.config}, state=before)
    return session


async def _open(saver: "AsyncSqliteSaver", thread: Thread, settings: Settings) -> Session:
    chosen, why = settings.choose()
    record = json.dumps({"format": STATE_FORMAT, "settings": chosen.record()}, ensure_ascii=False)
    config: RunnableConfig = {"configurable": {"thread_id": thread.id}, "metadata": {_RECORD: record}}
    moa = chosen.build(saver)
    return Session(moa, config, await moa.aget_state(config), why)


async def _recorded(saver: "AsyncSqliteSaver", thread: Thread) -> dict[str, Any] | None:
    import sqlite3

    try:
        found = await saver.aget_tuple({"configurable": {"thread_id": thread.id}})
    except sqlite3.DatabaseError as exc:
        raise ConfigError(f"the store {thread.file} cannot be read: {exc}; expected a file made by --store") from exc
    if found is None:
        return None
    written = dict(found.metadata).get(_RECORD)
    record: dict[str, Any] = json.loads(str(written)) if written else {}
    if record.get("format") != STATE_FORMAT:
        raise InputError(
            f"found thread {thread.id!r} in format {record.get('format', 'unknown')}, expected {STATE_FORMAT}: another "
            "program or version wrote it; take another thread, or that version; nothing was changed"
        )
    return record


def _settings_of(record: dict[str, Any], thread: Thread, changes: dict[str, Any]) -> Settings:
    try:
        return load_settings(None, {**record["settings"], **changes})
    except ConfigError as exc:
        raise InputError(f"thread {thread.id!r} cannot be rebuilt: {exc}; nothing was changed") from exc


@asynccontextmanager
async def _store(thread: Thread) -> AsyncIterator["AsyncSqliteSaver"]:
    import sqlite3

    try:
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
    except ImportError as exc:
        raise MissingExtra("keeping threads in a file", "sqlite") from exc
    try:
        opened = AsyncSqliteSaver.from_conn_string(str(thread.file))
        saver = await opened.__aenter__()
    except sqlite3.Error as exc:
        raise ConfigError(f"the store {thread.file} cannot be opened: {exc}; expected a file in a folder") from exc
    try:
        yield saver
    finally:
        await opened.__aexit__(None, None, None)


@contextmanager
def drained_on_sigterm() -> Iterator[RunControl]:
    """Let SIGTERM stop the run between two steps, where its thread can be taken up again."""
    control, loop = RunControl(), asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGTERM, control.request_drain, "SIGTERM")
    except (NotImplementedError, RuntimeError, ValueError):  # not on Windows, and only in the main thread
        yield control
        return
    try:
        yield control
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
