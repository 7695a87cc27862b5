"""A server's answer is read as far as it can be; whatever else it holds changes nothing."""

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.wire.chunks import StreamedAnswer
from langgraph_moa.core.wire.refusals import ServerError, UnreadableAnswer
from langgraph_moa.core.wire.replies import answers_of, tool_calls_of, usage_of


def read(message: Any, **more: Any) -> Any:
    body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], **more}).encode()
    return answers_of(body, provider="openai", model="asked", secrets=[])[0]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("x", "x"),
        (None, ""),
        (7, ""),
        ([{"type": "text", "text": "a"}, {"type": "thinking", "text": "hm"}, 7, {"type": "text", "text": None}], "a"),
        ({"text": "a"}, "a"),
        ([{"type": "output", "text": "a"}, {"type": "output_text", "text": "b"}, {"text": "c"}, "d"], "abcd"),
        ([[{"text": "a"}], {"type": "text", "text": {"value": "b", "annotations": []}}], "ab"),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}], "a"),
        ([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}, {"text": "a"}], "a"),
        ([{"type": "tool_use", "text": "look"}, {"type": "refusal", "refusal": "no"}], ""),
        ([{"type": ["odd"], "text": "a"}], "a"),
        ("smile \ud83d end", "smile \ufffd end"),
    ],
)
def test_text_is_what_is_said(content: Any, text: str) -> None:
    assert read({"content": content}).text == text


@pytest.mark.parametrize("choices", [None, [], "x", {}, [None], [7]])
def test_an_answer_without_choices_is_none(choices: Any) -> None:
    with pytest.raises(UnreadableAnswer, match="found no choices"):
        answers_of(json.dumps({"choices": choices}).encode(), provider="openai", model="m", secrets=[])


@pytest.mark.parametrize("message", [None, 7, [], {}])
def test_a_choice_that_says_nothing_is_an_empty_answer(message: Any) -> None:
    assert read(message).text == ""


def test_thinking_and_refusals_in_parts_stand_beside_the_text() -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    message = read({"content": [thought, {"type": "text", "text": "a"}, {"type": "refusal", "refusal": "no"}]})

    assert (message.text, message.additional_kwargs) == ("a", {"reasoning_content": "hm", "refusal": "no"})


@pytest.mark.parametrize("broken", [None, 7, [], {"error": {"code": 500}}])
def test_a_further_choice_that_is_none_is_left_out(broken: Any) -> None:
    further = {"message": broken} if not isinstance(broken, dict) else broken
    body = {"choices": [{"message": {"content": "a"}}, further, {"message": {"content": "c"}}]}

    answers = answers_of(json.dumps(body).encode(), provider="openai", model="m", secrets=[])

    assert [answer.text for answer in answers] == ["a", "c"]


def test_who_answered_is_told_with_each_choice() -> None:
    body = {"id": "c1", "model": "served", "choices": [{"message": {"content": text}} for text in "ab"]}

    answers = answers_of(json.dumps(body).encode(), provider="together", model="asked", secrets=[])

    assert [answer.text for answer in answers] == ["a", "b"]
    assert {answer.response_metadata["model_name"] for answer in answers} == {"served"}
    assert {answer.response_metadata["model_provider"] for answer in answers} == {"together"}
    assert read({"content": "x"}, model=7).response_metadata["model_name"] == "asked"


@pytest.mark.parametrize(
    ("call", "args"),
    [
        ({"function": {"name": "f", "arguments": '{"a": 1}'}, "id": "i"}, {"a": 1}),
        ({"function": {"name": "f", "arguments": '{"a": "x\ny"}'}, "id": "i"}, {"a": "x\ny"}),
        ({"function": {"name": "f", "arguments": {"a": 1}}, "id": "i"}, {"a": 1}),  # as Ollama has sent them
        ({"function": {"name": "f", "arguments": ""}, "id": "i"}, {}),
        ({"function": {"name": "f", "arguments": None}, "id": "i"}, {}),
        ({"function": {"name": "f"}, "id": "i"}, {}),
        ({"function": {"name": "f", "arguments": " "}, "id": "i"}, {}),
        ({"function": {"name": "f", "arguments": "null"}, "id": "i"}, {}),
        ({"function": {"name": "f", "arguments": '{"a": "\\ud83d"}'}, "id": "i"}, {"a": "\ufffd"}),
    ],
)
def test_a_call_is_read(call: Any, args: Any) -> None:
    calls, unreadable = tool_calls_of([call])

    assert [(each["name"], each["args"], each["id"]) for each in calls] == [("f", args, "i")]
    assert unreadable == []


@pytest.mark.parametrize(
    "call",
    [
        {"function": {"name": "f", "arguments": "{"}, "id": "i"},
        {"function": {"name": "f", "arguments": "[1]"}, "id": "i"},
        {"function": {"name": "f", "arguments": "[" * 100_000}, "id": "i"},
        {"function": {"name": "f", "arguments": 7}, "id": "i"},
        {"function": {"name": None, "arguments": "{}"}, "id": "i"},
        {"function": "f"},
        7,
    ],
)
def test_a_call_that_cannot_be_read_is_kept_as_such(call: Any) -> None:
    calls, unreadable = tool_calls_of([call])

    assert (len(calls), len(unreadable)) == (0, 1)
    assert unreadable[0]["error"]


@pytest.mark.parametrize("ids", [[None, None], ["", " "], ["i", "i"], [[], {}]])
def test_each_call_has_an_id_of_its_own(ids: list[Any]) -> None:
    calls, unreadable = tool_calls_of([{"function": {"name": "f"}, "id": id_} for id_ in ids] + [{"function": {}}])

    read = [str(call["id"]) for call in (*calls, *unreadable)]
    assert len(set(read)) == 3
    assert all(re.fullmatch(r"call_[0-9a-f]{24}", id_) for id_ in read[1:])


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}, (7, 3, 10)),
        ({"prompt_tokens": 7, "completion_tokens": 3}, (7, 3, 10)),
        ({"prompt_tokens": 7}, None),
        ({"prompt_tokens": 7, "total_tokens": 7}, (7, 0, 7)),
        ({"prompt_tokens": 812, "completion_tokens": 40.5, "total_tokens": 852.5}, None),
        ({"prompt_tokens": 7, "completion_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 3.5}}, None),
        ({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}, (20, 603, 623)),
        ({"prompt_tokens": -7, "completion_tokens": True, "total_tokens": 1e9}, None),
        ({"prompt_tokens": 10**30, "completion_tokens": "3"}, None),
        ({}, None),
        (None, None),
        ([7], None),
    ],
)
def test_counts_are_taken_where_they_can_be_some(counts: Any, usage: Any) -> None:
    read = usage_of(counts)

    assert (read and (read["input_tokens"], read["output_tokens"], read["total_tokens"])) == usage


def test_what_was_priced_otherwise_is_told_apart() -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 1}}

    usage = usage_of({"prompt_tokens": 7, "completion_tokens": 3, **details}, "flex")

    assert usage
    assert usage["input_token_details"] == {"flex_cache_read": 4, "flex": 3}
    assert usage["output_token_details"] == {"flex_reasoning": 1, "flex": 2}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
FUNCTION = st.fixed_dictionaries({}, optional={"name": ANYTHING, "arguments": ANYTHING})
CALL = st.fixed_dictionaries({}, optional={"index": ANYTHING, "id": ANYTHING, "function": ANYTHING | FUNCTION})
SAID = st.fixed_dictionaries(
    {},
    optional={
        "content": ANYTHING,
        "tool_calls": ANYTHING | st.lists(ANYTHING | CALL, max_size=3),
        "reasoning_content": ANYTHING,
        "refusal": ANYTHING,
        "audio": ANYTHING,
    },
)
CHOICE = st.fixed_dictionaries(
    {},
    optional={
        "index": ANYTHING,
        "finish_reason": ANYTHING,
        "logprobs": ANYTHING,
        "message": ANYTHING | SAID,
        "delta": ANYTHING | SAID,
    },
)
SENT = st.fixed_dictionaries(
    {"choices": ANYTHING | st.lists(ANYTHING | CHOICE, max_size=3)},
    optional={"id": ANYTHING, "model": ANYTHING, "usage": ANYTHING, "service_tier": ANYTHING, "error": ANYTHING},
)


@given(SENT)
def test_whatever_is_sent_is_an_answer_or_told_to_be_none(sent: Any) -> None:
    body = json.dumps(sent).encode()

    for read in (
        lambda: answers_of(body, provider="openai", model="m", secrets=[]),
        lambda: StreamedAnswer(provider="openai", model="m", secrets=[]).chunk(body),
    ):
        with suppress(ServerError):
            read()
