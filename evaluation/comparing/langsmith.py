"""Show a comparison in LangSmith: a dataset of the questions, and an experiment for each system.

Nothing is asked for it: the experiments replay the rows, once they are graded, so that LangSmith can slow down or break
nothing that was paid for. The runs themselves are traced as always.
"""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from langsmith import Client, aevaluate
from langsmith.run_helpers import get_tracing_context
from langsmith.schemas import Example, ExampleCreate, Run
from langsmith.utils import LangSmithNotFoundError
from urllib3 import Retry

from ...core.text import one_line, redact
from ..batch.questions import Question, Row
from ..batch.rows import full_cost_in, full_seconds_in
from ..grading.answered import GradedAnswers
from ..grading.by_gold import Grade
from .measures import Comparison

_OUTPUTS = "reference_outputs" if "reference_outputs" in ExampleCreate.model_fields else "outputs"
"""As LangSmith's client calls what is right, from its version 0.15 on and before."""
_PATIENCE_MS = (3_000, 10_000)
"""Milliseconds that connecting, and one answer, may take; each is tried twice."""


class Replay(NamedTuple):
    """Be what an experiment tells of one question."""

    row: Row
    grade: Grade

    async def answer(self) -> dict[str, Any]:
        """Return what was answered."""
        return {"answer": self.row["answer"], "error": self.row["error"]}

    def feedback(self) -> list[dict[str, Any]]:
        """Return the grade, and what the answer cost; what is not known is left out."""
        figures = {"score": self.grade.score, "seconds": full_seconds_in(self.row), **full_cost_in(self.row)}
        return [{"key": key, "score": value} for key, value in figures.items() if value is not None]


async def publish(
    prefix: str, questions: Sequence[Question], answered: Mapping[str, GradedAnswers], comparison: Comparison
) -> list[str]:
    """Make the dataset, where it is not there yet, and an experiment a system.

    Args:
        prefix: How the names of the dataset and the experiments begin.
        questions: Those that all systems were asked.
        answered: What became of them, in their order.
        comparison: What was measured.

    Returns:
        What to tell of it: where it is, or why it is not.
    """
    try:
        client = get_tracing_context().get("client") or Client(timeout_ms=_PATIENCE_MS, retry_config=Retry(1))
        examples = await asyncio.to_thread(_examples, client, prefix, questions)
        names = [
            await _experiment(client, f"{prefix}-{label}", examples, questions, one, _metadata(label, comparison))
            for label, one in answered.items()
        ]
    except Exception as exc:  # noqa: BLE001 - whatever LangSmith does, the comparison is done
        return [
            f"LangSmith did not take the experiments: {one_line(redact(f'{type(exc).__name__}: {exc}'), limit=160)}"
        ]
    return [f"LangSmith holds the dataset {dataset_name(prefix, questions)} and the experiments {', '.join(names)}"]


def dataset_name(prefix: str, questions: Sequence[Question]) -> str:
    """Name a dataset by what it holds, so that the same questions make the same one."""
    contents = [(question.id, list(question.messages), list(question.later), question.gold) for question in questions]
    written = json.dumps(contents, sort_keys=True, default=str, ensure_ascii=False).encode("utf-8", "replace")
    return f"{prefix}-{sha256(written).hexdigest()[:12]}"


def _examples(client: Client, prefix: str, questions: Sequence[Question]) -> list[Example]:
    """Return the dataset's examples; those that are missing are made, the dataset too."""
    name = dataset_name(prefix, questions)
    try:
        dataset = client.read_dataset(dataset_name=name)
    except LangSmithNotFoundError:
        dataset = client.create_dataset(name, description="Questions that langgraph-moa compared systems on.")
    ids = {str(example.id) for example in client.list_examples(dataset_id=dataset.id)}
    wanted = [_example(name, question) for question in questions]
    if missing := [example for example in wanted if example["id"] not in ids]:
        client.create_examples(dataset_id=dataset.id, examples=missing)
    ours = {example["id"] for example in wanted}
    return [example for example in client.list_examples(dataset_id=dataset.id) if str(example.id) in ours]


def _example(dataset: str, question: Question) -> dict[str, Any]:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{dataset}/{question.id}")),
        "inputs": {"id": question.id, "messages": list(question.messages), "later": list(question.later)},
        _OUTPUTS: {"gold": question.gold},
    }


async def _experiment(
    client: Client,
    name: str,
    examples: Sequence[Example],
    questions: Sequence[Question],
    one: GradedAnswers,
    metadata: Mapping[str, Any],
) -> str:
    replays = {
        question.id: Replay(row, grade) for question, row, grade in zip(questions, one.rows, one.grades, strict=True)
    }

    async def replay(inputs: dict[str, Any]) -> dict[str, Any]:
        return await replays[inputs["id"]].answer()

    def graded(run: Run, example: Example) -> dict[str, Any]:
        return {"results": replays[(example.inputs or {})["id"]].feedback()}

    with redirect_stdout(sys.stderr):  # it prints where the experiment is, and our output may be JSON
        done = await aevaluate(
            replay,
            data=examples,
            evaluators=[graded],
            experiment_prefix=name,
            metadata=dict(metadata),
            max_concurrency=8,
            client=client,
        )
    return str(done.experiment_name)


def _metadata(label: str, comparison: Comparison) -> dict[str, Any]:
    system = comparison.named(label)
    return {
        "system": label,
        "baseline": comparison.baseline,
        "grader": comparison.grader,
        "verdict": comparison.verdict,
        "low": system.score.low,
        "high": system.score.high,
    }
