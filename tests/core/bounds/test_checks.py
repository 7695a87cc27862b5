"""Bounds of a run that could not mean anything are refused in one sentence."""

from typing import Any, cast

import pytest
from langgraph.cache.memory import InMemoryCache
from langgraph_moa import (
    Budget,
    ConfigError,
    EarlyStop,
    Quorum,
    Screen,
    closed_answers,
    judge_agreement,
    near_duplicates,
)
from langgraph_moa.core.bounds.checks import check_early_stop, check_enough, check_rules, check_screen
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_layers
from tables import each


def check(**given: Any) -> None:
    usual: dict[str, Any] = {"quorum": None, "budget": None, "cache": None, "min_proposals": 1, "review": False}
    check_rules(**{**usual, "smallest": 3, **given})


def test_bounds_that_fit_pass() -> None:
    check()
    check(quorum=Quorum(3, grace_s=0.5), budget=Budget(calls=1), cache=InMemoryCache(), min_proposals=3, review=True)
    check(smallest=0)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"review": True, "smallest": 0}, "found review=True with layers=1, expected proposals to review"),
    ({"min_proposals": 0}, "found min_proposals=0, expected a whole number from 1"),
    ({"min_proposals": 4}, "found min_proposals=4, expected at most 3, the smallest layer"),
    ({"quorum": 2}, r"found 2 as the quorum, expected Quorum\(k, grace_s=...\)"),
    ({"quorum": Quorum(4)}, r"found Quorum\(4\), expected at most 3, the smallest layer"),
    ({"quorum": Quorum(1), "min_proposals": 2}, "found k=1 for the quorum, expected a whole number from 2"),
    ({"quorum": Quorum(2, grace_s=-1)}, "found grace_s=-1 for the quorum, expected a number from 0"),
    ({"budget": 5}, "found 5 as the budget"),
    ({"budget": Budget()}, r"found Budget\(\) without a limit"),
    ({"budget": Budget(usd=0)}, "found usd=0 for the budget, expected a number above 0"),
    ({"budget": Budget(calls=1.5)}, "found calls=1.5 for the budget, expected a whole number"),  # type: ignore[arg-type]
    ({"cache": {}}, r"found dict as the cache, expected one of LangGraph's, as InMemoryCache\(\)"),
]


@each(("given", "expected"), WRONG)
def test_bounds_that_could_not_mean_anything_are_refused(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        check(**given)


def four() -> list[Any]:
    models = [ScriptedModel(name_of_model=name) for name in "abcd"]
    return seat_layers(models, "offline:words", None, Defaults()).panel


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
    (EarlyStop(), (2, 0), 4, "expected no empty wave"),
    (EarlyStop(), (2, 2), 4, r"found waves=\(2, 2\) of 4 proposers"),
]


@each(("stop", "waves", "proposers", "expected"), RULES)
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
    (EarlyStop(), (2,), None, 3, "found min_proposals=3, expected at most 2"),
    (EarlyStop(), (2, 1), Quorum(3), 1, r"found Quorum\(3\), expected more than 3"),
    (EarlyStop(), (1,), None, 1, "found a first stage of one that does not know when it is unsure, expected a sign"),
]


@pytest.mark.parametrize(("stop", "waves", "quorum", "needed", "expected"), ENOUGH)
def test_a_rule_leaves_enough(stop: EarlyStop, waves: Any, quorum: Quorum | None, needed: int, expected: str) -> None:
    check_enough(stop, waves, four(), quorum=None, needed=1, is_weighed=True)
    with pytest.raises(ConfigError, match=expected):
        check_enough(stop, waves, four(), quorum=quorum, needed=needed)


SCREENS: list[tuple[Any, int, str]] = [
    (True, 3, r"found True as the screen, expected Screen\(\), or None for none"),
    (Screen(most=0), 3, "found most=0 for the screen, expected a whole number from 1"),
    (Screen(most=cast("Any", 1.5)), 3, "found most=1.5 for the screen, expected a whole number"),
    (
        Screen(measure=judge_agreement("offline:words")),
        3,
        "found a screen with a judge, expected a measure that calls no",
    ),
    (
        Screen(measure=cast("Any", closed_answers)),
        3,
        "found <function closed_answers.* as the screen's measure, expected one such as",
    ),
    (Screen(), 2, "found a screen with at most 2 proposals a layer, expected 3 or more"),
]


@pytest.mark.parametrize(("screen", "widest", "expected"), SCREENS)
def test_a_screen_that_could_take_nobody_out_is_refused(screen: Any, widest: int, expected: str) -> None:
    check_screen(None, widest)
    check_screen(Screen(most=2), 3)
    with pytest.raises(ConfigError, match=expected):
        check_screen(screen, widest)
