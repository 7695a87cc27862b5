"""Run or resume a mixture on a checkpointer in a process of its own, so that it can be killed.

python kept.py sqlite|postgres PLACE URL start|resume
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from langgraph_moa import create_moa, resolve_model
from loopback import Loopback, Reply
from running import THREAD as THREAD

LAYER_2 = "<reference-"
"""What only prompts of later layers hold."""


@asynccontextmanager
async def open_saver(kind: str, place: str) -> AsyncIterator[Any]:
    if kind == "sqlite":
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

        async with AsyncSqliteSaver.from_conn_string(place) as saver:
            yield saver
    else:
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

        async with AsyncPostgresSaver.from_conn_string(place) as postgres:
            await postgres.setup()
            yield postgres


def mixture(url: str, saver: Any, **options: Any) -> Any:
    resolve = partial(resolve_model, base_url=url)
    defaults: dict[str, Any] = {"proposers": ["a", "b", "c", "d"], "aggregator": ["last", "second"], "layers": 3}
    return create_moa(**{**defaults, **options}, checkpointer=saver, resolve=resolve)


async def kept_answers(kind: str, place: str, how_many: int) -> None:
    """Wait until the store holds so many proposals of a layer that is still running."""
    async with asyncio.timeout(60):
        while True:
            async with open_saver(kind, place) as saver:
                found = await saver.aget_tuple(THREAD)
            writes = [channel for _, channel, _ in found.pending_writes or []] if found else []
            if writes.count("proposals") >= how_many:
                return
            await asyncio.sleep(0.05)  # the other process's disk tells no one when it is done


def hang_in_layer_2(server: Loopback, *models: str) -> None:
    """Let these models hang the first time they are asked with references."""
    asked: Counter[str] = Counter()

    def script(body: dict[str, Any]) -> Reply:
        name = body["model"]
        if LAYER_2 in json.dumps(body):
            asked[name] += 1
            if asked[name] == 1:
                return Reply(broken="hang")
        return Reply(f"answer of {name}")

    for model in models:
        server.say(model, script)


def layer_2(server: Loopback) -> Counter[str]:
    return Counter(r.model for r in server.requests if LAYER_2 in r.prompt)


async def _main(kind: str, place: str, url: str, how: str) -> None:
    async with open_saver(kind, place) as saver:
        given: Any = {"messages": [("user", "Which?")]} if how == "start" else None
        result = await mixture(url, saver).ainvoke(given, THREAD, durability="sync")
        print(json.dumps({"answer": result["messages"][-1].text, "run": result["run"]}))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
