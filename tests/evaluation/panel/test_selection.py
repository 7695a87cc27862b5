"""Members chosen one after the other, the smallest panel, and how sure that is."""

from random import Random

import pytest
from langgraph_moa.evaluation.panel.recording import marks_of
from langgraph_moa.evaluation.panel.selection import Selection, is_within, split_halves
from langgraph_moa.evaluation.panel.votes import Ballots
from recorded_panels import Lottery, recording


def selection(columns: dict[str, list[str | None]], gold: str = "1") -> Selection:
    rows = recording(columns, [gold] * len(next(iter(columns.values())))).rows
    return Selection(list(columns), marks_of(rows), Ballots(rows))


def test_the_strongest_is_first_and_ties_are_as_declared() -> None:
    chosen = selection({"weak": ["2", "2"], "strong": ["1", "1"], "as strong": ["1", "1"]}).order()

    assert chosen[:2] == [1, 2]


def test_within_noise_is_a_standard_error() -> None:
    best = [1.0] * 100

    assert is_within([0.0] * 1 + [1.0] * 99, best)
    assert not is_within([0.0] * 3 + [1.0] * 97, best)
    assert is_within(best, [0.0] * 100)


def test_halves_do_not_praise_what_was_chosen_by_luck() -> None:
    """Equal models: what looks best on one half is no better on the other."""
    lottery = Lottery([0.6] * 5, 0.5)
    rows = lottery.draw(200, Random(2)).rows
    choice = Selection([f"m{n}" for n in range(5)], marks_of(rows), Ballots(rows))

    halves = split_halves(choice)

    assert halves
    assert halves.times == 40
    assert halves.best == pytest.approx(0.6, abs=0.06)
    assert sum(halves.seats.values()) >= 1
    assert split_halves(choice) == halves
    assert split_halves(choice.part(range(9))) is None
