"""What a terminal shows of a run."""

import io
from typing import Any

import pytest
from langgraph_moa.apps.view import View, interrupted, summary
from rich.console import Console

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
    with View(Console(file=screen, force_terminal=terminal, width=80, color_system=None)) as view:
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

    assert summary(run) == f"completed: 2 layers, 3 calls, 1,234 tokens, {told}, 1.0 s"
    run["notes"] = ["a: from the cache"]
    assert summary(run).endswith("1.0 s\nnote: a: from the cache")


def test_nothing_answered_yet_is_said() -> None:
    assert interrupted([]) == "interrupted; nothing had been answered yet"
