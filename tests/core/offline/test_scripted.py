"""The scripted model streams what it would return whole, and remembers what it was given."""

from functools import reduce
from operator import add
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph_moa.core.offline.scripted import ScriptedModel


def look_up(word: str) -> str:
    """Look a word up."""
    return word


def call(name: str, id_: str, **args: Any) -> Any:
    return {"name": name, "args": args, "id": id_, "type": "tool_call"}


@pytest.mark.parametrize(
    "line",
    [
        "two words",
        AIMessage(""),
        AIMessage("a line\n"),
        AIMessage("", tool_calls=[call("look_up", "1", word="ü")]),
        AIMessage("I look.", tool_calls=[call("look_up", "1", word="a"), call("look_up", "2")]),
        AIMessage("", invalid_tool_calls=[{"name": "f", "args": "no JSON", "id": "1", "error": None}]),
        AIMessage([{"type": "text", "text": "a b"}, {"type": "image", "url": "u"}]),
        AIMessage([{"type": "text", "text": "a"}], tool_calls=[call("look_up", "1", word="a")]),
        AIMessage(["a", "b c"]),
        AIMessage("x", usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
        AIMessage("x", additional_kwargs={"refusal": "no"}, response_metadata={"finish_reason": "stop"}),
    ],
)
async def test_what_is_streamed_is_the_whole_message(line: Any) -> None:
    model = ScriptedModel(script=line)
    whole = model.invoke("x")

    for chunks in (list(model.stream("x")), [chunk async for chunk in model.astream("x")]):
        merged: Any = reduce(add, chunks)
        assert merged.content == whole.content
        assert merged.tool_calls == whole.tool_calls
        assert [c["args"] for c in merged.invalid_tool_calls] == [c["args"] for c in whole.invalid_tool_calls]
        assert merged.usage_metadata == whole.usage_metadata
        assert merged.additional_kwargs == whole.additional_kwargs
        assert merged.response_metadata.items() >= whole.response_metadata.items()


def test_a_call_of_a_tool_is_streamed_in_one_piece() -> None:
    chunks: Any = list(ScriptedModel(script=AIMessage("", tool_calls=[call("look_up", "1", word="a")])).stream("x"))

    assert chunks[0].tool_call_chunks == [
        {"name": "look_up", "args": '{"word": "a"}', "id": "1", "index": 0, "type": "tool_call_chunk"}
    ]


async def test_what_it_was_given_beside_the_messages_is_remembered() -> None:
    model = ScriptedModel(script="a")
    bound = model.bind_tools([look_up], tool_choice="any", temperature=1)

    model.invoke("x")
    bound.invoke("x")
    await bound.ainvoke("x")
    list(bound.stream("x"))
    assert [chunk async for chunk in bound.astream("x")]

    assert model.told[0] == {}
    assert [told["tool_choice"] for told in model.told[1:]] == ["any"] * 4
    assert all(told["tools"][0]["function"]["name"] == "look_up" for told in model.told[1:])
    assert all(told["temperature"] == 1 for told in model.told[1:])
    assert len(model.asked) == 5


def test_a_scripts_unsaid_lines_are_complained_about() -> None:
    model = ScriptedModel(script=["a", "b"])
    model.invoke("x")

    with pytest.raises(AssertionError, match="1 of 2 lines"):
        model.assert_complete()
    model.invoke("y")
    model.assert_complete()
    with pytest.raises(AssertionError, match="asked 3 times"):
        model.invoke("z")
