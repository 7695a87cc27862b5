"""Pieces of calls are put together by id, number or order, and a call knows whether its arguments came to their end."""

from typing import Any

import pytest
from langgraph_moa.core.wire.halves import Halves
from langgraph_moa.core.wire.streamed_calls import StreamedCalls


def called(*pieces: Any) -> tuple[list[tuple[Any, ...]], bool]:
    calls = StreamedCalls(Halves())
    chunks = [chunk for piece in pieces for chunk in calls.pieces(piece)]
    return [(chunk["index"], chunk["name"], chunk["id"], chunk["args"]) for chunk in chunks], calls.are_closed


def piece(**about: Any) -> Any:
    arguments, name = about.pop("arguments", None), about.pop("name", None)
    return [{**about, "function": {"name": name, "arguments": arguments}}]


def test_a_call_is_named_once() -> None:
    first = piece(index=0, id="a", name="look", arguments="{")

    chunks, are_closed = called(first, piece(index=0, id="a", name="look", arguments="}"))

    assert chunks == [(0, "look", "a", "{"), (0, None, None, "}")]
    assert are_closed


@pytest.mark.parametrize("odd", [None, 7, "x", {}, [None, 7], [[]]])
def test_what_is_no_call_is_none(odd: Any) -> None:
    assert called(odd) == ([], True)


@pytest.mark.parametrize(
    ("arguments", "are_closed"),
    [
        ("", True),
        (None, True),
        ({"a": 1}, True),
        ("{}", True),
        ("null", True),
        ("{", False),
        ("[]", False),
        ("7", False),
    ],
)
def test_arguments_are_closed_where_they_are_a_whole_object(arguments: Any, are_closed: bool) -> None:
    assert called(piece(index=0, name="look", arguments=arguments))[1] is are_closed
    both = piece(index=0, name="look", arguments=arguments), piece(index=1, name="look", id="b", arguments="{}")
    assert called(*both)[1] is are_closed
