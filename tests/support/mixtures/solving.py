"""Models that end on given answers, and what a mixture of them comes to."""

from typing import Any

from langgraph_moa import (
    EarlyStop,
    Proposer,
    create_moa,
)
from loopback import Loopback, Reply
from panels import says
from reading import QUESTION

QWEN = dict.fromkeys(("llama3", "gemma3", "phi4"), ("7", "qwen05"))
"""Three names of one model that answers 7."""


def solvers(*answers: Any) -> list[Any]:
    """Return models a, b, c, ... that end on these answers; None fails."""
    lines = [ValueError("down") if a is None else f"Well.\nFinal answer: {a}" for a in answers]
    return [Proposer(says(line, f"model-{n}"), name="abcdefgh"[n]) for n, line in enumerate(lines)]


def solve(*answers: Any, early_stop: Any = EarlyStop(), layers: int = 4, **options: Any) -> Any:  # noqa: B008
    last = says("written", "last")
    given = {"aggregator": last, "layers": layers, "early_stop": early_stop, **options}
    moa = create_moa(proposers=solvers(*answers), **given)
    return moa.invoke(QUESTION)


def served(loopback: Loopback, answers: dict[str, tuple[str, str]], **options: Any) -> Any:
    """Return a mixture of models by name, with what each answers and as what it is served."""
    for name, (answer, model) in answers.items():
        loopback.say(name, Reply(f"Well.\nFinal answer: {answer}", served=model))
    defaults: dict[str, Any] = {"proposers": list(answers), "aggregator": "last", "layers": 3}
    return create_moa(**{**defaults, **options}, resolve=loopback.resolve)
