"""Lines that fish completes."""

import subprocess
from pathlib import Path

from shells import shell

LINES = {
    "langgraph-moa comple": ["completion"],
    "langgraph-moa --vers": ["--version"],
    "langgraph-moa ask --no-m": ["--no-mark-answers"],
    "langgraph-moa ask --system deb": ["debate"],
    "langgraph-moa ask --system=deb": ["--system=debate"],
    "langgraph-moa ask --preset o": ["offline", "openai"],
    "langgraph-moa ask x --proposer offline:w": ["offline:words"],
    "langgraph-moa ask x --layers 3 --js": ["--json"],
    "langgraph-moa ask --layers ": [],
    "langgraph-moa compare q --system offline:he": ["offline:headings"],
    "langgraph-moa batch que": ["questions.jsonl"],
    "langgraph-moa ask --config moa.t": ["moa.toml"],
    "langgraph-moa help bat": ["batch"],
    "langgraph-moa completion z": ["zsh"],
}


def test_what_it_offers(scripts: Path) -> None:
    begin = "source fish; for line in $argv; echo '#'; complete -C $line; end"
    done = subprocess.run(
        [shell("fish"), "--no-config", "-c", begin, *LINES], cwd=scripts, capture_output=True, text=True, check=True
    )

    offers = [part.splitlines()[1:] for part in ("\n" + done.stdout).split("\n#")[1:]]
    assert [[line.split("\t")[0] for line in part] for part in offers] == list(LINES.values())
    assert done.stderr == ""
