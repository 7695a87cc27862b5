"""Measure speed as ratios, beside what is possible on this machine, and write docs/measured.md.

A server in a process of its own answers on 127.0.0.1. Both sides of a ratio are measured in turn in one run, because
machines are noisy and only ratios keep. `make bench-peers` writes the section on other packages.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import takewhile
from statistics import median, quantiles
from typing import Any

import first_tokens
import floors
import growth
import starting
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import HumanMessage
from langgraph_moa import Quorum, create_moa, resolve_model
from langgraph_moa.core.offline.scripted import ScriptedModel
from runners import answering
from speed_page import PAGE, Row, table, when_and_where, with_sections
from ways import AGGREGATOR, PROPOSERS, QUESTION

INTRODUCTION = """# Speed, measured

A run of three [layers](mixture.md#words), six proposers and an aggregator is 13 calls.
Both sides of a ratio were measured in turn, on one
machine, against a server on 127.0.0.1. A value is the median of n turns, and `12x5` are 12 turns of 5 runs.
CPU is that of the measured process alone. A row without a goal is a floor, or says where the time goes.

"""
A_RUN = """{ran}

A prompt of 1,500 words, answers of 192, no early stop. Models from strings are as this package makes them by
default, and nobody listens to a run but where it is said.

{table}

A streamed run of the same ChatOpenAI objects has no goal: LangGraph and langchain-core alone take it past 1.15.
Fifty at once come to half of aiohttp's floor, and not to the goal: LangGraph alone takes more CPU than that floor, so
that a graph with no work of its own would come to about four fifths.
Slow calls are measured with four runs at once. Ten make each other wait for the processor, which no
[quorum](mixture.md#words) ends.
"""
GROWTH = """{ran}

Its models answer at once, in this process, so that all of it is the graph's. Ratios are of CPU.

{table}
"""
STARTING = """{ran}

The wheel, built and installed, and the CPU of whole processes.

{table}
"""
FIRST_TOKENS = """{ran}

Four proposers and an aggregator, 320 words each. The server says a word every 10 ms, 300 ms after the question,
streamed or not; one proposer is half as fast. "Long reading" is a word every 2 ms, 2 s after the question. First text
is a [draft](running.md#a-draft-before-the-answer) or the answer's first token. Times are this server's, and no model's.

{table}

A draft comes when the fastest proposer is done, and costs nothing. [Sections](running.md#an-answer-by-sections) come as
early, and are the answer; but each of them is a call that reads all that the one before did: where reading takes long,
nothing is gained, and the whole answer comes later. What they do to answers is not
measured: no model here is strong enough to tell.
"""
ELSEWHERE = """
- [Agreement](agreement.md): early stop, [waves](early-stop.md#waves) and votes on recorded answers of real models.
- [Faults](faults.md): what each of them comes to on a real server.
- [Evidence](evidence-measured.md): whether the right passage is found, and what is cited.
"""


def mixture(url: str, **options: Any) -> Any:
    """Return a mixture of models from strings."""
    models: dict[str, Any] = {"proposers": PROPOSERS, "aggregator": AGGREGATOR}
    return create_moa(**{"layers": 3, **models, **options}, resolve=partial(resolve_model, base_url=url))


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


async def first_token_ms(runs: int) -> float:
    """Time from the last proposal to the reader's first token, less what the aggregator itself took for it."""
    with answering(delay=0.05) as url:
        moa = mixture(url)
        await moa.ainvoke(QUESTION)
        extra = []
        for _ in range(runs):
            clock, arrived = Clock(), 0.0
            async for _ in moa.astream(QUESTION, {"callbacks": [clock]}, stream_mode="messages"):
                arrived = arrived or time.perf_counter()
            extra.append((arrived - clock.ended) - (clock.spoke - clock.started))
        return 1000 * median(extra)


async def p95_ratio(runs: int, at_once: int = 4) -> float:
    """Return the p95 of runs with a quorum of 4 of 6, 10 % of whose calls are ten times slower, against waiting."""
    with answering(delay=0.1, slow=0.1) as url:
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


def other_rows(runs: int = 15, slow_runs: int = 100) -> Iterator[Row]:
    """Measure what readers wait for, and what a provider's cache can reuse."""
    first = asyncio.run(first_token_ms(runs))
    yield Row("first token after the last proposal, beyond the model's own", first, str(runs), 10, unit=" ms")
    p95 = asyncio.run(p95_ratio(slow_runs))
    yield Row("10 % of calls ten times slower: p95 with quorum 4 of 6 against waiting", p95, str(slow_runs), 0.5)
    yield Row("prompt tokens a cache can reuse, one model", reusable_share(1), "1", 0.75, at_least=True)
    yield Row("prompt tokens a cache can reuse, six models", reusable_share(6), "1", 0.25, at_least=True)


def run_rows() -> Iterator[Row]:
    """Measure runs of 13 calls."""
    yield from floors.alone()
    yield from floors.streamed()
    yield from floors.wall()
    yield from floors.at_once()
    yield from floors.memory()
    yield from other_rows()


def growth_rows() -> Iterator[Row]:
    """Measure what grows."""
    yield from growth.rows()
    yield from growth.hostile_rows()
    yield from growth.turn_rows()


SECTIONS: dict[str, tuple[str, Callable[[], Iterator[Row]]]] = {
    "A run": (A_RUN, run_rows),
    "Growth": (GROWTH, growth_rows),
    "Starting": (STARTING, starting.rows),
    "First tokens": (FIRST_TOKENS, first_tokens.rows),
}


def main(headings: Sequence[str]) -> None:
    """Write sections anew, all but that on other packages where none is named."""
    for heading in headings or SECTIONS:
        text, rows = SECTIONS[heading]
        section = text.format(ran=when_and_where("make bench"), table=table(list(rows())))
        page = with_sections(PAGE.read_text(encoding="utf-8"), {heading: section})
        page = with_sections(INTRODUCTION + page[page.index("## ") :], {"What else was measured": ELSEWHERE})
        PAGE.write_text(page, encoding="utf-8")
        print(section)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("section", nargs="*", help=f"of the page: {', '.join(SECTIONS)}; all by default")
    headings = options.parse_args().section
    if not set(headings) <= set(SECTIONS):
        options.error(f"found {headings!r}, expected some of {[*SECTIONS]}")
    main(headings)
