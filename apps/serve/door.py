"""Let runs begin while there is time for them: many that begin at once would all be late, instead of the last only."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_TICK_S = 0.01
_BUSY_S = 0.03
"""CPU of one tick: those who are in have more to do than the tick has time."""
_ALWAYS = 8
"""So many may be in however busy it is."""


class Door:
    """Let runs in one after another, in the order in which they came, and none while this process is behind."""

    def __init__(self, cpu_s: Callable[[], float] = time.process_time) -> None:
        self._cpu_s, self._order, self._inside = cpu_s, asyncio.Lock(), 0

    @asynccontextmanager
    async def passed(self) -> AsyncIterator[None]:
        """Wait until one more may begin, and count it for as long as the block lasts.

        What counts is this process's own work: runs that wait for their models keep nobody out.
        """
        async with self._order:
            while self._inside >= _ALWAYS and await self._work_of_a_tick() > _BUSY_S:
                pass
            self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def _work_of_a_tick(self) -> float:
        before = self._cpu_s()
        await asyncio.sleep(_TICK_S)
        return self._cpu_s() - before
