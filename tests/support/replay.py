"""Play recorded answers of real models through a real mixture."""

import asyncio
import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from langgraph_moa import Proposer, create_moa
from langgraph_moa.core.agreement.answers import final_answer, read_answer
from langgraph_moa.core.agreement.values import same_answer
from langgraph_moa.core.offline.scripted import ScriptedModel
from reading import question_in

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
WHY_NOT = "the recorded answers (../shared/data) are not here"
GSM8K = (
    "zeroeval_gsm_answers.csv.gz",
    "Qwen2-72B-Instruct Meta-Llama-3-70B-Instruct Mixtral-8x7B-Instruct-v0.1 gemma-2-27b-it@together deepseek-chat "
    "command-r-plus",
)
CRUX = (
    "zeroeval_crux_answers.csv.gz",
    "Qwen2-72B-Instruct Meta-Llama-3-70B-Instruct Mixtral-8x7B-Instruct-v0.1 gemma-2-27b-it deepseek-v2-chat-0628 "
    "Yi-1.5-34B-Chat",
)
FIVE = (
    GSM8K[0],
    "Qwen2-72B-Instruct Meta-Llama-3-70B-Instruct gemma-2-27b-it@together Yi-1.5-34B-Chat Mistral-Large-2",
)
Panel = tuple[str, str]


class Played(NamedTuple):
    """Say what a mixture made of recorded answers."""

    questions: int
    calls: float
    """A question."""
    right: float
    """Share of the final answers that are right."""
    agreed: float
    """Share of the questions on which the proposers agreed."""
    right_agreed: float
    """Share of those on which they agreed upon the right answer."""


def rows(panel: Panel) -> list[dict[str, str]]:
    with gzip.open(DATA / panel[0], "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def strongest_first(panel: Panel) -> Panel:
    """Order a panel by how often each model is right on these very questions."""
    known = rows(panel)
    right = {model: sum(is_right(written(row[model]), row["gold"]) for row in known) for model in panel[1].split()}
    return panel[0], " ".join(sorted(right, key=lambda model: -right[model]))


def play(panel: Panel, *, models: Sequence[str] = (), most: int | None = None, **options: Any) -> Played:
    """Ask a mixture every recorded question, or so many; its proposers say what was recorded."""
    recorded = {row["id"]: row for row in rows(panel)[:most]}

    def said(model: str) -> Any:
        return lambda messages: written(recorded[question_in(messages[-1].text)][model])

    proposers = [
        Proposer(ScriptedModel(script=said(model), name_of_model=model), name=f"p{number}")
        for number, model in enumerate(models or panel[1].split())
    ]
    moa: Any = create_moa(proposers=proposers, **{"aggregator": ScriptedModel(script="nobody knows"), **options})

    async def ask_all() -> list[Any]:
        results: list[Any] = []
        ids = list(recorded)
        for start in range(0, len(ids), 50):
            batch = ids[start : start + 50]
            results += await asyncio.gather(*(moa.ainvoke({"messages": [("user", i)]}) for i in batch))
        return results

    results = asyncio.run(ask_all())
    agreed = [r for r in results if any(v["agreement"] and v["agreement"]["reached"] for v in r["verdicts"])]
    right = [is_right(r["messages"][-1].text, recorded[r["messages"][0].text]["gold"]) for r in results]
    right_agreed = [
        is_right(r["verdicts"][-1]["agreement"]["answer"], recorded[r["messages"][0].text]["gold"]) for r in agreed
    ]
    return Played(
        questions=len(results),
        calls=sum(r["run"]["calls"] for r in results) / len(results),
        right=sum(right) / len(results),
        agreed=len(agreed) / len(results),
        right_agreed=sum(right_agreed) / (len(agreed) or 1),
    )


def written(answer: str) -> str:
    return f"I worked it out step by step.\n\nFinal answer: {answer}" if answer else "I could not work it out."


def is_right(text: str, gold: str) -> bool:
    found, known = final_answer(text), read_answer(gold)
    return found is not None and known is not None and same_answer(found, known)
