"""When an agreement is enough to end a run early."""

from itertools import pairwise
from typing import Any

import pytest
from langgraph_moa import ConfigError, EarlyStop, Quorum, Vote, closed_answers, judge_agreement, near_duplicates
from langgraph_moa.core.agreement.measures import abstain, agree
from langgraph_moa.core.bounds.checks import check_early_stop, check_enough
from langgraph_moa.core.bounds.early_stop import agreed_on, cost_of_asking, is_agreement_used, models_of
from langgraph_moa.core.bounds.quorum import Answered
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_layers
from langgraph_moa.core.panel.stages import stages_of
from records import a_proposal


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


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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


RULES: list[tuple[Any, Any, int, str]] = [
    ("agree", (), 4, "found 'agree' as the early stop"),
    (EarlyStop(quorum=0), (), 4, "found quorum=0, expected a share"),
    (EarlyStop(min_responses=0), (), 4, "found min_responses=0"),
    (EarlyStop(then="end"), (), 4, "found then='end'"),  # type: ignore[arg-type]
    (EarlyStop(shadow=1), (), 4, "found shadow=1 for the early stop"),  # type: ignore[arg-type]
    (EarlyStop(agreement=closed_answers), (), 4, r"expected a measure such as closed_answers\(\)"),  # type: ignore[arg-type]
    (EarlyStop(agreement=near_duplicates(), as_completed=True), (), 4, "found as_completed with a measure"),
    (EarlyStop(), 2, 4, "found waves=2, expected sizes"),
    (EarlyStop(), (True,), 4, r"found waves=\(True,\)"),
    (None, (2,), 4, r"found waves=\(2,\) without an early stop"),
    (EarlyStop(), (1,), 4, "expected a first wave of at least 2"),
    (EarlyStop(), (2, 0), 4, "no empty one"),
    (EarlyStop(), (2, 2), 4, r"found waves=\(2, 2\) of 4 proposers"),
]


@pytest.mark.parametrize(("stop", "waves", "proposers", "expected"), RULES, ids=[row[-1] for row in RULES])
def test_a_rule_that_could_not_mean_anything_is_refused(stop: Any, waves: Any, proposers: int, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        check_early_stop(stop, waves, proposers)


ENOUGH: list[tuple[EarlyStop, tuple[int, ...], Quorum | None, int, str]] = [
    (
        EarlyStop(quorum=0.5, as_completed=True),
        (),
        None,
        3,
        "found min_proposals=3 with as_completed, .* at most 2",
    ),
    (EarlyStop(), (2,), None, 3, r"found min_proposals=3 with waves=\(2,\)"),
    (EarlyStop(), (2, 1), Quorum(3), 1, r"found Quorum\(3\) with waves=\(2, 1\)"),
]


@pytest.mark.parametrize(("stop", "waves", "quorum", "needed", "expected"), ENOUGH)
def test_a_rule_leaves_enough(stop: EarlyStop, waves: Any, quorum: Quorum | None, needed: int, expected: str) -> None:
    check_enough(stop, waves, [FOUR], quorum=None, needed=1)
    with pytest.raises(ConfigError, match=expected):
        check_enough(stop, waves, [FOUR], quorum=quorum, needed=needed)
