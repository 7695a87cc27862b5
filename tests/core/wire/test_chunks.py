"""A streamed answer adds up to what the server said, however often it says it."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from functools import reduce
from operator import add
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk
from langgraph_moa.core.wire.chunks import StreamedAnswer
from langgraph_moa.core.wire.events import STREAM_END
from langgraph_moa.core.wire.refusals import ServerError, UnreadableAnswer
from langgraph_moa.core.wire.sizes import STEP

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


@pytest.mark.parametrize("events", [[], [piece({"role": "assistant", "content": ""})], [piece(reason="")]])
def test_an_answer_that_breaks_off_is_none(events: list[dict[str, Any]]) -> None:
    with pytest.raises(UnreadableAnswer, match="breaks off"):
        answer(*events)


@pytest.mark.parametrize("end", [[STOP], [STREAM_END], [STOP, STREAM_END]])
def test_an_answer_ends_with_a_reason_or_a_word(end: list[Any]) -> None:
    assert answer(piece({"content": "x"}), *end).text == "x"


def test_an_error_in_mid_stream_is_told() -> None:
    with pytest.raises(UnreadableAnswer, match="out of memory"):
        answer(piece({"content": "half"}), {"error": {"message": "out of memory"}})


@pytest.mark.parametrize(
    "half", [[piece({"content": "half of"})], [piece({"content": "half of"}, reason=""), piece(reason="null")]]
)
def test_an_answer_without_an_end_says_so(half: list[Any]) -> None:
    whole = answer(*half, {"choices": [], "usage": USAGE})

    assert (whole.text, whole.response_metadata["finish_reason"]) == ("half of", None)
    assert whole.response_metadata["stream_ended"] is False
    assert whole.usage_metadata is None  # the server may have written on
    assert "stream_ended" not in answer(*half, STOP).response_metadata


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        (["stop", "stop"], "stop"),
        (["length", "length"], "length"),
        (["length", "stop", "length"], "length+stop"),
        (["", "stop", None], "stop"),
    ],
)
def test_reasons_are_told_once_each(reasons: list[Any], told: str) -> None:
    whole = answer(piece({"content": "x"}), *(piece(reason=reason) for reason in reasons))

    assert whole.response_metadata["finish_reason"] == told


@pytest.mark.parametrize(
    ("arguments", "is_closed"),
    [
        (['{"path": ', '"/srv/data'], False),
        (['{"path": ', '"/srv/data"'], False),
        (["["], False),
        (["7"], False),
        (["{} {"], False),
        (["[" * 100_000], False),
        (['{"path": ', '"a\nb"}'], True),
        ([" ", ""], True),
        (["null"], True),
    ],
)
@pytest.mark.parametrize("end", [[], [piece(reason="tool_calls")], [piece(reason="length")], [STREAM_END]])
def test_a_call_that_was_cut_says_so(arguments: list[str], end: list[Any], *, is_closed: bool) -> None:
    whole = answer(call(0, "i1", "end", "{}"), call(1, "i2", "look"), *(call(1, args=a) for a in arguments), *end)

    assert whole.response_metadata.get("calls_unclosed") == (None if is_closed else True)


def test_a_call_that_was_cut_in_a_whole_answer_says_so() -> None:
    cut = {"id": "i", "function": {"name": "look", "arguments": '{"path": "/srv'}}
    body = json.dumps({"choices": [{"message": {"tool_calls": [cut]}, "finish_reason": "tool_calls"}]}).encode()

    chunk = StreamedAnswer(provider="openai", model="asked", secrets=[]).whole(body)

    assert chunk.message.response_metadata["calls_unclosed"] is True


@pytest.mark.parametrize("kind", ["content", "reasoning_content", "refusal"])
def test_halves_of_a_character_are_joined_before_they_are_shown(kind: str) -> None:
    reader = StreamedAnswer(provider="openai", model="asked", secrets=[])
    events = [piece({kind: text}) for text in ("a \ud83d", "\ude00", "\ude00 b \ud83d", "c", "d \ud83d")]
    chunks = [chunk for event in [*events, STOP] if (chunk := reader.chunk(json.dumps(event).encode()))]
    messages = [chunk.message for chunk in [*chunks, reader.last()]]

    shown = [m.text if kind == "content" else m.additional_kwargs.get(kind, "") for m in messages]
    assert shown == ["a ", "\U0001f600", "\ufffd b ", "\ufffdc", "d ", "\ufffd"]


def test_what_else_is_told_can_be_carried_anywhere() -> None:
    whole = answer(call(0, "i\ud83d", "look\ud83d", "{}"), {**piece(reason="st\ud83d"), "model": "m\ud83d"})

    assert json.dumps(whole.model_dump(), ensure_ascii=False).encode()
    assert whole.response_metadata["model_name"] == "m\ufffd"


def test_usage_so_far_is_not_added_up() -> None:
    counts = [{"prompt_tokens": 1000, "completion_tokens": n, "total_tokens": 1000 + n} for n in (1, 2, 3, 3)]
    whole = answer(*(piece({"content": "x"}, usage=u) for u in counts), STOP, {"choices": [], "usage": counts[-1]})

    assert whole.usage_metadata
    assert whole.usage_metadata["total_tokens"] == 1003


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({"error": {"message": "slow down", "code": 429}}, 429),
        ({"error": {"message": "slow down", "type": "rate_limit_error"}}, 429),
        ({"message": "slow down", "code": 502}, 502),
        ({"choices": [{"delta": {}, "finish_reason": "error", "error": {"message": "slow down", "code": 502}}]}, 502),
        ({"choices": [{"delta": {}, "finish_reason": "error"}], "error": {"message": "slow down", "code": "503"}}, 503),
        ({"detail": "slow down"}, None),
        ({"object": "error", "message": "slow down", "code": 40303}, None),
    ],
)
def test_an_error_in_a_stream_is_one_of_its_status(event: dict[str, Any], status: int | None) -> None:
    with pytest.raises(ServerError, match="slow down") as failed:
        answer(piece({"content": "half"}), event)

    assert failed.value.status_code == status


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


async def test_others_have_their_turn_between_long_events() -> None:
    tokens = [{"token": "a", "logprob": -0.1}] * 40
    event = piece({"content": "a"})
    event["choices"][0]["logprobs"] = {"content": tokens}
    sent = b"data: " + json.dumps(event).encode() + b"\n\n"
    turns: list[int] = []

    async def others() -> None:
        while True:
            turns.append(len(turns))
            await asyncio.sleep(0)

    async def pieces() -> AsyncIterator[bytes]:
        yield sent * 49 + b"data: [DONE]\n\n"

    other = asyncio.create_task(others())
    chunks = [chunk async for chunk in StreamedAnswer(provider="openai", model="m", secrets=[]).chunks(pieces())]
    other.cancel()

    assert "".join(chunk.text for chunk in chunks) == "a" * 49
    assert len(turns) >= 49 * len(sent) // STEP > 3


async def test_a_long_event_is_read_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    readers = set()
    chunk = StreamedAnswer.chunk

    def noted(self: StreamedAnswer, data: bytes) -> object:
        readers.add((len(data) > STEP, threading.current_thread() is threading.main_thread()))
        return chunk(self, data)

    monkeypatch.setattr(StreamedAnswer, "chunk", noted)
    calls = piece({"tool_calls": [{"index": 0, "function": {"arguments": " "}}] * 2_000})

    async def pieces() -> AsyncIterator[bytes]:
        for event in (call(0, "c", "look"), calls):
            yield b"data: " + json.dumps(event).encode() + b"\n\n"

    read = [chunk async for chunk in StreamedAnswer(provider="openai", model="m", secrets=[]).chunks(pieces())]

    assert read
    assert readers == {(False, True), (True, False)}
