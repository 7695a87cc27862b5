"""The ceiling of choosing among answers, in figures and in a sentence."""

from collections.abc import Sequence

import pytest
from langgraph_moa.core.agreement.answers import short_answer
from langgraph_moa.evaluation.ceiling import Ceiling, ceiling_of
from tables import each


def made(marks: Sequence[Sequence[float | None]], **options: object) -> Ceiling:
    ceiling = ceiling_of(["a", "b"], marks, **options)  # type: ignore[arg-type]
    assert ceiling
    return ceiling


def test_it_is_the_share_of_questions_on_which_somebody_is_right() -> None:
    ceiling = made([[1, 0], [0, 1], [1, 1], [0, 0], [None, None]], votes=[1, 0, 1, 0, None])

    assert (ceiling.judged, ceiling.share, ceiling.best, ceiling.best_share, ceiling.vote) == (4, 0.75, "a", 0.5, 0.5)
    assert ceiling.gain == pytest.approx(0.25)
    assert ceiling.interval == pytest.approx((0.194, 0.994), abs=0.001)  # Clopper and Pearson's of 3 in 4


def test_it_is_told_in_a_sentence() -> None:
    marks = [[1, 1]] * 90 + [[0, 1]] * 5 + [[0, 0]] * 5

    assert made(marks, votes=[1.0] * 90 + [0.0] * 10).sentence() == (
        "choosing among these answers gets at most 95.0 % (88.7 to 98.4), the best single model (b) gets 95.0 %, their "
        "vote 90.0 %: a mixture of these can win at most 0.0 points, unless the aggregator writes better than all of "
        "them"
    )
    assert made(marks).advice() == (
        "do not mix: by these answers choosing wins at most 0.0 points over b alone, less than 2; on 100 questions 3.4 "
        "are not ruled out"
    )


def test_two_points_to_win_are_worth_it_and_fewer_are_not() -> None:
    def winnable(of_hundred: int) -> bool:
        return made([[1, 0]] * 80 + [[0, 1]] * of_hundred + [[0, 0]] * (20 - of_hundred)).is_worthwhile

    assert [winnable(1), winnable(2), winnable(3)] == [False, True, True]


@each(
    ("golds", "options"),
    [
        (["A", "B", "C", "D"], 4),
        (["(A)", "B) Jupiter", "J", "C"], 10),
        (["Yes", "no", "Yes"], 2),
        (["12", "7", "A"], None),
        ([], None),
    ],
)
def test_who_only_guesses_raises_it_in_multiple_choice(golds: list[str], options: int | None) -> None:
    ceiling = made([[1, 0]] * 4, golds=[short_answer(gold) for gold in golds])

    assert ceiling.options == options
    assert ("models that only guess" in ceiling.sentence()) == (options is not None)
    if options == 4:
        assert ceiling.guessers == pytest.approx(1 - 0.75**2)


def test_marks_have_one_too() -> None:
    ceiling = made([[0.4, 0.9], [0.6, 0.3]])

    assert ceiling.share == pytest.approx(0.75)
    assert ceiling.interval[0] < 0.75 < ceiling.interval[1]


def test_without_two_models_or_marks_there_is_none() -> None:
    assert ceiling_of(["a"], [[1.0]]) is None
    assert ceiling_of(["a", "b"], [[None, None]]) is None
