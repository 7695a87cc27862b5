"""Mixtures that a person looks into, and what the person decides."""

from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from langgraph_moa import Proposer, create_moa
from panels import panel, says
from reading import references_in


def reviewed(*answers: Any, saver: Any = None, **options: Any) -> Any:
    aggregator = says(lambda messages: "told: " + ", ".join(references_in(messages[-1].text)), "last")
    given = {"proposers": panel(*answers), "aggregator": aggregator, "aggregator_prompt": "$references", **options}
    return create_moa(**given, review=True, checkpointer=saver or InMemorySaver())


def asked(result: Any) -> Any:
    (interrupt,) = result["__interrupt__"]
    return interrupt.value


def decide(*decisions: Any) -> Any:
    keys = ("proposer", "action", "text")
    return Command(resume={"decisions": [dict(zip(keys, d, strict=False)) for d in decisions]})


class Counting:
    """Answer, and know how often it was asked; a script may fail."""

    def __init__(self, name: str, *answers: Any) -> None:
        self.asked, self.answers, self.name = 0, answers, name

    def __call__(self, messages: Any) -> Any:
        self.asked += 1
        answer = self.answers[min(self.asked, len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


def counting(*answers: Any) -> tuple[list[Counting], list[Proposer]]:
    models = [
        Counting(name, *(a if isinstance(a, tuple) else (a,))) for name, a in zip("abcdef", answers, strict=False)
    ]
    return models, [Proposer(says(model, model.name), name=model.name) for model in models]
