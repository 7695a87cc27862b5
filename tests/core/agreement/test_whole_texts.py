"""Whole texts agree by their letters, or by their vectors."""

from typing import Any

import pytest
from agreement import judge
from langchain_core.embeddings import Embeddings
from langgraph_moa import (
    ConfigError,
    embedding_agreement,
    near_duplicates,
)


class Compass(Embeddings):
    """Embed a text as the direction that it names, in degrees."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        import math

        return [[math.cos(math.radians(float(t))), math.sin(math.radians(float(t)))] for t in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


def test_near_duplicates_are_nearly_the_same_text() -> None:
    text = "The quick brown fox jumps over the lazy dog, and nobody minds."
    found = judge(near_duplicates(0.9), [text, text.replace("nobody minds", "no one minds"), "42", text])

    assert found["groups"] == [[0, 1, 3], [2]]
    assert judge(near_duplicates(), ["x" * 20_001, "x"])["abstained"] == "a text is longer than 20,000 characters"


def test_texts_that_show_nothing_are_in_no_group_and_stop_tokens_are_no_text() -> None:
    blank = ["\u200b", "\x00", "</s>"]

    assert judge(near_duplicates(), [*blank, "a", "a<|im_end|></s>"])["groups"] == [[3, 4]]
    assert judge(near_duplicates(), blank)["abstained"] == "no text shows anything"
    assert judge(embedding_agreement(Compass(), 0.9), [*blank, "9", "8<|eot_id|>"])["groups"] == [[3, 4]]
    assert judge(embedding_agreement(Compass(), 0.9), [*blank, "9"])["groups"] == [[3]]
    assert judge(embedding_agreement(Compass(), 0.9), blank)["abstained"] == "no text shows anything"


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


WRONG: list[tuple[Any, str]] = [
    (lambda: near_duplicates(0), "found threshold=0, expected a share above 0, up to 1"),
    (lambda: near_duplicates(90), "found threshold=90"),
    (lambda: embedding_agreement(Compass(), threshold=2), "found threshold=2"),
    (lambda: embedding_agreement("ada", threshold=0.5), "found str as embeddings, expected LangChain Embeddings"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("make", "expected"), WRONG, ids=[expected for _, expected in WRONG])
def test_wrong_options_are_refused(make: Any, expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        make()

    assert expected in str(refused.value)
