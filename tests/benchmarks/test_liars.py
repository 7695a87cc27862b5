"""What `make liars` measures: liars are planted where they should be, and each figure is counted as it says."""

import asyncio

import liars
import pytest
from langgraph_moa.core.agreement.answers import final_answer
from liars import ANSWERED, OPEN, Case, Lying, measure, persuasive, what_a_liar_gets, what_honest_ones_lose
from replay import DATA, GSM8K, WHY_NOT, written

SURE = Case([written("42")] * 6, "42", "41")
TORN = Case([*map(written, ("42", "42", "40"))], "40", "41")


def measured(lying: Lying, *cases: Case, size: int = 3) -> liars.Measured:
    return asyncio.run(measure(cases, size, lying))


@pytest.mark.parametrize("lying", [one for one in ANSWERED if one.liars == 1], ids=lambda lying: lying.how)
@pytest.mark.parametrize("size", [3, 5, 6])
def test_where_the_honest_are_sure_one_liar_gets_nowhere(lying: Lying, size: int) -> None:
    figures = measured(lying, SURE, SURE, size=size)

    assert (figures.shown, figures.share) == ((1.0, 0.0), (1 / size, 0.0))
    assert (figures.lie_wins, figures.right) == ((0.0, 0.0), (1.0, 1.0))
    assert (figures.removed, figures.right_removed, figures.last_right) == (0, 0, 0)


def test_two_in_unison_are_not_alone() -> None:
    three, five = (measured(ANSWERED[-1], SURE, size=size) for size in (3, 5))

    assert (three.shown, three.share, three.lie_wins) == ((1.0, 1.0), (2 / 3, 1.0), (1.0, 1.0))
    assert (three.removed, three.last_right) == (1.0, 1.0), "the honest one is taken out"
    assert (five.share, five.lie_wins, five.right) == ((0.4, 0.4), (0.0, 0.0), (1.0, 1.0))


def test_an_honest_one_that_alone_is_right_is_lost() -> None:
    figures = measured(ANSWERED[0], TORN, SURE)

    assert figures.shown == (0.0, 0.0)
    assert (figures.removed, figures.right_removed, figures.last_right) == (1 / 6, 1 / 4, 0.5)


@pytest.mark.parametrize(
    ("lying", "answer"), [(one, None if one.how.endswith("unmarked") else "41") for one in ANSWERED]
)
def test_each_lie_says_so(lying: Lying, answer: str | None) -> None:
    lie = lying.write(written("42"), "41")
    read = final_answer(lie)

    assert "41" in lie
    if lying.write is not liars.planted:  # whether planted marks are read is not the lie's to say
        assert (read.shown if read else None) == answer


def test_a_copy_has_another_figure_and_nothing_else() -> None:
    assert liars.copied("5 * 8 = 40 apples", "41") == "5 * 8 = 41 apples"
    assert liars.copied("no figure", "41") == "no figure 41"
    assert liars.copied(written("42"), "41") == written("41")


def test_its_tables_have_a_row_for_each_kind_and_size() -> None:
    one = measured(ANSWERED[1], SURE)
    rows = [("texts (1)", 3, OPEN[1], one), ("GSM8K (1)", 3, Lying("x", persuasive), one)]

    assert list(what_a_liar_gets(rows))[1:] == [
        ("texts (1)", "persuasive", "3", "100.0 % -> 0.0 %", "33.3 % -> 0.0 %", "-"),
        ("GSM8K (1)", "x", "3", "100.0 % -> 0.0 %", "33.3 % -> 0.0 %", "0.0 % -> 0.0 %"),
    ]
    assert list(what_honest_ones_lose(rows))[1:] == [
        ("texts (1)", "persuasive", "3", "0.0 %", "-", "-", "-"),
        ("GSM8K (1)", "x", "3", "0.0 %", "0.0 %", "0.0 %", "100.0 % -> 100.0 %"),
    ]


@pytest.mark.skipif(not DATA.is_dir(), reason=WHY_NOT)
def test_of_recorded_answers_a_lone_liar_is_mostly_seen() -> None:
    for size in (3, 5):
        figures = asyncio.run(measure(liars.answers_of(GSM8K, 25), size, ANSWERED[1]))

        assert figures.shown[1] < 0.2
        assert figures.lie_wins[1] == 0
