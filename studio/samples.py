"""Give somebody who opens Studio for the first time something to press: assistants, and threads with a question."""

import asyncio
import os
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from langgraph_sdk import get_client
from starlette.applications import Starlette

SAMPLES = Path(__file__).with_name("samples.toml")
GRAPH = "moa"
IN_MEMORY = "inmem"
"""The server's runtime under `langgraph dev`."""


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Add what is not there yet, when the server has started; what somebody changed stays changed.

    A server with a database is somebody's own: each assistant there is offered to others as a tool, and stays.
    """
    if os.environ.get("LANGGRAPH_RUNTIME_EDITION") == IN_MEMORY:
        samples = tomllib.loads(await asyncio.to_thread(SAMPLES.read_text, encoding="utf-8"))
        await add(samples["assistants"], samples["threads"])
    yield


async def add(assistants: list[dict[str, Any]], threads: list[dict[str, Any]]) -> None:
    """Create assistants and threads under ids of their own, so that they are created once."""
    client = get_client()
    for assistant in assistants:
        await client.assistants.create(
            GRAPH, assistant_id=id_of(assistant["name"]), if_exists="do_nothing", metadata={"sample": True}, **assistant
        )
    for thread in threads:
        thread_id = id_of(thread["question"])
        if await client.threads.search(ids=[thread_id]):
            continue
        question = {"messages": [{"role": "user", "content": thread["question"], "id": thread_id}]}
        await client.threads.create(
            graph_id=GRAPH,
            thread_id=thread_id,
            metadata={"sample": True, "question": thread["question"]},
            supersteps=[{"updates": [{"values": question, "as_node": "__input__"}]}],
        )


def id_of(name: str) -> str:
    """Return the same id for the same sample, every time."""
    return str(uuid5(NAMESPACE_URL, f"langgraph-moa/studio/{name}"))


server = Starlette(lifespan=lifespan)
