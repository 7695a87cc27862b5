"""Lines that bash completes."""

import subprocess
from pathlib import Path

import pytest
from shells import after_tab, shell

LINES = [
    ("langgraph-moa a", "ask"),
    ("langgraph-moa -", "-h --help --version"),
    ("langgraph-moa ask --sy", "--system"),
    ("langgraph-moa ask --system self", "self-moa self-moa-seq"),
    ("langgraph-moa ask --system=deb", "debate"),
    ("langgraph-moa ask --preset ", "together openai offline"),
    ("langgraph-moa ask --proposer offline:w", "words"),
    ("langgraph-moa ask --proposer=offline:w", "words"),
    ("langgraph-moa ask 'What is 2 + 2?' --early-stop s", "shadow"),
    ("langgraph-moa ask --layers ", ""),
    ("langgraph-moa ask --layers 3 --js", "--json"),
    ("langgraph-moa ask --docs ", ""),
    ("langgraph-moa compare --system offline:he", "headings"),
    ("langgraph-moa batch --format m", "mt_bench"),
    ("langgraph-moa help comp", "compare completion"),
    ("langgraph-moa completion ", "bash zsh fish"),
    ("langgraph-moa frob ", ""),
]


@pytest.mark.parametrize("wordbreaks", [True, False], ids=["breaks at colons", "does not"])
def test_what_it_offers(scripts: Path, wordbreaks: bool) -> None:
    breaks = "" if wordbreaks else "COMP_WORDBREAKS=' '; "
    probe = 'COMP_LINE="$1" COMP_POINT=${#1}; _langgraph_moa; echo "${COMPREPLY[*]}"'
    script = f'source {scripts}/bash; {breaks}for line; do set -- "$line"; {probe}; done'
    lines = [line for line, _ in LINES]
    done = subprocess.run(
        [shell("bash"), "--norc", "-c", script, "bash", *lines], capture_output=True, text=True, check=True
    )

    offers = dict(zip(lines, done.stdout.splitlines(), strict=True))
    whole = {"words": "offline:words", "headings": "offline:headings"} if not wordbreaks else {}
    expected = {line: whole.get(offer, offer) for line, offer in LINES}
    if not wordbreaks:
        expected["langgraph-moa ask --system=deb"] = "--system=debate"
        expected["langgraph-moa ask --proposer=offline:w"] = "--proposer=offline:words"
    assert offers == expected
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("langgraph-moa comple", "completion"),
        ("langgraph-moa ask --proposer offline:w", "ask --proposer offline:words"),
        ("langgraph-moa ask --system=deb", "ask --system=debate"),
        ("langgraph-moa batch que", "batch questions.jsonl"),
        ("langgraph-moa ask --config moa.t", "ask --config moa.toml"),
        ("langgraph-moa ask --layers que", "ask --layers que"),
    ],
)
def test_what_tab_makes_of_a_line(scripts: Path, line: str, words: str) -> None:
    bash = [shell("bash"), "--norc", "--noprofile", "-i"]

    assert after_tab(bash, "source ./bash; PS1=; bind 'set enable-bracketed-paste off'", line, scripts).strip() == words
