"""Judges that decide as they are told to."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from compared import GOLD, alone
from langgraph_moa.core.offline.scripted import ScriptedModel

OPEN = [{"id": id_, "question": text} for id_, text in GOLD.items()]


FEW = OPEN[:10]
"""Enough where no verdict is waited for."""


Decide = Callable[[str, str], str]


def better(side: str) -> str:
    return "I have thought about it.\n" + json.dumps({"better": side})


def judging(decide: Decide) -> ScriptedModel:
    """Make a judge that decides by the two answers that it is shown, A first."""

    def say(messages: Sequence[Any]) -> str:
        parts = [
            part.partition(">\n")[2].partition("\n</reference")[0] for part in messages[0].text.split("<reference-")
        ]
        return decide(parts[-2], parts[-1])

    return ScriptedModel(script=say, name_of_model="judge")


def saying(text: str) -> Any:
    """Make a single model that says one thing, and the question."""
    return alone(ScriptedModel(script=lambda messages: f"{text} {messages[0].text}", name_of_model=text.split()[0]))


def prefers(*words: str) -> Decide:
    """Prefer the answer that holds the earliest of some words."""

    def rank(text: str) -> int:
        return next((n for n, word in enumerate(words) if word in text), len(words))

    return lambda a, b: better("tie" if rank(a) == rank(b) else "A" if rank(a) < rank(b) else "B")
