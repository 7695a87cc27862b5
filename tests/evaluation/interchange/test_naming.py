"""Columns that are called otherwise, chats of other forms, and options become the project's own."""

from typing import Any

import pytest
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.interchange.losses import Losses
from langgraph_moa.evaluation.interchange.naming import read_names, renamed, texts_of_choices, without_choices
from tables import each


def one(item: dict[str, Any], *given: str) -> tuple[dict[str, Any], list[str]]:
    losses = Losses()
    [(where, read)] = renamed([("in row 1 of a.csv", item)], read_names(given), losses)
    assert where == "in row 1 of a.csv"
    return read, losses.sentences()


CHAT = [{"from": "system", "value": "Be brief."}, {"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]


@each(
    "item, given, read",
    [
        ({"prompt": "a?", "answer": "b"}, ["question=prompt", "gold=answer"], {"question": "a?", "gold": "b"}),
        (
            {"question": "a?", "extra": {"answer": 1}},
            ["gold=extra.answer"],
            {"question": "a?", "extra": {"answer": 1}, "gold": 1},
        ),
        (
            {"q": "a?", "gpt": "1", "b": "2"},
            ["question=q", "responses=gpt", "responses.c=b"],
            {"question": "a?", "responses": {"gpt": "1", "c": "2"}},
        ),
        ({"question": "a?", "responses.x": "1"}, [], {"question": "a?", "responses": {"x": "1"}}),
        ({"input": "a?", "target": "b"}, [], {"question": "a?", "gold": "b"}),
        ({"question": "old", "q": "new"}, ["question=q"], {"given_question": "old", "question": "new"}),
        (
            {"conversations": CHAT},
            [],
            {
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
                "reply": "So.",
            },
        ),
        ({"messages": [{"role": "human", "content": "Why?"}]}, [], {"messages": [{"role": "user", "content": "Why?"}]}),
        ({"question": [{"role": "user", "content": "Why?"}]}, [], {"messages": [{"role": "user", "content": "Why?"}]}),
        ({"question": "a?", "choices": ["x", "y"]}, [], {"question": "a?\n\nA) x\nB) y", "choices": ["x", "y"]}),
        ({"question": "a?", "id": 3.0, "gold": True}, [], {"question": "a?", "id": 3, "gold": "True"}),
        ({"question": "a?", "gold": ["6"]}, [], {"question": "a?", "gold": "6"}),
        ({"question": "a?", "gold": ["6", "six"]}, [], {"question": "a?", "gold": "6", "golds": ["6", "six"]}),
        ({"question": "a?", "proposals": [{"layer": 1}]}, [], {"question": "a?", "proposals": [{"layer": 1}]}),
    ],
)
def test_what_it_becomes(item: dict[str, Any], given: list[str], read: dict[str, Any]) -> None:
    assert one(item, *given)[0] == read


@each(
    "item, given, message",
    [
        ({"text": "a?", "label": 1}, [], "found the columns 'text', 'label' in row 1 of a.csv, expected `question`"),
        ({"question": "a?", "id": [1]}, [], "as `id` in row 1 of a.csv"),
        ({"question": "a?", "gold": {"x": 1}}, [], "--map gold=COLUMN.FIELD"),
        ({"question": "a?"}, ["gold=anwser"], "found no column 'anwser'"),
        (
            {"prompt": "a?"},
            ["question=promt"],
            "found no column 'promt' in row 1 of a.csv, expected what --map names; ",
        ),
        ({"question": None, "gold": 1}, [], "found nothing as `question` in row 1 of a.csv, expected a question in ea"),
        ({"q": None, "gold": 1}, ["question=q"], "found nothing as `question` in row 1 of a.csv"),
        ({}, [], "found the columns of none in row 1"),
        ({"question": "a?"}, ["gold"], "expected NAME=COLUMN"),
        ({"question": "a?"}, ["gold=a", "gold=b"], "twice"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(item: dict[str, Any], given: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        one(item, *given)

    assert message in str(caught.value)


def test_a_row_with_nothing_in_it_is_none_and_told() -> None:
    losses, empty = Losses(), {"question": None, "gold": None}
    rows: list[tuple[str, dict[str, Any]]] = [
        ("in row 2", {"question": "a?", "gold": "1"}),
        ("in row 3", empty),
        ("in row 4", empty),
    ]

    assert [item["question"] for _, item in renamed(rows, {}, losses)] == ["a?"]
    assert losses.sentences() == ["a row with nothing in it was left out (2 times)"]


def test_a_reply_is_kept_and_told_and_can_be_gold() -> None:
    read, sentences = one({"conversations": CHAT})

    assert read["reply"] == "So."
    assert "--map gold=reply" in sentences[0]


def test_options_are_listed_once_and_taken_off_again() -> None:
    read, _ = one({"question": "a?", "choices": {"text": ["x", "y"], "label": ["A", "B"]}})

    assert one(read) == (read, [])
    assert without_choices(read["question"], texts_of_choices(read["choices"])) == "a?"
