"""What a run adds up to."""

from typing import Any

from langgraph_moa.core.run.report import make_report, work_seconds
from records import a_proposal, a_verdict
from tables import each


def call(layer: int, started: float, seconds: float, waited: float = 0.0) -> Any:
    return {"layer": layer, "started": started, "seconds": seconds, "waited": waited, "tried_s": 0.0}


def test_a_layer_works_from_its_first_calls_place_in_line_to_its_last_answer() -> None:
    first = [call(1, 10.0, 2.0, waited=3.0), call(1, 11.0, 4.0)]
    second = [call(2, 100.0, 1.0)]

    assert work_seconds(first) == 8.0
    assert work_seconds([*first, *second]) == 9.0
    assert work_seconds(second, [call(3, 200.0, 0.5, waited=0.5), call(3, 300.0, 2.0)]) == 4.0
    assert work_seconds([]) == 0


def test_the_time_between_a_crash_and_its_resumption_is_no_work() -> None:
    answered_before, answered_after = call(1, 10.0, 2.0), call(1, 500.0, 1.0)

    assert work_seconds([answered_before, answered_after, call(1, 10.5, 1.0)]) == 3.0


@each(
    ("asked", "served", "told"),
    [
        ("openai:gpt-6", "gpt-6", False),
        ("openai:gpt-6", "gpt-6-2026-01-31", False),
        ("openai:gpt-6", "gpt-6-0613", False),
        ("qwen", "qwen-8192", True),
        ("openai:gpt-6", "gpt-6-mini", True),
        ("openai:gpt-6", None, False),
    ],
)
def test_another_model_is_told_and_a_dated_one_is_the_same(asked: str, served: str | None, told: bool) -> None:
    proposal: Any = {
        **call(1, 0.0, 1.0),
        "status": "ok",
        "proposer": "p",
        "model": asked,
        "served_model": served,
        "usage": None,
        "usd": None,
        "calls": 1,
        "cached": False,
        "references_cut": 0,
        "left_out": [],
        "carried": False,
        "unread": False,
        "reviewed": None,
        "tried_s": 0.0,
        "error": None,
    }

    assert bool(make_report([proposal], [], turn="t", mixture="m")["notes"]) == told


def test_what_a_server_refuses_is_told_once_a_model() -> None:
    proposals = [a_proposal(proposer=f"p{n}", model="m", left_out=["stream_options", "system_role"]) for n in (1, 2)]
    judged = a_verdict(agreement={"call": a_proposal(model="judge", left_out=["repeated_roles"]), "seconds": 0.0})

    notes = make_report(proposals, [judged], turn="t", mixture="m")["notes"]

    assert len(notes) == 3
    assert "m: its server takes no system messages; their words stand in the user's message" in notes
    assert "judge: its server wants user and assistant in turn" in " ".join(notes)


def test_what_a_profile_may_have_told_is_no_fault_of_a_server_alone() -> None:
    proposals = [a_proposal(model="offline:words", left_out=["reasoning_effort", "images"])]

    assert make_report(proposals, [], turn="t", mixture="m")["notes"] == [
        "offline:words: its server or model takes no such reasoning_effort; it was asked without",
        "offline:words: its server or model takes no pictures; it was given the text, and a note in their place",
    ]
