"""A cache that any process opens by its address: what LangGraph's own leave out."""

import asyncio
import logging
import pickle
import signal
import sqlite3
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from langgraph.cache.sqlite import SqliteCache
from langgraph_moa import ConfigError, MissingExtra, ResponseCache
from langgraph_moa.nodes.calls import response_cache
from redis_server import RunningRedis, redis_running

KEY = (("langgraph_moa", "calls", "4"), "k")


@pytest.fixture(scope="module")
def redis() -> Iterator[RunningRedis]:
    try:
        with redis_running() as server:
            yield server
    except LookupError as why:
        pytest.skip(str(why))


@pytest.mark.parametrize("kind", ["file", "redis"])
@pytest.mark.enable_socket
async def test_what_is_kept_is_found_by_another_who_opens_the_same(kind: str, tmp_path: Path, request: Any) -> None:
    address = str(tmp_path / "answers.db") if kind == "file" else request.getfixturevalue("redis").url
    await ResponseCache(address).aset({KEY: ({"text": "ä 😀"}, None)})

    other = pickle.loads(pickle.dumps(ResponseCache(address)))

    assert await other.aget([KEY, (KEY[0], "other")]) == {KEY: {"text": "ä 😀"}}
    assert other.problem() is None
    await other.aclear([KEY[0]])
    assert other.get([KEY]) == {}


@pytest.mark.enable_socket
def test_an_entry_in_redis_ends_when_its_time_is_over(redis: RunningRedis) -> None:
    import redis as package

    ResponseCache(redis.url, ttl=100).set({KEY: ({"text": "short"}, None)})

    with package.Redis.from_url(redis.url) as client:
        (name,) = client.scan_iter("*:k")
        assert 0 < client.ttl(name) <= 100


def test_an_entry_of_a_file_ends_when_its_time_is_over(tmp_path: Path) -> None:
    cache = ResponseCache(tmp_path / "answers.db", ttl=100)
    cache.set({KEY: ({"text": "short"}, None)})
    assert cache.get([KEY]) == {KEY: {"text": "short"}}
    with sqlite3.connect(tmp_path / "answers.db") as connection:
        connection.execute("UPDATE cache SET expiry = expiry - 101")
    connection.close()

    assert cache.get([KEY]) == {}


def test_a_new_file_is_its_makers_alone(tmp_path: Path) -> None:
    ResponseCache(tmp_path / "answers.db").set({KEY: ({}, None)})

    assert (tmp_path / "answers.db").stat().st_mode & 0o077 == 0


def _database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE threads (id TEXT)")
    connection.close()


UNUSABLE: dict[str, Any] = {
    "a database of another program": (_database, "found a database of another program"),
    "a file of another kind": (lambda path: path.write_text('{"question": "Why?"}\n'), "found a file of another kind"),
    "a spoilt one": (lambda path: path.write_bytes(b"SQLite format 3\0" + b"?" * 5000), "file is not a database"),
    "a folder": (lambda path: path.mkdir(), "found a folder"),
}


@pytest.mark.parametrize("what", UNUSABLE)
async def test_what_is_no_cache_is_told_once_and_stays_as_it_is(what: str, tmp_path: Path, caplog: Any) -> None:
    make, told = UNUSABLE[what]
    path = tmp_path / "answers.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    cache = ResponseCache(path)

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert await cache.aget([KEY]) == {}
            await cache.aset({KEY: ({"text": "?"}, None)})

    assert told in str(cache.problem())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "found no folder for it" in str(ResponseCache(tmp_path / "no" / "answers.db").problem())


def test_an_entry_of_another_kind_is_none(tmp_path: Path) -> None:
    path = str(tmp_path / "answers.db")
    of_langgraph: SqliteCache[Any] = SqliteCache(path=path)
    of_langgraph.set({KEY: ({"text": "of msgpack"}, None)})
    cache = ResponseCache(path)

    assert cache.get([KEY]) == {}
    cache.set({KEY: ({"text": "new"}, None)})
    assert cache.get([KEY]) == {KEY: {"text": "new"}}
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE cache SET val = ?", (b"[[[[",))
    connection.close()
    assert cache.get([KEY]) == {}


def test_a_file_that_is_full_is_read_and_no_longer_written(tmp_path: Path, caplog: Any) -> None:
    path = tmp_path / "answers.db"
    ResponseCache(path).set({KEY: ({"text": "first"}, None)})
    cache = ResponseCache(path, most_bytes=100)

    for _ in range(3):
        cache.set({(KEY[0], "second"): ({"text": "second"}, None)})

    assert cache.get([KEY, (KEY[0], "second")]) == {KEY: {"text": "first"}}
    assert "may have 100" in caplog.text
    assert len(caplog.records) == 1


def _write(job: tuple[str, int]) -> int:
    path, me = job
    cache = ResponseCache(path)
    for number in range(25):
        cache.set({(KEY[0], f"{me}-{number}"): ({"text": str(me)}, None)})
    return len(cache.get([(KEY[0], f"{me}-{number}") for number in range(25)]))


def test_processes_that_open_a_new_file_at_once_lose_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "answers.db")
    with get_context("fork").Pool(4) as pool:
        assert pool.map(_write, [(path, me) for me in range(4)], chunksize=1) == [25] * 4

    assert sum(bool(ResponseCache(path).get([(KEY[0], f"{me}-24")])) for me in range(4)) == 4


@pytest.mark.enable_socket
async def test_a_server_that_hangs_does_not_stop_the_event_loop(monkeypatch: Any, caplog: Any) -> None:
    monkeypatch.setattr(response_cache, "CACHE_PATIENCE", 0.2)
    try:
        with redis_running() as server:
            cache = ResponseCache(server.url)
            await cache.aset({KEY: ({"text": "there"}, None)})
            server.process.send_signal(signal.SIGSTOP)
            beats = 0

            async def beat() -> None:
                nonlocal beats
                while True:
                    await asyncio.sleep(0.01)
                    beats += 1

            beating = asyncio.create_task(beat())
            assert await cache.aget([KEY]) == {}
            assert await cache.aget([KEY]) == {}
            beating.cancel()
            server.process.send_signal(signal.SIGCONT)
    except LookupError as why:
        pytest.skip(str(why))

    assert beats > 3
    assert "the cache cannot be read, and models are asked: redis://127.0.0.1:" in caplog.text


@pytest.mark.enable_socket
async def test_a_server_that_goes_away_costs_no_answer_and_is_told_once(caplog: Any) -> None:
    try:
        with redis_running() as server:
            cache = ResponseCache(server.url)
            await cache.aset({KEY: ({"text": "there"}, None)})
            assert await cache.aget([KEY])
    except LookupError as why:
        pytest.skip(str(why))

    for _ in range(3):
        assert await asyncio.gather(*(cache.aget([KEY]) for _ in range(4))) == [{}] * 4
        await asyncio.gather(*(cache.aset({KEY: ({}, None)}) for _ in range(4)))

    assert caplog.text.count("and models are asked: redis://127.0.0.1:") == 1


@pytest.mark.enable_socket
async def test_a_server_that_is_down_is_told_without_its_password(caplog: Any) -> None:
    pytest.importorskip("redis", reason="the extra `redis` is not installed")
    cache = ResponseCache("redis://me:s3cretpassword@127.0.0.1:1/0")

    assert await cache.aget([KEY]) == {}
    await cache.aset({KEY: ({}, None)})

    assert "redis://127.0.0.1:1/0" in str(cache.problem())
    assert "s3cretpassword" not in f"{cache.problem()}{caplog.text}"


@pytest.mark.parametrize(
    ("module", "address", "extra"),
    [("langgraph.cache.sqlite", "answers.db", "sqlite"), ("redis", "redis://127.0.0.1:1/0", "redis")],
)
def test_a_package_that_is_missing_is_named(
    module: str, address: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(MissingExtra, match=rf"langgraph-moa\[{extra}\]"):
        ResponseCache(address)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"address": " "}, "expected a file, or redis"),
        ({"address": "http://127.0.0.1/"}, "expected a file, or redis"),
        ({"address": "x.db", "ttl": 0}, "found ttl=0"),
        ({"address": "x.db", "most_bytes": 0}, "found most_bytes=0"),
    ],
)
def test_what_is_no_cache_at_all_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        ResponseCache(**options)
