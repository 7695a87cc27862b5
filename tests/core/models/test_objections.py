"""To what of a request a server objects is read from its words, and only from a refusal."""

import json
from typing import Any, get_args

import pytest
from langgraph_moa.core.models.objections import is_refusal, may_be_left_out
from langgraph_moa.core.run.left_out import LeftOut
from langgraph_moa.core.wire.refusals import refusal
from tables import each
from together import together

ALL: frozenset[LeftOut] = frozenset(get_args(LeftOut))
USAGE, STREAM, WHOLE, SYSTEM, ORDER, CHOICE, LIMIT, HEAT, EFFORT, *_ = get_args(LeftOut)


def refused(status: int, body: Any) -> BaseException:
    sent = body if isinstance(body, str) else json.dumps(body)
    return refusal(status, sent.encode(), url="http://a/v1", location=None, secrets=[])


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", **more}}


def forbidden(*place: str | int, words: str = "Extra inputs are not permitted", given: Any = None) -> dict[str, Any]:
    return {"detail": [{"type": "x", "loc": ["body", *place], "msg": words, "input": given}]}


WORDS: dict[str, tuple[int, Any, set[LeftOut]]] = {
    "a strict body": (422, forbidden("stream_options"), {USAGE}),
    "a strict option": (422, {"message": forbidden("stream_options", "include_usage")}, {USAGE}),
    "an unknown field": (400, error("Unrecognized request argument supplied: stream_options"), {USAGE}),
    "usage, on a server that broke": (500, "stream_options is not supported", {USAGE}),
    "an organisation": (
        400,
        error("Your organization must be verified to stream this model.", param="stream"),
        {STREAM},
    ),
    "thinking wants a stream": (400, error("enable_thinking must be set to false for non-streaming calls"), {WHOLE}),
    "streams alone": (400, error("This model only support stream mode, please enable the stream parameter"), {WHOLE}),
    "no false": (400, error("enable thinking can not be support when `stream=False`"), {WHOLE}),
    "no streaming": (501, error("Streaming is not supported for this model"), {STREAM}),
    "does not stream": (400, error("This deployment does not support streaming"), {STREAM}),
    "stream must be off": (422, error("stream must be false"), {STREAM}),
    "no streaming now": (400, error("Streaming is currently not available", param="stream"), {STREAM}),
    "an error in a stream": (400, error("the stream broke off"), {USAGE, SYSTEM, ORDER}),
    "system messages": (400, error("This model doesn't support system messages. Try again without."), {SYSTEM}),
    "system prompts": (400, error("System prompts cannot be used with this model"), {SYSTEM}),
    "multiturn": (400, error("Please ensure that multiturn requests alternate between user and model"), {ORDER}),
    "a user at the end": (400, error("Please ensure that multiturn requests ends with a user role"), {ORDER}),
    "a user at the start": (400, error("A conversation must start with a user message."), {ORDER}),
    "many users": (400, error('roles must alternate, but found multiple "user" roles in a row'), {ORDER}),
    "no system role": (400, error("System role not supported"), {SYSTEM}),
    "no system role, 500": (500, {"error": {"code": 500, "message": "System role not supported at row 1"}}, {SYSTEM}),
    "no developer": (400, error("Developer instruction is not enabled for models/gemma-3-27b-it"), {SYSTEM}),
    "two roles": (400, error("Only user and assistant roles are supported!"), {SYSTEM}),
    "two roles, literally": (
        422,
        forbidden("messages", 0, "role", words="Input should be 'user' or 'assistant'"),
        {SYSTEM},
    ),
    "another model": (400, error("'messages[0].role' does not support 'system' with this model."), {SYSTEM}),
    "an incorrect role": (400, {"detail": "Invalid request: Incorrect role system."}, {SYSTEM}),
    "a gateway": (404, error("No endpoints found that support system prompts"), {SYSTEM}),
    "in turn": (400, error("Conversation roles must alternate user/assistant/user/assistant/..."), {ORDER}),
    "in turn, 500": (500, error("raise_exception('After the optional system message, roles must alternate')"), {ORDER}),
    "consecutive": (400, error("messages: found consecutive user messages"), {ORDER}),
    "first of all": (400, error("System message must be at the beginning."), {ORDER}),
    "user first": (400, error("First message must be with role user"), {ORDER}),
    "user last": (
        400,
        error("Expected last role User or Tool (or Assistant with prefix True), got assistant"),
        {ORDER},
    ),
    "after a tool": (400, error("Unexpected role 'user' after role 'tool'"), {ORDER}),
    "a forced call": (400, error("Thinking mode does not support this tool_choice"), {CHOICE}),
    "a choice": (422, forbidden("tool_choice", words="Input should be 'auto' or 'none'"), {CHOICE}),
    "another limit": (
        400,
        error("Unsupported parameter: 'max_tokens' ... Use 'max_completion_tokens' instead.", param="max_tokens"),
        {LIMIT},
    ),
    "a limit": (400, error("max_tokens is too large: 9000000", param="max_tokens"), set()),
    "both": (400, error("System role not supported; roles must alternate"), {SYSTEM, ORDER}),
    "some template": (500, error("Jinja Exception in chat template"), {SYSTEM, ORDER}),
    "some role": (400, error("Invalid role in messages"), {SYSTEM, ORDER}),
    "nothing": (400, "Bad Request", {USAGE, SYSTEM, ORDER}),
    "nothing at all": (422, "", {USAGE, SYSTEM, ORDER}),
    "a page": (405, "<html>Method Not Allowed</html>", {USAGE, SYSTEM, ORDER}),
    "messages": (400, error("invalid request", param="messages.[0]"), {USAGE, SYSTEM, ORDER}),
    "a server that broke": (500, "Internal Server Error", set()),
    "busy": (503, error("Service Unavailable"), set()),
    "loading": (503, error("Loading model"), set()),
    "key": (401, error("System role not supported"), set()),
    "forbidden": (403, error("forbidden"), set()),
    "address": (404, "Not Found", set()),
    "unknown model": (400, error("The model 'x' does not exist"), set()),
    "rate": (429, error("roles must alternate"), set()),
    "too long": (400, error("maximum context length is 4096 tokens", code="context_length_exceeded"), set()),
    "too large": (413, "Payload Too Large", set()),
    "temperature": (
        400,
        error(
            "Unsupported value: 'temperature' does not support 0.1 with this model. Only the default (1) is supported."
        ),
        {HEAT},
    ),
    "temperature, as a parameter": (400, error("Unsupported parameter: 'temperature' is not supported here"), {HEAT}),
    "temperature, at Moonshot": (400, error("invalid temperature: only 1 is allowed for this model"), {HEAT}),
    "temperature, at Anthropic": (400, error("`temperature` may only be set to 1 when thinking is enabled."), {HEAT}),
    "temperature, of late": (400, error("`temperature` is deprecated for this model."), {HEAT}),
    "a temperature for an effort": (
        400,
        error("gpt-5 models don't support temperature=0.2 when reasoning_effort is not none"),
        {HEAT},
    ),
    "a temperature out of range": (400, error("Invalid 'temperature': only values between 0 and 2"), set()),
    "too hot": (400, error("temperature: 3.0 is not supported, expected <= 2.0"), set()),
    "an effort": (400, error("Unrecognized request argument supplied: reasoning_effort"), {EFFORT}),
    "an effort, at xAI": (400, error("Model grok-4-1-fast does not support parameter reasoningEffort."), {EFFORT}),
    "thinking, at Ollama": (400, error('"smollm2" does not support thinking'), {EFFORT}),
    "a level": (
        400,
        {"message": "[{'loc': ('body', 'reasoning_effort'), 'msg': \"Input should be 'low', 'medium' or 'high'\"}]"},
        {EFFORT},
    ),
    "a level, by its value": (
        400,
        error(
            "Unsupported value: 'low' is not supported with the 'gpt-x' model. Supported values are: 'none'.",
            param="reasoning_effort",
            code="unsupported_value",
        ),
        {EFFORT},
    ),
    "a level, inside": (400, error("Invalid value: 'low'. Try another.", param="reasoning.effort"), {EFFORT}),
    "a temperature, by its value": (400, error("Unsupported value: 0.7", param="temperature"), {HEAT}),
    "a temperature beside a range": (400, error("Expected a value between 0 and 2", param="temperature"), set()),
    "a field among others": (
        422,
        error("unknown field `stream_options`, expected one of `model`, `temperature`, `reasoning_effort`"),
        {USAGE},
    ),
    "another field": (400, error("invalid value", param="top_logprobs"), set()),
    "a picture that broke, told twice": (400, error("The image could not be processed"), set()),
    "several": (400, error("n > 1 is not implemented"), set()),
    "a schema": (400, error("response_format is not supported"), set()),
    "tools": (400, error("this model does not support tools"), set()),
    "filter": (400, error("The response was filtered by our content policy", code="content_filter"), set()),
    "money": (400, error("Your credit balance is too low"), set()),
}


@together("kind", WORDS)
def test_what_a_refusal_names_is_left_out(kind: str) -> None:
    status, body, parts = WORDS[kind]

    assert may_be_left_out(refused(status, body), ALL) == parts


@together("kind", [kind for kind, case in WORDS.items() if case[2]])
def test_what_is_not_in_the_request_cannot_be_left_out(kind: str) -> None:
    status, body, _ = WORDS[kind]

    assert may_be_left_out(refused(status, body), frozenset()) == frozenset()


def test_a_system_message_may_be_what_is_out_of_turn() -> None:
    exc = refused(400, error("Conversation roles must alternate"))

    assert may_be_left_out(exc, frozenset({USAGE, SYSTEM})) == {SYSTEM}
    assert may_be_left_out(refused(422, forbidden("stream_options")), frozenset({SYSTEM})) == frozenset()


@pytest.mark.parametrize(
    ("exc", "parts"),
    [
        (ValueError("System role not supported"), {SYSTEM}),
        (ValueError({"message": "roles must alternate"}), {ORDER}),
        (RuntimeError("it broke"), set()),
        (TimeoutError("roles must alternate"), set()),
        (ConnectionRefusedError("refused"), set()),
    ],
)
def test_models_without_a_server_refuse_in_words_only(exc: BaseException, parts: set[LeftOut]) -> None:
    assert may_be_left_out(exc, ALL) == parts


@each(
    ("exc", "is_one"),
    [
        (refused(400, "Bad Request"), True),
        (refused(500, error("roles must alternate")), True),
        (refused(422, error("Invalid value: 'low'", param="reasoning_effort")), True),
        (refused(500, error("Invalid value: 'low'", param="reasoning_effort")), True),
        (refused(429, "slow down"), False),
        (refused(400, error("maximum context length is 4096 tokens", code="context_length_exceeded")), False),
        (refused(500, "broken"), False),
        (TimeoutError(), False),
    ],
)
def test_a_failure_of_another_kind_is_news(exc: BaseException, is_one: bool) -> None:
    assert is_refusal(exc) == is_one
