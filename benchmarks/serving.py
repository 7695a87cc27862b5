"""Measure LangGraph's development server under streams: on checkpoints in memory, and one and two servers on Postgres.

python benchmarks/serving.py [--streams 10 50] [--rounds 2] [--url URL ...]

Models are a process of their own on this machine, which says a word every 20 ms. Each stream is a new thread, by
LangGraph's own client; with `--url` the servers are yours, and their CPU and memory are not known.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from runners import answering
from speed_page import PAGE, ROOT, Row, table, when_and_where, with_sections

sys.path.append(str(ROOT / "tests" / "support" / "servers"))
from devserver import DevServer, devserver  # isort: skip
from postgres import postgres  # isort: skip
from langgraph_sdk import get_client  # isort: skip

FIRST_S, PACE_S, WORDS = 0.4, 0.02, 64
PROPOSERS = 3
SETUPS = {
    "in memory, one server": ("langgraph.json", 1),
    "Postgres, one server": ("studio/postgres.json", 1),
    "Postgres, two servers": ("studio/postgres.json", 2),
}
QUESTION: Any = {"messages": [{"role": "user", "content": "Which way of building it is best, and why?"}]}
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
SERVING = """
{ran}

Threads of their own are asked at the same time, through LangGraph's client, of a mixture of {proposers} proposers and
an aggregator. Models say their first word after {first} ms, and then one every {pace} ms, {words} words in all: with no
server between and nobody else, the first token comes after {soonest} s, and the whole answer after {whole} s. Client,
models, servers and Postgres share the cores, so what is beyond those times is what they take of each other. Servers are
`langgraph dev`, which looks for new runs every half second (see
[Serving](serving.md#development-servers-on-one-postgres)); the image was not measured. {busy}

{table}

A stream costs its server CPU, and hardly anything else: the rate ends where the cores do, and a second server helps
where a core is free for it.
"""


class Seen(NamedTuple):
    """Hold what one client saw, in seconds since it asked."""

    first_event: float
    first_token: float
    whole: float


class Load(NamedTuple):
    """Hold what became of streams that ran at the same time."""

    seen: list[Seen]
    errors: list[str]
    wall: float
    """From the first question to the last answer."""
    cpu: float
    """What the servers took of it, in seconds."""
    mb: float
    """The most memory that they have held, in all."""


async def stream(client: Any, assistant: str) -> Seen:
    """Ask on a new thread, and read to the end.

    Raises:
        ValueError: What was streamed is not the whole answer.
    """
    begin = time.perf_counter()
    thread = (await client.threads.create(graph_id="moa"))["thread_id"]
    event, token, words = 0.0, 0.0, 0
    async for part in client.runs.stream(thread, assistant, input=QUESTION, stream_mode=["messages-tuple", "custom"]):
        now = time.perf_counter() - begin
        event = event or now
        if part.event == "error":
            raise ValueError(str(part.data))
        if part.event == "messages" and part.data[0]["content"]:
            token = token or now
            words += len(str(part.data[0]["content"]).split())
    if words != WORDS:
        raise ValueError(f"found {words} words, expected {WORDS}")
    return Seen(event, token, time.perf_counter() - begin)


async def load(clients: Sequence[Any], assistant: str, streams: int, servers: Sequence[DevServer]) -> Load:
    """Have so many streams at the same time, spread over the servers."""
    before, begin = usage(servers).cpu, time.perf_counter()
    outcomes = await asyncio.gather(
        *(stream(clients[number % len(clients)], assistant) for number in range(streams)), return_exceptions=True
    )
    wall, used = time.perf_counter() - begin, usage(servers)
    seen = [outcome for outcome in outcomes if isinstance(outcome, Seen)]
    errors = [repr(outcome) for outcome in outcomes if isinstance(outcome, BaseException)]
    return Load(seen, errors, wall, used.cpu - before, used.mb)


class Usage(NamedTuple):
    """Hold what servers have taken so far."""

    cpu: float
    mb: float


def usage(servers: Sequence[DevServer]) -> Usage:
    """Return what the processes of servers have taken; nothing where the system tells it otherwise than Linux."""
    groups, cpu, mb = {server.group for server in servers}, 0.0, 0.0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(") ")[2].split()
            status = (process / "status").read_text()
        except OSError:  # it has just ended
            continue
        if int(fields[2]) in groups:
            cpu += (int(fields[11]) + int(fields[12])) / _TICKS
            mb += sum(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    return Usage(cpu, mb)


async def measured(urls: Sequence[str], models: str, streams: int, rounds: int, servers: Sequence[DevServer]) -> Load:
    """Have rounds of streams, after one that is not counted, and return them as one."""
    form: Any = {
        "proposers": [f"proposer-{n}" for n in range(PROPOSERS)],
        "aggregator": "aggregator",
        "base_url": models,
    }
    assistant = str(uuid5(NAMESPACE_URL, models))
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(get_client(url=url)) for url in urls]
        for client in clients:  # development servers do not share them
            await client.assistants.create("moa", context=form, assistant_id=assistant, if_exists="do_nothing")
        await load(clients, assistant, len(clients), servers)
        loads = [await load(clients, assistant, streams, servers) for _ in range(rounds)]
    return Load(
        [seen for one in loads for seen in one.seen],
        [error for one in loads for error in one.errors],
        sum(one.wall for one in loads),
        sum(one.cpu for one in loads),
        loads[-1].mb,
    )


def rows(setup: str, streams: int, taken: Load) -> Iterator[Row]:
    """Say what became of a load."""
    n = str(len(taken.seen) + len(taken.errors))
    yield Row(f"{setup}, {streams} at once: runs a second", len(taken.seen) / taken.wall, n, digits=1)
    for name, values in zip(
        ("first event", "first token", "whole answer"), zip(*taken.seen, strict=True), strict=False
    ):
        middle, late = _middle_and_late(values)
        yield Row(f"  {name}, median", middle, n, unit=" s")
        yield Row(f"  {name}, p95", late, n, unit=" s")
    if taken.mb:
        yield Row("  CPU of the servers, a run", 1000 * taken.cpu / max(len(taken.seen), 1), n, unit=" ms", digits=0)
        yield Row("  cores that they took", taken.cpu / taken.wall, n, digits=1)
        yield Row("  most memory of the servers, in all", taken.mb, n, unit=" MB", digits=0)
    yield Row("  errors", len(taken.errors), n, 0, digits=0)


def _middle_and_late(values: Sequence[float]) -> tuple[float, float]:
    if len(values) == 1:
        return values[0], values[0]
    cuts = quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[94]


def serve_and_measure(setup: str, models: str, streams: Sequence[int], rounds: int) -> Iterator[Row]:
    """Start the servers of a setup, and measure them under each number of streams."""
    config, how_many = SETUPS[setup]
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        env = {} if config == "langgraph.json" else {"CHECKPOINTS_URI": stack.enter_context(postgres())}
        managers = [devserver(config=config, env=env, jobs=max(streams), may_block=True) for _ in range(how_many)]
        servers = list(pool.map(lambda manager: manager.__enter__(), managers))
        for manager in managers:
            stack.push(manager.__exit__)
        for number in streams:
            urls = [server.url for server in servers]
            taken = asyncio.run(measured(urls, models, number, rounds, servers))
            for error in taken.errors[:3]:
                print(f"{setup}: {error}")
            yield from rows(setup, number, taken)


def how_busy() -> str:
    """Say what else the machine has to do: what a run costs hardly changes by it, how long it takes does."""
    if not hasattr(os, "getloadavg") or (busy := os.getloadavg()[0]) < 1:
        return ""
    return f"When this began, {busy:.0f} other processes wanted the cores: times are longer than on an idle machine."


def main(streams: Sequence[int], rounds: int, urls: Sequence[str]) -> None:
    """Measure each setup and write its section, or measure servers that run already and print."""
    busy = how_busy()
    with answering(delay=FIRST_S, words=WORDS, pace=PACE_S) as models:
        if urls:
            taken = [(number, asyncio.run(measured(urls, models, number, rounds, []))) for number in streams]
            print(table([row for number, load in taken for row in rows(f"{len(urls)} of yours", number, load)]))
            return
        lines = [row for setup in SETUPS for row in serve_and_measure(setup, models, streams, rounds)]
    call = FIRST_S + PACE_S * WORDS
    section = SERVING.format(
        ran=when_and_where("make serving"),
        proposers=PROPOSERS,
        first=f"{1000 * FIRST_S:.0f}",
        pace=f"{1000 * PACE_S:.0f}",
        words=WORDS,
        soonest=f"{call + FIRST_S:.1f}",
        whole=f"{2 * call:.1f}",
        table=table(lines),
        busy=busy,
    )
    PAGE.write_text(with_sections(PAGE.read_text(encoding="utf-8"), {"Serving": section}), encoding="utf-8")
    print(section)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--streams", type=int, nargs="+", default=[10, 50], help="how many at once; 10 and 50")
    options.add_argument("--rounds", type=int, default=2, help="how often; 2")
    options.add_argument("--url", action="append", default=[], help="a server that runs already; several share a load")
    given = options.parse_args()
    main(given.streams, given.rounds, given.url)
