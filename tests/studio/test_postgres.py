"""The checkpoints of several servers, in one PostgreSQL."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from devserver import ROOT
from langgraph_moa import ConfigError, create_moa
from loopback import Loopback
from postgres import postgres
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from reading import user
from scripts import module_at

shared = module_at(ROOT / "studio" / "postgres.py")


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    try:
        with postgres() as started:
            yield started
    except LookupError as why:
        pytest.skip(str(why))


async def test_several_make_the_tables_at_once_and_a_run_is_taken_back(
    place: str, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shared.URI, place)
    thread: Any = {"configurable": {"thread_id": "t"}}

    async def opened(ready: asyncio.Barrier, run: str | None, text: str) -> Any:
        async with shared.checkpoints() as saver:
            await ready.wait()
            if run is None:
                return None
            moa = create_moa(proposers=["a"], aggregator="b", checkpointer=saver, resolve=loopback.resolve)
            config: Any = {**thread, "metadata": {"run_id": run}}
            await moa.ainvoke(user(text), config)
            return saver

    ready = asyncio.Barrier(4)
    await asyncio.gather(opened(ready, "kept", "first"), *(opened(ready, None, "") for _ in range(3)))
    async with shared.checkpoints() as saver:
        before = [state.checkpoint["id"] async for state in saver.alist(thread)]
    await opened(asyncio.Barrier(1), "rolled back", "second")
    async with shared.checkpoints() as saver:
        assert len([state async for state in saver.alist(thread)]) == 2 * len(before)
        await saver.adelete_for_runs(["rolled back", str(uuid4())])

        assert [state.checkpoint["id"] async for state in saver.alist(thread)] == before
        moa = create_moa(proposers=["a"], aggregator="b", checkpointer=saver, resolve=loopback.resolve)
        assert [m.text for m in (await moa.aget_state(thread)).values["messages"]] == ["first", "answer of b"]


async def test_connections_that_the_database_has_closed_are_made_anew(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shared.URI, make_conninfo(place, application_name="closed"))
    thread: Any = {"configurable": {"thread_id": "nobody's"}}
    close = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'closed'"

    async with shared.checkpoints() as saver:
        assert await saver.aget_tuple(thread) is None
        async with await AsyncConnection.connect(place, autocommit=True) as other:
            assert await (await other.execute(close)).fetchone()

        assert await saver.aget_tuple(thread) is None


async def test_a_server_without_an_address_says_which_variable_it_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(shared.URI, raising=False)

    with pytest.raises(ConfigError, match="found no CHECKPOINTS_URI, expected the address of a PostgreSQL; set it"):
        async with shared.checkpoints():
            pass


def test_it_serves_what_the_other_configuration_serves() -> None:
    usual, other = (json.loads((ROOT / name).read_text("utf-8")) for name in ("langgraph.json", "studio/postgres.json"))

    assert other["checkpointer"].pop("path") == "./studio/postgres.py:checkpoints"
    assert other == usual
