"""An analyst's answer is one object; what is whole in it is taken, and what names nobody is not."""

import json
from typing import Any

import pytest
from langgraph_moa.core.run.disagreement import MOST_CHARACTERS, MOST_POINTS
from langgraph_moa.nodes.disagreement.points import Points, read_points
from tables import each

NAMES = ["a", "b", "c"]


def points(**found: Any) -> Points:
    empty: dict[str, Any] = {name: [] for name in Points._fields}
    return Points(**{**empty, "left_out": 0, **found})


def sides(*stances: tuple[Any, Any]) -> list[dict[str, Any]]:
    return [{"topic": "t", "stances": [{"proposers": who, "stance": what} for who, what in stances]}]


READ: list[tuple[str, Points]] = [
    ('{"consensus": ["x"]}', points(consensus=["x"])),
    ('Here it is:\n```json\n{"consensus": ["x"]}\n```\nDone.', points(consensus=["x"])),
    ('{"blindSpots": ["x"], "partialCoverage": []}', points(blind_spots=["x"])),
    ('{"consensus": [], "contradictions": null, "more": 1}', points()),
    ('{"consensus": [" two\\n lines ", "", 3]}', points(consensus=["two lines"], left_out=2)),
    ('{"consensus": ["\\ud800 half"]}', points(consensus=["\ufffd half"])),
    (
        '{"unique_insights": [{"proposer": 2, "insight": "x"}, {"proposer": 4, "insight": "y"}]}',
        points(unique_insights=[{"proposer": "b", "insight": "x"}], left_out=1),
    ),
    (
        '{"unique_insights": [{"proposer": "Proposal 2", "insight": "x"}, {"proposer": [1, 2], "insight": "two"}]}',
        points(unique_insights=[{"proposer": "b", "insight": "x"}], left_out=1),
    ),
    (
        '{"partial_coverage": [{"point": "x", "proposers": [3, "A2", 1, 1, -2, true]}, {"point": "y"}]}',
        points(partial_coverage=[{"point": "x", "proposers": ["a", "b", "c"]}], left_out=1),
    ),
    (
        json.dumps({"contradictions": sides(([1, 2], "yes"), ([2, 3], "no"))}),
        points(contradictions=sides((["a", "b"], "yes"), (["c"], "no"))),
    ),
    (
        json.dumps({"consensus": ["x"], "contradictions": [*sides(([1], "yes"), ([1], "no")), {"topic": "t"}, "text"]}),
        points(consensus=["x"], left_out=3),
    ),
]


@each(("answer", "expected"), READ)
def test_what_is_whole_is_read(answer: str, expected: Points) -> None:
    assert read_points(answer, NAMES) == expected


WRONG: list[tuple[str, str]] = [
    ("", "found no JSON object, expected one"),
    ("} {", "found no JSON object"),
    ("[]", "found no JSON object"),
    ('{"consensus": ["x",]}', "found no whole JSON object"),
    ('{"consensus": []} {"consensus": []}', "found no whole JSON object"),
    ('{"a":' * 5_000 + "{}" + "}" * 5_000, "found no whole JSON object"),
    ("{}", "found none of the keys consensus, contradictions"),
    ('{"consensus": {"x": 1}}', "found dict as consensus, expected a list"),
    ('{"contradictions": [{"topic": "t"}]}', "found no point that is whole and names an answer"),
    ('{"consensus": ["' + "x" * 60_000 + '"]}', "found 60,019 characters, expected at most 50,000"),
]


@each(("answer", "expected"), WRONG)
def test_what_is_not_what_was_asked_for_is_told(answer: str, expected: str) -> None:
    with pytest.raises(ValueError, match="^" + expected):
        read_points(answer, NAMES)


def test_all_of_it_is_bounded() -> None:
    many = ["w" * 3_000] * 40
    read = read_points(json.dumps({"consensus": many[:2], "blind_spots": ["y"] * 40}), NAMES)

    assert max(map(len, read.consensus)) == MOST_CHARACTERS
    assert (len(read.blind_spots), read.left_out) == (MOST_POINTS, 40 - MOST_POINTS)
