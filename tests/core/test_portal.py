"""Synchronous code waits on a loop of its own, one for each depth, and nothing is left behind."""

import asyncio
import threading
from contextvars import ContextVar
from typing import Any

import pytest
from langgraph_moa.core.portal import close_portals, run_sync

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
