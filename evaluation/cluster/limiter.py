"""Give out turns at providers to all actors of a cluster, in blocks, so that none waits for this one place."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...core.run.records import Cost

BLOCK_S = 0.25
"""Seconds of a rate that one block of starts holds at most: so often is asked, however high the rate."""
_GONE = "found {}, which was taken for gone, expected it to have ended"
Bounds = tuple[int | None, float | None]
"""Calls under way at once, and starts in a second."""


class TakenForGone(Exception):
    """Tell who asks that it was taken for gone: others do its work, so that it has to end."""


class Limiter:
    """Keep to the limits of all providers for all actors, and note what questions under way have cost so far.

    What actors hold is known by holder: who is gone gives all of it back, and what it was working on is told.
    """

    def __init__(self, limits: Sequence[Bounds]) -> None:
        self._slots = [_Slots(concurrency or 0) for concurrency, _ in limits]
        self._rates = [_Rate(per_second or 0.0) for _, per_second in limits]
        self._gone: set[str] = set()
        self._costs: dict[str, dict[str, Cost]] = {}

    async def slots(self, limit: int, holder: str, returned: int, wanted: int) -> int:
        """Take slots back, and give others: as many as there are, shared by those who wait, and at least one.

        Args:
            limit: Which, by its place.
            holder: Who asks.
            returned: How many it gives back.
            wanted: How many it could use; where it is 0, nobody waits.

        Raises:
            TakenForGone: The holder was.
        """
        self._check(holder)
        return await self._slots[limit].exchange(holder, returned, wanted)

    async def starts(self, limit: int, holder: str, wanted: int) -> int:
        """Wait until a block of starts begins, and return how many it holds; they are spread evenly over its time.

        Args:
            limit: Which, by its place.
            holder: Who asks.
            wanted: How many could be used.

        Raises:
            TakenForGone: The holder was.
        """
        self._check(holder)
        return await self._rates[limit].block(wanted)

    async def note(self, holder: str, costs: dict[str, Cost | None]) -> None:
        """Note what questions under way have cost so far; None for those that are done.

        Raises:
            TakenForGone: The holder was.
        """
        self._check(holder)
        of_holder = self._costs.setdefault(holder, {})
        for id_, cost in costs.items():
            if cost is None:
                of_holder.pop(id_, None)
            else:
                of_holder[id_] = cost

    async def forget(self, holder: str) -> dict[str, Cost]:
        """Take back all that one held who is gone, and return what is known of its questions' costs."""
        self._gone.add(holder)
        for slots in self._slots:
            slots.forget(holder)
        return self._costs.pop(holder, {})

    def _check(self, holder: str) -> None:
        if holder in self._gone:
            raise TakenForGone(_GONE.format(holder))


@dataclass(eq=False)
class _Turn:
    """Be somebody who waits."""

    holder: str
    wanted: int
    granted: "asyncio.Future[int]"


@dataclass
class _Slots:
    free: int
    _held: dict[str, int] = field(default_factory=dict)
    _waiting: deque[_Turn] = field(default_factory=deque)

    async def exchange(self, holder: str, returned: int, wanted: int) -> int:
        self._held[holder] = self._held.get(holder, 0) - returned
        self.free += returned
        turn = _Turn(holder, wanted, asyncio.get_running_loop().create_future())
        if wanted:
            self._waiting.append(turn)
        self._hand_out()
        return await turn.granted if wanted else 0

    def forget(self, holder: str) -> None:
        for turn in [turn for turn in self._waiting if turn.holder == holder]:
            self._waiting.remove(turn)
            if not turn.granted.done():
                turn.granted.set_exception(TakenForGone(_GONE.format(holder)))
        self.free += self._held.pop(holder, 0)
        self._hand_out()

    def _hand_out(self) -> None:
        while self.free and self._waiting:
            share = max(self.free // len(self._waiting), 1)
            turn = self._waiting.popleft()
            if turn.granted.done():
                continue
            number = min(turn.wanted, share)
            self.free -= number
            self._held[turn.holder] = self._held.get(turn.holder, 0) + number
            turn.granted.set_result(number)


@dataclass
class _Rate:
    per_second: float
    _next: float = 0.0

    async def block(self, wanted: int) -> int:
        now = asyncio.get_running_loop().time()
        number = max(min(wanted, int(self.per_second * BLOCK_S)), 1)
        begins = max(self._next, now)
        self._next = begins + number / self.per_second
        await asyncio.sleep(begins - now)
        return number
