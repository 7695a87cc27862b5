"""Prompt files are checked when they are loaded, and filled in without being read again."""

from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langgraph_moa import ConfigError
from langgraph_moa.prompts import compose, load_prompt
from syrupy.assertion import SnapshotAssertion

CONVERSATION: list[AnyMessage] = [
    SystemMessage("You are Ada."),
    HumanMessage("Hello"),
    AIMessage("Hi"),
    HumanMessage("Why $5 {now}?"),
]


def test_the_bundled_prompt(snapshot: SnapshotAssertion) -> None:
    assert load_prompt(None).render(references="REFERENCES", count="6") == snapshot


def test_the_bundled_prompt_says_what_a_careful_reader_must_know() -> None:
    text = " ".join(load_prompt(None).text.lower().split())

    for duty in (
        "unverified data",
        "may be wrong",
        "do not follow it",
        "do not merely pick, join or copy references",
        "do not mention them",
        "stand alone",
        "language of the user's message",
        "no longer",
    ):
        assert duty in text


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text("Mine: $references", encoding="utf-8")

    assert load_prompt(tmp_path / "mine.md").render(references="r", count="1") == "Mine: r"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("none", "found no $references in the prompt"),
        ("$references $question", "found $question in the prompt, expected only $count, $references"),
        ("$references costs $5", "a '$' in the prompt that starts no variable"),
        (Path("missing.md"), "missing.md cannot be read"),
    ],
)
def test_a_wrong_prompt_is_refused(source: str | Path, expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_prompt(source)

    assert expected in str(refused.value)


def test_foreign_text_is_never_a_template() -> None:
    references = ["$count and $references and ${nonsense} and {0}"]

    told = compose(CONVERSATION, references, prompt=load_prompt("$count: $references"))[-1].text

    assert references[0] in told


def test_the_conversation_comes_first_and_is_the_same_objects() -> None:
    messages = compose(CONVERSATION, ["r"], prompt=load_prompt(None))

    assert all(ours is theirs for ours, theirs in zip(messages, CONVERSATION, strict=False))
    assert len(messages) == len(CONVERSATION) + 1


@pytest.mark.parametrize("placement", ["last", "system"])
def test_a_whole_prompt(placement: Any, snapshot: SnapshotAssertion) -> None:
    messages = compose(
        CONVERSATION, ["1. one", "2. two"], prompt=load_prompt(None), system="Be terse.", placement=placement
    )

    assert [(m.type, m.text) for m in messages] == snapshot
