"""Short final answers are grouped by their values."""

import pytest
from agreement import judge
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa import (
    ConfigError,
    closed_answers,
)


def test_closed_answers_are_grouped_the_largest_first() -> None:
    found = judge(closed_answers(), ["Final answer: 7", "Final answer: 8", "I don't know, really, I cannot say", "8.0"])

    assert (found["groups"], found["score"], found["answer"]) == ([[1, 3], [0]], 0.5, "8")
    assert found["abstained"] is None


def test_a_unit_that_some_leave_out_tells_nobody_apart_until_others_differ() -> None:
    assert judge(closed_answers(), ["5 km", "5", "5 km"])["groups"] == [[0, 1, 2]]
    assert judge(closed_answers(), ["5 km", "5", "5 miles"])["groups"] == [[0], [1], [2]]


def test_an_extractor_of_ones_own_is_read_in_the_same_way() -> None:
    found = judge(
        closed_answers(lambda text: text.partition("=>")[2].strip() or None), ["a => 1,000", "b => 1000", "c"]
    )

    assert found["groups"] == [[0, 1]]


@pytest.mark.parametrize("texts", [["", "", ""], ["An open question\nhas no short answer."] * 3, ["one"], []])
def test_nothing_to_compare_is_abstained_from(texts: list[str]) -> None:
    found = judge(closed_answers(), texts)

    assert found["abstained"]
    assert (found["groups"], found["representative"], found["score"]) == ([], None, 0.0)


@given(st.lists(st.sampled_from(["1", "2", "1.0", "two", "", "5 km", "5 miles", "5"]), max_size=12))
def test_groups_are_a_partition_of_what_says_something(texts: list[str]) -> None:
    found = judge(closed_answers(), texts)

    members = [number for group in found["groups"] for number in group]
    assert len(members) == len(set(members))
    assert all(texts[number] for number in members)
    sizes = [len(group) for group in found["groups"]]
    assert sizes == sorted(sizes, reverse=True)
    if found["groups"]:
        assert found["representative"] in found["groups"][0]


def test_an_extractor_that_is_no_function_is_refused() -> None:
    with pytest.raises(ConfigError, match="found extract='answer', expected a function"):
        closed_answers(extract="answer")  # type: ignore[arg-type]
