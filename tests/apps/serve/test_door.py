"""Who may begin while this process has too much to do."""

import asyncio
from collections.abc import Callable

import pytest
from langgraph_moa.apps.serve import door
from langgraph_moa.apps.serve.door import Door


class Work:
    """Be the process: as long as it is busy, each look at its CPU finds a second more."""

    def __init__(self) -> None:
        self.is_busy, self._seconds = True, 0.0

    def __call__(self) -> float:
        self._seconds += self.is_busy
        return self._seconds


async def a_while() -> None:
    """Let everybody do what they can."""
    for _ in range(200):
        await asyncio.sleep(0)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setattr(door, "_TICK_S", 0)
    return Work()


async def begun(gate: Door, inside: list[int], number: int, end: asyncio.Event) -> None:
    async with gate.passed():
        inside.append(number)
        await end.wait()


def crowd(gate: Door, inside: list[int], end: asyncio.Event) -> Callable[[int], "asyncio.Task[None]"]:
    return lambda number: asyncio.create_task(begun(gate, inside, number, end))


async def test_a_busy_process_lets_some_in_and_all_others_in_their_order_when_it_has_time(work: Work) -> None:
    inside, end = list[int](), asyncio.Event()
    runs = [*map(crowd(Door(work), inside, end), range(20))]
    await a_while()
    assert inside == [*range(8)]
    runs[8].cancel()
    await a_while()
    assert inside == [*range(8)], "whoever goes away makes no room"
    work.is_busy = False
    await a_while()
    assert inside == [*range(8), *range(9, 20)]
    end.set()
    await asyncio.gather(*runs, return_exceptions=True)


async def test_one_that_ends_makes_room_for_the_next_however_busy_it_is(work: Work) -> None:
    inside, end, gate = list[int](), asyncio.Event(), Door(work)
    runs = [*map(crowd(gate, inside, end), range(9))]
    await a_while()
    runs[0].cancel()
    await a_while()
    assert inside == [*range(9)]
    end.set()
    await asyncio.gather(*runs, return_exceptions=True)

    assert gate._inside == 0
