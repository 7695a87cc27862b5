"""Rules measured on records small enough to be counted by hand."""

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.agreement.answers import read_answer
from langgraph_moa.core.agreement.values import FinalAnswer
from langgraph_moa.core.agreement.whole_texts import near_duplicates
from langgraph_moa.core.bounds.checks import check_early_stop
from langgraph_moa.core.bounds.early_stop import EarlyStop
from langgraph_moa.evaluation.calibration import MeasuredRule, measure
from langgraph_moa.evaluation.statistics import wilson
from langgraph_moa.evaluation.stop_rules import Recorded, is_right, rules_for, vote


def recorded(answers: str, gold: str = "", copies: tuple[int, ...] = ()) -> Recorded:
    """Make a row of answers with commas between; `-` is none."""
    return Recorded(
        tuple(read_answer(a.strip()) if a != "-" else None for a in answers.split(",")), gold_of(gold), copies
    )


def gold_of(stated: str) -> FinalAnswer | None:
    return read_answer(stated) if stated else None


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
    ("size", "names"),
    [
        (2, ["2 of 2 agree"]),
        (3, ["3 of 3 agree", "wave of 2"]),
        (4, ["4 of 4 agree", "3 of 4 agree", "wave of 2", "wave of 3"]),
        (5, ["5 of 5 agree", "4 of 5 agree", "3 of 5 agree", "wave of 2", "wave of 3"]),
        (6, ["6 of 6 agree", "5 of 6 agree", "4 of 6 agree", "wave of 2", "wave of 3"]),
    ],
)
def test_which_rules_there_are(size: int, names: list[str]) -> None:
    assert [rule.name for rule in rules_for(size)] == names
    assert [rule.name for rule in rules_for(size, 0.9)] == [*names, "near duplicates"]


@pytest.mark.parametrize("size", range(2, 12))
def test_a_rules_options_make_a_mixture_keep_to_it(size: int) -> None:
    pytest.importorskip("rapidfuzz", reason="the extra `similarity` is not installed")
    for rule in rules_for(size, 0.9):
        options = eval(
            f"dict({rule.options})", {"EarlyStop": EarlyStop, "near_duplicates": near_duplicates, "dict": dict}
        )
        stop, waves = options["early_stop"], options.get("waves", ())
        check_early_stop(stop, waves, size)
        assert (*waves, size)[0] == rule.first
        assert stop.needed(rule.first) == rule.needed
        assert min(stop.min_responses, rule.first) <= rule.needed


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


@pytest.mark.parametrize(
    ("answers", "winner"),
    [
        ("1,2,2", ["2", "2"]),
        ("2,1,1,2", ["2", "2"]),
        ("-,3,1", ["3"]),
        ("-,-", []),
        ("5 km,5,5 miles,1,1", ["1", "1"]),
        ("5 km,5,1", ["5 km", "5"]),
    ],
)
def test_the_largest_group_wins_and_the_first_in_a_tie(answers: str, winner: list[str]) -> None:
    assert [answer.shown for answer in vote(recorded(answers).answers) if answer] == winner


@pytest.mark.parametrize(
    ("agreed", "gold", "right"),
    [
        ("18,18.0", "18", True),
        ("$18", "18", True),
        ("18 km,18", "18 miles", False),
        ("18,-", "18", False),
        ("-", "18", False),
        ("18", "", False),
        ("'a'", "'b'", False),
    ],
)
def test_what_is_right(agreed: str, gold: str, right: bool) -> None:
    assert is_right(recorded(agreed).answers, gold_of(gold)) is right


def test_the_question_says_which_unit_may_be_left_out() -> None:
    asked = ("How many carrots?", "How much is it?")
    rows = [Recorded(recorded("30,30").answers, gold_of("30 carrots"), question=question) for question in asked]

    assert measure(["a", "b"], rows).rules[0].precision == 0.5
    assert is_right(recorded("30 carrots").answers, gold_of("30"))


def test_nothing_agreed_on_is_not_right() -> None:
    assert not is_right([], gold_of("1"))


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [
        (95, 100, 0.8882, 0.9785),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 1, 0.2065, 1.0),
        (5, 10, 0.2366, 0.7634),
    ],
)
def test_wilsons_interval(right: int, of: int, low: float, high: float) -> None:
    assert wilson(right, of) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_wilsons_interval_holds_the_share(counted: tuple[int, int]) -> None:
    low, high = wilson(*counted)

    assert 0 <= low <= counted[0] / counted[1] <= high <= 1
