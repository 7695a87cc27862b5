"""Calls made at the same time all come to their end."""

import asyncio

import pytest
from langgraph_moa.nodes.calls.all_of import all_of


async def test_what_they_return_stands_in_their_order() -> None:
    async def late(number: int) -> int:
        for _ in range(3 - number):
            await asyncio.sleep(0)
        return number

    assert await all_of([late(1), late(2), late(3)]) == [1, 2, 3]
    assert await all_of([]) == []


async def test_one_that_raises_leaves_no_other_behind() -> None:
    ends: list[str] = []

    async def failing() -> None:
        raise LookupError

    async def slow() -> None:
        await asyncio.sleep(0)
        ends.append("slow")

    with pytest.raises(LookupError):
        await all_of([failing(), slow()])
    assert ends == ["slow"]


async def test_a_cancellation_ends_them_all_at_once() -> None:
    ends: list[str] = []

    async def cancelled() -> None:
        raise asyncio.CancelledError

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("endless")

    with pytest.raises(asyncio.CancelledError):
        await all_of([endless(), cancelled()])
    assert ends == ["endless"]
