"""What a run came to, in lines."""

import io
from typing import Any

import pytest
from langgraph_moa.apps.ask.lines import differences, interrupted, outcome_line, run_summary
from langgraph_moa.apps.ask.view import RunView
from rich.cells import cell_len
from rich.console import Console
from run_events import ONE


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


@pytest.mark.parametrize("name", ["x" * 74, "x" * 200, "文" * 60])
def test_who_answered_and_what_came_of_it_are_never_cut(name: str) -> None:
    event = {**ONE, "proposer": name, "status": "ok", "seconds": 1, "error": None, "text": "word " * 40}

    assert outcome_line(event, 78).plain == f"{name}  ok  1.0 s"


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


def test_what_proposals_differ_on_has_a_line_a_point_and_drives_no_terminal() -> None:
    found: Any = {"origin": "analyst", "layer": 1, "turn": "t", "left_out": 1, "consensus": ["a", "b\x1b[2J"]}
    found |= {"contradictions": [{"topic": "t", "stances": [{"proposers": ["x"], "stance": "1"}] * 2}]}
    found |= {"partial_coverage": [], "unique_insights": [], "blind_spots": ["c"]}

    assert differences(found).splitlines() == [
        "compared by an analyst: 2 agreed on, 1 contradicted, 1 covered by nobody; 1 left out",
        "All or nearly all say:",
        "- a",
        "- b[2J",
        "They contradict one another:",
        "- t (x: 1; x: 1)",
        "Nobody covers:",
        "- c",
    ]
    screen = io.StringIO()
    with RunView(Console(file=screen, width=40)) as view:
        view.event({"moa": "analysing", "layer": 1, "analyst": "x", "proposals": 2})
        view.event({"moa": "disagreement", "layer": 1, "disagreement": found, "analysis": None})
    assert screen.getvalue() == "x compares 2 proposals\n"
    assert view.disagreement == found
