"""Why a server did not answer is read from what it says, bounded, and only where it can be so."""

import json
from typing import Any

import openai
from langgraph_moa.core.models.obstacles import most_choices, obstacle_of, sane_window
from langgraph_moa.core.wire.refusals import refusal
from tables import each


def error(status: int, body: Any) -> openai.APIStatusError:
    """Build what the client raises for such an answer."""
    response = openai_response(status)
    fields = body.get("error", body) if isinstance(body, dict) else body
    words = fields.get("message") if isinstance(fields, dict) else fields
    return openai.APIStatusError(f"Error code: {status} - {words}", response=response, body=fields)


def openai_response(status: int) -> Any:
    import httpx2

    return httpx2.Response(status, request=httpx2.Request("POST", "http://127.0.0.1:8080/v1/chat/completions"))


LLAMA = {
    "code": 400,
    "message": "request (2804 tokens) exceeds the available context size (2048 tokens), try increasing it",
    "type": "exceed_context_size_error",
    "n_prompt_tokens": 2804,
    "n_ctx": 2048,
}
TOO_LONG: dict[str, tuple[BaseException, int | None, int | None]] = {
    "llama.cpp": (error(400, {"error": LLAMA}), 2048, 2804),
    "llama.cpp, once with 500": (error(500, {"error": {**LLAMA, "code": 500}}), 2048, 2804),
    "llama.cpp, with status 200": (ValueError({**LLAMA}), 2048, 2804),
    "llama.cpp, without figures": (
        error(500, {"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}}),
        None,
        None,
    ),
    "OpenAI": (
        error(
            400,
            "This model's maximum context length is 16384 tokens. However, your messages resulted in 28491 tokens. "
            "Please reduce the length of the messages.",
        ),
        16384,
        28491,
    ),
    "vLLM": (
        error(
            400,
            "This model's maximum context length is 6048 tokens. However, you requested 6616 tokens "
            "(568 in the messages, 6048 in the completion).",
        ),
        6048,
        568,
    ),
    "vLLM, newer": (
        error(
            400,
            "This model's maximum context length is 4096 tokens. However, you requested 200 output tokens and your "
            "prompt contains at least 3897 input tokens.",
        ),
        4096,
        3897,
    ),
    "SGLang": (
        error(400, "The input (61709 tokens) is longer than the model's context length (40960 tokens)."),
        40960,
        61709,
    ),
    "LM Studio": (
        error(
            400,
            "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 13055>= "
            "n_ctx: 4096). Try to load the model with a larger context length, or provide a shorter input.",
        ),
        4096,
        13055,
    ),
    "LM Studio, older": (
        error(
            400,
            "Trying to keep the first 15857 tokens when context the overflows. However, the model is loaded with "
            "context length of only 4096 tokens, which is not enough.",
        ),
        4096,
        15857,
    ),
    "llama-cpp-python": (error(400, "Requested tokens (2285) exceed context window of 2048"), 2048, 2285),
    "oMLX": (error(400, "Prompt too long: 41911 tokens exceeds max context window of 32768 tokens"), 32768, 41911),
    "LiteLLM": (
        error(
            400,
            "litellm.ContextWindowExceededError: OpenAIException - request (2804 tokens) exceeds the available context "
            "size (2048 tokens), try increasing it. Received Model Group=smollm2",
        ),
        2048,
        2804,
    ),
    "our own, which tells the words alone": (
        refusal(400, json.dumps({"error": LLAMA}).encode(), url="http://a/v1", location=None, secrets=[]),
        2048,
        2804,
    ),
    "in a list, as Gemini sends it": (
        refusal(400, json.dumps([{"error": LLAMA}]).encode(), url="http://a/v1", location=None, secrets=[]),
        2048,
        2804,
    ),
    "in FastAPI's detail": (
        refusal(400, json.dumps({"detail": LLAMA}).encode(), url="http://a/v1", location=None, secrets=[]),
        2048,
        2804,
    ),
    "in another error's text": (
        refusal(
            400,
            json.dumps({"error": {"message": "failed", "metadata": {"raw": json.dumps({"error": LLAMA})}}}).encode(),
            url="http://a/v1",
            location=None,
            secrets=[],
        ),
        2048,
        2804,
    ),
    "a name alone": (
        refusal(400, b'{"error": {"code": "context_length_exceeded"}}', url="http://a/v1", location=None, secrets=[]),
        None,
        None,
    ),
    "a window of three tokens": (
        error(400, "This model's maximum context length is 3 tokens. However, your prompt is too long."),
        None,
        None,
    ),
}


@each(("exc", "window", "tokens"), TOO_LONG.values())
def test_a_prompt_that_is_too_long(exc: BaseException, window: int | None, tokens: int | None) -> None:
    assert obstacle_of(exc) == {"why": "too_long", "window": window, "tokens": tokens}


OTHERS: dict[str, tuple[BaseException, str | None]] = {
    "llama.cpp is loading": (
        error(503, {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}),
        "loading",
    ),
    "ours is loading": (
        refusal(503, b'{"detail": "Loading model"}', url="http://a/v1", location=None, secrets=[]),
        "loading",
    ),
    "a prompt that speaks of a length": (
        refusal(
            422,
            b'{"detail": [{"msg": "bad field", "input": "maximum context length is 4096 tokens"}]}',
            url="http://a/v1",
            location=None,
            secrets=[],
        ),
        None,
    ),
    "busy": (error(503, "Service Unavailable"), None),
    "wrong key": (error(401, "Invalid API Key"), "key"),
    "forbidden": (error(403, "forbidden"), "key"),
    "Ollama has no such model": (error(404, 'model "llama9" not found, try pulling it first'), "unknown_model"),
    "vLLM has no such model": (error(404, "The model `x` does not exist."), "unknown_model"),
    "LiteLLM has no such model": (
        error(400, "/chat/completions: Invalid model name passed in model=x."),
        "unknown_model",
    ),
    "another path": (error(404, {"error": {"message": "File Not Found", "type": "not_found_error"}}), "address"),
    "no `n`": (error(400, "Field 'n': Value must be between 1 <= value <= 4, but got 6"), None),
    "a template": (error(400, "Conversation roles must alternate user/assistant"), None),
    "anything": (RuntimeError("the maximum is 5"), None),
    "rate limit that speaks of a length": (error(429, "maximum context length is 4096 tokens"), None),
    "unprintable": (type("Odd", (Exception,), {"__str__": lambda self: 1 / 0})(), None),
}


@each(("exc", "why"), OTHERS.values())
def test_what_else_keeps_a_server_from_answering(exc: BaseException, why: str | None) -> None:
    obstacle = obstacle_of(exc)

    assert (obstacle and obstacle["why"]) == why


@each(
    ("said", "most"),
    [
        ("Field 'n': Value must be between 1 <= value <= 4, but got 6", 4),
        ("'n' : number must be at most 1", 1),
        ("[{'loc': ('body', 'n'), 'msg': 'Input should be less than or equal to 128'}]", 128),
        ("6 is greater than the maximum of 4 - 'n'", 4),
        ("Unsupported value: 'n' must be 1", None),
        ("max_tokens must be at most 4", None),
    ],
)
def test_how_many_answers_a_server_gives_at_once(said: str, most: int | None) -> None:
    assert most_choices(error(400, said)) == most


@each("value", [True, "2048", None, -1, 0, 3, 255, 100_000_001, 2048.0, [2048]])
def test_what_can_be_no_window(value: object) -> None:
    assert sane_window(value) is None
    assert sane_window(2048) == 2048


def test_a_long_error_is_read_in_part() -> None:
    late = error(400, "x" * 3000 + " maximum context length is 4096 tokens")

    assert obstacle_of(late) is None
