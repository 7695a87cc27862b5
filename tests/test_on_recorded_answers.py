"""The default rule on recorded answers of real models, through the real graph."""

from pathlib import Path

import pytest
from ladders import STRONGEST_FIRST, as_mean, as_share, debates, ladders
from langgraph_moa import EarlyStop, Vote
from replay import CRUX, DATA, FIVE, GSM8K, WHY_NOT, Panel, play, strongest_first

ROOT = Path(__file__).parents[1]
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


def test_a_ladder_asks_whom_it_has_to() -> None:
    ways = [climb for _, climb in ladders(CRUX, 8)]
    alone, escalating, checked = ways[0](), ways[3](), ways[-3]()

    assert alone.calls == [1] * 8
    assert escalating.calls == [2 if ended else 3 for ended in escalating.ended]
    assert checked.calls == [1 if ended else 2 for ended in checked.ended]
    assert all(checked.right_first)
    assert sum(checked.right) >= sum(alone.right)


def test_a_debate_is_held_where_they_differ() -> None:
    _, _, debate = next(debates(8))
    held = debate()

    assert held.calls == [3 if ended else 6 for ended in held.ended]


@pytest.mark.soak
@pytest.mark.parametrize("panel", [GSM8K, CRUX], ids=["GSM8K", "CRUX"])
def test_the_page_says_what_ladders_come_to(panel: Panel) -> None:
    page = (ROOT / "docs" / "early-stop.md").read_text(encoding="utf-8")

    assert strongest_first(panel)[1].split() == STRONGEST_FIRST[panel].split()
    for name, climb in ladders(panel, 400):
        climbed = climb()
        assert f"| {name} | {as_share(climbed.right)} | {as_mean(climbed.calls)} |" in page


@pytest.mark.soak
def test_the_page_says_where_a_debate_is_held() -> None:
    page = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")

    for _, who, debate in debates(400):
        held = debate()
        assert f"| {who} | {as_share(held.ended).partition(' (')[0]} | {as_share(held.right_first)} |" in page
