"""A node serves one coroutine to both of LangGraph's APIs."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph_moa import create_moa
from loopback import Loopback
from mixtures import GOOD, mixture
from reading import QUESTION
from running import APIS, run


async def test_two_loops_in_a_row_share_nothing_and_leak_nothing(loopback: Loopback) -> None:
    moa = mixture(loopback, *GOOD, layers=3)

    def go() -> None:
        async def twice() -> None:
            await moa.ainvoke(QUESTION)
            await moa.ainvoke(QUESTION)

        asyncio.run(twice())

    for _ in range(2):
        loopback.ports.clear()
        await asyncio.to_thread(go)
        assert 1 <= len(loopback.ports) <= len(GOOD)


def test_the_sync_api_keeps_its_connections_too(loopback: Loopback) -> None:
    moa = mixture(loopback, *GOOD)

    moa.invoke(QUESTION)
    moa.invoke(QUESTION)

    assert len(loopback.requests) == 2 * (len(GOOD) + 1)
    assert len(loopback.ports) <= len(GOOD)


@APIS
@pytest.mark.parametrize("nested", ["sync", "async"])
async def test_mixtures_nest_through_the_sync_api(api: str, nested: str) -> None:
    inner = create_moa(proposers=["offline:words", "offline:stems"], aggregator="offline:words")

    async def asynchronous(messages: Any) -> Any:
        return inner.invoke({"messages": messages})

    def synchronous(messages: Any) -> Any:
        return inner.invoke({"messages": messages})

    step: Any = RunnableLambda(synchronous if nested == "sync" else asynchronous)

    result = await run(create_moa(proposers=[step] * 8, aggregator="offline:words", timeout=20), api, QUESTION)

    assert result["run"]["degraded"] is None
    assert result["run"]["calls"] == 8 * 3 + 1


def test_a_model_that_ends_its_loop_does_not_hang_the_sync_api() -> None:
    code = """
import asyncio, concurrent.futures
from langgraph_moa.core.portal import run_sync
async def end(): raise SystemExit(3)
try:
    run_sync(end())
except concurrent.futures.CancelledError:
    print(run_sync(asyncio.sleep(0, "again")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "again\n"
