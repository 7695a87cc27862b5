"""The default rule on recorded answers of real models, through the real graph."""

import pytest
from langgraph_moa import EarlyStop, Vote
from replay import CRUX, DATA, FIVE, GSM8K, WHY_NOT, Panel, play

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=WHY_NOT)


@pytest.mark.parametrize(
    ("panel", "most", "questions", "coverage", "precision"),
    [
        pytest.param(GSM8K, 60, 60, 0.55, 1.0, id="GSM8K, the first"),
        pytest.param(CRUX, 60, 60, 0.27, 1.0, id="CRUX, the first"),
        pytest.param(GSM8K, None, 1_319, 0.595, 0.985, id="GSM8K", marks=pytest.mark.soak),
        pytest.param(CRUX, None, 800, 0.27, 0.965, id="CRUX", marks=pytest.mark.soak),
    ],
)
def test_where_all_six_agree_they_are_right(
    panel: Panel, most: int | None, questions: int, coverage: float, precision: float
) -> None:
    played = play(panel, most=most, early_stop=EarlyStop(then="answer"))

    assert played.questions == questions
    assert played.agreed >= coverage
    assert played.right_agreed >= precision
    assert played.calls == pytest.approx(6 + (1 - played.agreed))


@pytest.mark.parametrize("most", [60, pytest.param(400, marks=pytest.mark.soak)])
def test_two_first_are_as_good_as_all_five_at_less_than_half_the_calls(most: int) -> None:
    waves = play(FIVE, most=most, aggregator=Vote(), waves=(2,), early_stop=EarlyStop(then="answer"))
    everyone = play(FIVE, most=most, aggregator=Vote(), early_stop=None)

    assert everyone.calls == 5
    assert waves.calls < 2.5
    assert waves.right > 0.95
    assert waves.right >= everyone.right - 0.005
