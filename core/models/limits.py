"""Keep to what a provider allows, over all layers and all runs at once."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from langchain_core.rate_limiters import InMemoryRateLimiter

_CHECKS_A_SLOT = 10


class SharedTurns(Protocol):
    """Give turns to the calls of one process, in a limit that it shares with others."""

    async def take(self) -> None:
        """Wait for a turn."""

    def give_back(self) -> None:
        """End it."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limit the calls to one provider that are under way at once, or that start in a second.

    openai = Limits(provider="openai", concurrency=20, per_second=5)
    create_moa(..., limits=[openai])        # give the same object to several mixtures, and they share the limit

    A call that waits for its turn is not yet timed; the run's deadline and a quorum end the wait all the same. The
    client's own retries are not counted: it backs off by itself.
    """

    provider: str
    """As in `provider:model`, or as LangChain's package is called: `openai`, `together`, `anthropic`."""
    concurrency: int | None = None
    per_second: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)
    _waiting: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = field(
        default_factory=deque, init=False, repr=False, compare=False
    )
    _taken: list[None] = field(default_factory=list, init=False, repr=False, compare=False)
    _rate: list[InMemoryRateLimiter] = field(default_factory=list, init=False, repr=False, compare=False)
    _shared: list[SharedTurns] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.per_second, int | float) and self.per_second > 0:
            often = 1 / self.per_second / _CHECKS_A_SLOT
            self._rate.append(
                InMemoryRateLimiter(requests_per_second=self.per_second, check_every_n_seconds=min(often, 0.1))
            )

    def share(self, turns: SharedTurns) -> None:
        """Keep to it together with other processes, before any call was made.

        Args:
            turns: Who gives the turns from now on.
        """
        self._shared[:] = [turns]

    async def __aenter__(self) -> None:
        if self._shared:
            await self._shared[0].take()
            return
        await self._take()
        started = False
        try:
            for rate in self._rate:
                await rate.aacquire()
            started = True
        finally:
            if not started:
                self._give_back()

    async def __aexit__(self, *exc: object) -> None:
        if self._shared:
            self._shared[0].give_back()
        else:
            self._give_back()

    async def _take(self) -> None:
        """Wait for a free slot, in order; runs of different event loops wait in one line."""
        if self.concurrency is None:
            return
        loop = asyncio.get_running_loop()
        with self._lock:
            if len(self._taken) < self.concurrency:
                self._taken.append(None)
                return
            turn = (loop, loop.create_future())
            self._waiting.append(turn)
        try:
            await turn[1]
        except asyncio.CancelledError:
            with self._lock:
                gone = turn in self._waiting
                if gone:
                    self._waiting.remove(turn)
            if not gone:  # the slot was handed over in the same instant
                self._give_back()
            raise

    def _give_back(self) -> None:
        """Hand the slot to the next in line, or free it."""
        if self.concurrency is None:
            return
        with self._lock:
            while self._waiting:
                loop, turn = self._waiting.popleft()
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_wake, turn)
                    return
            self._taken.pop()


@asynccontextmanager
async def turn_within(limits: Iterable[Limits]) -> AsyncIterator[None]:
    """Wait for a turn of all limits, and hold it.

    Args:
        limits: Those of one seat.
    """
    async with AsyncExitStack() as turn:
        for limit in sorted(limits, key=id):  # in one order everywhere, or two mixtures could lock each other
            await turn.enter_async_context(limit)
        yield


def _wake(turn: "asyncio.Future[None]") -> None:
    if not turn.done():
        turn.set_result(None)
