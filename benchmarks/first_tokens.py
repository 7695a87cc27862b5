"""Measure what readers wait for: the first text that they see, and the whole answer, of streams paced token by token.

A server on this machine says each word after a pause, streamed or not, and takes a while before the first one, as
models do. One of four proposers is half as fast.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any, NamedTuple

from speed_page import Row  # it makes the next line find its module

from loopback import Loopback, Reply, serve  # isort: skip
from langgraph_moa import Quorum, create_moa, create_sectioned_moa  # isort: skip

SECTIONS = 4
QUESTION: Any = {"messages": [{"role": "user", "content": "Which way of building it is best, and why?"}]}


class Paces(NamedTuple):
    """Say how fast the server's models are."""

    word_s: float = 0.01
    first_s: float = 0.3
    """Before the first word: the prompt is read."""
    words: int = 320
    paragraph: int = 40


class Seen(NamedTuple):
    """Hold what one run's reader saw, in seconds since the question, and what it cost."""

    first: float
    """The first text: a draft, or the answer's first token."""
    whole: float
    calls: int
    prompt_tokens: int


def text_of(paces: Paces, words: int) -> str:
    """Return a text of so many words, in paragraphs."""
    paragraphs = [paces.paragraph] * (words // paces.paragraph)
    return "\n\n".join(" ".join(f"{number}-{n}" for n in range(size)) for number, size in enumerate(paragraphs))


def pace(server: Loopback, paces: Paces) -> None:
    """Let the server's models take their time: proposers write all of it, the aggregator what it is asked for."""

    def say(body: dict[str, Any]) -> Reply:
        later = len(body["messages"]) > 1
        is_part = later or "beginnings of answers" in str(body["messages"])
        words = paces.words // SECTIONS if is_part and body["model"] == "last" else paces.words
        word_s = paces.word_s * (2 if body["model"] == "slow" else 1)
        reply = Reply(text_of(paces, words), delay=paces.first_s)
        if body.get("stream"):
            return replace(reply, chunk_delay=word_s)
        return replace(reply, delay=paces.first_s + words * word_s)

    server.default = say


async def watch(moa: Any) -> Seen:
    """Read one run's streams."""
    start, first, state = time.perf_counter(), 0.0, dict[str, Any]()
    async for mode, part in moa.astream(QUESTION, stream_mode=["messages", "custom", "values"]):
        is_text = part["moa"] == "draft" if mode == "custom" else mode == "messages" and bool(part[0].text)
        first = first or (time.perf_counter() - start if is_text else 0.0)
        state = part if mode == "values" else state
    run = state["run"]
    return Seen(first, time.perf_counter() - start, run["calls"], run["usage"]["input_tokens"])


USUAL_PACES, QUICK_WORDS = Paces(), Paces(word_s=0.002, first_s=2.0)
"""The second are models that read for long, and write fast."""


def rows(runs: int = 3, paces: Paces = USUAL_PACES, reading: Paces = QUICK_WORDS) -> Iterator[Row]:
    """Measure an ordinary mixture, one with drafts, and one by sections; with all proposers, and with a quorum."""
    usual, sections = {"early_stop": None}, {"sections": SECTIONS}
    ways: dict[str, tuple[Any, dict[str, Any], Paces]] = {
        "as usual": (create_moa, usual, paces),
        "with drafts": (create_moa, {**usual, "draft": True}, paces),
        "by sections": (create_sectioned_moa, sections, paces),
        "quorum 3 of 4, as usual": (create_moa, {**usual, "quorum": Quorum(3)}, paces),
        "quorum 3 of 4, by sections": (create_sectioned_moa, {**sections, "quorum": Quorum(3)}, paces),
        "long reading, as usual": (create_moa, usual, reading),
        "long reading, by sections": (create_sectioned_moa, sections, reading),
    }
    for way, (create, options, paced) in ways.items():
        with serve() as server:
            pace(server, paced)
            models: Any = {"proposers": ["a", "b", "c", "slow"], "aggregator": "last", "resolve": server.resolve}
            moa = create(**models, **options)
            took = [asyncio.run(watch(moa)) for _ in range(runs)]
        yield Row(f"{way}: first text", median(one.first for one in took), str(runs), unit=" s")
        yield Row("  whole answer", median(one.whole for one in took), str(runs), unit=" s")
        yield Row("  calls", median(one.calls for one in took), str(runs), digits=0)
        yield Row("  prompt tokens", median(one.prompt_tokens for one in took), str(runs), digits=0)
