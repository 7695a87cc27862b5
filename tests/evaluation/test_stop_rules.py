"""Rules for an early stop, and what is right."""

import pytest
from langgraph_moa.core.agreement.whole_texts import near_duplicates
from langgraph_moa.core.bounds.checks import check_early_stop
from langgraph_moa.core.bounds.early_stop import EarlyStop
from langgraph_moa.evaluation.calibration import measure
from langgraph_moa.evaluation.stop_rules import Recorded, is_right, rules_for, vote
from recordings import gold_of, recorded
from tables import each


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


@each(
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


@each(
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
