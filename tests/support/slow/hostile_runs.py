"""Whole runs with one hostile proposal, and what they take: CPU in all, and the longest that the event loop is kept."""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from hostile import TEXTS
from langchain_core.documents import Document
from langgraph_moa import (
    EarlyStop,
    Moderator,
    Rank,
    Vote,
    create_moa,
    create_rag_moa,
    judge_agreement,
    near_duplicates,
)
from langgraph_moa.core.agreement.measures import LONGEST_TEXT
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_of
from langgraph_moa.evaluation.batch.questions import Question
from langgraph_moa.evaluation.grading.jury import Jury, preferred

SIZE = 200_000
KINDS = (
    "closing tag in long lines",
    "different nonces",
    "tag over and over",
    "tag before blanks",
    "no-break space over and over",
    "letter over and over",
    "digit over and over",
    "thousands over and over",
    "nest over and over",
    "quoted over and over",
    "curly over and over",
    "box over and over",
    "LaTeX over and over",
    "fences that grow over and over",
    "reference with a nonce over and over",
    "answer tag over and over",
    "marks out of order",
    "emoji far apart",
    "different words",
    "different citations",
)
"""What models, and pages, may write at length."""
_QUESTION: Any = {"messages": [{"role": "user", "content": "How many lamps are there?"}]}


class Took(NamedTuple):
    """Hold what a run took, in seconds of CPU."""

    cpu: float
    """Of all threads."""
    longest: float
    """Of the event loop's, at a stretch."""


def _says(*texts: str) -> list[Any]:
    return [ScriptedModel(script=text, name_of_model=f"m{number}") for number, text in enumerate(texts)]


async def _voted(text: str) -> object:
    moa: Any = create_moa(
        proposers=_says(text, f"{text}\nFinal answer: 4", "Final answer: 5"),
        aggregator=[Vote(), *_says(text)],
        early_stop=EarlyStop(),
        layers=3,
    )
    result: object = await moa.ainvoke(_QUESTION)
    return result


async def _ranked(text: str) -> object:
    choice = ScriptedModel(script=f'{text}\n{{"best": [1, 2]}}', name_of_model="chooser")
    moa: Any = create_moa(
        proposers=_says(text, "There are four."), aggregator=Rank(choice), moderator=Moderator(choice), layers=2
    )
    result: object = await moa.ainvoke(_QUESTION)
    return result


async def _judged(text: str) -> object:
    judge = judge_agreement(ScriptedModel(script=text, name_of_model="judge"))
    moa: Any = create_moa(
        proposers=_says(text, "a", "b"), aggregator=_says(text)[0], early_stop=EarlyStop(agreement=judge), layers=2
    )
    result: object = await moa.ainvoke(_QUESTION)
    return result


async def _similar(text: str) -> object:
    """Compare texts as long as are compared at all, which takes the square of their length; a third is no loop."""
    words = TEXTS["different words"](LONGEST_TEXT // 3)
    head = words + text[: LONGEST_TEXT - len(words)]
    rule = EarlyStop(agreement=near_duplicates())
    moa: Any = create_moa(
        proposers=_says(head, f"{head[:-9]}y", head[::-1]), aggregator=_says(text)[0], early_stop=rule, layers=2
    )
    result: object = await moa.ainvoke(_QUESTION)
    return result


async def _cited(text: str) -> object:
    def finds(query: str) -> list[Document]:
        return [Document(text, metadata={"source": "a.md"}), Document("There are four lamps.")]

    moa: Any = create_rag_moa(
        retrievers=[finds],
        proposers=_says(text, "Four [E2]."),
        aggregator=_says(f"{text} “four lamps” [E1, E2]")[0],
        wrong_citations="remove",
    )
    result: object = await moa.ainvoke(_QUESTION)
    return result


async def _graded(text: str) -> object:
    judge = ScriptedModel(script=f'{text}\n{{"better": "A"}}', name_of_model="judge")
    jury = Jury(seat_of(judge, Defaults(), role="judge"), concurrency=2)
    question = Question(id="a", messages=[{"role": "user", "content": "Which?"}])
    rows: list[Any] = [{"answer": answer, "run": None} for answer in (text, "Four.")]
    return await preferred(jury, question, *rows)


RUNS: dict[str, Callable[[str], Coroutine[Any, Any, object]]] = {
    "vote": _voted,
    "rank": _ranked,
    "judge": _judged,
    "near duplicates": _similar,
    "citations": _cited,
    "grading": _graded,
}
"""Each is a mixture whose first proposer says a text, and whatever else may be given it."""


@contextmanager
def stretches() -> Iterator[list[float]]:
    """Time each call that event loops make, by the CPU of their own thread: the machine is busy with others' work."""
    taken: list[float] = []
    handles: Any = asyncio.Handle
    run = handles._run

    def timed(handle: asyncio.Handle) -> None:
        started = time.thread_time()
        run(handle)
        taken.append(time.thread_time() - started)

    handles._run = timed
    try:
        yield taken
    finally:
        handles._run = run


def took(run: str, kind: str, *, times: int = 3, enough: Took | None = None) -> Took:
    """Run a mixture on a hostile text, and return the least that it took; the garbage of others is not looked at.

    Args:
        run: Which one of `RUNS`.
        kind: Which text.
        times: How often, at most.
        enough: Whether less than this ends it: others use the machine, too.
    """
    text = TEXTS[kind](SIZE)
    asyncio.run(RUNS[run]("four"))  # what is imported and compiled at its first use
    gc.collect()
    gc.freeze()
    least = Took(float("inf"), float("inf"))
    for _ in range(times):
        least = Took(*map(min, least, _once(run, text)))
        if enough and least.cpu < enough.cpu and least.longest < enough.longest:
            break
    gc.unfreeze()
    return least


def _once(run: str, text: str) -> Took:
    with stretches() as taken:
        started = time.process_time()
        asyncio.run(RUNS[run](text))
    return Took(time.process_time() - started, max(taken))
