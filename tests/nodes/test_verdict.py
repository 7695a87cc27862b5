"""A verdict says who agrees, what is left out for it, and why, in one line."""

from typing import Any

import pytest
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler
from langgraph_moa import (
    EarlyStop,
    create_moa,
)
from panels import says
from reading import QUESTION
from solving import solve, solvers


def test_the_verdict_says_who_agrees_and_what_is_left_out() -> None:
    result = solve("408", "408.0", "7", "408", "408", "408", early_stop=EarlyStop(quorum=0.8, then="answer"))

    (verdict,) = result["verdicts"]
    assert verdict["reason"] == "5 of 6 agree: 408; layers 2, 3 and 4 skipped, 13 calls saved"
    assert verdict["next"] == "answer"
    agreed = verdict["agreement"]
    assert agreed["groups"] == [["a", "b", "d", "e", "f"], ["c"]]
    assert (agreed["score"], agreed["answer"], agreed["reached"]) == (0.8333, "408", True)
    assert agreed["representative"] in "abdef"
    assert result["run"]["layers"] == 1


REASONS = [
    (["1", "1", "1"], EarlyStop(), "3 of 3 agree: 1; layers 2 and 3 skipped, 6 calls saved"),
    (["1", "1", None], EarlyStop(), "2 of 3 proposals usable; 2 of 3 agree: 1"),
    (["1", "2", "3"], EarlyStop(), "3 of 3 proposals usable"),
    (
        ["1", "1", "1"],
        EarlyStop(shadow=True),
        "3 of 3 agree: 1; layers 2 and 3 would be skipped, 6 calls would be saved",
    ),
    (["1", "1"], EarlyStop(), "2 of 2 agree: 1, but 3 different models must"),
]


@pytest.mark.parametrize(("answers", "rule", "expected"), REASONS)
def test_the_reason_is_one_line(answers: list[Any], rule: EarlyStop, expected: str) -> None:
    assert solve(*answers, early_stop=rule)["verdicts"][0]["reason"] == expected


def test_the_default_layers_have_nothing_to_skip_and_say_that_they_agree() -> None:
    result = solve("408", "408", "408", layers=2)

    assert result["verdicts"][0]["reason"] == "3 of 3 agree: 408"
    assert (result["run"]["stopped"], result["run"]["saved"]) == ("completed", 0)


def test_the_verdict_is_in_the_trace() -> None:
    collector = RunCollectorCallbackHandler()
    moa = create_moa(proposers=solvers("1", "1", "1"), aggregator=says("x", "z"), layers=3)

    moa.invoke(QUESTION, {"callbacks": [collector]})

    (root,) = collector.traced_runs
    (gate,) = [child for child in root.child_runs if child.name == "gate_1"]
    assert gate.outputs is not None
    assert gate.outputs["verdicts"][0]["reason"] == "3 of 3 agree: 1; layer 2 skipped, 3 calls saved"
    assert (gate.extra or {})["metadata"]["moa_role"] == "gate"


def test_how_many_must_agree_is_rounded_up_and_counts_all_who_were_asked() -> None:
    two_of_five = solve("1", "1", None, None, "2", early_stop=EarlyStop(quorum=0.5, min_responses=2), layers=2)
    three_of_five = solve("1", "1", "1", None, None, early_stop=EarlyStop(quorum=0.5, min_responses=2), layers=2)

    assert [r["verdicts"][0]["agreement"]["reached"] for r in (two_of_five, three_of_five)] == [False, True]
    assert [r["verdicts"][0]["agreement"]["score"] for r in (two_of_five, three_of_five)] == [0.4, 0.6]
