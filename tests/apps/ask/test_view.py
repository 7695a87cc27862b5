"""What a terminal shows of a run."""

import io
import json
import re
import sys
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


DRAFT: dict[str, Any] = {"moa": "draft", "layer": 1, "proposer": "one", "text": "[red]\x1b[2Jno", "agree": 2}


@pytest.mark.parametrize("width", [80, 40])
@pytest.mark.parametrize(("text", "shown_at_the_end"), [("It [red]is.\x1b[2J", False), ("word\n" * 40, True)])
def test_a_draft_is_dim_until_the_answer_comes_or_stands_above_where_it_is_long(
    monkeypatch: pytest.MonkeyPatch, width: int, text: str, shown_at_the_end: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=24, color_system="standard")
    view = RunView(console)
    view.event(EVENTS[0])
    view.event({**DRAFT, "text": text})

    assert isinstance(console.file, io.StringIO)
    above = console.file.getvalue()
    below = show_tree(view, width)
    assert ("draft (one, and 1 more say so)" in above) is shown_at_the_end
    assert ("\x1b[2mdraft (one, and 1 more say so)" in below) is not shown_at_the_end
    assert "\x1b[2J" not in above + below
    view.event(EVENTS[-1])
    assert "draft" not in show_tree(view, width)


def show_tree(view: RunView, width: int) -> str:
    screen = Console(file=io.StringIO(), force_terminal=True, width=width, height=24, color_system="standard")
    assert view._live
    screen.print(view._live.get_renderable())
    return screen.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("terminal", "is_read", "show_answer"), [(False, True, True), (True, False, True), (True, True, False)]
)
def test_a_draft_is_shown_to_nobody_but_who_reads_the_answer_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, is_read: bool, show_answer: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_read)
    screen = io.StringIO()
    with RunView(Console(file=screen, force_terminal=terminal, width=80), show_answer=show_answer) as view:
        view.event(EVENTS[0])
        view.event(DRAFT)

    assert "draft" not in screen.getvalue()


def test_an_answer_that_nobody_wrote_goes_to_standard_output_too(capsys: pytest.CaptureFixture[str]) -> None:
    run: Any = {"turn": "t", "stopped": "agreed", "layers": 1, "calls": 2, "saved": 1, "usd": None, "seconds": 0.1}
    run |= {"usage": {"total_tokens": 0}, "degraded": None, "notes": [], "truncated": False, "aggregators": []}
    with RunView(Console(file=io.StringIO(), force_terminal=True, width=80)) as view:
        view.event(EVENTS[0])
        view.finish("It is 408.", run)

    assert capsys.readouterr().out == "It is 408.\n"


@pytest.mark.parametrize("option", ["--no-stream", "--json"])
def test_a_piped_answer_has_no_draft_beside_it(run: Run, option: str) -> None:
    done = run("ask", "What is 17 * 24?", "--draft", option)

    assert "408" in done.out
    assert "draft (" not in done.out + done.err
    assert "--draft" in run("graph", "--draft").err
