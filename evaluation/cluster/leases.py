"""Hold what the limiter gave one actor: slots for some calls each, and starts of the next moments."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any, Protocol

from .limiter import Bounds

USES = 16
"""Calls that a slot is kept for before others get it: so many fewer questions to the limiter."""
IDLE_S = 0.2
"""Seconds that an actor keeps a slot which it does not use."""


class Lessor(Protocol):
    """Be the limiter, however it is reached."""

    async def slots(self, limit: int, holder: str, returned: int, wanted: int) -> int:
        """As `Limiter.slots`."""

    async def starts(self, limit: int, holder: str, wanted: int) -> int:
        """As `Limiter.starts`."""


class Leases:
    """Be the turns of one actor in one limit; all on one event loop."""

    def __init__(self, lessor: Lessor, number: int, holder: str, bounds: Bounds) -> None:
        """Say who gives them.

        Args:
            lessor: The limiter.
            number: The limit's place there.
            holder: Who this is.
            bounds: The limit.
        """
        concurrency, self._per_second = bounds
        self._slots = _LeasedSlots(lessor, number, holder) if concurrency is not None else None
        self._lessor, self._number, self._holder = lessor, number, holder
        self._failure: Exception | None = None
        self._one_at_a_time = asyncio.Lock()
        self._waiting = self._starts = 0
        self._next = self._end = 0.0

    @property
    def failure(self) -> Exception | None:
        """Return why the limiter cannot be reached any more; None where it can."""
        return self._failure or (self._slots.failure if self._slots else None)

    async def take(self) -> None:
        """Wait for a slot, then for a start.

        Raises:
            Exception: The limiter cannot be reached, now or before.
        """
        if self._failure:
            raise self._failure
        if self._slots:
            await self._slots.take()
        started = False
        try:
            if self._per_second:
                await self._start(1 / self._per_second)
            started = True
        finally:
            if not started:
                self.give_back()

    def give_back(self) -> None:
        """End a turn."""
        if self._slots:
            self._slots.give_back()

    async def _start(self, apart: float) -> None:
        """Wait for the next start of the block, or for a block; what of one was not used in its time is lost."""
        clock = asyncio.get_running_loop().time
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                begins = max(self._next, clock())
                if not self._starts or begins > self._end:
                    self._starts = await self._block()
                    begins = clock()
                    self._end = begins + self._starts * apart
                self._starts -= 1
                self._next = begins + apart
                await asyncio.sleep(begins - clock())
        finally:
            self._waiting -= 1

    async def _block(self) -> int:
        if self._failure:  # while others waited
            raise self._failure
        try:
            return await self._lessor.starts(self._number, self._holder, self._waiting)
        except Exception as exc:
            self._failure = exc
            raise


class _LeasedSlots:
    """Hold slots, each for some calls, and hand them to those who wait here."""

    def __init__(self, lessor: Lessor, number: int, holder: str) -> None:
        self.failure: Exception | None = None
        self._lessor, self._number, self._holder = lessor, number, holder
        self._idle: deque[int] = deque()
        """How often each may still be used; so `_busy`."""
        self._busy: deque[int] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._returned = 0
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._clearing: asyncio.TimerHandle | None = None

    async def take(self) -> None:
        if self.failure:
            raise self.failure
        if self._idle:
            self._busy.append(self._idle.pop() - 1)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._go("fetch", self._fetch)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back()
            raise

    def give_back(self) -> None:
        self._lay_down(self._busy.popleft())

    def _lay_down(self, uses: int) -> None:
        """Hand a slot to who waits, back to the limiter, or keep it for a moment."""
        while uses and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                self._busy.append(uses - 1)
                turn.set_result(None)
                return
        if uses:
            self._idle.append(uses)
            if self._clearing is None:
                self._clearing = asyncio.get_running_loop().call_later(IDLE_S, self._clear)
            return
        self._give_up(1)

    def _clear(self) -> None:
        self._clearing = None
        number = len(self._idle)
        self._idle.clear()
        self._give_up(number)

    def _give_up(self, number: int) -> None:
        self._returned += number
        if self._returned:
            self._go("return", self._return)

    def _go(self, name: str, work: Any) -> None:
        if name not in self._tasks:
            self._tasks[name] = asyncio.create_task(self._guarded(name, work()))

    async def _guarded(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as exc:  # noqa: BLE001 - whoever waits is told, and so is who asks later
            self.failure = exc
            while self._waiting:
                turn = self._waiting.popleft()
                if not turn.done():
                    turn.set_exception(exc)
        finally:
            self._tasks.pop(name)

    async def _fetch(self) -> None:
        while self._waiting:
            number = await self._lessor.slots(self._number, self._holder, 0, len(self._waiting))
            for _ in range(number):
                self._lay_down(USES)

    async def _return(self) -> None:
        while self._returned:
            number, self._returned = self._returned, 0
            await self._lessor.slots(self._number, self._holder, number, 0)
