"""Questions that are answered while somebody waits, or comes back for the answer later."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast
from uuid import uuid4

from langchain_core.messages import HumanMessage

from ..core.errors import InputError
from ..core.text import one_line
from .settings import Graph

MOST = 32
"""How many questions are kept, answered ones included; the oldest of those goes first."""
Tell = Callable[[int, int, str], Awaitable[None]]
"""Takes how many steps of how many are done, and what happened last."""


class Inquiry:
    """One question under way, and in the end what it came to.

    Attributes:
        id: What it is asked for by.
        done: How many steps are done.
        steps: How many there may be.
        news: What happened last.
        task: Its run; a mixture's result, or why there is none.
    """

    def __init__(self, moa: Graph, question: str) -> None:
        self.id = uuid4().hex[:12]
        self.done, self.steps, self.news = 0, len(moa.builder.nodes), ""
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(self._run(moa, question))
        self.task.add_done_callback(lambda _: self._changed.set())

    async def _run(self, moa: Graph, question: str) -> dict[str, Any]:
        state: dict[str, Any] = {}
        stream = moa.astream({"messages": [HumanMessage(question)]}, stream_mode=["custom", "values"])
        async for mode, part in cast("AsyncIterator[tuple[str, Any]]", stream):
            if mode == "values":
                state = part
            else:
                self._take(part)
        return state

    def _take(self, event: dict[str, Any]) -> None:
        match event:
            case {"moa": "layer", "proposers": proposers}:
                news, steps = f"asking {', '.join(proposers)}", 0
            case {"moa": "proposal", "proposer": name, "status": status}:
                news, steps = f"{name}: {status}", 1
            case {"moa": "verdict", "layer": layer, "reason": reason}:
                news, steps = f"gate {layer}: {reason}", 1
            case {"moa": "aggregating", "aggregator": name}:
                news, steps = f"{name} writes the answer", 0
            case _:
                return
        self.news, self.done = one_line(news), min(self.done + steps, self.steps)
        self._changed.set()

    async def wait(self, seconds: float, tell: Tell) -> bool:
        """Wait until it is over, or for some time; tell what happens meanwhile, and return whether it is over."""
        told = -1
        try:
            async with asyncio.timeout(seconds):
                while not self.task.done():
                    self._changed.clear()
                    if self.news and self.done > told:
                        told = self.done
                        await tell(self.done, self.steps, self.news)
                    await self._changed.wait()
        except TimeoutError:
            return self.task.done()
        return True

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

    def __init__(self, moa: Graph, *, most: int = MOST) -> None:
        self._moa, self._most = moa, most
        self._kept: dict[str, Inquiry] = {}

    def start(self, question: str) -> Inquiry:
        """Ask a question.

        Raises:
            InputError: There is none, or too many are under way.
        """
        if not question.strip():
            raise InputError("found an empty question, expected some text")
        if len(self._kept) >= self._most:
            over = next((key for key, inquiry in self._kept.items() if inquiry.task.done()), None)
            if over is None:
                raise InputError(
                    f"found {self._most} questions under way, expected fewer; wait for one of their answers"
                )
            self._forget(over)
        inquiry = Inquiry(self._moa, question)
        self._kept[inquiry.id] = inquiry
        return inquiry

    def find(self, key: str) -> Inquiry:
        """Return the one of an id.

        Raises:
            InputError: There is none.
        """
        if key not in self._kept:
            raise InputError(
                f"found no question under the id {one_line(key, limit=80)!r}, expected one that ask gave; it was "
                f"cancelled, or is older than the {self._most} that are kept: ask again"
            )
        return self._kept[key]

    async def wait(self, inquiry: Inquiry, seconds: float, tell: Tell) -> bool:
        """Wait for one as it does; a wait that is cancelled ends it, and closes the requests to its models."""
        try:
            return await inquiry.wait(seconds, tell)
        except asyncio.CancelledError:
            self._forget(inquiry.id)
            raise

    def end(self, inquiry: Inquiry) -> None:
        """Forget one that nobody will come back for; where it is under way, it is cancelled."""
        self._forget(inquiry.id)

    def _forget(self, key: str) -> None:
        inquiry = self._kept.pop(key, None)
        if inquiry and not inquiry.task.cancel() and not inquiry.task.cancelled():
            inquiry.task.exception()  # or asyncio complains that nobody looked

    async def close(self) -> None:
        """End all that are under way."""
        tasks = [inquiry.task for inquiry in self._kept.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._kept.clear()
