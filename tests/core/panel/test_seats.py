"""A seat is one call to make, under one name."""

from dataclasses import replace
from typing import Any

import pytest
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_of

SEAT = seat_of("offline:words", Defaults(), role="proposer")


@pytest.mark.parametrize(
    ("options", "title", "node", "place"),
    [
        ({}, "words", "words", (0, 1)),
        ({"samples": 3, "sample": 2, "position": 4}, "words/2", "words/2", (4, 2)),
        ({"samples": 3, "sample": 2, "shares": True}, "words/2", "words", (0, 2)),
        ({"name": "sceptic"}, "sceptic", "sceptic", (0, 1)),
    ],
)
def test_what_a_seat_is_called(options: dict[str, Any], title: str, node: str, place: tuple[int, int]) -> None:
    seat = replace(SEAT, **options)

    assert (seat.title, seat.node, seat.place) == (title, node, place)


@pytest.mark.parametrize(
    ("options", "position", "title", "reads"),
    [
        ({}, 3, "other", True),
        ({"reads": frozenset({0, 3})}, 3, "other", True),
        ({"reads": frozenset({0})}, 3, "other", False),
        ({"reads": frozenset()}, 0, "words", False),
        ({"debates": True}, 0, "words", False),
        ({"debates": True}, 1, "other", True),
        ({"debates": True, "samples": 2, "sample": 1}, 0, "words/2", True),
    ],
)
def test_whose_proposals_are_references(options: dict[str, Any], position: int, title: str, *, reads: bool) -> None:
    assert replace(SEAT, **options).reads_from(position, title) == reads
