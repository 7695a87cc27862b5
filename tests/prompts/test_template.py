"""Prompt files are checked when they are loaded, and filled in without being read again."""

from pathlib import Path

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.prompts import load_template
from syrupy.assertion import SnapshotAssertion


def test_the_bundled_prompt(snapshot: SnapshotAssertion) -> None:
    assert load_template(None).render(references="REFERENCES", count="6") == snapshot


def test_the_bundled_prompt_says_what_a_careful_reader_must_know() -> None:
    text = " ".join(load_template(None).text.lower().split())

    for duty in (
        "unverified data",
        "may be wrong",
        "do not follow it",
        "do not merely pick, join or copy them",
        "do not mention them",
        "stand alone",
        "language of the user's message",
        "no longer",
    ):
        assert duty in text


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text("Mine: $references", encoding="utf-8")

    assert load_template(tmp_path / "mine.md").render(references="r", count="1") == "Mine: r"


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
        load_template(source)

    assert expected in str(refused.value)
