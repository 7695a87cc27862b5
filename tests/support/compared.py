"""Systems to compare: scripted ones that are wrong as often as they are told to be."""

import asyncio
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from langgraph_moa import acompare, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.comparing.measures import Comparison
from reading import question_in

GOLD = {str(n): f"{n}?" for n in range(60)}
QUESTIONS = [{"id": id_, "question": text, "gold": id_} for id_, text in GOLD.items()]
OPEN = [{"id": id_, "question": text} for id_, text in GOLD.items()]


def says(answers: Mapping[str, str], name: str = "m") -> ScriptedModel:
    """Make a model that answers each question, known by its text, as it is told to."""
    return ScriptedModel(script=lambda messages: answers[asked(messages)], name_of_model=name)


def asked(messages: Sequence[Any]) -> str:
    """Return a question without what stands around it."""
    return question_in(messages[-1].text)


def alone(model: Any) -> Any:
    return create_moa(proposers=[model], layers=1)


def compare(systems: Mapping[str, Any], questions: Any, **options: Any) -> Comparison:
    return asyncio.run(acompare(systems, questions, **options))


def right(wrong: int, name: str = "m", more: str = "") -> Any:
    """Make a single model that is wrong on so many questions, the last ones."""
    answers = {text: f"{more}Final answer: {int(id_) + (int(id_) >= 60 - wrong)}" for id_, text in GOLD.items()}
    return alone(says(answers, name))


def mixed(wrong: int, **options: Any) -> Any:
    """Make a mixture of two whose aggregator is wrong on so many questions."""
    answers = {text: f"Final answer: {int(id_) + (int(id_) >= 60 - wrong)}" for id_, text in GOLD.items()}
    proposers = [ScriptedModel(script="I do not know.", name_of_model=f"p{n}") for n in range(2)]
    return create_moa(proposers=proposers, aggregator=says(answers, "last"), **options)


def obeys(wrong: int, **options: Any) -> Any:
    """Make a model that marks its answer only where it was asked to."""

    def say(messages: Sequence[Any]) -> str:
        number = int(asked(messages)[:-1])
        told = str(number + (number >= 60 - wrong))
        is_asked = any("Final answer" in message.text for message in messages)
        return f"Final answer: {told}" if is_asked else f"It comes to {told}, I should think, all things considered."

    return ScriptedModel(script=say, **options)


FEW = QUESTIONS[50:]
"""Enough where no verdict is waited for."""


def number(text: str) -> object:
    """Read a number as a person would, without this package."""
    bare = text.strip().strip("$*").replace(",", "").removesuffix(".").removesuffix("%").strip()
    try:
        return Fraction(bare)
    except ValueError:
        return bare or None
