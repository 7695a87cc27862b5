"""Lines that zsh completes."""

from pathlib import Path

import pytest
from shells import after_tab, shell


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("langgraph-moa comple", "completion"),
        ("langgraph-moa --vers", "--version"),
        ("langgraph-moa ask --no-m", "ask --no-mark-answers"),
        ("langgraph-moa ask --system deb", "ask --system debate"),
        ("langgraph-moa ask --system=deb", "ask --system=debate"),
        ("langgraph-moa ask --preset op", "ask --preset openai"),
        ("langgraph-moa ask x --proposer offline:w", "ask x --proposer offline:words"),
        ("langgraph-moa ask x --layers 3 --js", "ask x --layers 3 --json"),
        ("langgraph-moa compare q --system offline:he", "compare q --system offline:headings"),
        ("langgraph-moa batch que", "batch questions.jsonl"),
        ("langgraph-moa ask --config moa.t", "ask --config moa.toml"),
        ("langgraph-moa help bat", "help batch"),
        ("langgraph-moa completion z", "completion zsh"),
    ],
)
def test_what_tab_makes_of_a_line(scripts: Path, line: str, words: str) -> None:
    zsh, setup = [shell("zsh"), "-f", "-i"], "autoload -U compinit; compinit -u -D; source ./zsh; PS1=''"

    assert after_tab(zsh, setup, line, scripts).strip() == words
