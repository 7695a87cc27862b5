"""What a terminal shows of a run."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from commands import Run
from langgraph_moa.apps.ask.lines import interrupted, run_summary
from langgraph_moa.apps.ask.view import RunView
from langgraph_moa.apps.terminal import notes
from rich.cells import cell_len
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

ONE: dict[str, Any] = {"moa": "proposal", "turn": "t", "layer": 1, "position": 0, "sample": 1, "proposer": "one"}
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


def test_a_proposal_is_shown_by_as_much_of_it_as_fits_a_line() -> None:
    long, two, wide = "word " * 40, "\n  first\x1b[2J\n\nsecond", "文" * 90
    screen = io.StringIO()
    with RunView(Console(file=screen, width=200)) as view:
        for number, text in enumerate([long, two, wide, ""]):
            named = {**ONE, "position": number, "proposer": f"p{number}"}
            view.event({**named, "status": "ok", "seconds": 1, "error": None, "text": text})
    shown = screen.getvalue().splitlines()

    assert shown[0].startswith("  p0  ok  1.0 s  word word")
    assert shown[1] == "  p1  ok  1.0 s  2 lines: first[2J"
    assert shown[3] == "  p3  ok  1.0 s"
    assert [cell_len(line) <= 80 and line.endswith("…") for line in shown] == [True, False, True, False]


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


@pytest.mark.parametrize(("usd", "told"), [(None, "cost unknown"), (0.0, "free"), (0.0123, "$0.0123")])
def test_a_cost_that_is_unknown_is_not_zero(usd: float | None, told: str) -> None:
    run: Any = {
        "stopped": "completed",
        "layers": 2,
        "calls": 3,
        "saved": 0,
        "usage": {"total_tokens": 1234},
        "usd": usd,
        "seconds": 1.0,
        "degraded": None,
        "notes": [],
    }

    assert run_summary(run) == f"completed: 2 layers, 3 calls, 1,234 tokens, {told}, 1.0 s"
    run["notes"] = ["a: from the cache"]
    assert run_summary(run).endswith("1.0 s\nnote: a: from the cache")


def test_nothing_answered_yet_is_said() -> None:
    assert interrupted([]) == "interrupted; nothing had been answered yet"
