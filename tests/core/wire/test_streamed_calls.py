"""Pieces of calls are put together by id, number or order, and a call knows whether its arguments came to their end."""

import json
from functools import reduce
from operator import add
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessageChunk
from langgraph_moa.core.wire.halves import Halves
from langgraph_moa.core.wire.refusals import UnreadableAnswer
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


def look(args: Any, **about: Any) -> Any:
    return piece(name="look", arguments=args, **about)[0]


ONE, TWO = '{"w": 1}', '{"w": 2}'
BOTH = [("look", {"w": 1}), ("look", {"w": 2})]
UNSURE = None


def added(deltas: Any) -> tuple[list[Any], bool]:
    """Return the calls of a stream, added up as LangChain does, and whether they are closed."""
    calls = StreamedCalls(Halves())
    chunks = [chunk for delta in deltas if (chunk := calls.pieces(delta))] + [calls.ids()]
    message = reduce(add, (AIMessageChunk(content="", tool_call_chunks=chunk) for chunk in chunks))
    assert isinstance(message, AIMessageChunk)
    return [*message.tool_calls, *message.invalid_tool_calls], calls.are_closed


@pytest.mark.parametrize(
    ("deltas", "calls"),
    [
        ([[look(ONE), look(TWO)]], BOTH),
        ([[look(ONE)], [look(TWO)]], BOTH),
        ([[look(ONE, id="")], [look(TWO, id="")]], BOTH),
        ([[look(ONE, id="", index=0), look(TWO, id="", index=0)]], BOTH),
        ([[look(ONE, index=0)], [look(TWO, index=0)]], BOTH),
        ([[look(ONE, index=0, id="i")], [look(TWO, index=1, id="i")]], BOTH),
        ([[look(ONE, index=0, id="i"), look(TWO, index=1, id="i")]], BOTH),
        ([[look("", index=0, id="i"), look("", index=1, id="i")], piece(index=1, id="i", arguments=TWO),
          piece(index=0, id="i", arguments=ONE)], BOTH),
        ([[look(ONE, index=0)], [look(TWO, index=None)]], BOTH),
        ([[look('{"w":', index=0)], piece(index=None, arguments=" 1}"), [look(TWO, index=None)]], BOTH),
        ([[look('{"w":')], piece(arguments="1}"), [look('{"w":')], piece(arguments="2}")], BOTH),
        ([[look('{"w":', index=0)], [look("1}", index=0)], [look(TWO, index=0)]], BOTH),
        ([[look(ONE, index=1, id="a")], [look(TWO, index=1, id="b")]], BOTH),
        ([[look({"w": 1})], [look({"w": 2})]], BOTH),
        ([[look('{"w": "}')], piece(arguments='\\"{"}')], [("look", {"w": '}"{'})]),
        ([[look("")], [look("")]], [("look", {}), ("look", {})]),
        ([[look(" ", index=0)], [look("null", index=1)]], [("look", {}), ("look", {})]),
        ([[look(" ", index=0)], piece(index=0, arguments="nu"), piece(index=0, arguments="ll ")], [("look", {})]),
        ([[look("", id="a", index=0)], [look(ONE, index=0)]], [("look", {"w": 1})]),
        # whose arguments are these?
        ([[look(""), look("")], piece(arguments=ONE)], UNSURE),
        ([[look("", index=0), look("", index=0)], piece(index=0, arguments=ONE)], UNSURE),
        ([[look("", index=0, id="a")], [look("", index=0, id="b")], piece(index=0, arguments=ONE)], UNSURE),
        ([[look("", index=0)], [look("", index=1)], piece(index=None, arguments=ONE)], UNSURE),
        ([[look("", index=0)], [look(ONE, index=0)]], UNSURE),
        ([[look(ONE, index=0)], [look("", index=0)]], UNSURE),
        ([[look(ONE, index=0, id="a")], [look(TWO, index=0, id="a")]], UNSURE),
        ([[look("nu")]], UNSURE),
        ([[look("null x")]], UNSURE),
    ],
)  # fmt: skip
def test_calls_are_told_apart_or_in_doubt(deltas: Any, calls: Any) -> None:
    read, are_closed = added(deltas)

    assert are_closed == (calls is not UNSURE)
    assert calls is UNSURE or [(call["name"], call["args"]) for call in read] == calls
    ids = [call["id"] for call in read]
    assert all(ids)
    assert len(set(ids)) == len(ids)


CALLS = st.lists(st.tuples(st.sampled_from(["look", "end"]), st.integers(0, 99)), min_size=1, max_size=4)


@given(
    calls=CALLS,
    width=st.integers(1, 9),
    numbered=st.sampled_from(["index", "id", "both", "zero", "none"]),
    is_repeated=st.booleans(),
)
def test_no_call_gets_the_arguments_of_another(calls: Any, width: int, numbered: str, *, is_repeated: bool) -> None:
    deltas: list[Any] = []
    for number, (name, value) in enumerate(calls):
        about: dict[str, Any] = {"index": number} if numbered in ("index", "both") else {}
        about |= {"id": f"i{number}"} if numbered in ("id", "both") else {}
        about |= {"index": 0} if numbered == "zero" else {}
        written = f'{{"v": "{{{value}"}}'
        for start in range(0, len(written), width):
            named = name if is_repeated or not start else None
            deltas.append(piece(**about, name=named, arguments=written[start : start + width]))

    read, are_closed = added(deltas)

    expected = [(name, {"v": f"{{{value}"}) for name, value in calls]
    assert not are_closed or [(call["name"], call["args"]) for call in read] == expected
    assert are_closed


def test_long_arguments_are_handed_on_once_they_are_whole() -> None:
    calls = StreamedCalls(Halves())
    pieces = [piece(index=0, id="a", name="look", arguments='{"a": "'), *[piece(index=0, arguments="x" * 1_000)] * 200]
    shown = [chunk for each in [*pieces, piece(index=0, arguments='"}')] for chunk in calls.pieces(each)]

    written = "".join(chunk["args"] or "" for chunk in shown)
    (late,) = calls.late()

    assert 60_000 < len(written) < 2**16
    assert json.loads(written + (late["args"] or "")) == {"a": "x" * 200_000}
    assert calls.are_closed


def test_more_calls_or_arguments_than_any_answer_has_are_refused() -> None:
    calls = StreamedCalls(Halves())
    for number in range(128):
        calls.pieces(piece(index=number, id=f"c{number}", name="look", arguments="{}"))

    with pytest.raises(UnreadableAnswer, match="found more than 128 calls in one answer"):
        calls.pieces(piece(index=128, id="c128", name="look", arguments="{}"))
    with pytest.raises(UnreadableAnswer, match="found more than 1,048,576 characters of arguments"):
        [StreamedCalls(Halves()).pieces(piece(index=0, name="look", arguments="x" * 2**20 + "x"))]
