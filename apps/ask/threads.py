"""Threads in a file: what a run needs to be taken up again by another process."""

import asyncio
import json
import shlex
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AnyMessage, HumanMessage, RemoveMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command, StateSnapshot

from ...core.errors import ConfigError, InputError, nearest
from ...core.models.credentials import SERVER_KEY
from ...core.panel.signature import STATE_FORMAT
from ...core.panel.stages import gate_of
from ...core.run.records import USABLE
from ...core.run.state import Graph
from ...core.text import escaped
from ..garbage import freeze_what_stays
from ..logbook import tell
from ..mistakes import Misuse
from ..settings.files import merged_settings
from ..settings.settings import Settings
from ..settings.sources import Sources
from ..settings.trust import servers_elsewhere, servers_of, servers_with_parameters, variables_of
from ..terminal import note
from .checking import damaged
from .store import is_there, locked_store

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

Content = str | list[str | dict[Any, Any]]
"""What is asked: text, or text with pictures and files beside it."""
_RECORD = "moa_record"
"""The key of a checkpoint's metadata under which a thread says what it was begun with."""


@dataclass(frozen=True)
class Thread:
    """Name a thread and the file that keeps it."""

    id: str
    file: Path
    server: str | None = None
    """The server beyond this machine that is to be named again."""

    @classmethod
    def of(cls, thread: str, store: Path, sources: Sources) -> "Thread":
        """Return a thread with the server that the command line names for it, without secrets."""
        elsewhere = servers_elsewhere(Settings(base_url=sources.flags.get("base_url")))
        return cls(thread, store, next(iter(elsewhere), None))

    @property
    def resume(self) -> str:
        """Return the command that goes on with it."""
        server = f" --base-url {shlex.quote(self.server)}" if self.server else ""
        return f"langgraph-moa resume --thread {shlex.quote(self.id)} --store {shlex.quote(str(self.file))}{server}"


def named_thread(thread: str | None, store: Path | None, sources: Sources) -> Thread | None:
    """Return the thread that two flags name, None where neither is given.

    Args:
        thread: Its name.
        store: Its file.
        sources: What was said of the mixture.

    Raises:
        Misuse: Only one of them is given, or no name.
    """
    if thread is None and store is None:
        return None
    if thread is None or store is None:
        raise Misuse("found one of --thread and --store, expected both; add --thread ID --store FILE")
    if not thread:
        raise Misuse("found an empty --thread, expected a name; write --thread ID")
    return Thread.of(thread, store, sources)


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

    async def now(self) -> "Session":
        """Return it where its thread stands now."""
        return replace(self, state=await self.moa.aget_state(self.config))

    def asking(self, question: Content) -> "Session":
        """Return it with its next question, which takes the place of one that was never answered."""
        taken_back = [RemoveMessage(id=str(m.id)) for m in self.messages[-1:] if self.left]
        return replace(self, given={"messages": [*taken_back, HumanMessage(question)]})


@asynccontextmanager
async def opened_thread(thread: Thread, sources: Sources) -> AsyncIterator[Session]:
    """Open a thread for what comes next, with the mixture of before and what is asked for now changed.

    Args:
        thread: Which one; a new one is made.
        sources: What was said of the mixture; flags and a named file win over what the thread holds. Settings that are
            found are a new thread's only.

    Raises:
        ConfigError: Another process is at work on it.
    """
    async with locked_store(thread.file, thread.id) as saver:
        record = await _recorded(saver, thread)
        if record is None:
            settings = await asyncio.to_thread(lambda: sources.whole)
        else:
            tell(f"settings: those of thread {thread.id!r}, and the command line's")
            settings = _settings_of(record, thread, sources)
        yield await _open(saver, thread, settings)


@asynccontextmanager
async def begin(
    thread: Thread, sources: Sources, question: Content, *, instead: bool = False
) -> AsyncIterator[Session]:
    """Open a thread for its next question, put to the mixture of before with what is asked for now changed.

    Args:
        thread: Which one; a new one is made.
        sources: What was said of the mixture.
        question: What to ask.
        instead: Take back a question that was never answered.

    Raises:
        ConfigError: The thread has a run that is not finished, or another process is at work on it.
    """
    async with opened_thread(thread, sources) as session:
        if session.left and not instead:
            raise ConfigError(
                f"found an unfinished run in thread {thread.id!r}, expected a finished one; go on with: "
                f"{thread.resume}, or take its question back with --instead"
            )
        yield session.asking(question)


@asynccontextmanager
async def take_up(thread: Thread, sources: Sources) -> AsyncIterator[Session]:
    """Open a thread where its last run stopped, with the mixture it was begun with.

    A run whose aggregator failed is taken up before its aggregator, and one with too few answers in its first layer at
    that layer; nobody who has answered is asked again.

    Args:
        thread: Which one.
        sources: Bounds, or a server, to go on with instead of those that were recorded.

    Raises:
        ConfigError: There is no such thread, or it is not one of ours, or of another version, or at work elsewhere.
    """
    if not is_there(thread.file):
        raise ConfigError(f"found no store {thread.file}, expected the file that --store named when the run began")
    async with locked_store(thread.file, thread.id) as saver:
        record = await _recorded(saver, thread)
        if record is None:
            ids = sorted(
                {str(checkpoint.config["configurable"]["thread_id"]) async for checkpoint in saver.alist(None)}
            )
            raise ConfigError(f"found no thread {thread.id!r} in {thread.file}; {nearest(thread.id, ids or ['none'])}")
        session = await _open(saver, thread, _settings_of(record, thread, sources))
        yield await at_failure(session)


async def at_failure(session: Session) -> Session:
    """Step back before aggregators that failed, keeping what they cost.

    Returns:
        What goes on from there; where nothing failed, what was given.
    """
    run = session.state.values.get("run") or {}
    attempts = run.get("aggregators") or []
    if session.left or not attempts or attempts[-1]["status"] in USABLE:
        return session
    before = session.state
    while before.parent_config:  # LangGraph's history is in the order of its ids, and so of clocks
        before = await session.moa.aget_state(before.parent_config)
        if before.next == ("aggregate",):
            update: Any = {"run": {**before.values["run"], "aggregators": attempts}}
            nodes = session.moa.nodes
            node = "analyse" if "analyse" in nodes else gate_of(before.values["verdicts"][-1], nodes)
            if "review" in nodes:  # nobody is asked again about what has been decided
                node, update = "review", Command(update=update, goto="aggregate")
            config = await session.moa.aupdate_state({**session.config, **before.config}, update, as_node=node)
            return replace(session, config={**session.config, **config}, state=before)
    return session


async def _open(saver: "AsyncSqliteSaver", thread: Thread, settings: Settings) -> Session:
    chosen, why = await asyncio.to_thread(settings.choose)  # it may ask a server for its models
    written = {"format": STATE_FORMAT, "settings": chosen.record(), "parameters": servers_with_parameters(chosen)}
    record = json.dumps(written, ensure_ascii=False)
    config: RunnableConfig = {"configurable": {"thread_id": thread.id}, "metadata": {_RECORD: record}}
    moa = chosen.build(saver)
    freeze_what_stays()
    return Session(moa, config, await moa.aget_state(config), f"models: {why}")


async def _recorded(saver: "AsyncSqliteSaver", thread: Thread) -> dict[str, Any] | None:
    checkpoint = await saver.aget_tuple({"configurable": {"thread_id": thread.id}})
    if checkpoint is None:
        return None
    written = dict(checkpoint.metadata).get(_RECORD)
    try:
        record: Any = json.loads(str(written)) if written else {}
    except (ValueError, RecursionError) as exc:
        raise damaged(thread.file, f"a record of thread {thread.id!r} that is no JSON") from exc
    if not isinstance(record, dict):
        raise damaged(thread.file, f"a record of thread {thread.id!r} that is no object")
    if record.get("format") != STATE_FORMAT:
        raise InputError(
            f"found thread {thread.id!r} in format {record.get('format', 'unknown')}, expected {STATE_FORMAT}: another "
            f"program or version wrote it to {thread.file}; take another thread, or that version; nothing was changed"
        )
    if not isinstance(record.get("settings"), dict):
        raise damaged(thread.file, f"a record of thread {thread.id!r} without settings")
    return record


def _settings_of(record: dict[str, Any], thread: Thread, sources: Sources) -> Settings:
    given = sources.by_hand.model_dump(exclude_unset=True)
    replaced = ("proposers", "aggregator", "layers", "base_url") if given.get("preset") else ()
    recorded = {key: value for key, value in record["settings"].items() if key not in replaced}
    name = recorded.pop("preset", None)
    try:
        settings = merged_settings(recorded, given)
    except ConfigError as exc:
        raise InputError(f"thread {thread.id!r} cannot be rebuilt: {exc}; nothing was changed") from exc
    unnamed = [server for server in servers_of(settings) if server not in servers_of(sources.by_hand)]
    _check_servers(unnamed, settings, thread, sources)
    _check_parameters(unnamed, record.get("parameters"), thread)
    variables = [name for name in variables_of(settings) if name not in (SERVER_KEY, *variables_of(sources.by_hand))]
    if variables:
        note(f"variables that are sent, as the thread has them: {', '.join(map(escaped, variables))}")
    return settings if {"preset", "proposers"} & given.keys() else settings.model_copy(update={"preset": name})


def _check_parameters(unnamed: Sequence[str], recorded: object, thread: Thread) -> None:
    """Ask nobody without what an address had behind it, which is a secret and so in no record."""
    begun_with = recorded if isinstance(recorded, list) else []
    for server in unnamed:
        if server in begun_with:
            raise ConfigError(
                f"found thread {thread.id!r} begun with parameters (?...) of the server {server!r}, which no thread "
                "keeps, expected them again; add --base-url with the whole address, or without them where they are "
                "not needed"
            )


def _check_servers(unnamed: Sequence[str], settings: Settings, thread: Thread, sources: Sources) -> None:
    """Send nothing elsewhere because a file says so: whoever can write it would be sent the conversation and the key.

    Raises:
        ConfigError: It names a server beyond this machine that the user does not name now.
    """
    if not unnamed:
        return
    note(f"servers, as the thread has them: {', '.join(unnamed)}")
    elsewhere = servers_elsewhere(settings)
    if elsewhere and (others := [server for server in elsewhere if server not in sources.servers]):
        is_for_all = settings.base_url and others[0] in servers_elsewhere(Settings(base_url=settings.base_url))
        name = f"--base-url {shlex.quote(others[0])}" if is_for_all else "--config FILE, with the file that names it"
        raise ConfigError(
            f"found the server {others[0]!r} in the record of thread {thread.id!r}, which whoever can write to "
            f"{thread.file} may have put there, expected it to be named again; if conversation and key may go to it, "
            f"add {name}"
        )
