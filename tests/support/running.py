"""Run a graph by one of its two APIs, and look into its thread."""

import asyncio
from typing import Any

import pytest

THREAD: Any = {"configurable": {"thread_id": "t"}}
APIS = pytest.mark.parametrize("api", ["async", "sync"])


async def run(graph: Any, api: str, given: Any, config: Any = None, **options: Any) -> Any:
    """Return what a graph comes to; the sync API is called as a user calls it, where no event loop runs."""
    if api == "async":
        return await graph.ainvoke(given, config, **options)
    return await asyncio.to_thread(graph.invoke, given, config, **options)


async def pending_proposals(saver: Any) -> list[str]:
    """Return one entry for each proposal of a layer that is still running, as its thread holds them."""
    checkpoint = await saver.aget_tuple(THREAD)
    writes = checkpoint.pending_writes or [] if checkpoint else []
    return [channel for _, channel, _ in writes if channel == "proposals"]
