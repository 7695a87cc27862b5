"""Synchronous code waits on a loop of its own, one for each depth, and nothing is left behind."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextvars import ContextVar
from typing import Any

import pytest
from langgraph_moa.core.portal import close_portals, iterate_sync, run_sync

WHO: ContextVar[str] = ContextVar("who", default="nobody")


async def where() -> tuple[str, int]:
    return threading.current_thread().name, id(asyncio.get_running_loop())


def test_work_runs_on_another_thread_and_returns() -> None:
    name, loop = run_sync(where())

    assert name == "langgraph-moa"
    assert run_sync(where()) == (name, loop)


def test_an_error_comes_back() -> None:
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_sync(fail())


def test_context_variables_go_along() -> None:
    async def who() -> str:
        return WHO.get()

    token = WHO.set("somebody")
    try:
        assert run_sync(who()) == "somebody"
    finally:
        WHO.reset(token)


def test_a_call_within_a_call_waits_on_a_loop_of_its_own() -> None:
    async def nested() -> list[int]:
        own = id(asyncio.get_running_loop())
        return [own, (await asyncio.to_thread(run_sync, where()))[1], run_sync(where())[1]]

    own, *inner = run_sync(nested())

    assert inner[0] == inner[1] != own


def test_what_still_runs_when_loops_are_closed_is_ended() -> None:
    ended: list[str] = []
    tasks: list[Any] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waiting")

    async def numbers() -> Any:
        try:
            yield 1
        finally:
            ended.append("generator")

    async def start() -> int:
        tasks.append(asyncio.create_task(wait()))
        tasks.append(numbers())
        await anext(tasks[1])
        await asyncio.sleep(0)
        return id(asyncio.get_running_loop())

    run_sync(start())
    close_portals()

    assert ended == ["waiting", "generator"]
    assert run_sync(where())[0] == "langgraph-moa"


async def numbers(ended: threading.Event) -> AsyncGenerator[int]:
    try:
        for number in range(3):
            await asyncio.sleep(0)
            yield number
        await asyncio.sleep(600)
    finally:
        ended.set()


def test_what_is_yielded_comes_one_by_one_and_is_ended_where_it_is_left() -> None:
    ended = threading.Event()
    yielded = iterate_sync(numbers(ended))

    assert [next(yielded) for _ in range(3)] == [0, 1, 2]
    yielded.close()

    assert ended.wait(60)


def test_what_goes_wrong_in_it_is_raised() -> None:
    async def fails() -> AsyncGenerator[int]:
        yield 1
        raise KeyError("x")

    yielded = iterate_sync(fails())

    assert next(yielded) == 1
    with pytest.raises(KeyError):
        next(yielded)


def test_it_can_be_dropped_on_the_very_loop_that_it_runs_on() -> None:
    """Whoever collects garbage there would wait for itself."""
    ended = threading.Event()
    yielded = [iterate_sync(numbers(ended))]
    next(yielded[0])

    async def drop() -> str:
        yielded.clear()
        return "dropped"

    assert run_sync(drop()) == "dropped"
    assert ended.wait(60)


def test_it_can_be_gone_on_with_at_another_depth() -> None:
    yielded = iterate_sync(numbers(threading.Event()))
    next(yielded)

    async def deeper() -> int:
        return next(yielded)

    assert run_sync(deeper()) == 1
    yielded.close()
