"""What became of proposals."""

import pytest
from langgraph_moa.evaluation.panel.fate import fates_of, spearman
from langgraph_moa.evaluation.panel.recording import Aggregated


def answer(mark: float, marks: tuple[float, ...], likeness: tuple[float, ...] = ()) -> Aggregated:
    compared = tuple({"tf-idf": value} for value in likeness)
    return Aggregated("moa", mark, ("a", "b", "c"), marks, compared, False, None, None)


def test_facts_that_one_alone_had_are_counted_where_they_were_let_go() -> None:
    (fate,) = fates_of(
        [
            answer(1, (1, 0, 0)),
            answer(0, (0, 1, 0)),
            answer(0, (0, 1, 0)),
            answer(0, (1, 1, 1)),
            answer(1, (0, 0, 0)),
            answer(0, (0, 0, 0)),
            answer(1, (1, 1, 0)),
        ]
    )

    assert (fate.questions, fate.rescued, fate.lost, fate.unanimous_lost, fate.written, fate.nobody) == (
        7,
        1,
        2,
        1,
        1,
        2,
    )
    assert fate.savers == {"a": {"kept": 1, "lost": 0}, "b": {"kept": 0, "lost": 2}}


def test_likeness_goes_with_marks_or_against_them() -> None:
    (fate,) = fates_of([answer(1, (1, 0, 0), (0.9, 0.2, 0.1)), answer(1, (1, 1, 1), (0.5, 0.1, 0.1))])
    (likeness,) = fate.likeness

    assert likeness.members == pytest.approx({"a": 0.7, "b": 0.15, "c": 0.1})
    assert likeness.questions == 1
    assert likeness.spearman
    assert likeness.spearman.mean == pytest.approx(0.866, abs=0.001)


def test_ranks_are_shared_by_ties() -> None:
    assert spearman([1, 2, 3, 4], [10, 20, 30, 40]) == pytest.approx(1.0)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1.0)
    assert spearman([1, 1, 1], [1, 2, 3]) is None
    assert spearman([1, 2, 2, 3], [1, 3, 2, 4]) == pytest.approx(0.949, abs=0.001)
