"""LangSmith's examples, exported or asked for by name: against a server that speaks its API."""

from collections.abc import Iterator
from typing import Any

import pytest
from experiments import LangSmith, langsmith
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.interchange import langsmith_sets
from langgraph_moa.evaluation.interchange.forms import read_interchange, write_interchange
from langgraph_moa.evaluation.interchange.losses import Losses
from tables import each


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, loopback: None) -> Iterator[LangSmith]:
    with langsmith() as kept:
        monkeypatch.setenv("LANGSMITH_ENDPOINT", kept.url)
        monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2_pt_0123456789abcdef")
        yield kept


@each(
    "example, item",
    [
        (
            {"id": "e", "inputs": {"question": "a?"}, "outputs": {"answer": "b"}},
            {"id": "e", "question": "a?", "gold": "b", "outputs": {"answer": "b"}},
        ),
        (
            {"id": "e", "inputs": {"id": "q", "question": "a?"}, "outputs": {"gold": "b"}},
            {"id": "q", "question": "a?", "gold": "b"},
        ),
        ({"inputs": {"text": "a?"}, "outputs": {}}, {"id": None, "question": "a?", "inputs": {"text": "a?"}}),
        (
            {"inputs.question": "a?", "outputs.answer": "b", "split": "test"},
            {"id": None, "question": "a?", "gold": "b", "outputs": {"answer": "b"}, "split": "test"},
        ),
        (
            {"inputs": {"messages": [1]}, "outputs": {"x": 1, "y": 2}},
            {"id": None, "messages": [1], "outputs": {"x": 1, "y": 2}},
        ),
    ],
)
def test_what_an_example_becomes(example: dict[str, Any], item: dict[str, Any]) -> None:
    assert langsmith_sets.is_example(example)
    assert langsmith_sets.unpacked_example(example, Losses()) == item


def test_what_is_no_example() -> None:
    assert not langsmith_sets.is_example({"question": "a?", "inputs": {"x": 1}})
    assert not langsmith_sets.is_example({"question": "a?"})


def test_an_item_comes_back_from_an_example() -> None:
    item = {"id": "q", "question": "a?", "gold": 4, "responses": {"m": "x"}, "metadata": {"s": 1}, "tags": ["t"]}

    assert langsmith_sets.unpacked_example(langsmith_sets.example_of(item, "set", 1), Losses()) == item


def test_a_dataset_is_made_by_name_and_asked_for_by_name(server: LangSmith) -> None:
    items = [{"id": str(n), "question": f"{n}?", "gold": str(n), "tags": [n]} for n in range(120)]

    assert write_interchange(items, "langsmith:sums") == 120
    assert server.datasets[0]["name"] == "sums"
    assert len(server.examples) == 120
    assert [*read_interchange("langsmith:sums")] == items


def test_a_dataset_that_is_there_is_left_as_it_is(server: LangSmith) -> None:
    write_interchange([{"question": "a?"}], "langsmith:sums")

    with pytest.raises(ConfigError, match="found the dataset sums at LangSmith already"):
        write_interchange([{"question": "b?"}], "langsmith:sums")
    assert len(server.examples) == 1


def test_what_langsmith_does_not_give_is_told_without_its_key(server: LangSmith) -> None:
    with pytest.raises(ConfigError, match="LangSmith does not give the dataset none") as caught:
        [*read_interchange("langsmith:none")]
    server.fails_at = "/datasets"
    with pytest.raises(ConfigError, match="LangSmith does not take the dataset sums"):
        write_interchange([{"question": "a?"}], "langsmith:sums")
    assert "0123456789" not in str(caught.value)
