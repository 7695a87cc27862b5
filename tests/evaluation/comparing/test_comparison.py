"""What a comparison is made of."""

from collections.abc import Sequence
from typing import Any

import pytest
from compared import QUESTIONS, alone, asked, compare, mixed, right
from langgraph_moa.core.offline.scripted import ScriptedModel


def test_a_named_baseline_takes_the_best_models_place() -> None:
    found = compare({"a": right(4), "b": right(20), "moa": mixed(4)}, QUESTIONS, baseline="b")

    assert found.baseline == "b"
    assert found.verdict.startswith("moa: better than the baseline (b): +26.7 points")


def test_what_cannot_be_graded_for_one_is_left_out_for_all_and_what_failed_is_wrong() -> None:
    questions = [{**q, "gold": None} if int(str(q["id"])) < 5 else q for q in QUESTIONS]

    def breaks(messages: Sequence[Any]) -> str:
        if asked(messages) == "39?":
            raise ValueError("out of order")
        return f"Final answer: {asked(messages)[:-1]}"

    found = compare({"a": alone(ScriptedModel(script=breaks)), "b": right(0)}, questions)

    assert found.left_out == {"without gold that can be read": 5}
    assert found.graded == 55
    assert found.named("a").score.mean == pytest.approx(54 / 55)
    assert found.named("a").errors == 1
    assert "out of order" in (found.named("a").error or "")
