"""Layers end where proposals agree, and nowhere else."""

from typing import Any

import pytest
from langgraph_moa import (
    EarlyStop,
    Proposer,
    Vote,
    create_moa,
)
from loopback import Loopback, Reply
from panels import says
from reading import QUESTION
from solving import solve, solvers
from tables import each

SIX = ["408"] * 6


STOPS: dict[str, tuple[list[Any], Any, tuple[str, int, int, str]]] = {
    # answers, rule, (stopped, calls, saved, answer)
    "all agree": (SIX, EarlyStop(), ("agreed", 7, 12, "written")),
    "all agree, and one of them answers": (
        SIX,
        EarlyStop(then="answer"),
        ("agreed", 6, 13, "Well.\nFinal answer: 408"),
    ),
    "one differs": ([*SIX[1:], "409"], EarlyStop(), ("completed", 19, 0, "written")),
    "one differs, five of six are enough": ([*SIX[1:], "9"], EarlyStop(quorum=5 / 6), ("agreed", 7, 12, "written")),
    "one failed": ([*SIX[1:], None], EarlyStop(), ("completed", 19, 0, "written")),
    "one failed, five of six are enough": ([*SIX[1:], None], EarlyStop(quorum=0.8), ("agreed", 7, 12, "written")),
    "one does not say": ([*SIX[1:], "I cannot tell"], EarlyStop(), ("completed", 19, 0, "written")),
    "two are too few": (["408"] * 2, EarlyStop(), ("completed", 7, 0, "written")),
    "two are enough when asked for": (["408"] * 2, EarlyStop(min_responses=2), ("agreed", 3, 4, "written")),
    "in the shadow": (SIX, EarlyStop(shadow=True), ("completed", 19, 0, "written")),
    "in the shadow of an answer": (SIX, EarlyStop(shadow=True, then="answer"), ("completed", 19, 0, "written")),
    "off": (SIX, None, ("completed", 19, 0, "written")),
    "written in other ways": (
        ["408", "408.0", "**408**", "$408", "408 dollars"],
        EarlyStop(),
        ("agreed", 6, 10, "written"),
    ),
    "other units": (["5 km", "5 miles", "5 km"], EarlyStop(), ("completed", 10, 0, "written")),
}


@each("case", STOPS)
def test_layers_end_where_proposals_agree(case: str) -> None:
    answers, rule, expected = STOPS[case]

    result = solve(*answers, early_stop=rule)

    report = result["run"]
    assert (report["stopped"], report["calls"], report["saved"], result["messages"][-1].text) == expected
    failed = [p for p in result["proposals"] if p["status"] != "ok"]
    assert bool(report["degraded"]) == bool(failed)


def test_samples_of_one_model_count_as_one() -> None:
    one = Proposer(says("Final answer: 4", "one"), samples=6)

    stopped = [
        create_moa(proposers=[one], aggregator=says("x", "last"), layers=3, early_stop=rule).invoke(QUESTION)["run"]
        for rule in (EarlyStop(), EarlyStop(min_responses=1))
    ]

    assert [(r["stopped"], r["saved"]) for r in stopped] == [("completed", 0), ("agreed", 6)]


def test_an_open_question_has_no_agreement() -> None:
    essay = "There are several ways to look at it.\nOn the one hand this, on the other that."
    moa = create_moa(proposers=[says(essay, n) for n in "abc"], aggregator=says("x", "z"), layers=3)

    result = moa.invoke(QUESTION)

    assert result["run"]["stopped"] == "completed"
    assert result["verdicts"][0]["agreement"]["abstained"] == "no text ends on a short answer"
    assert result["verdicts"][0]["reason"] == "3 of 3 proposals usable"


def later(text: str) -> Any:
    return [f"Final answer: {text}", "Final answer: 4", "Final answer: 4"]


@pytest.mark.parametrize(("asked_for", "calls"), [(False, 10), (True, 7)])
def test_later_layers_are_told_of_and_stop_only_when_asked_for(asked_for: bool, calls: int) -> None:
    proposers = [says(later(answer), f"m{answer}") for answer in "123"]
    rule = EarlyStop(later_layers=asked_for)

    result = create_moa(proposers=proposers, aggregator=says("x", "z"), layers=4, early_stop=rule).invoke(QUESTION)

    assert result["run"]["calls"] == calls
    assert [v["agreement"]["reached"] for v in result["verdicts"]][:2] == [False, True]


async def test_an_answer_that_was_cut_agrees_with_nobody(loopback: Loopback) -> None:
    loopback.default = Reply("Final answer: 12")
    loopback.say("c", Reply("Final answer: 12", finish_reason="length"))
    options: Any = {"proposers": list("cabd"), "resolve": loopback.resolve}

    for quorum, reached in ((1.0, False), (0.7, True)):
        rule = EarlyStop(quorum=quorum, then="answer")
        result = await create_moa(**options, aggregator="z", early_stop=rule).ainvoke(QUESTION)

        assert result["verdicts"][0]["agreement"]["groups"] == [["a", "b", "d"]]
        assert result["verdicts"][0]["agreement"]["reached"] is reached
        assert result["run"]["truncated"] is False
    voted = await create_moa(**options, aggregator=Vote(), early_stop=None).ainvoke(QUESTION)
    assert voted["run"]["notes"] == ["vote: 3 of 3 for the answer of a"]


def test_half_of_the_answers_against_the_other_half_is_no_agreement() -> None:
    result = solve("1", "1", "1", "2", "2", "2", early_stop=EarlyStop(quorum=0.5), layers=2)

    assert result["verdicts"][0]["agreement"]["reached"] is False


def test_a_shadow_cuts_nobody() -> None:
    rule = EarlyStop(shadow=True, as_completed=True, quorum=0.5, min_responses=2)

    assert [p["status"] for p in solve("1", "1", "1", "1", early_stop=rule, layers=2)["proposals"]] == ["ok"] * 4


def test_what_looks_like_a_citation_is_part_of_the_answer_where_no_evidence_is() -> None:
    answers = ["Final answer: span [e1, e2]", "Final answer: span [e2, e3]", "Final answer: span [e1, e3]"]

    result = create_moa(proposers=solvers(*answers), aggregator=says("done", "last"), layers=3).invoke(QUESTION)

    assert result["run"]["saved"] == 0
    assert not result["verdicts"][0]["agreement"]["reached"]
