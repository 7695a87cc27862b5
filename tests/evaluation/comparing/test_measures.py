"""What is measured of each system."""

import pytest
from compared import QUESTIONS, compare, mixed, right


def test_everything_that_is_measured() -> None:
    found = compare({"a": right(10, "a"), "b": right(6, "b"), "moa": mixed(4)}, QUESTIONS)
    a, b, moa = found.systems

    assert [system.label for system in found.systems] == ["a", "b", "moa"]
    assert [round(system.score.mean, 3) for system in found.systems] == [0.833, 0.9, 0.933]
    assert found.baseline == "b"
    assert b.difference is None
    assert a.difference is not None
    assert a.difference.mean == pytest.approx(-4 / 60)
    assert moa.difference is not None
    assert (moa.difference.mean, moa.difference.low) == pytest.approx((2 / 60, -0.0345), abs=1e-3)
    assert (a.calls, moa.calls) == (1, 3)
    assert (a.is_single, moa.is_single) == (True, False)
    assert (moa.errors, moa.unread, moa.length) == (0, 0, 16)
    assert a.p50 is not None
    assert a.p95 is not None
    assert a.p50 <= a.p95
    assert (found.questions, found.graded, found.left_out, found.grader) == (60, 60, {}, "answer")
    assert found.verdict.startswith("moa: no gain shown over the best single model (b): +3.3")
    assert found.notes == [
        "b was chosen as the best of 2 single models on the same questions, which favours the single models"
    ]
