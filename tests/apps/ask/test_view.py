"""What a terminal shows of a run."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from commands import Run
from langgraph_moa.apps.ask.view import RunView
from langgraph_moa.apps.terminal import notes
from rich.console import Console
from run_events import ONE
from syrupy.assertion import SnapshotAssertion

TWO: dict[str, Any] = {**ONE, "position": 1, "proposer": "two"}
EVENTS: list[dict[str, Any]] = [
    {"moa": "layer", "layer": 1, "proposers": ["one", "two"]},
    {**ONE, "status": "ok", "seconds": 1.25, "error": None},
    {**TWO, "status": "error", "seconds": 0.5, "error": "[red]\x1b[2Jno"},
    {"moa": "verdict", "turn": "t", "layer": 1, "wave": 1, "reason": "1 of 2 proposals usable"},
    {"moa": "aggregating", "aggregator": "judge"},
]


def show(*, terminal: bool) -> str:
    screen = io.StringIO()
    with RunView(Console(file=screen, force_terminal=terminal, width=80, color_system=None)) as view:
        for event in EVENTS:
            view.event(event)
    return screen.getvalue()


def test_a_terminal_shows_a_tree() -> None:
    shown = show(terminal=True)

    assert "layer 1  1 of 2 proposals usable" in shown
    assert "├── one  ok  1.2 s" in shown
    assert "└── two  error  0.5 s  [red][2Jno" in shown
    assert "judge writes the answer" in shown


def test_elsewhere_plain_lines() -> None:
    assert show(terminal=False).splitlines() == [
        "layer 1: asking one, two",
        "  one  ok  1.2 s",
        "  two  error  0.5 s  [red][2Jno",
        "gate 1: 1 of 2 proposals usable",
        "judge writes the answer",
    ]


DEMO = re.search(r"ask (\".*\")$", (Path(__file__).parents[3] / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture
def demo(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, dict[str, Any]]:
    """Run what `make demo` runs, at 80 columns: the answer, what is told of it, and all of it as JSON."""
    assert DEMO
    monkeypatch.setattr(notes, "_width", 80)
    question = DEMO[1].strip('"')
    done = run("ask", question, "--report", str(tmp_path / "page.html"))
    return done.out, done.err, json.loads(run("ask", question, "--json").out)


def test_the_demo_shows_a_mixture(demo: tuple[str, str, dict[str, Any]], tmp_path: Path) -> None:
    answer, told, state = demo
    lines = answer.splitlines()
    proposals = [p["text"].splitlines() for p in state["proposals"]]

    assert len(proposals) == 4
    assert len({frozenset(proposal) for proposal in proposals}) == 4
    assert all(set(lines) - set(proposal) for proposal in proposals)
    assert set(lines) <= set().union(*proposals)
    assert f"the answer joins {len(lines)} of the " in told
    assert "Word for word, the answer joins" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert sum(-(-len(line) // 80) for line in [*told.splitlines(), *lines]) <= 30


def test_the_demos_screen(demo: tuple[str, str, dict[str, Any]], snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    answer, told, _ = demo
    steady = re.sub(r"\d+\.\d s", "0.0 s", told).replace(str(tmp_path), "")
    asked = [line for line in steady.splitlines() if line.startswith("  ")]

    assert [*sorted(asked), *(line for line in steady.splitlines() if line not in asked)] == snapshot
    assert answer == snapshot
