"""Threads in a file: what a run needs to be taken up again by another process."""

import asyncio
import json
import shlex
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AnyMessage, HumanMessage, RemoveMessage
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import RunControl
from langgraph.types import Command, StateSnapshot

from ...core.errors import ConfigError, InputError, MissingExtra, nearest
from ...core.panel.signature import STATE_FORMAT
from ...core.run.records import USABLE
from ..settings.files import merged_settings
from ..settings.settings import Graph, Settings
from .store import opened

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

_RECORD = "moa_record"
"""The key of a checkpoint's metadata under which a thread says what it was begun with."""


@dataclass(frozen=True)
class Thread:
    """Name a thread and the file that keeps it."""

    id: str
    file: Path

    @property
    def resume(self) -> str:
        """Return the command that goes on with it."""
        return f"langgraph-moa resume --thread {shlex.quote(self.id)} --store {shlex.quote(str(self.file))}"


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
    given: dict[str, Any] | None = None
    """What to start the graph with; None goes on with what is under way."""

    @property
    def left(self) -> tuple[str, ...]:
        """Return the nodes that have not answered, or all of a step that nobody closed after they had; none at the end.

        LangGraph's own `next` is empty in the second case, too.
        """
        return self.state.next or tuple(task.name for task in self.state.tasks)

    @property
    def messages(self) -> list[AnyMessage]:
        """Return the conversation so far."""
        return list(self.state.values.get("messages", []))


@asynccontextmanager
async def begin(
    thread: Thread, asked: Settings, question: HumanMessage, *, instead: bool = False
) -> AsyncIterator[Session]:
    """Open a thread for its next question, put to the mixture of before with what is asked for now changed.

    Args:
        thread: Which one; a new one is made.
        asked: What was said of the mixture; it wins over what the thread holds.
        question: What to ask.
        instead: Take back a question that was never answered.

    Raises:
        ConfigError: The thread has a run that is not finished, or another process is at work on it.
    """
    async with _store(thread) as saver:
        record = await _recorded(saver, thread)
        session = await _open(saver, thread, asked if record is None else _settings_of(record, thread, asked))
        if session.left and not instead:
            raise ConfigError(
                f"found an unfinished run in thread {thread.id!r}, expected a finished one; go on with: "
                f"{thread.resume}, or take its question back with --instead"
            )
        taken_back = [RemoveMessage(id=str(m.id)) for m in session.messages[-1:] if session.left]
        yield replace(session, given={"messages": [*taken_back, question]})


@asynccontextmanager
async def take_up(thread: Thread, changes: Settings) -> AsyncIterator[Session]:
    """Open a thread where its last run stopped, with the mixture it was begun with.

    A run whose aggregator failed is taken up before its aggregator, and one with too few answers in its first layer at
    that layer; nobody who has answered is asked again.

    Args:
        thread: Which one.
        changes: Bounds, or a server, to go on with instead of those that were recorded.

    Raises:
        ConfigError: There is no such thread, or it is not one of ours, or of another version, or at work elsewhere.
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
        session = await _open(saver, thread, _settings_of(record, thread, changes))
        yield await _at_failure(session)


async def _at_failure(session: Session) -> Session:
    """Step back before aggregators that failed, keeping what they cost, or put a first layer's question again."""
    state, run = session.state, session.state.values.get("run") or {}
    attempts = run.get("aggregators") or []
    if any(task.error and task.name.startswith("gate_1") for task in state.tasks):
        return replace(session, given={"messages": session.messages[-1:]})
    if session.left or not attempts or attempts[-1]["status"] in USABLE:
        return session
    async for before in session.moa.aget_state_history(session.config):
        if before.next == ("aggregate",):
            update: Any = {"run": {**before.values["run"], "aggregators": attempts}}
            last = before.values["verdicts"][-1]
            node = f"gate_{last['layer']}/wave_{last['wave']}"
            node = node if node in session.moa.nodes else f"gate_{last['layer']}"
            if "review" in session.moa.nodes:  # nobody is asked again about what has been decided
                node, update = "review", Command(update=update, goto="aggregate")
            config = await session.moa.aupdate_state({**session.config, **before.config}, update, as_node=node)
            return replace(session, config={**session.config, **config}, state=before)
    return session


async def _open(saver: "AsyncSqliteSaver", thread: Thread, settings: Settings) -> Session:
    chosen, why = await asyncio.to_thread(settings.choose)  # it may ask a server for its models
    record = json.dumps({"format": STATE_FORMAT, "settings": chosen.record()}, ensure_ascii=False)
    config: RunnableConfig = {"configurable": {"thread_id": thread.id}, "metadata": {_RECORD: record}}
    moa = chosen.build(saver)
    return Session(moa, config, await moa.aget_state(config), why)


async def _recorded(saver: "AsyncSqliteSaver", thread: Thread) -> dict[str, Any] | None:
    found = await saver.aget_tuple({"configurable": {"thread_id": thread.id}})
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


def _settings_of(record: dict[str, Any], thread: Thread, changes: Settings) -> Settings:
    said = changes.model_dump(exclude_unset=True)
    replaced = ("proposers", "aggregator", "layers", "base_url") if said.get("preset") else ()
    kept = {key: value for key, value in record["settings"].items() if key not in replaced}
    name = kept.pop("preset", None)
    try:
        settings = merged_settings(kept, said)
        return settings if {"preset", "proposers"} & said.keys() else settings.model_copy(update={"preset": name})
    except ConfigError as exc:
        raise InputError(f"thread {thread.id!r} cannot be rebuilt: {exc}; nothing was changed") from exc


@asynccontextmanager
async def _store(thread: Thread) -> AsyncIterator["AsyncSqliteSaver"]:
    """Open the file, which nobody else may be using for the same thread."""
    import sqlite3

    try:
        from filelock import FileLock, Timeout
        from langgraph.checkpoint.sqlite import aio as _  # noqa: F401 - here a missing extra is told
    except ImportError as exc:
        raise MissingExtra("keeping threads in a file", "sqlite") from exc
    file = thread.file
    try:
        _check_ours(file)
        mine = sha256(thread.id.encode("utf-8", "replace")).hexdigest()[:12]
        with FileLock(f"{file}.{mine}.lock", timeout=0):
            async with opened(file) as saver:
                yield saver
    except Timeout as exc:
        raise ConfigError(
            f"found thread {thread.id!r} at work in another process, expected it free; wait until that one has ended"
        ) from exc
    except (sqlite3.Error, OSError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise ConfigError(f"the store {file} cannot be used: {why}; expected a file that --store made") from exc


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


class Terminated(Exception):
    """Tell that a run was not left the time to end its step."""


@contextmanager
def drained_on_sigterm(on_first: Callable[[], None]) -> Iterator[RunControl]:
    """Let SIGTERM stop the run between two steps, where its thread can be taken up again; a second one does not wait.

    Args:
        on_first: Called where the end of a step is waited for.

    Raises:
        Terminated: It was stopped within a step.
    """
    control, loop, task = RunControl(), asyncio.get_running_loop(), asyncio.current_task()
    came = 0

    def end() -> None:
        nonlocal came
        came += 1
        if came == 1:
            control.request_drain("SIGTERM")
            on_first()
        elif task:
            task.cancel()

    try:
        loop.add_signal_handler(signal.SIGTERM, end)
    except (NotImplementedError, RuntimeError, ValueError):  # not on Windows, and only in the main thread
        yield control
        return
    try:
        yield control
    except asyncio.CancelledError:
        if came > 1:
            raise Terminated("stopped within a step") from None
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
