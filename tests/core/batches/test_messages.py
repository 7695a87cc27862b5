"""What is asked in the words of /chat/completions is asked in those of /v1/messages, and its answer read."""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph_moa.core.batches.messages import ANSWER_TOKENS, MESSAGES, as_messages
from langgraph_moa.core.models.endings import ending_of
from langgraph_moa.core.wire.bodies import request_body
from langgraph_moa.core.wire.refusals import ServerError
from langgraph_moa.core.wire.replies import answers_of
from message_batches import fault_of

USER = {"role": "user", "content": "hi"}
CALL = {"id": "functions.a:0", "type": "function", "function": {"name": "a", "arguments": '{"b": 1}'}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def asked(*messages: Any, **fields: Any) -> dict[str, Any]:
    return as_messages({"model": "m", "messages": [*messages], **fields})


def read(**sent: Any) -> AIMessage:
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "served",
        "stop_reason": "end_turn",
    }
    message |= {"content": [{"type": "text", "text": "well"}], "usage": {"input_tokens": 5, "output_tokens": 3}, **sent}
    answer = MESSAGES.answered(json.dumps(message).encode())
    return answers_of(answer, provider="anthropic", model="m", secrets=[])[0]


def test_a_conversation_is_told() -> None:
    conversation = [
        SystemMessage("Be brief."),
        HumanMessage([{"type": "text", "text": "What is it?"}, PICTURE]),
        AIMessage("Let me see", tool_calls=[{"id": "functions.a:0", "name": "a", "args": {"b": 1}}]),
        ToolMessage("seen", tool_call_id="functions.a:0"),
        HumanMessage("And?"),
        AIMessage("It is "),
    ]
    path, body = MESSAGES.asked(
        request_body(conversation, {"model": "m"}, {"max_tokens": 9, "stop": "X"}, limit_name="max_tokens", extra={})
    )
    sent = json.loads(body)

    assert path == "/messages"
    assert sent == {
        "model": "m", "max_tokens": 9, "system": "Be brief.", "stop_sequences": ["X"],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "What is it?"}, {
                "type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]},
            {"role": "assistant", "content": [{"type": "text", "text": "Let me see"}, {
                "type": "tool_use", "id": "functions_a_0", "name": "a", "input": {"b": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "functions_a_0", "content": "seen"},
                {"type": "text", "text": "And?"}]},
            {"role": "assistant", "content": "It is"},
        ],
    }  # fmt: skip
    assert fault_of(sent) is None


@pytest.mark.parametrize(
    ("part", "block"),
    [
        ({"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
         {"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}}),
        ({"type": "file", "file": {"file_data": "data:application/pdf;base64,AA", "filename": "a.pdf"}},
         {"type": "document", "title": "a.pdf",
          "source": {"type": "base64", "media_type": "application/pdf", "data": "AA"}}),
        ({"type": "file", "file": {"file_id": "f"}}, {"type": "document", "source": {"type": "file", "file_id": "f"}}),
        ({"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
         {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}),
        ({"type": "refusal", "refusal": "no"}, {"type": "text", "text": "no"}),
        ({"type": "input_audio", "input_audio": {}}, {"type": "input_audio", "input_audio": {}}),
    ],
)  # fmt: skip
def test_parts_are_blocks(part: Any, block: Any) -> None:
    blank = {"type": "text", "text": ""}

    assert asked({"role": "user", "content": [blank, part]})["messages"] == [{"role": "user", "content": [block]}]


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({}, {"max_tokens": ANSWER_TOKENS}),
        ({"max_completion_tokens": 7, "temperature": 0.5, "top_p": 0.9},
         {"max_tokens": 7, "temperature": 0.5, "top_p": 0.9}),
        ({"n": 3, "seed": 1, "stream": True, "logprobs": True, "service_tier": "flex"}, {"max_tokens": ANSWER_TOKENS}),
        ({"top_k": 5, "thinking": {"type": "adaptive"}, "service_tier": "auto"},
         {"max_tokens": ANSWER_TOKENS, "top_k": 5, "thinking": {"type": "adaptive"}, "service_tier": "auto"}),
        ({"reasoning_effort": "minimal"}, {"max_tokens": ANSWER_TOKENS, "output_config": {"effort": "low"}}),
        ({"reasoning_effort": "none"}, {"max_tokens": ANSWER_TOKENS}),
        ({"reasoning_effort": "high", "output_config": {"effort": "max"}},
         {"max_tokens": ANSWER_TOKENS, "output_config": {"effort": "max"}}),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}},
         {"max_tokens": ANSWER_TOKENS,
          "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}),
    ],
)  # fmt: skip
def test_fields_are_told(fields: Any, sent: Any) -> None:
    assert asked(USER, **fields) == {"model": "m", "messages": [USER], **sent}


@pytest.mark.parametrize(
    ("given", "choice"),
    [
        ({}, None),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"type": "none"}),
        ({"tool_choice": {"type": "function", "function": {"name": "a"}}}, {"type": "tool", "name": "a"}),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
    ],
)
def test_tools_are_offered(given: Any, choice: Any) -> None:
    function = {"name": "a", "description": "b", "parameters": {"type": "object"}, "strict": True}
    sent = asked(USER, tools=[{"type": "function", "function": function}], **given)

    assert sent["tools"] == [{"name": "a", "description": "b", "strict": True, "input_schema": {"type": "object"}}]
    assert sent.get("tool_choice") == choice


def test_what_is_crooked_goes_along_as_far_as_it_can() -> None:
    loose = {"role": "assistant", "content": None, "tool_calls": [{"id": None, "function": {"arguments": "{"}}]}
    sent = asked(
        {"role": "developer", "content": [{"type": "text", "text": "a"}]},
        {"role": "system", "content": "b"},
        USER, {"role": "assistant", "content": ""}, {"role": "user", "content": "c"}, loose,
    )  # fmt: skip

    assert sent["system"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert [(turn["role"], len(turn["content"])) for turn in sent["messages"]] == [("user", 2), ("assistant", 1)]
    assert sent["messages"][1]["content"][0]["input"] == {}


def test_an_answer_is_read() -> None:
    usage: dict[str, Any] = {"input_tokens": 5, "output_tokens": 9, "cache_creation_input_tokens": 20}
    usage |= {"cache_read_input_tokens": 100}
    usage |= {"output_tokens_details": {"thinking_tokens": 4}, "service_tier": "batch"}
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "It "},
        {"type": "text", "text": "is."}, {"type": "tool_use", "id": "toolu_1", "name": "a", "input": {"b": 1}},
    ]  # fmt: skip
    message = read(content=blocks, usage=usage, stop_reason="tool_use")

    assert message.content == "It is."
    assert message.additional_kwargs == {"reasoning_content": "hm"}
    assert [(call["name"], call["args"], call["id"]) for call in message.tool_calls] == [("a", {"b": 1}, "toolu_1")]
    assert message.usage_metadata == {
        "input_tokens": 125, "output_tokens": 9, "total_tokens": 134,
        "input_token_details": {"cache_read": 100, "cache_creation": 20}, "output_token_details": {"reasoning": 4},
    }  # fmt: skip
    assert {**message.response_metadata, "token_usage": None} == {
        "model_provider": "anthropic", "model_name": "served", "id": "msg_1", "service_tier": "batch",
        "token_usage": None, "finish_reason": "tool_use", "logprobs": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "status"),
    [("end_turn", "ok"), ("max_tokens", "truncated"), ("refusal", "refused"), ("pause_turn", "truncated"),
     ("stop_sequence", "ok"), ("model_context_window_exceeded", "truncated")],
)  # fmt: skip
def test_how_it_ended_is_known(reason: str, status: str) -> None:
    message = read(stop_reason=reason, stop_details={"type": "refusal", "explanation": "no"})

    assert ending_of(message.response_metadata["finish_reason"]).status == status
    assert message.additional_kwargs == ({"refusal": "no"} if reason == "refusal" else {})


@pytest.mark.parametrize("usage", [None, {}, {"input_tokens": "many"}, {"input_tokens": 1, "output_tokens": -5}, []])
def test_usage_that_cannot_be_is_none(usage: Any) -> None:
    assert read(usage=usage).usage_metadata is None


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"<html>", b"[]", b'{"content": 1}', b'{"content": []}',
        b'{"content": [1, {"type": "text"}, {"text": 1}]}',
        b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "content": []}',
        b'{"content": [{"type": "tool_use", "id": 1, "name": null, "input": [1]}], "usage": 5, "stop_reason": {}}',
    ],
)  # fmt: skip
def test_what_is_no_answer_does_no_harm(answer: bytes) -> None:
    try:
        message = answers_of(MESSAGES.answered(answer), provider="anthropic", model="m", secrets=[])[0]
    except ServerError:
        return
    assert message.content == ""
