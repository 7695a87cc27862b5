"""Measure how runs grow: with proposers, with a budget, with the conversation, and with a thread's turns in SQLite.

Its models answer at once and cost nothing, so that what is measured is the graph's.
"""

import asyncio
import gc
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph_moa import Budget, create_moa
from speed_page import Row  # and with it the folders of the tests' own

from hostile_runs import KINDS, RUNS, took  # isort: skip

SENTENCE = "What this one says is no short answer, and nobody has to agree with it. "
KB = 1000
BUDGET = Budget(tokens=10**9)
TURNS = (1, 10, 40)


class Instant(BaseChatModel):
    """Say one text, at once, and keep nothing."""

    text: str = SENTENCE * 4
    name_of_model: str = "instant"
    max_tokens: int = 512

    @property
    def model_name(self) -> str:
        return self.name_of_model

    @property
    def _llm_type(self) -> str:
        return "instant"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        usage: Any = {"input_tokens": 1500, "output_tokens": 192, "total_tokens": 1692}
        ended = {"finish_reason": "stop", "model_name": self.name_of_model}
        message = AIMessage(self.text, usage_metadata=usage, response_metadata=ended)
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop)


def mixture(proposers: int = 6, *, layers: int = 3, text: str = SENTENCE * 4, **options: Any) -> Any:
    """Return a mixture of models that answer at once."""
    panel = [Instant(name_of_model=f"proposer-{number}", text=text) for number in range(proposers)]
    return create_moa(proposers=panel, aggregator=Instant(), layers=layers, **options)


def asked(text: str, messages: int = 1) -> Any:
    """Return a conversation that ends with a question."""
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[number % 2], "content": text} for number in range(messages)]}


async def in_turn(
    clock: Callable[[], float], runs: int, *works: Callable[[], Awaitable[Any]], warm: int = 3
) -> list[list[float]]:
    """Run each work in turn, again and again; return what each run took, but for the first ones."""
    took: list[list[float]] = [[] for _ in works]
    for number in range(runs + warm):
        for work, times in zip(works, took, strict=True):
            start = clock()
            await work()
            if number >= warm:
                times.append(clock() - start)
    return took


async def cpu_ratio(runs: int, ours: Any, theirs: Any, question: Any, other_question: Any = None) -> float:
    """Return the median of a run's CPU against the other's, in turn."""
    gc.collect()
    works = (lambda: ours.ainvoke(question)), (lambda: theirs.ainvoke(other_question or question))
    pairs = zip(*await in_turn(time.process_time, runs, *works), strict=True)
    return float(median(a / b for a, b in pairs))


async def cpu_a_call(runs: int, few: int, many: int) -> float:
    """Return what a call costs in a mixture of many proposers, against one of few."""
    ratio = await cpu_ratio(runs, mixture(many), mixture(few), asked(SENTENCE))
    return ratio * (2 * few + 1) / (2 * many + 1)


def rows(runs: int = 9) -> Iterator[Row]:
    """Measure growth, each line a ratio in one run."""
    n, long = str(runs), asked("x" * (200 * KB))

    def budget(proposers: int, question: Any) -> float:
        bounded = mixture(proposers, layers=2, budget=BUDGET)
        return asyncio.run(cpu_ratio(runs, bounded, mixture(proposers, layers=2), question))

    yield Row("30 proposers, a conversation of 200 kB, with a budget against without", budget(30, long), n, 1.6)
    yield Row("60 proposers, with a budget against without", budget(60, asked(SENTENCE)), n, 1.6)
    yield Row("CPU a call, 60 proposers against 6", asyncio.run(cpu_a_call(runs, 6, 60)), n, 1.25)
    talk, one = asked("x" * 2 * KB, 101), asked("x" * 2 * KB)
    ratio = asyncio.run(cpu_ratio(runs, mixture(), mixture(), talk, one))
    yield Row("a conversation of 101 messages of 2 kB against its last one", ratio, n, 2)


async def turns(path: Path, durability: str, last: int) -> dict[int, tuple[float, float]]:
    """Talk on one thread in a file of its own, and return milliseconds of CPU and kB so far, by turn."""
    measured = {}
    async with AsyncSqliteSaver.from_conn_string(str(path)) as saver:
        await saver.setup()
        moa = mixture(checkpointer=saver)
        config: Any = {"configurable": {"thread_id": "1"}}
        for turn in range(1, last + 1):
            start = time.process_time()
            await moa.ainvoke(asked(SENTENCE * 14), config, durability=durability)
            ms = 1000 * (time.process_time() - start)
            await (await saver.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")).fetchall()  # all is in the one file
            measured[turn] = ms, path.stat().st_size / KB  # noqa: ASYNC240 - nothing else runs here
    return measured


def hostile_rows(runs: Sequence[str] = tuple(RUNS), kinds: Sequence[str] = KINDS) -> Iterator[Row]:
    """Measure the worst of many texts, each said by the first proposer of a mixture.

    Args:
        runs: Which mixtures.
        kinds: Which texts.
    """
    costs = [took(run, kind) for run in runs for kind in kinds]
    what, n = f"a hostile proposal of 200 kB, the worst of {len(costs)} runs", "3 each"
    yield Row(f"{what}: CPU of the run", max(cost.cpu for cost in costs), n, 0.5, unit=" s")
    longest = 1000 * max(cost.longest for cost in costs)
    yield Row("  the same: longest time the event loop was kept", longest, n, 50, unit=" ms", digits=0)


def turn_rows(threads: int = 3, at: tuple[int, ...] = TURNS) -> Iterator[Row]:
    """Measure a thread's turns in SQLite, with checkpoints after each step, LangGraph's default, or at the end only."""
    for durability in ("async", "exit"):
        measured = []
        for _ in range(threads + 1):  # the first gets warm
            with tempfile.TemporaryDirectory() as folder:
                measured.append(asyncio.run(turns(Path(folder) / "turns.sqlite", durability, max(at))))
        for turn in at:
            ms, kb = (median(thread[turn][field] for thread in measured[1:]) for field in (0, 1))
            which = f'SQLite, durability="{durability}", turn {turn}'
            yield Row(f"{which}: CPU", ms, str(threads), unit=" ms", digits=0)
            yield Row(f"{which}: the file", kb, str(threads), unit=" kB", digits=0)
