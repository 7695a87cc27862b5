"""When an agreement is enough to end a run early."""

from itertools import pairwise
from typing import Any

import pytest
from langgraph_moa import EarlyStop, Screen, Vote, closed_answers, judge_agreement, near_duplicates
from langgraph_moa.core.agreement.measures import abstain, agree
from langgraph_moa.core.bounds.early_stop import agreed_on, cost_of_asking, is_agreement_used, models_of
from langgraph_moa.core.bounds.quorum import Answered
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_layers
from langgraph_moa.core.panel.stages import stages_of
from records import a_proposal
from tables import each


def seats(names: str) -> list[Any]:
    models = [ScriptedModel(name_of_model=name) for name in names]
    return seat_layers(models, "offline:words", None, Defaults()).panel[0]


FOUR = seats("abcd")


@pytest.mark.parametrize(("quorum", "of", "needed"), [(1.0, 3, 3), (0.5, 4, 2), (0.5, 5, 3), (2 / 3, 3, 2)])
def test_how_many_must_agree(quorum: float, of: int, needed: int) -> None:
    assert EarlyStop(quorum=quorum).needed(of) == needed


@pytest.mark.parametrize(
    ("stop", "groups", "served", "reached"),
    [
        (EarlyStop(), [4], {}, True),
        (EarlyStop(), [3, 1], {}, False),
        (EarlyStop(quorum=0.75), [3, 1], {}, True),
        (EarlyStop(quorum=0.5, min_responses=2), [2, 1, 1], {}, True),
        (EarlyStop(quorum=0.5, min_responses=2), [2, 2], {}, False),
        (EarlyStop(quorum=0.5), [2, 1, 1], {}, False),
        (EarlyStop(quorum=0.75), [3, 1], {"a": "m", "b": "m"}, False),
        (EarlyStop(quorum=0.25, min_responses=1), [1, 1], {}, False),
        (EarlyStop(), [], {}, False),
    ],
)
def test_when_an_agreement_is_reached(stop: EarlyStop, groups: list[int], served: Any, *, reached: bool) -> None:
    ends = [sum(groups[:n]) for n in range(len(groups) + 1)]
    grouped = [FOUR[start:end] for start, end in pairwise(ends)]

    assert stop.is_reached(grouped, FOUR, served, whole=True) == reached


def test_a_wave_needs_no_more_models_than_it_asks() -> None:
    two = FOUR[:2]

    assert EarlyStop().is_reached([two], two, {}, whole=False)
    assert not EarlyStop().is_reached([two], two, {}, whole=True)


@each(
    ("answers", "why"),
    [
        ("7", None),
        ("77", None),
        ("777", "3 of 4 agree"),
        ("778", None),
        ("7777", "4 of 4 agree"),
        ("7788", None),
    ],
)
def test_a_layer_is_decided_once_nobody_can_change_it(answers: str, why: str | None) -> None:
    decide = EarlyStop(quorum=0.75, as_completed=True).decided(FOUR, whole=True)
    given = {seat.title: Answered(f"Final answer: {answer}", None) for seat, answer in zip(FOUR, answers, strict=False)}

    said = decide(given)

    assert (said is None) == (why is None)
    assert (said or "").endswith(why or "")


def test_models_are_counted_by_what_servers_say() -> None:
    assert models_of(FOUR) == 4
    assert models_of(FOUR, {"a": "m", "b": "m"}) == 3
    assert models_of(seats("aab")) == 2


@each(
    ("stop", "vote", "layers", "used"),
    [
        (None, None, 3, False),
        (EarlyStop(), None, 3, True),
        (EarlyStop(), None, 2, False),
        (EarlyStop(then="answer"), None, 2, True),
        (EarlyStop(shadow=True), None, 3, True),
        (EarlyStop(min_responses=5), None, 3, False),
        (EarlyStop(agreement=near_duplicates()), None, 3, False),
        (None, Vote(), 2, True),
        (None, Vote(agreement=near_duplicates()), 2, False),
    ],
)
def test_proposers_mark_answers_only_where_it_changes_something(stop: Any, vote: Any, layers: int, used: bool) -> None:
    assert is_agreement_used(stages_of([FOUR] * (layers - 1), ()), stop, vote) == used


@pytest.mark.parametrize(
    ("screen", "used"), [(None, False), (Screen(), True), (Screen(measure=near_duplicates()), False)]
)
def test_a_screen_reads_marks_too(screen: Screen | None, used: bool) -> None:
    assert is_agreement_used([], None, None, screen) is used


def test_an_agreement_is_told_by_names() -> None:
    proposals = [a_proposal("x", name) for name in "abc"]
    agreement = agree("mine", ["x"] * 3, [[0, 2], [1]], answers=["7", "8", "7"])

    told = agreed_on(EarlyStop(quorum=0.5, min_responses=2), agreement, proposals, FOUR, whole=True, seconds=0.12345)

    assert told == {
        "measure": "mine",
        "groups": [["a", "c"], ["b"]],
        "score": 0.5,
        "answer": "7",
        "representative": "a",
        "abstained": None,
        "models": 2,
        "reached": True,
        "seconds": 0.123,
        "call": None,
    }
    none = agreed_on(EarlyStop(), abstain("mine", "no idea"), proposals, FOUR, whole=True, seconds=0)
    assert (none["groups"], none["score"], none["models"], none["reached"]) == ([], 0.0, 0, False)


def test_only_a_measure_that_says_so_costs_something() -> None:
    assert cost_of_asking(closed_answers(), ["a", "b"]) == []
    assert len(cost_of_asking(judge_agreement("offline:words"), ["a", "b"])) == 1
