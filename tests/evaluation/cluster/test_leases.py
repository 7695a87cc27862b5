"""Actors hold turns in blocks: together they never exceed the limit, and none waits for ever."""

import asyncio

import pytest
from langgraph_moa.core.models.limits import Limits
from langgraph_moa.evaluation.cluster.leases import USES, Leases
from langgraph_moa.evaluation.cluster.limiter import Bounds, Limiter, TakenForGone


class Counted(Limiter):
    """Count how often it is asked."""

    asked = 0

    async def slots(self, limit: int, holder: str, returned: int, wanted: int) -> int:
        self.asked += 1
        return await super().slots(limit, holder, returned, wanted)


class Work:
    """Know how many are under way at once, and who had turns."""

    def __init__(self) -> None:
        self.under_way = self.most = 0
        self.turns: dict[str, int] = {}

    async def call(self, turns: Leases, holder: str) -> None:
        await turns.take()
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.turns[holder] = self.turns.get(holder, 0) + 1
        await asyncio.sleep(0)
        self.under_way -= 1
        turns.give_back()


@pytest.mark.parametrize("concurrency", [1, 3, 7])
async def test_actors_together_keep_to_the_limit_and_none_starves(concurrency: int) -> None:
    limiter, work = Counted([(concurrency, None)]), Work()
    actors = {name: Leases(limiter, 0, name, (concurrency, None)) for name in "abcd"}

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for name, turns in actors.items():
            for _ in range(200):
                group.create_task(work.call(turns, name))

    assert work.most == concurrency
    assert work.turns == dict.fromkeys("abcd", 200)
    assert limiter.asked < 3 * 800 / USES + 20


async def test_a_slot_that_is_not_used_goes_to_others() -> None:
    limiter = Limiter([(1, None)])
    one, other = (Leases(limiter, 0, name, (1, None)) for name in "ab")
    await one.take()
    one.give_back()

    async with asyncio.timeout(20):
        await other.take()


async def test_who_stops_waiting_takes_no_slot_along() -> None:
    limiter = Limiter([(1, None)])
    turns = Leases(limiter, 0, "a", (1, None))
    await turns.take()
    waiting = [asyncio.create_task(turns.take()) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    turns.give_back()

    async with asyncio.timeout(20):
        await waiting[1]
    assert waiting[0].cancelled()


async def test_starts_of_all_actors_are_spread_over_the_time() -> None:
    rate = 200.0
    limiter, loop = Limiter([(None, rate)]), asyncio.get_running_loop()
    times: list[float] = []

    async def call(turns: Leases) -> None:
        await turns.take()
        times.append(loop.time())
        turns.give_back()

    actors = [Leases(limiter, 0, name, (None, rate)) for name in "abc"]
    await asyncio.gather(*[call(turns) for turns in actors for _ in range(40)])

    times.sort()
    assert times[-1] - times[0] >= 0.9 * 119 / rate


class Broken(Limiter):
    """Be one that cannot be reached."""

    times = 0

    async def slots(self, limit: int, holder: str, returned: int, wanted: int) -> int:
        self.times += 1
        raise ConnectionError("gone")

    async def starts(self, limit: int, holder: str, wanted: int) -> int:
        return await self.slots(limit, holder, 0, wanted)


@pytest.mark.parametrize("bounds", [(1, None), (None, 5.0), (2, 5.0)])
async def test_whoever_waits_is_told_that_the_limiter_is_gone(bounds: Bounds) -> None:
    limiter = Broken([bounds])
    turns = Leases(limiter, 0, "a", bounds)
    results = await asyncio.gather(*[turns.take() for _ in range(5)], return_exceptions=True)
    assert {type(result) for result in results} == {ConnectionError}
    assert isinstance(turns.failure, ConnectionError)
    with pytest.raises(ConnectionError):
        await turns.take()
    assert limiter.times == 1


@pytest.mark.parametrize("bounds", [(1, None), (None, 1000.0)])
async def test_who_was_taken_for_gone_asks_no_more(bounds: Bounds) -> None:
    limiter = Limiter([bounds])
    turns = Leases(limiter, 0, "a", bounds)
    await limiter.forget("a")
    async with asyncio.timeout(20):
        with pytest.raises(TakenForGone):
            await turns.take()
    assert isinstance(turns.failure, TakenForGone)


async def test_limits_give_turns_as_whoever_shares_them_says() -> None:
    limit, work = Limits(provider="openai", concurrency=9), Work()
    limit.share(Leases(Limiter([(2, None)]), 0, "a", (2, None)))

    async def call() -> None:
        async with limit:
            work.under_way += 1
            work.most = max(work.most, work.under_way)
            await asyncio.sleep(0)
            work.under_way -= 1

    await asyncio.gather(*[call() for _ in range(20)])

    assert work.most == 2
