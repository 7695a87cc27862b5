"""A streamed answer adds up to what the server said, however often it says it."""

import json
from functools import reduce
from operator import add
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk
from langgraph_moa.core.wire.chunks import STREAM_END, StreamedAnswer
from langgraph_moa.core.wire.refusals import UnreadableAnswer

USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}


def piece(delta: Any = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {} if delta is None else delta, "finish_reason": more.pop("reason", None)}
    return {"id": "c1", "model": "served", "choices": [choice], **more}


def call(index: Any = 0, id_: Any = None, name: Any = None, args: Any = "") -> dict[str, Any]:
    about = {"index": index} if index is not None else {}
    return piece(
        {"tool_calls": [{**about, "id": id_, "type": "function", "function": {"name": name, "arguments": args}}]}
    )


def answer(*events: dict[str, Any] | bytes) -> AIMessageChunk:
    """Return the chunks of a stream, added up as LangChain does."""
    reader = StreamedAnswer(provider="openai", model="asked", secrets=[])
    data = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
    chunks = [chunk.message for each in data if (chunk := reader.chunk(each))] + [reader.last().message]
    whole = reduce(add, chunks)
    assert isinstance(whole, AIMessageChunk)
    return whole


STOP = piece(reason="stop")


def test_facts_are_told_once_however_often_they_are_sent() -> None:
    """xAI, OpenRouter and vLLM repeat usage with each event; some repeat the finish reason."""
    growing = [piece({"content": word}, usage={**USAGE, "completion_tokens": n}) for n, word in enumerate("ab", 1)]

    whole = answer(*growing, STOP, STOP, {"choices": [], "usage": USAGE}, STREAM_END)

    assert whole.text == "ab"
    assert whole.usage_metadata == {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}
    told = {name: whole.response_metadata[name] for name in ("finish_reason", "model_name", "id")}
    assert told == {"finish_reason": "stop", "model_name": "served", "id": "c1"}


@pytest.mark.parametrize(
    "events",
    [
        [call(0, "i1", "look", ""), call(0, args='{"word": '), call(0, args='"x"}'), call(1, "i2", "end", "{}")],
        [call(0, "i1", "look", '{"word": "x"}'), call(1, "i2", "end", "{}")],
        # names and ids again with each piece, as Qwen's servers have sent them
        [call(0, "i1", "look", '{"word": '), call(0, "i1", "look", '"x"}'), call(1, "i2", "end", "{}")],
        # all numbered as the first, as Ollama has sent them (github.com/ollama/ollama/issues/7881)
        [call(0, "i1", "look", '{"word": "x"}'), call(0, "i2", "end", "{}")],
        # another id with each piece
        [call(0, "i1", "look", '{"word": '), call(0, "i9", args='"x"}'), call(1, "i2", "end", "{}")],
        # numbers, and none
        [call(0, "i1", "look", '{"word": '), call(None, "i1", args='"x"}'), call(None, "i2", "end", "{}")],
        # names and ids in the second piece, arguments as an object
        [call(0, args=""), call(0, "i1", "look"), call(0, args={"word": "x"}), call(1, "i2", "end", "{}")],
        # no numbers at all
        [call(None, "i1", "look", '{"word": '), call(None, args='"x"}'), call(None, "i2", "end", "{}")],
    ],
)
def test_calls_of_tools_are_whole(events: list[dict[str, Any]]) -> None:
    whole = answer(*events, piece(reason="tool_calls"))

    calls = [(each["name"], each["args"], each["id"]) for each in whole.tool_calls]
    assert calls == [("look", {"word": "x"}, "i1"), ("end", {}, "i2")]


def test_reasoning_and_refusals_stand_beside_the_text() -> None:
    whole = answer(
        piece({"reasoning_content": "hm"}),
        piece({"reasoning": ", so"}),
        piece({"refusal": "no"}),
        piece({"content": "x"}),
        STOP,
    )

    assert whole.text == "x"
    assert whole.additional_kwargs == {"reasoning_content": "hm, so", "refusal": "no"}


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"choices": None},
        {"choices": "x"},
        {"choices": [None, 7]},
        {"choices": [{"index": 0, "delta": None}]},
        {"choices": [{"index": 0, "delta": {"content": 7, "tool_calls": "x"}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [None, {"function": 3}]}}]},
        {"choices": [{"index": 1, "delta": {"content": "another choice"}}]},
        {"choices": [], "usage": {"prompt_tokens": "many", "completion_tokens": -1}},
        {"choices": [], "usage": [1]},
        {"model": 7, "id": ["x"]},
    ],
)
def test_what_means_nothing_changes_nothing(odd: dict[str, Any]) -> None:
    whole = answer(piece({"content": "a"}), odd, piece({"content": "b"}), STOP)

    assert whole.text == "ab"
    assert whole.usage_metadata is None


def test_calls_that_only_their_names_tell_apart_are_several() -> None:
    whole = answer(call(None, None, "look", "{}"), call(None, None, "end", "{}"), piece(reason="tool_calls"))

    assert [each["name"] for each in whole.tool_calls] == ["look", "end"]


def test_what_comes_after_the_end_is_not_read() -> None:
    assert answer(piece({"content": "a"}), STOP, STREAM_END, piece({"content": "zz"})).text == "a"


@pytest.mark.parametrize("events", [[], [piece({"content": "half of"})]])
def test_an_answer_that_breaks_off_is_none(events: list[dict[str, Any]]) -> None:
    with pytest.raises(UnreadableAnswer, match="breaks off"):
        answer(*events)


@pytest.mark.parametrize("end", [[STOP], [STREAM_END], [STOP, STREAM_END]])
def test_an_answer_ends_with_a_reason_or_a_word(end: list[Any]) -> None:
    assert answer(piece({"content": "x"}), *end).text == "x"


def test_an_error_in_mid_stream_is_told() -> None:
    with pytest.raises(UnreadableAnswer, match="out of memory"):
        answer(piece({"content": "half"}), {"error": {"message": "out of memory"}})


def test_a_server_that_does_not_stream_is_read_whole() -> None:
    body = {
        "model": "served",
        "choices": [{"message": {"content": "all of it"}, "finish_reason": "stop"}],
        "usage": USAGE,
    }

    chunk = StreamedAnswer(provider="openai", model="asked", secrets=[]).whole(json.dumps(body).encode())

    assert isinstance(chunk.message, AIMessageChunk)
    assert (chunk.text, chunk.message.usage_metadata) == (
        "all of it",
        {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9},
    )
    assert chunk.message.response_metadata["finish_reason"] == "stop"
