"""How like one text is another."""

import pytest
from langgraph_moa.evaluation.panel.likeness import likeness_to


def test_equal_texts_are_alike_by_each_measure_and_others_less() -> None:
    text = "The tide turns twice a day, for the Earth turns below two bulges."
    equal, near, far, nothing = likeness_to(text, [text, "The tide turns twice a day.", "Bread needs yeast.", None])

    assert list(equal) == ["tf-idf", "levenshtein", "tokens"]
    assert equal == pytest.approx(dict.fromkeys(equal, 1.0))
    assert all(equal[name] >= near[name] > far[name] >= nothing[name] == 0.0 for name in equal)


def test_long_texts_are_compared_as_far_as_they_are_cut() -> None:
    (alike,) = likeness_to("a " * 50_000, ["a " * 10_000 + "b " * 40_000])

    assert alike["levenshtein"] == 1.0
