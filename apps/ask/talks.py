"""A conversation of several turns: one that ends with the program, or a thread's."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig

from ...core.errors import ConfigError
from ..settings.settings import Settings
from ..settings.sources import Sources
from ..terminal import note
from .output import Output, RunState, waiting_for
from .review import can_ask
from .running import Decided, follow
from .starting import build_mixture, thread_of_its_own
from .store import unusable
from .threads import Session, Thread, at_failure, opened_thread


class Talk(Protocol):
    """Answer one line after the other."""

    thread: Thread | None
    """What keeps it."""
    unfinished: str | None
    """Who had not answered when another process left it; None where nothing was left."""

    async def history(self) -> list[AnyMessage]:
        """Return what was said so far."""

    async def answer(self, line: str | None, decided: Decided, output: Output) -> RunState:
        """Answer a line, or go on with it once its review is decided.

        Args:
            line: What is asked; None goes on with what another process left.
            decided: What a person said of its proposals; None asks.
            output: How the run is shown.

        Raises:
            MoAError: There is no answer; the line is asked anew, or another one takes its place.
        """


@asynccontextmanager
async def begun(sources: Sources, thread: Thread | None) -> AsyncIterator[Talk]:
    """Begin a conversation, or open a thread's, which nobody else works on until it ends.

    Raises:
        ConfigError: It needs somebody to ask, or another process is at work on the thread.
    """
    if thread is None:
        settings = await asyncio.to_thread(lambda: sources.whole)
        _check_somebody_reviews(settings.review)
        yield await asyncio.to_thread(_Passing, settings)  # it may ask a server for its models
        return
    async with opened_thread(thread, sources) as session:
        _check_somebody_reviews("review" in session.moa.nodes)
        note(session.why)
        yield _Lasting(thread, session)


def _check_somebody_reviews(is_reviewed: bool) -> None:
    if is_reviewed and not can_ask():
        raise ConfigError("found a review without a terminal, expected somebody to ask; leave the review out")


class _Passing:
    thread: Thread | None = None
    unfinished: str | None = None

    def __init__(self, settings: Settings) -> None:
        self._settings, self._moa = settings, build_mixture(settings)
        self._config: RunnableConfig | None = None
        self._messages: list[AnyMessage] = []

    async def history(self) -> list[AnyMessage]:
        return self._messages

    async def answer(self, line: str | None, decided: Decided, output: Output) -> RunState:
        conversation = [*self._messages, HumanMessage(line or "")]
        if not decided:
            self._config = thread_of_its_own(self._settings)
        state = await follow(self._moa, decided or {"messages": conversation}, output, config=self._config)
        if not waiting_for(state):
            self._messages = [*conversation, AIMessage(state["messages"][-1].text)]
        return state


class _Lasting:
    def __init__(self, thread: Thread, session: Session) -> None:
        self._file, self._session = thread.file, session
        self.thread: Thread | None = thread
        self.unfinished: str | None = ", ".join(session.left) or None

    async def history(self) -> list[AnyMessage]:
        return (await self._session.now()).messages

    async def answer(self, line: str | None, decided: Decided, output: Output) -> RunState:
        try:
            session = await self._session.now()
            if line is None:
                session = await at_failure(session)
                output.view.remember(session.state.values)
            elif not decided:
                session = session.asking(line)
            return await follow(session.moa, decided or session.given, output, config=session.config)
        except sqlite3.Error as exc:
            raise unusable(self._file, exc) from exc
