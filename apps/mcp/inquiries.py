"""Questions that are answered while somebody waits, or comes back for the answer later."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast
from uuid import uuid4

from ...core.errors import InputError
from ...core.run.state import Graph
from ...core.text import one_line
from ...graphs.adapters.asking import conversation

MOST_INQUIRIES = 32
"""How many questions are kept, answered ones included; the oldest of those goes first."""
Tell = Callable[[float, float, str], Awaitable[None]]
"""Takes how far it is, of how far it may go, and what happened."""


class Inquiry:
    """One question under way, and in the end what it came to.

    Attributes:
        id: What it is asked for by.
        done: How many steps are done.
        steps: How many there may be.
        news: What happened, in order, each with how far it is then: this grows, and comes to `steps` with the answer.
        task: Its run; a mixture's result, or why there is none.
    """

    def __init__(self, moa: Graph, given: dict[str, Any]) -> None:
        self.id = uuid4().hex[:12]
        self.done, self.steps = 0, len(moa.builder.nodes)
        self.news: list[tuple[float, str]] = []
        self._begun = self._heard = 0
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(self._run(moa, given))
        self.task.add_done_callback(lambda _: self._changed.set())

    async def _run(self, moa: Graph, given: dict[str, Any]) -> dict[str, Any]:
        state: dict[str, Any] = {}
        stream = moa.astream(given, stream_mode=["custom", "values"])
        async for mode, part in cast("AsyncIterator[tuple[str, Any]]", stream):
            if mode == "values":
                state = part
            else:
                self._take(part)
        self.news.append((self.steps, "answered"))
        return state

    def _take(self, event: dict[str, Any]) -> None:
        match event:
            case {"moa": "layer", "proposers": proposers}:
                self._add(f"asking {', '.join(proposers)}", ends=False)
            case {"moa": "proposal", "proposer": name, "status": status}:
                self._add(f"{name}: {status}", ends=True)
            case {"moa": "verdict", "layer": layer, "reason": reason}:
                self._add(f"gate {layer}: {reason}", ends=True)
            case {"moa": "aggregating", "aggregator": name}:
                self._add(f"{name} writes the answer", ends=False)

    def _add(self, news: str, *, ends: bool) -> None:
        """Add what ends a step, or begins one, which is a part of it; the last step ends with the answer only."""
        if ends and self.done < self.steps - 1:
            self.done, self._begun = self.done + 1, 0
        else:
            self._begun += 1
        self.news.append((self.done + self._begun / (self._begun + 1), one_line(news)))
        self._changed.set()

    async def wait(self, seconds: float, tell: Tell) -> bool:
        """Wait until it is over, or for some time; return whether it is over.

        What happens meanwhile is told, after what happened while nobody waited; at least what happened last.
        """
        at = max(min(self._heard, len(self.news) - 1), 0)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._changed.clear()
                    while at < len(self.news):
                        progress, news = self.news[at]
                        at += 1
                        self._heard = max(self._heard, at)
                        await tell(progress, self.steps, news)
                    if self.task.done():
                        return True
                    await self._changed.wait()
        except TimeoutError:
            return self.task.done()

    @property
    def result(self) -> dict[str, Any]:
        """Return what it came to, where it is over.

        Raises:
            InputError: It was cancelled.
            MoAError: The mixture failed.
        """
        if self.task.cancelled():
            raise InputError("found a question that was cancelled, expected one under way; ask again")
        return self.task.result()


class Inquiries:
    """Keep a bounded number of them."""

    def __init__(self, moa: Graph, *, most: int = MOST_INQUIRIES) -> None:
        self._moa, self._most = moa, most
        self._inquiries: dict[str, Inquiry] = {}

    def start(self, question: str) -> Inquiry:
        """Ask a question.

        Raises:
            InputError: It says nothing, or too many are under way.
        """
        given = conversation(question)
        if len(self._inquiries) >= self._most:
            over = next((key for key, inquiry in self._inquiries.items() if inquiry.task.done()), None)
            if over is None:
                raise InputError(
                    f"found {self._most} questions under way, expected fewer; wait for one of their answers"
                )
            self._forget(over)
        inquiry = Inquiry(self._moa, given)
        self._inquiries[inquiry.id] = inquiry
        return inquiry

    def find(self, key: str) -> Inquiry:
        """Return the one of an id.

        Raises:
            InputError: There is none.
        """
        if key not in self._inquiries:
            raise InputError(
                f"found no question under the id {one_line(key, limit=80)!r}, expected one that ask gave; it was "
                f"cancelled, or is older than the {self._most} that are kept: ask again"
            )
        return self._inquiries[key]

    def end(self, inquiry: Inquiry) -> None:
        """Forget one that nobody will come back for; where it is under way, it is cancelled."""
        self._forget(inquiry.id)

    def _forget(self, key: str) -> None:
        inquiry = self._inquiries.pop(key, None)
        if inquiry and not inquiry.task.cancel() and not inquiry.task.cancelled():
            inquiry.task.exception()  # or asyncio complains that nobody looked

    async def close(self) -> None:
        """End all that are under way."""
        tasks = [inquiry.task for inquiry in self._inquiries.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._inquiries.clear()
