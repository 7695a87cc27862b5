"""Others have their turn after so many bytes, however they come."""

import asyncio

import pytest
from langgraph_moa.core.wire.turns import STEP, Turns


@pytest.mark.parametrize(("size", "times", "expected"), [(1, STEP - 1, 0), (1, 2 * STEP, 2), (STEP, 3, 3), (0, 9, 0)])
async def test_others_have_their_turn_after_so_many_bytes(size: int, times: int, expected: int) -> None:
    taken = []

    async def other() -> None:
        while True:
            await asyncio.sleep(0)
            taken.append(1)

    task = asyncio.create_task(other())
    await asyncio.sleep(0)
    turns = Turns()
    for _ in range(times):
        await turns.after(size)
    task.cancel()

    assert len(taken) == expected
