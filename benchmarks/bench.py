"""Measure against plain asyncio on the same clients, and against what is possible: ratios, in docs/measured.md.

Everything runs on this machine: a scripted OpenAI-compatible server in a process of its own answers on 127.0.0.1. Both
sides of a ratio are measured in turn in one run, because machines are noisy and only ratios keep.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import takewhile
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from langgraph_moa import Quorum, create_moa
from langgraph_moa.core.models.resolve import resolve_model
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.prompts import compose, load_template

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from tables import columns  # noqa: E402 - found by the line above

SERVER = ROOT / "tests" / "support" / "loopback.py"
PAGE = ROOT / "docs" / "measured.md"
PROPOSERS = [f"proposer-{n}" for n in range(6)]
QUESTION: Any = {"messages": [HumanMessage("Why is the sky blue? " * 20)]}
CALL_SECONDS = 0.2
LAYERS_IN_A_ROW = 3
PROMPT = load_template(None)


@contextmanager
def server(*, delay: float, words: int = 50, slow: float = 0.0) -> Iterator[str]:
    command = [sys.executable, str(SERVER), "--delay", str(delay), "--words", str(words), "--slow", str(slow)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)


def mixture(url: str, kind: str = "strings", **options: Any) -> Any:
    if kind == "strings":
        models: dict[str, Any] = {"proposers": PROPOSERS, "aggregator": "aggregator"}
        return create_moa(**{"layers": 3, **models, **options}, resolve=partial(resolve_model, base_url=url))
    proposers, aggregator = chat_models(url)
    return create_moa(proposers=proposers, aggregator=aggregator, layers=3, **options)


def chat_models(url: str) -> tuple[list[ChatOpenAI], ChatOpenAI]:
    def make(name: str) -> ChatOpenAI:
        return ChatOpenAI(model=name, base_url=url, api_key="k", stream_usage=True)  # type: ignore[arg-type]

    return [make(name) for name in PROPOSERS], make("aggregator")


async def plain_asyncio(proposers: list[ChatOpenAI], aggregator: ChatOpenAI, *, stream: bool) -> None:
    """Do what the graph does, without a graph."""
    conversation, references = QUESTION["messages"], list[str]()
    for _ in range(2):
        messages = compose(conversation, references, template=PROMPT)
        references = [reply.text for reply in await asyncio.gather(*(m.ainvoke(messages) for m in proposers))]
    messages = compose(conversation, references, template=PROMPT)
    if stream:
        async for _ in aggregator.astream(messages):
            pass
    else:
        await aggregator.ainvoke(messages)


async def in_turn(clock: Callable[[], float], runs: int, *works: Callable[[], Awaitable[Any]]) -> list[float]:
    """Run each work in turn, again and again; return the median of each."""
    took: list[list[float]] = [[] for _ in works]
    for number in range(runs + 3):
        for work, times in zip(works, took, strict=True):
            start = clock()
            await work()
            if number >= 3:
                times.append(clock() - start)
    return [median(times) for times in took]


async def wall_ratios() -> tuple[float, float]:
    """Compare a run of three layers with three calls in a row, the least it can take; and plain asyncio likewise."""
    with server(delay=CALL_SECONDS) as url:
        moa, models = mixture(url), chat_models(url)
        ours, plain = await in_turn(
            time.perf_counter, 15, lambda: moa.ainvoke(QUESTION), lambda: plain_asyncio(*models, stream=False)
        )
        least = LAYERS_IN_A_ROW * CALL_SECONDS
        return ours / least, plain / least


async def cpu_ratio() -> float:
    """Compare CPU with asyncio.gather over the very same ChatOpenAI objects, the final answer streamed in both."""
    with server(delay=0.01) as url:
        proposers, aggregator = chat_models(url)
        moa = create_moa(proposers=proposers, aggregator=aggregator, layers=3)

        async def streamed() -> None:
            async for _ in moa.astream(QUESTION, stream_mode="messages"):
                pass

        ours, plain = await in_turn(
            time.process_time, 150, streamed, lambda: plain_asyncio(proposers, aggregator, stream=True)
        )
        return ours / plain


class Clock(AsyncCallbackHandler):
    """Note when calls start, end, and say their first word."""

    def __init__(self) -> None:
        self.started = self.ended = self.spoke = 0.0

    async def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.started = time.perf_counter()

    async def on_llm_new_token(self, *args: Any, **kwargs: Any) -> None:
        self.spoke = self.spoke or time.perf_counter()

    async def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
        self.ended = self.ended if self.spoke else time.perf_counter()


async def first_token_ms() -> float:
    """Time from the last proposal to the reader's first token, less what the aggregator itself took for it."""
    with server(delay=0.05) as url:
        moa = mixture(url)
        await moa.ainvoke(QUESTION)
        extra = []
        for _ in range(15):
            clock, arrived = Clock(), 0.0
            async for _ in moa.astream(QUESTION, {"callbacks": [clock]}, stream_mode="messages"):
                arrived = arrived or time.perf_counter()
            extra.append((arrived - clock.ended) - (clock.spoke - clock.started))
        return 1000 * median(extra)


async def many(kind: str, runs: int, url: str) -> dict[str, float]:
    """Run many mixtures at once in this process; report memory per run in flight and runs per second."""
    moa = mixture(url, kind)
    await asyncio.gather(*(moa.ainvoke(QUESTION) for _ in range(3)))
    before = peak_mb()
    start = time.perf_counter()
    await asyncio.gather(*(moa.ainvoke(QUESTION) for _ in range(runs)))
    return {"mb": (peak_mb() - before) / runs, "rate": runs / (time.perf_counter() - start)}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_child(kind: str, runs: int, url: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", kind, "--runs", str(runs), "--url", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def many_at_once(runs: int = 200, rounds: int = 3) -> tuple[float, float]:
    with server(delay=CALL_SECONDS) as url:
        pairs = [(in_child("strings", runs, url), in_child("chat_models", runs, url)) for _ in range(rounds)]
    return median(ours["mb"] for ours, _ in pairs), median(ours["rate"] / theirs["rate"] for ours, theirs in pairs)


async def p95_ratio(runs: int = 100, at_once: int = 10) -> float:
    """Return the p95 of runs with a quorum of 4 of 6, 10 % of whose calls are ten times slower, against waiting."""
    with server(delay=0.1, slow=0.1) as url:
        quorum, everyone = mixture(url, layers=2, quorum=Quorum(4)), mixture(url, layers=2)
        taken: dict[Any, list[float]] = {quorum: [], everyone: []}

        async def timed(moa: Any) -> None:
            start = time.perf_counter()
            await moa.ainvoke(QUESTION)
            taken[moa].append(time.perf_counter() - start)

        for _ in range(runs // at_once):
            for moa in taken:
                await asyncio.gather(*(timed(moa) for _ in range(at_once)))
    cut, whole = (quantiles(seconds, n=20)[-1] for seconds in taken.values())
    return cut / whole


def reusable_share(models: int) -> float:
    """Share of prompt tokens that a cache per model can reuse: whole blocks of 128, from 1,024 (OpenAI's rule).

    Words stand for tokens: every word of these prompts is a short one.
    """
    panel = [ScriptedModel(script=" ".join(["word"] * 250), name_of_model=f"m{n}") for n in range(models)]
    question: Any = {"messages": [HumanMessage(" ".join(f"q{n}" for n in range(1500)))]}
    proposers = [panel[n % models] for n in range(6)]
    create_moa(proposers=proposers, aggregator=panel[0], layers=3).invoke(question)
    total = reused = 0
    for model in panel:
        seen: list[list[str]] = []
        for messages in sorted(model.asked, key=lambda m: len(m)):
            prompt = [word for m in messages for word in [f"<{m.type}>", *m.text.split()]]
            common = max((sum(1 for _ in takewhile(_same, zip(prompt, old, strict=False))) for old in seen), default=0)
            total += len(prompt)
            reused += common // 128 * 128 if common >= 1024 else 0
            seen.append(prompt)
    return reused / total


def _same(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]


def import_ratio(rounds: int = 12) -> float:
    def cpu(module: str) -> float:
        code = f"import time; start = time.process_time(); import {module}; print(time.process_time() - start)"
        return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)

    pairs = [(cpu("langgraph_moa"), cpu("langgraph.graph")) for _ in range(rounds)]
    return median(ours / theirs for ours, theirs in pairs)


def rows() -> Iterator[Sequence[str]]:
    """Measure everything, a line each."""

    def row(what: str, value: float, goal: float, *, at_least: bool = False, unit: str = "") -> Sequence[str]:
        reached = value >= goal if at_least else value <= goal
        sign = "≥" if at_least else "≤"
        return what, f"{value:.2f}{unit}", f"{sign} {goal:g}{unit}", "" if reached else "missed"

    yield "what", "measured", "goal", ""
    ours, plain = asyncio.run(wall_ratios())
    yield row("13 calls of 200 ms, wall against three calls in a row", ours, 1.04)
    yield "  the same calls with asyncio.gather over ChatOpenAI", f"{plain:.2f}", "", ""
    yield row("CPU of a streamed run against asyncio.gather, same clients", asyncio.run(cpu_ratio()), 1.25)
    first = asyncio.run(first_token_ms())
    yield row("first token after the last proposal, beyond the model's own", first, 10, unit=" ms")
    p95 = asyncio.run(p95_ratio())
    yield row("10 % of calls ten times slower: p95 with quorum 4 of 6 against waiting", p95, 0.5)
    memory, rate = many_at_once()
    yield row("200 runs of 13 calls at once: peak memory a run", memory, 1.5, unit=" MB")
    yield row("the same: runs a second, models from strings against ChatOpenAI", rate, 1.7, at_least=True)
    yield row("prompt tokens a cache can reuse, one model", reusable_share(1), 0.75, at_least=True)
    yield row("prompt tokens a cache can reuse, six models", reusable_share(6), 0.25, at_least=True)
    yield row("import langgraph_moa against import langgraph.graph, CPU", import_ratio(), 1.15)


def main() -> None:
    """Write docs/measured.md."""
    ran = f"{datetime.now(UTC).date()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    page = f"""# Speed, measured

Written by `python benchmarks/bench.py` ({ran}).

A run of three [layers](mixture.md#words), six proposers and an aggregator is 13 calls.
Both sides of a ratio were measured in turn, on one
machine, against a scripted server on 127.0.0.1.

{columns(list(rows()))}

## What else was measured

- [Agreement](agreement.md): early stop, [waves](early-stop.md#waves) and votes on recorded answers of real models.
- [Faults](faults.md): what each of them comes to on a real server.
- [Evidence](evidence-measured.md): whether the right passage is found, and what is cited.
"""
    PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(page)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--child", choices=["strings", "chat_models"], help=argparse.SUPPRESS)
    options.add_argument("--runs", type=int, default=200, help=argparse.SUPPRESS)
    options.add_argument("--url", default="", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.child:
        print(json.dumps(asyncio.run(many(given.child, given.runs, given.url))))
    else:
        main()
