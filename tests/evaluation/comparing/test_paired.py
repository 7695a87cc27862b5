"""Differences on the same questions: what holds for any grades, and how often intervals hold the truth."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.evaluation.comparing.paired import Bootstrap, newcombe, paired, percentile
from tables import each

SCORES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40)
FEW = 200
"""Resamples; what is tested holds for any number."""


def columns(pairs: list[tuple[float, float]]) -> list[list[float]]:
    return [[one for one, _ in pairs], [other for _, other in pairs]]


@given(SCORES)
def test_an_interval_holds_its_mean_and_stays_between_the_scores(pairs: list[tuple[float, float]]) -> None:
    one, other = columns(pairs)
    drawn = Bootstrap([one, other], resamples=FEW)

    for spread, least, most in (
        (drawn.mean(0), min(one), max(one)),
        (drawn.difference(0, 1), -1.0, 1.0),
    ):
        assert least - 1e-9 <= spread.low <= spread.mean <= spread.high <= most + 1e-9


@given(SCORES)
def test_a_system_differs_from_itself_by_nothing_as_far_as_can_be_told(pairs: list[tuple[float, float]]) -> None:
    one, _ = columns(pairs)
    difference = Bootstrap([one, list(one)], resamples=FEW).difference(1, 0)

    assert difference.mean == 0
    assert -difference.low == difference.high == pytest.approx(min(1.96 / (len(one) + 2), 1.0), abs=1e-4)


@given(SCORES)
def test_the_other_way_round_is_the_negative(pairs: list[tuple[float, float]]) -> None:
    drawn = Bootstrap(columns(pairs), resamples=401)  # its 11th and 391st are as far from either end
    there, back = drawn.difference(0, 1), drawn.difference(1, 0)

    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low))


@given(st.lists(st.integers(0, 10).map(lambda n: n / 20), min_size=2, max_size=40), st.integers(1, 10))
def test_a_shift_of_all_leaves_the_doubt_of_a_question_more(one: list[float], tenths: int) -> None:
    shift = tenths / 20
    difference = Bootstrap([[score + shift for score in one], one], resamples=FEW).difference(0, 1)

    assert difference.mean == pytest.approx(shift)
    assert difference.high - difference.low < 8 * shift / (len(one) + 2)


@given(SCORES, st.randoms(use_true_random=False))
def test_the_order_of_questions_decides_nothing(pairs: list[tuple[float, float]], random: Random) -> None:
    shuffled = random.sample(pairs, len(pairs))

    assert Bootstrap(columns(pairs), resamples=FEW).difference(0, 1) == Bootstrap(
        columns(shuffled), resamples=FEW
    ).difference(0, 1)


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    random = Random(1)
    scores = [[random.random() for _ in range(50)], [random.random() for _ in range(50)]]

    assert Bootstrap(scores, seed=3).difference(0, 1) == Bootstrap(scores, seed=3).difference(0, 1)
    assert Bootstrap(scores, seed=3).difference(0, 1) != Bootstrap(scores, seed=4).difference(0, 1)


def test_pairing_narrows_what_hard_questions_would_blur() -> None:
    random = Random(2)
    one = [float(random.random() < 0.5) for _ in range(300)]
    other = [1.0 if random.random() < 0.05 else score for score in one]  # the same, but for a few that it gets too
    drawn = Bootstrap([one, other])
    paired, alone = drawn.difference(1, 0), drawn.mean(0)

    assert paired.low > 0
    assert paired.high - paired.low < (alone.high - alone.low) / 2


@pytest.mark.parametrize("repeats", [60, pytest.param(300, marks=pytest.mark.soak)])
def test_95_of_a_hundred_intervals_hold_the_truth(repeats: int) -> None:
    random = Random(5)
    held = 0
    for seed in range(repeats):
        one = [float(random.random() < 0.7) for _ in range(200)]
        other = [score if random.random() < 0.8 else float(random.random() < 0.5) for score in one]
        truth = 0.7 - (0.8 * 0.7 + 0.2 * 0.5)
        spread = Bootstrap([one, other], resamples=400, seed=seed).difference(0, 1)
        held += spread.low <= truth <= spread.high

    assert 0.9 <= held / repeats <= 0.99


def test_skewed_marks_reach_further_to_the_side_of_their_tail() -> None:
    draw, above, held = Random(9), 0, 0
    for seed in range(60):
        marks = [draw.random() ** 6 for _ in range(40)]
        spread = Bootstrap([marks], resamples=FEW, seed=seed).mean(0)
        above += spread.high - spread.mean > spread.mean - spread.low
        held += spread.low <= 1 / 7 <= spread.high

    assert above >= 57
    assert held >= 53


@each(("share", "expected"), [(0.5, 20), (0.95, 40), (0.25, 10), (0.26, 20), (1.0, 40), (0.001, 10)])
def test_percentiles_are_of_the_nearest_rank(share: float, expected: float) -> None:
    assert percentile([40, 10, 30, 20], share) == expected


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)

    assert found in values
    assert sum(value <= found for value in values) / len(values) >= share - 1e-9


def shares(both: int, gains: int, losses: int, neither: int) -> list[list[float]]:
    """Make two systems' grades by how often which of them was right."""
    pairs = [(1.0, 1.0)] * both + [(1.0, 0.0)] * gains + [(0.0, 1.0)] * losses + [(0.0, 0.0)] * neither
    return columns(pairs)


@pytest.mark.parametrize(
    ("table", "p"), [((9, 0, 0, 9), 1.0), ((9, 5, 0, 9), 2 / 32), ((9, 6, 0, 9), 2 / 64), ((9, 1, 6, 9), 16 / 128)]
)
def test_luck_is_counted_exactly(table: tuple[int, int, int, int], p: float) -> None:
    found = paired(*shares(*table))

    assert found is not None
    assert found.differing == table[1] + table[2]
    assert found.p == pytest.approx(p)


@given(st.tuples(*[st.integers(0, 60)] * 4).filter(any))
def test_an_interval_of_shares_is_never_a_point_and_the_other_way_round_is_the_negative(
    table: tuple[int, int, int, int],
) -> None:
    one, other = shares(*table)
    there, back = newcombe(one, other), newcombe(other, one)

    difference = (table[1] - table[2]) / len(one)
    assert there.mean == difference
    assert there.low - 1e-9 <= difference <= there.high + 1e-9
    assert there.high - there.low > 0.001
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_marks_are_no_shares() -> None:
    assert paired([0.5, 1.0], [0.0, 1.0]) is None


@pytest.mark.parametrize("chance", [(0.5, 0.02, 0.02, 0.46), (0.8, 0.05, 0.1, 0.05), (0.9, 0.0, 0.05, 0.05)])
def test_an_interval_of_shares_holds_the_truth_95_times_of_a_hundred(chance: tuple[float, ...]) -> None:
    draw, held = Random(7), 0
    for _ in range(1_000):
        drawn = draw.choices(range(4), chance, k=100)
        found = newcombe(*shares(*(drawn.count(n) for n in range(4))))
        held += found.low <= chance[1] - chance[2] <= found.high

    assert held >= 930
