"""Recorded answers, made up."""

import json
from typing import Any

from langgraph_moa.core.agreement.answers import read_answer
from langgraph_moa.core.agreement.values import FinalAnswer
from langgraph_moa.evaluation.stop_rules import Recorded


def line(*stated: Any, gold: Any = None, names: str = "abcdefgh") -> str:
    """Write one line of a record; without gold where it is None."""
    given = {"responses": dict(zip(names, stated, strict=False)), "question": "?", "id": 7}
    return json.dumps(given if gold is None else {**given, "gold": gold}) + "\n"


def recorded(answers: str, gold: str = "", copies: tuple[int, ...] = ()) -> Recorded:
    """Make a row of answers with commas between; `-` is none."""
    return Recorded(
        tuple(read_answer(a.strip()) if a != "-" else None for a in answers.split(",")), gold_of(gold), copies
    )


def gold_of(stated: str) -> FinalAnswer | None:
    return read_answer(stated) if stated else None
