"""What proposals differ on is bounded where a prompt holds it, and stays true where a person changes proposals."""

from typing import Any, cast

from langgraph_moa.core.run.disagreement import (
    MOST_SHOWN,
    Disagreement,
    counted_points,
    digests_of,
    listed,
    points_in,
    still_true,
)
from records import a_proposal

NAMES = ["a", "b", "c"]
PROPOSALS = [a_proposal(proposer=name, text=f"text of {name}") for name in NAMES]


def found(**points: Any) -> Disagreement:
    empty: dict[str, Any] = {
        "turn": "t",
        "layer": 1,
        "origin": "analyst",
        "compared": digests_of(PROPOSALS),
        "consensus": [],
        "contradictions": [],
        "partial_coverage": [],
        "unique_insights": [],
        "blind_spots": [],
        "left_out": 0,
    }
    return cast("Disagreement", {**empty, **points})


WHOLE = found(
    consensus=["all"],
    contradictions=[
        {"topic": "t", "stances": [{"proposers": ["a", "b"], "stance": "x"}, {"proposers": ["c"], "stance": "y"}]}
    ],
    partial_coverage=[{"point": "p", "proposers": ["a", "c"]}],
    unique_insights=[{"proposer": "c", "insight": "i"}],
    blind_spots=["gap"],
)


def test_nothing_changes_where_nobody_changed_anything() -> None:
    assert still_true(WHOLE, PROPOSALS) is WHOLE


def test_who_was_edited_or_dropped_is_no_longer_in_it() -> None:
    edited = [*PROPOSALS[:2], a_proposal(proposer="c", text="another")]

    left = still_true(WHOLE, edited)

    assert left == still_true(WHOLE, PROPOSALS[:2])
    assert left
    assert (left["consensus"], left["contradictions"], left["unique_insights"]) == (["all"], [], [])
    assert left["partial_coverage"] == [{"point": "p", "proposers": ["a"]}]
    assert [*left["compared"]] == ["a", "b"]


def test_of_one_that_is_left_nothing_is_said() -> None:
    assert still_true(WHOLE, PROPOSALS[:1]) is None


def test_in_a_prompt_proposers_have_numbers_only() -> None:
    text = listed(WHOLE, {"a": "1", "b": "2"})

    assert "- t (1, 2: x; another answer: y)" in text.splitlines()
    assert "Only one says:\n- i (another answer)" in text


def test_a_prompt_holds_no_more_than_it_may() -> None:
    many = found(blind_spots=["ü" * 400] * 60, consensus=["one"])

    text = listed(many, {})

    assert len(text.encode()) <= MOST_SHOWN
    assert text.startswith("All or nearly all say:\n- one\nNobody covers:\n- ü")
    assert text.endswith("- (more was left out here to fit)")
    assert listed(found(), {}) == ""


def test_for_people_each_point_has_a_line_with_names() -> None:
    assert [*points_in(WHOLE)][1] == ("They contradict one another", "t (a, b: x; c: y)")
    assert counted_points(WHOLE) == (
        "compared by an analyst: 1 agreed on, 1 contradicted, 1 covered by some, 1 said by one, 1 covered by nobody"
    )
    assert counted_points(found(origin="gate", left_out=2)) == (
        "compared by a gate, by short answers: nothing to tell; 2 left out"
    )
