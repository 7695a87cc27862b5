"""Whose seat it is, whoever sits in it, and what both of them cost."""

from langgraph_moa.core.run.costs import in_place_of
from langgraph_moa.core.run.instead import declared_model
from records import a_proposal as a_call


def test_a_seat_stays_its_first_models() -> None:
    first = a_call(model="a", status="error", error="broken", calls=1)
    second = a_call(model="b", status="empty", error="nothing", calls=1)
    third = a_call(model="c", calls=1)

    joined = in_place_of(in_place_of(first, second), third)

    assert declared_model(first) == declared_model(joined) == "a"
    assert (joined["model"], joined["calls"], joined["error"]) == ("c", 3, third["error"])
    assert [(m["model"], m["status"], m["error"]) for m in joined["instead_of"]] == [
        ("a", "error", "broken"),
        ("b", "empty", "nothing; before it a: error (broken)"),
    ]


def test_who_was_not_asked_takes_no_place() -> None:
    first = a_call(model="a", status="error", error="broken")
    cut = a_call(model="b", status="cancelled", calls=0, error="cut by a quorum")

    kept = in_place_of(first, cut)

    assert (kept["model"], kept["status"]) == ("a", "error")
    assert kept["error"] == "broken; b was not asked instead: cut by a quorum"
