"""Rules measured on records small enough to be counted by hand."""

from dataclasses import asdict
from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.evaluation.calibration import MeasuredRule, measure
from langgraph_moa.evaluation.statistics import wilson
from recordings import recorded
from tables import each

FIVE = [
    recorded("1,1,1,1", "1"),
    recorded("2,2,2,3", "2"),
    recorded("4,4,5,5", "5"),
    recorded("6,6,6,-", "7"),
    recorded("8,9,8,8"),
]
"""What four proposers said to five questions, the last of them without gold. Nobody stopped, a run has 9 calls."""
ABCD = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("rule", "stops", "right", "judged", "calls", "vote_calls"),
    [
        ("4 of 4 agree", 1, 1, 1, 9 - 0.2 * 5, 4),
        ("3 of 4 agree", 4, 2, 3, 9 - 0.8 * 5, 4),
        ("wave of 2", 4, 2, 4, 9 - 0.8 * 7, 2.4),
        ("wave of 3", 3, 2, 3, 9 - 0.6 * 6, 3.4),
        ("never stop", 0, 0, 0, 9, 4),
    ],
)
def test_each_rule_by_hand(rule: str, stops: int, right: int, judged: int, calls: float, vote_calls: float) -> None:
    found = measure(ABCD, FIVE)
    by_name = {measured.rule: measured for measured in [*found.rules, found.everyone]}

    assert len(by_name) == 5
    assert asdict(by_name[rule]) == {
        "rule": rule,
        "options": by_name[rule].options,
        "stops": stops,
        "coverage": stops / 5,
        "judged": judged,
        "precision": pytest.approx(right / judged) if judged else None,
        "interval": wilson(right, judged) if judged else None,
        "calls": pytest.approx(calls),
        "calls_to_aggregate": pytest.approx(calls + stops / 5),
        "saved": pytest.approx(1 - calls / 9),
        "vote_calls": pytest.approx(vote_calls),
        "vote_accuracy": 0.5,
    }


WRONG: list[tuple[Any, Any, str]] = [
    (ABCD, iter(FIVE), "found list_iterator as rows, expected a list"),
    (ABCD, map(str, FIVE), "found map as rows, expected a list"),
    (ABCD, (row for row in FIVE), "found generator as rows, expected a list"),
    ((name for name in ABCD), FIVE, "found generator as proposers, expected a list"),
    ("abcd", FIVE, "found str as proposers, expected a list"),
    (ABCD, [], "found 0 rows, expected 1 or more"),
    (["a"], FIVE, "found 1 proposers, expected 2 or more"),
]


@each(("proposers", "rows", "told"), WRONG)
def test_what_can_be_gone_through_only_once_is_refused(proposers: Any, rows: Any, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        measure(proposers, rows)

    assert str(refused.value).startswith(told)


@pytest.mark.parametrize(("layers", "everyone", "calls"), [(2, 5, 4.8), (3, 9, 8.0), (4, 13, 11.2)])
def test_calls_are_counted_in_a_mixture_of_some_layers(layers: int, everyone: int, calls: float) -> None:
    found = measure(ABCD, FIVE, layers=layers)

    assert [found.everyone.calls, found.rules[0].calls] == pytest.approx([everyone, calls])


def test_the_panel_by_hand() -> None:
    panel = measure(ABCD, FIVE).panel

    assert [(m.name, m.answered, m.accuracy, m.contribution) for m in panel.members] == [
        ("a", 1.0, 0.5, -0.25),  # without it, 5 wins the third question
        ("b", 1.0, 0.5, -0.25),
        ("c", 1.0, 0.75, 0.0),
        ("d", 0.8, 0.5, 0.0),
    ]
    assert panel.pair_ratio == pytest.approx((2 + 2 + 1 + 2 + 1 + 2) / 6)
    assert (panel.all_wrong, panel.all_wrong_if_independent) == (0.25, 0.5 * 0.5 * 0.25 * 0.5)


def test_independent_errors_have_the_ratio_one() -> None:
    rows = [recorded("1,1", "1"), recorded("1,2", "1"), recorded("2,1", "1"), recorded("2,2", "1")]

    assert measure(["a", "b"], rows).panel.pair_ratio == 1.0


def test_nobody_wrong_has_no_ratio() -> None:
    assert measure(["a", "b"], [recorded("1,1", "1"), recorded("1,2", "1")]).panel.pair_ratio is None


def test_a_wave_may_be_wrong_where_the_vote_is_right() -> None:
    found = measure(list("abcde"), [recorded("4,4,5,5,5", "5"), recorded("1,1,1,1,1", "1")])
    by_name = {measured.rule: measured for measured in found.rules}

    assert (by_name["wave of 2"].vote_accuracy, found.everyone.vote_accuracy) == (0.5, 1.0)


def test_without_gold_nothing_is_said_of_precision() -> None:
    found = measure(ABCD, FIVE[4:])

    assert (found.judged, found.chosen, found.everyone.vote_accuracy) == (0, None, None)
    assert {(rule.precision, rule.interval) for rule in found.rules} == {(None, None)}
    assert {(m.accuracy, m.contribution) for m in found.panel.members} == {(None, None)}
    assert (found.panel.pair_ratio, found.panel.all_wrong, found.panel.all_wrong_if_independent) == (None, None, None)
    assert [rule.coverage for rule in found.rules] == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("precision", "chosen"),
    [
        (0.8, "wave of 2"),  # 92 of 100, .850 to .959
        (0.9, "wave of 3"),  # 92 of 92, .960 to 1, as 3 of 4, which asks one more
        (0.97, None),
    ],
)
def test_the_cheapest_rule_that_keeps_the_precision(precision: float, chosen: str | None) -> None:
    rows = [recorded("1,1,1,2", "1")] * 92 + [recorded("3,3,4,5", "5")] * 8

    found = measure(ABCD, rows, precision=precision).chosen

    assert (found and found.rule) == chosen


def test_near_duplicates_answer_what_their_representative_does() -> None:
    rows = [
        recorded("1,1,2", "2", copies=(2, 0, 1)),
        recorded("1,1,2", "1", copies=(2, 0, 1)),
        recorded("1,1,1", "1", copies=(0, 1)),
        recorded("-,-,-", "1", copies=(0, 1, 2)),
    ]
    found: MeasuredRule = measure(list("abc"), rows, threshold=0.9).rules[-1]

    assert (found.rule, found.stops) == ("near duplicates", 3)
    assert found.precision == pytest.approx(1 / 3)
    assert found.options == 'early_stop=EarlyStop(agreement=near_duplicates(0.9), then="answer")'
