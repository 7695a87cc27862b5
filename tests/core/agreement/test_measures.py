"""Measures of agreement: texts in, groups out."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.embeddings import Embeddings
from langgraph_moa import (
    Agreement,
    ConfigError,
    Measure,
    closed_answers,
    embedding_agreement,
    math_answers,
    near_duplicates,
)
from langgraph_moa.core.agreement.comparing import compare_texts
from langgraph_moa.core.agreement.measures import complete_groups, medoid


def judge(measure: Measure, texts: Sequence[str]) -> Agreement:
    return asyncio.run(compare_texts(measure, texts))


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


def test_near_duplicates_are_nearly_the_same_text() -> None:
    text = "The quick brown fox jumps over the lazy dog, and nobody minds."
    found = judge(near_duplicates(0.9), [text, text.replace("nobody minds", "no one minds"), "42", text])

    assert found["groups"] == [[0, 1, 3], [2]]
    assert judge(near_duplicates(), ["x" * 20_001, "x"])["abstained"] == "a text is longer than 20,000 characters"


class Compass(Embeddings):
    """Embed a text as the direction that it names, in degrees."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        import math

        return [[math.cos(math.radians(float(t))), math.sin(math.radians(float(t)))] for t in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


def test_embeddings_group_what_points_the_same_way_each_with_each() -> None:
    found = judge(embedding_agreement(Compass(), threshold=0.9), ["0", "20", "40", "180"])

    assert found["groups"] == [[0, 1], [2], [3]]


class Odd(Compass):
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[1.0], [1.0, 0.0], [float("inf")]][: len(texts)]


def test_vectors_that_make_no_sense_agree_on_nothing() -> None:
    assert judge(embedding_agreement(Odd(), threshold=0.5), ["a", "b", "c"])["abstained"] == "it failed: ValueError"


def test_embeddings_that_fail_or_are_nothing_agree_on_nothing() -> None:
    assert (
        judge(embedding_agreement(Compass(), threshold=0.9), ["north", "south"])["abstained"] == "it failed: ValueError"
    )


MEANING = [
    (["\\boxed{\\sqrt{8}}", "\\boxed{2\\sqrt{2}}", "Final answer: 3"], [[0, 1], [2]]),
    (["\\boxed{x^2+2x+1}", "\\boxed{(x+1)^2}", "\\boxed{(x-1)^2}"], [[0, 1], [2]]),
    (["\\boxed{\\frac{1}{2}}", "0.5", "1/2"], [[0, 1, 2]]),
]


@pytest.mark.parametrize(("texts", "groups"), MEANING)
def test_mathematics_is_compared_by_what_it_means(texts: list[str], groups: list[list[int]]) -> None:
    assert judge(math_answers(seconds=60), texts)["groups"] == groups


def test_mathematics_that_never_ends_is_abstained_from() -> None:
    found = judge(math_answers(seconds=3), ["\\boxed{9^{9^{9^{9}}}}", "\\boxed{8^{8^{8^{8}}}}"])

    assert found["abstained"] == "comparing took longer than 3 s"


def test_mathematics_that_breaks_is_abstained_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    assert judge(math_answers(), ["\\boxed{x+1}", "\\boxed{y+1}"])["abstained"].startswith("it failed: ")  # type: ignore[union-attr]


NOT_MATHEMATICS = [
    ["\\boxed{\\text{listen}}", "\\boxed{\\text{silent}}"],
    ["Final answer: 2024-03-05", "Final answer: 2024-05-03"],
    ["Final answer: 5 km", "Final answer: 5 miles"],
    ["Final answer: $5", "Final answer: 5%"],
    ["Final answer: {1, 2}", "Final answer: (1, 2)"],
    ["\\boxed{1,2}", "\\boxed{2,1}"],
    ["Final answer: " + "1+" * 120 + "2", "Final answer: " + "1+" * 120 + "3"],
]


@pytest.mark.parametrize("texts", NOT_MATHEMATICS)
def test_what_is_no_formula_is_left_as_it_is(texts: list[str]) -> None:
    assert judge(math_answers(), texts)["groups"] in ([[0], [1]], [])


WRONG: list[tuple[Any, str]] = [
    (lambda: near_duplicates(0), "found threshold=0, expected a share above 0, up to 1"),
    (lambda: near_duplicates(90), "found threshold=90"),
    (lambda: embedding_agreement(Compass(), threshold=2), "found threshold=2"),
    (lambda: embedding_agreement("ada", threshold=0.5), "found str as embeddings, expected LangChain Embeddings"),  # type: ignore[arg-type]
    (lambda: closed_answers(extract="answer"), "found extract='answer', expected a function"),  # type: ignore[arg-type]
    (lambda: math_answers(0), "found seconds=0, expected a number above 0"),
]


@pytest.mark.parametrize(("make", "expected"), WRONG, ids=[expected for _, expected in WRONG])
def test_wrong_options_are_refused(make: Any, expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        make()

    assert expected in str(refused.value)


def test_the_medoid_has_most_in_common_with_the_rest() -> None:
    texts = ["no words shared", "the sky is blue today", "the sky is blue", "the sky is grey"]

    assert medoid(texts, [0, 1, 2, 3]) == 2
    assert medoid(["same", "same"], [0, 1]) == 0


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


@given(st.integers(0, 9), st.data())
def test_likeness_is_not_passed_on(size: int, data: Any) -> None:
    pairs = [(a, b) for b in range(size) for a in range(b)]
    alike = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []

    for group in complete_groups(size, alike):
        assert all((a, b) in alike for b in group for a in group if a < b)
