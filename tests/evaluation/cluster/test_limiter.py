"""One place gives turns to all: never more than the limit, nobody starves, and who is gone gives back."""

import asyncio

import pytest
from langgraph_moa.evaluation.cluster.limiter import BLOCK_S, Limiter, TakenForGone


async def test_slots_are_shared_by_those_who_wait() -> None:
    limiter = Limiter([(4, None)])
    first = await limiter.slots(0, "a", 0, 9)
    others = [asyncio.create_task(limiter.slots(0, name, 0, 9)) for name in ("b", "c")]
    await asyncio.sleep(0)
    assert (first, [task.done() for task in others]) == (4, [False, False])

    await limiter.slots(0, "a", 3, 0)

    assert await asyncio.gather(*others) == [1, 2]


async def test_who_is_gone_gives_back_what_it_held_and_waits_no_more() -> None:
    limiter = Limiter([(2, None), (1, None)])
    await limiter.slots(0, "a", 0, 2)
    waiting = asyncio.create_task(limiter.slots(0, "b", 0, 1))
    gone = asyncio.create_task(limiter.slots(0, "a", 0, 1))
    await asyncio.sleep(0)

    assert await limiter.forget("a") == {}
    assert await waiting == 1
    with pytest.raises(TakenForGone, match="found a, which was taken for gone"):
        await gone
    for ask in (limiter.slots(0, "a", 0, 5), limiter.starts(1, "a", 5), limiter.note("a", {})):
        with pytest.raises(TakenForGone):
            await ask
    assert await limiter.slots(0, "c", 0, 5) == 1


async def test_costs_under_way_are_known_until_they_are_done() -> None:
    limiter = Limiter([])
    await limiter.note("a", {"q1": {"calls": 1, "tokens": 9, "usd": None}, "q2": {"calls": 2, "tokens": 5, "usd": 0.5}})
    await limiter.note("a", {"q1": None, "q2": {"calls": 3, "tokens": 6, "usd": 0.75}})

    assert await limiter.forget("a") == {"q2": {"calls": 3, "tokens": 6, "usd": 0.75}}
    assert await limiter.forget("a") == {}


async def test_a_block_of_starts_is_a_part_of_a_second_and_blocks_follow_each_other() -> None:
    rate = 400.0
    limiter, loop = Limiter([(None, rate)]), asyncio.get_running_loop()
    began = loop.time()
    blocks = await asyncio.gather(*[limiter.starts(0, "a", 1_000) for _ in range(3)])

    assert blocks == [int(rate * BLOCK_S)] * 3
    assert loop.time() - began >= 2 * BLOCK_S * 0.99
    assert await limiter.starts(0, "a", 2) == 2
