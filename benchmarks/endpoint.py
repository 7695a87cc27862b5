"""Measure `langgraph-moa serve`: many streams at once, clients that go away, and what thousands of requests leave.

The server, and the models' server, are processes of their own on this machine. Each answer takes two waves of calls, of
200 ms each: nobody sees a first token before 400 ms.
"""

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import ClientSession, TCPConnector
from speed_page import ROOT, Row, table, when_and_where, with_sections

from loopback import Loopback, Reply, serve  # isort: skip

PAGE, HEADING = ROOT / "docs" / "serve.md", "Measured"
DELAY_S, WORDS = 0.2, 50
CROWDS = (1, 50, 200)
REQUESTS, AT_ONCE = 5_000, 50
LOOPBACK = ROOT / "tests" / "support" / "loopback.py"
QUESTION: Any = {"model": "moa", "messages": [{"role": "user", "content": "Which way is best, and why?"}]}


TOOL: Any = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


class Seen(NamedTuple):
    """Hold what one reader saw: seconds since it asked, and the body."""

    first: float
    whole: float
    text: bytes


class Standing(NamedTuple):
    """Hold what the server has at rest."""

    tasks: int
    files: int
    mb: float
    under_way: int
    cpu_s: float


class Process:
    """Be a process that says its address, and what it has when it is asked."""

    def __init__(self, *command: str) -> None:
        self._process = subprocess.Popen([sys.executable, *command], stdin=-1, stdout=-1, text=True)
        self.url = self._line()

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def standing(self) -> Standing:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Standing(**json.loads(self._line()))

    def end(self) -> None:
        self._process.communicate(timeout=60)


@contextmanager
def served(models_url: str) -> Iterator[Process]:
    """Serve a mixture of two proposers and an aggregator."""
    process = Process(__file__, "--serve", models_url)
    try:
        yield process
    finally:
        process.end()


@contextmanager
def models(delay: float, words: int) -> Iterator[str]:
    """Be the models, in a process of their own."""
    process = Process(str(LOOPBACK), "--delay", str(delay), "--words", str(words))
    try:
        yield process.url
    finally:
        process.end()


async def read(session: ClientSession, url: str, body: Any, status: int = 200) -> Seen:
    """Ask, and read to the end.

    Raises:
        RuntimeError: The status is another than was expected, or a stream ends in an error.
    """
    begun, first, lines = time.perf_counter(), 0.0, list[bytes]()
    async with session.post(f"{url}/chat/completions", json=body) as answer:
        async for line in answer.content:
            lines.append(line)
            if not first and b'"content":"w' in line:
                first = time.perf_counter() - begun
    text = b"".join(lines)
    if answer.status != status or (status == 200 and b'"error"' in text):
        raise RuntimeError(f"found {answer.status} and {text[:200]!r}, expected {status}")
    return Seen(first, time.perf_counter() - begun, text)


async def leave(session: ClientSession, url: str, body: Any, seconds: float) -> None:
    """Ask, and go away."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await read(session, url, body)


async def call_and_go_on(session: ClientSession, url: str, body: Any) -> None:
    """Ask with a tool, and send what it returned; what the panel proposed is held until then.

    Raises:
        RuntimeError: The panel was asked again.
    """
    first = await read(session, url, {**body, "tools": [TOOL]})
    (call,) = json.loads(first.text)["choices"][0]["message"]["tool_calls"]
    made = {"role": "assistant", "content": None, "tool_calls": [call]}
    result = {"role": "tool", "tool_call_id": call["id"], "content": "4"}
    second = await read(session, url, {**body, "messages": [*body["messages"], made, result], "tools": [TOOL]})
    if json.loads(second.text)["moa"].get("panel") != "shown_again":
        raise RuntimeError("a panel was asked twice for a question")


def crowd(url: str, size: int, rounds: int) -> list[Seen]:
    """Let so many read at once, in several rounds."""

    async def all_of_them() -> list[Seen]:
        async with ClientSession(connector=TCPConnector(limit=0)) as session:
            seen: list[Seen] = []
            for _ in range(rounds + 1):
                seen_now = await asyncio.gather(
                    *(read(session, url, {**QUESTION, "stream": True}) for _ in range(size))
                )
                seen += seen_now
            return seen[size:]  # the first round finds no connection open

    return asyncio.run(all_of_them())


def share(values: Sequence[float], part: float) -> float:
    """Return the value that so many are not above."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def streams() -> Iterator[Row]:
    """Measure first tokens."""
    with models(DELAY_S, WORDS) as url, served(url) as server:
        for size in CROWDS:
            before = server.standing().cpu_s
            rounds = 20 if size == 1 else 3
            seen = crowd(server.url, size, rounds=rounds)
            what = f"{size} stream{'s' if size > 1 else ''} at once: first token, median"
            n = str(len(seen))
            yield Row(what, share([one.first for one in seen], 0.5), n, unit=" s")
            if size > 1:
                yield Row("  95 % of them within", share([one.first for one in seen], 0.95), n, unit=" s")
            yield Row("  whole answer, median", share([one.whole for one in seen], 0.5), n, unit=" s")
            cpu_s = (server.standing().cpu_s - before) / (size * (rounds + 1))
            yield Row("  CPU of the server, a question", 1000 * cpu_s, n, unit=" ms", digits=1)


def gone(size: int = 200) -> Iterator[Row]:
    """Measure how fast the requests of clients that went away are closed."""
    with serve() as loopback, served(loopback.url) as server:
        loopback.default = Reply("never", delay=600)

        async def ask_and_leave() -> float:
            async with ClientSession(connector=TCPConnector(limit=0)) as session:
                bodies = [{**QUESTION, "stream": number % 2 == 0} for number in range(size)]
                readers = [asyncio.create_task(read(session, server.url, body)) for body in bodies]
                await asyncio.to_thread(loopback.wait_until, lambda: len(loopback.requests) == 2 * size)
                for reader in readers:
                    reader.cancel()
                begun = time.perf_counter()
                await asyncio.gather(*readers, return_exceptions=True)
                await asyncio.to_thread(_wait_for_all, loopback)
                return time.perf_counter() - begun

        took = asyncio.run(ask_and_leave())
        closed = sum(request.closed_early.is_set() for request in loopback.requests)
        yield Row(
            f"{size} clients go away: requests to models closed, of {2 * size}",
            closed,
            "1",
            goal=2 * size,
            at_least=True,
            digits=0,
        )
        yield Row("  all of them within", took, "1", unit=" s")


def _wait_for_all(loopback: Loopback) -> None:
    for request in loopback.requests:
        request.closed_early.wait(30)


def soak(requests: int = REQUESTS) -> Iterator[Row]:
    """Measure what requests of all kinds leave behind: memory, open files, tasks."""
    statuses = Counter[str]()
    with models(0.01, 10) as url, served(url) as server:
        marks = [asyncio.run(_many(server, requests // 5, part, statuses)) for part in range(5)]
        first, last = marks[0], marks[-1]
        n = f"{requests:,}"
        for what, count in sorted(statuses.items()):
            yield Row(f"questions: {what}", count, n, digits=0)
        yield Row("memory after a fifth of them", first.mb, n, unit=" MB", digits=1)
        yield Row("  after all of them", last.mb, n, unit=" MB", goal=round(first.mb * 1.05 + 2), digits=1)
        # Connections to models are kept for the next questions, at most as many as were ever asked at once.
        yield Row("  open files, more than after a fifth", last.files - first.files, n, goal=2 * AT_ONCE, digits=0)
        yield Row("  tasks, more than after a fifth", last.tasks - first.tasks, n, goal=0, digits=0)
        yield Row("  questions still under way", last.under_way, n, goal=0, digits=0)


async def _many(server: Process, requests: int, part: int, statuses: Counter[str]) -> Standing:
    """Ask in all ways: four tenths whole, three streamed, and one each: calling a tool, given up at once, wrong.

    A question that calls a tool is two requests.
    """
    places = asyncio.Semaphore(AT_ONCE)
    async with ClientSession(connector=TCPConnector(limit=0)) as session:

        async def one(number: int) -> None:
            async with places:
                kind = number % 10
                text = f"question {part} {number}"
                body = {**QUESTION, "messages": [{"role": "user", "content": text}]}
                if kind == 9:
                    await read(session, server.url, {**body, "n": 2}, status=400)
                    statuses["wrong, and refused by 400"] += 1
                elif kind == 8:
                    await leave(session, server.url, {**body, "stream": number % 20 < 10}, 0.015)
                    statuses["given up at once"] += 1
                elif kind == 7:
                    await call_and_go_on(session, server.url, body)
                    statuses["a tool called, and its result taken"] += 1
                else:
                    await read(session, server.url, {**body, "stream": kind < 3})
                    statuses["streamed, to the end" if kind < 3 else "whole"] += 1

        await asyncio.gather(*map(one, range(requests)))
    for _ in range(100):
        standing = await asyncio.to_thread(server.standing)
        if not standing.under_way:
            break
        await asyncio.sleep(0.05)
    return standing


def _standing(tasks: int, under_way: int) -> Standing:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    files, mb = len([*Path("/proc/self/fd").iterdir()]), pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return Standing(tasks=tasks, files=files, mb=mb, under_way=under_way, cpu_s=time.process_time())


async def _serve(models_url: str) -> None:
    from langgraph_moa import ChatMoA, create_moa, resolve_model
    from langgraph_moa.apps.serve.callers import Caller, Callers
    from langgraph_moa.apps.serve.endpoint import Endpoint
    from langgraph_moa.apps.serve.listener import listening

    moa = create_moa(
        proposers=["proposer-a", "proposer-b"],
        aggregator="aggregator",
        early_stop=None,
        resolve=partial(resolve_model, base_url=models_url),
    )
    endpoint = Endpoint({"moa": ChatMoA(moa)}, Callers([Caller("anyone")]))
    async with listening(endpoint.app(), "127.0.0.1", 0, lambda line: None) as port:
        sys.stdout.write(f"http://127.0.0.1:{port}/v1\n")
        sys.stdout.flush()
        while await asyncio.to_thread(sys.stdin.readline):
            gc.collect()
            standing = _standing(len(asyncio.all_tasks()), endpoint.under_way)
            sys.stdout.write(json.dumps(standing._asdict()) + "\n")
            sys.stdout.flush()


def main() -> None:
    """Measure all of it, and write that section of docs/serve.md."""
    options = argparse.ArgumentParser()
    options.add_argument(
        "--serve", metavar="URL", help="serve a mixture of the models there, until standard input ends"
    )
    options.add_argument("--requests", type=int, default=REQUESTS)
    given = options.parse_args()
    if given.serve:
        asyncio.run(_serve(given.serve))
        return
    rows = [*streams(), *gone(), *soak(given.requests)]
    about = (
        "A mixture of two proposers and an aggregator; models take 200 ms each, so nobody sees a first token before "
        f"0.4 s. Clients, server and models shared this machine, whose load was {os.getloadavg()[0]:.0f}. Of the "
        "questions of the last part, four tenths are whole, three streamed, and one each calls a tool, is given up at "
        "once, and is wrong. Each status was looked at: another than expected ends the measurement. A server uses one "
        "core: many at once wait for its CPU, and here also for the other work of the machine."
    )
    text = f"{when_and_where('make endpoint')} {about}\n\n{table(rows)}"
    sys.stdout.write(f"{text}\n")
    PAGE.write_text(with_sections(PAGE.read_text("utf-8"), {HEADING: text}), "utf-8")


if __name__ == "__main__":
    main()
