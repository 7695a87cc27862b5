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
    values = "SELECT count(*) FROM checkpoint_blobs"
    async with await AsyncConnection.connect(place) as other:
        of_first = await (await other.execute(values)).fetchone()
    await opened(asyncio.Barrier(1), "rolled back", "second")
    async with shared.checkpoints() as saver:
        assert len([state async for state in saver.alist(thread)]) == 2 * len(before)
        await saver.adelete_for_runs(["rolled back", str(uuid4())])

        assert [state.checkpoint["id"] async for state in saver.alist(thread)] == before
        moa = create_moa(proposers=["a"], aggregator="b", checkpointer=saver, resolve=loopback.resolve)
        assert [m.text for m in (await moa.aget_state(thread)).values["messages"]] == ["first", "answer of b"]
    async with await AsyncConnection.connect(place) as other:
        assert await (await other.execute(values)).fetchone() == of_first


async def test_a_server_waits_for_another_one_only_so_long(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(shared.URI, place)
    monkeypatch.setattr(shared, "_PATIENCE_SECONDS", 0.2)
    async with await AsyncConnection.connect(place, autocommit=True) as other:
        await other.execute("SELECT pg_advisory_lock(%s)", (shared._LOCK,))

        with pytest.raises(
            ConfigError, match=r"found another server that has made tables for 0.2 s.* the advisory lock"
        ):
            async with shared.checkpoints():
                pass


async def test_an_index_that_a_kill_left_is_made_anew(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(shared.URI, place)
    indexes = """SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE indisvalid AND c.relname = ANY(%s)"""
    async with shared.checkpoints():
        pass
    async with await AsyncConnection.connect(place, autocommit=True) as other:
        spoil = "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = %s::regclass"
        for name in ("checkpoints_run_id", "checkpoint_blobs_thread_id_idx"):
            await other.execute(spoil, (name,))

        async with shared.checkpoints():
            pass

        valid = await (await other.execute(indexes, (list(shared._INDEXES),))).fetchall()
    assert sorted(name for (name,) in valid) == sorted(shared._INDEXES)


async def test_one_server_holds_few_connections(
    place: str, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shared.URI, make_conninfo(place, application_name="counted"))
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'counted'"

    async with shared.checkpoints() as saver:
        moa = create_moa(proposers=["a"], aggregator="b", checkpointer=saver, resolve=loopback.resolve)
        asked = [moa.ainvoke(user("Why?"), {"configurable": {"thread_id": f"busy {n}"}}) for n in range(20)]
        await asyncio.gather(*asked, saver.adelete_for_runs([str(uuid4())]))
        async with await AsyncConnection.connect(place, autocommit=True) as other:
            assert (await (await other.execute(count)).fetchone())[0] <= 2  # type: ignore[index]


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
