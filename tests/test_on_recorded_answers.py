"""The default rule on recorded answers of real models, through the real graph."""

import pytest
from langgraph_moa import EarlyStop, Vote
from replay import CRUX, DATA, FIVE, GSM8K, WHY_NOT, Panel, play

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=WHY_NOT)


@pytest.mark.parametrize(
    ("panel", "coverage", "precision"), [(GSM8K, 0.595, 0.985), (CRUX, 0.27, 0.965)], ids=["GSM8K", "CRUX"]
)
def test_where_all_six_agree_they_are_right(panel: Panel, coverage: float, precision: float) -> None:
    played = play(panel, early_stop=EarlyStop(then="answer"))

    assert played.questions in (1319, 800)
    assert played.agreed >= coverage
    assert played.right_agreed >= precision
    assert played.calls == pytest.approx(6 + (1 - played.agreed))


def test_two_first_are_as_good_as_all_five_at_less_than_half_the_calls() -> None:
    waves = play(FIVE, most=400, aggregator=Vote(), waves=(2,), early_stop=EarlyStop(then="answer"))
    everyone = play(FIVE, most=400, aggregator=Vote(), early_stop=None)

    assert everyone.calls == 5
    assert waves.calls < 2.5
    assert waves.right > 0.95
    assert waves.right >= everyone.right - 0.005
