"""Many at once, and what they leave behind: no task, no open connection, no memory."""

import asyncio
import gc
import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, TCPConnector
from endpoints import HI, WEATHER, Running, running, says, two_and_one
from langgraph_moa.apps.serve import endpoint, streams
from loopback import Loopback, Reply

KINDS: list[dict[str, Any]] = [{}, {"stream": True}, {"tools": [WEATHER]}, {"n": 2}, {"stream": True}]


def gives_up(number: int) -> bool:
    """Tell who goes away: each fifth."""
    return number % len(KINDS) == 4


def number_in(prompt: str) -> int:
    numbers = re.findall(r"question (\d+)\?", prompt)
    return int(numbers[0])


async def ask(session: ClientSession, served: Running, loopback: Loopback, number: int) -> int:
    """Ask in one of several ways; who gives up does so at once, or once models are asked."""
    body = {"model": "moa", "messages": [{**HI[0], "content": f"question {number}?"}], **KINDS[number % len(KINDS)]}
    asking = session.post(f"{served.url}/chat/completions", json=body)
    if gives_up(number):
        question = asyncio.ensure_future(asking.__aenter__())
        for _ in range(1 + number % 7):
            await asyncio.sleep(0)
        if number % 2:
            words = f"question {number}?"
            await asyncio.to_thread(loopback.wait_until, lambda: any(words in r.prompt for r in loopback.requests))
        question.cancel()
        await asyncio.gather(question, return_exceptions=True)
        return 0
    async with asking as answer:
        await answer.read()
        return answer.status


async def crowd(served: Running, loopback: Loopback, numbers: range) -> Counter[int]:
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        return Counter(await asyncio.gather(*(ask(session, served, loopback, number) for number in numbers)))


async def rest(served: Running) -> tuple[int, int]:
    """Return how many tasks and open files there are once all is over."""
    await served.endpoint.drain(60)
    served.endpoint.is_stopping = False
    gc.collect()
    return len(served.endpoint._runs) + served.endpoint.under_way, _open_files()


def _open_files() -> int:
    folder = Path("/proc/self/fd")
    return len([*folder.iterdir()]) if folder.is_dir() else 0


async def test_nothing_is_left_of_those_who_asked_and_of_those_who_went_away(loopback: Loopback) -> None:
    def answered(body: Any) -> Reply:
        return Reply("never", delay=600) if gives_up(number_in(json.dumps(body))) else Reply("an answer")

    loopback.default = answered
    async with running(two_and_one(loopback)) as served:
        statuses = await crowd(served, loopback, range(25))
        assert (await rest(served))[0] == 0
        assert all(caller.under_way == 0 for caller in served.endpoint._callers._callers)

    assert statuses == {200: 15, 400: 5, 0: 5}
    given_up = [request for request in loopback.requests if gives_up(number_in(request.prompt))]
    assert {number_in(request.prompt) for request in given_up} >= {9, 19}
    assert [await request.closed() for request in given_up] == [True] * len(given_up)
    assert [r.is_billed for r in loopback.requests if r not in given_up] == [True] * 15 * 3


@pytest.mark.soak
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="it is for Linux")
async def test_memory_files_and_tasks_stay_as_they_are(loopback: Loopback) -> None:
    def megabytes() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    says(loopback)
    async with running(two_and_one(loopback)) as served:
        seen = []
        for part in range(5):
            for begin in range(0, 200, 50):
                await crowd(served, loopback, range(1000 * part + begin, 1000 * part + begin + 50))
                loopback.requests.clear()
                loopback.billed.clear()
                loopback.queries.clear()
            served.log.clear()
            seen.append((*await rest(served), megabytes()))

    (_, first_files, first_mb), (under_way, files, mb) = seen[0], seen[-1]
    assert under_way == 0
    assert files <= first_files + 60, "connections that the client's side has not closed yet"
    assert mb < first_mb + 12


async def written(served: Running, body: bytes, length: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a request by hand, and read nothing."""
    port = int(served.url.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
    lines = ["POST /v1/chat/completions HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    writer.write("\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode() + body)
    return reader, writer


async def test_a_reader_who_takes_nothing_is_gone(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "STALLED_S", 0.2)
    says(loopback, "x" * 6_000_000 + " y" * 20)
    async with running(two_and_one(loopback), keep_alive_s=0.01) as served:
        body = json.dumps({"model": "moa", "messages": HI, "stream": True}).encode()
        _, writer = await written(served, body, len(body))
        await asyncio.to_thread(loopback.wait_until, lambda: len(loopback.requests) == 3)
        await served.endpoint.drain(60)
        assert not served.endpoint.under_way
        writer.transport.abort()

    assert "went away" in served.log[0]


async def test_a_body_that_never_comes(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_SLOWEST_BODY_S", 0.05)
    async with running(two_and_one(loopback)) as served:
        reader, writer = await written(served, b"{", 99)
        assert await reader.readexactly(12) == b"HTTP/1.1 408"
        writer.close()
        await writer.wait_closed()
