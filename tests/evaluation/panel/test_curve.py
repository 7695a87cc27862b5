"""Panels of each size, and where the curve bends."""

from random import Random

from langgraph_moa.evaluation.panel.curve import curve_of
from langgraph_moa.evaluation.panel.members import measured_members
from langgraph_moa.evaluation.panel.recording import Aggregated
from langgraph_moa.evaluation.panel.votes import Ballots
from recorded_panels import Lottery


def test_many_members_are_drawn_the_same_tomorrow_and_all_of_few_are_looked_at() -> None:
    drawn = Lottery([0.7] * 10, 0.3).draw(50, Random(1))
    members, ballots = measured_members(drawn, drawn.rows, Ballots(drawn.rows)), Ballots(drawn.rows)

    curve = curve_of(drawn.rows, members, ballots, [])

    assert [point.panels for point in curve.points] == [10, 45, 60, 60, 60, 60, 60, 45, 10, 1]
    assert curve_of(drawn.rows, members, ballots, []) == curve
    ceilings = [point.ceiling.mean for point in curve.points]
    assert ceilings == sorted(ceilings)
    assert curve.elbow
    assert 1 < curve.elbow <= 10


def test_what_was_written_of_proposals_stands_beside_it() -> None:
    drawn = Lottery([0.7] * 3, 0.3).draw(40, Random(1))
    made = [
        Aggregated("moa", float(n % 4 > 0), ("a", "b", "c"), (1.0, 0.0, 0.0), (), False, 30, 0.5) for n in range(40)
    ]

    (synthesis,) = curve_of(drawn.rows, measured_members(drawn, drawn.rows, None), None, made).synthesis

    assert (synthesis.system, synthesis.size, synthesis.accuracy.mean, synthesis.tokens) == ("moa", 3, 0.75, 30)
    assert not synthesis.is_verbatim
