"""Read why a server did not answer: what decides whether, and how, it is asked again.

Servers say the same in many words. What is read here is bounded, and a number counts only where it can be one; whatever
is not understood has no cause, and is an error like any other.
"""

import re
from typing import Any

from ..run.records import Obstacle, Why
from ..text import one_line, plain
from ..wire.connections import connection_problem
from ..wire.wording import body_of, words_in
from .endings import ErrorStatus, error_status

_READ = 2_000
"""Characters of an error that are looked at."""
SMALLEST_WINDOW, LARGEST_WINDOW = 256, 100_000_000
"""Tokens that a window may hold: another figure is no window. vLLM once subtracted the answer's limit, and told of
windows of three tokens (github.com/vllm-project/vllm/issues/33418)."""
_NUMBER = r"([\d,]{1,12})"
_WINDOWS = [
    re.compile(pattern)
    for pattern in (
        rf"available context size \({_NUMBER} tokens",  # llama.cpp
        rf"maximum context length (?:is|of) {_NUMBER}",  # OpenAI, vLLM, and most that follow them
        rf"context (?:window|length) (?:is|of)(?: only)? {_NUMBER}",  # llama-cpp-python, oMLX, LM Studio, RKLLM
        rf"context length \({_NUMBER} tokens",  # SGLang
        rf"maximum allowed length \({_NUMBER} tokens",  # SGLang, where its memory is the bound
        rf"n_ctx: ?{_NUMBER}",  # LM Studio
        rf"max_new_tokens` must be <= {_NUMBER}",  # text-generation-inference
        rf"tokens > {_NUMBER} maximum",  # Anthropic
        rf"maximum number of tokens allowed \({_NUMBER}",  # Gemini
    )
]
_PROMPTS = [
    re.compile(pattern)
    for pattern in (
        rf"request \({_NUMBER} tokens",
        rf"requested tokens \({_NUMBER}\)",
        rf"resulted in (?:over )?{_NUMBER} tokens",
        rf"\({_NUMBER} in (?:the messages|your prompt)",
        rf"(?:has|contains)(?: at least)? {_NUMBER} input tokens",
        rf"input \({_NUMBER} tokens\)",
        rf"n_keep: ?{_NUMBER}",
        rf"keep the first {_NUMBER} tokens",
        rf"prompt is(?: too long:)? {_NUMBER} tokens",
        rf"prompt too long: {_NUMBER} tokens",
    )
]
_TOO_LONG = (
    "exceed_context_size_error",
    "context_length_exceeded",
    "contextwindowexceedederror",
    "exceeds the available context size",
    "greater than the context length",
    "context size has been exceeded",
    "prompt is too long",
    "prompt too long",
)
_MAY_BE_LENGTH = {None, 200, 400, 413, 422, 500}
"""Statuses of a prompt that is too long: llama.cpp and LM Studio have sent the error with 500, and with 200."""
_MOST_CHOICES = re.compile(r"(?:<=|at most|less than or equal to|maximum(?: value)?(?: of)?|up to) (\d{1,3})\b")
_ABOUT_N = re.compile(r"['\"`]n['\"`]")
_NO_MODEL = re.compile(r"model[^.\n]{0,120}(?:not found|not exist|unknown)|(?:unknown|invalid) model|no such model")


_HOLDING = ("error", "detail", "message")
"""Fields that hold the error object, at one server or another."""


def obstacle_of(exc: BaseException) -> Obstacle | None:
    """Say why a server did not answer; None where that is not known.

    Args:
        exc: What asking it raised.
    """
    status, fields, text = http_status_of(exc), fields_of(exc), error_text(exc)
    if status in _MAY_BE_LENGTH and (length := _length(fields, text)):
        return length
    return Obstacle(why=why, window=None, tokens=None) if (why := _why(exc, status, fields, text)) else None


def _why(exc: BaseException, status: int | None, fields: dict[str, Any], text: str) -> Why | None:
    if status == 503 and "loading" in text:
        return "loading"
    if status in (401, 403):
        return "key"
    if fields.get("code") == "model_not_found" or (status in (400, 404) and _NO_MODEL.search(text)):
        return "unknown_model"
    if status == 404:
        return "address"
    return "unreachable" if status is None and connection_problem(exc) else None


def fault_of(exc: BaseException) -> ErrorStatus | None:
    """Tell a server's refusal, and a limit of its, from other errors; None for these.

    Args:
        exc: What asking raised.
    """
    status, fields, body = http_status_of(exc), fields_of(exc), body_of(exc)
    if status == 429:  # whatever its words are about
        return "rate_limited"
    inner = [fields.get(name) for name in ("innererror", "metadata")]
    nested = [part.get(name) for part in inner if isinstance(part, dict) for name in ("code", "error_type")]
    codes = [status, *(fields.get(name) for name in ("code", "type", "status")), *nested]
    return error_status(codes, words_in(body)) if body is not None or status is not None else None


def most_choices(exc: BaseException) -> int | None:
    """Return how many answers a server gives to one request, where its refusal says so.

    llama.cpp's server gives as many as it has slots, which it only tells to whoever asks for more.
    """
    text = error_text(exc)
    about_n = fields_of(exc).get("param") == "n" or _ABOUT_N.search(text)
    match = _MOST_CHOICES.search(text) if about_n else None
    return int(match[1]) if match and int(match[1]) >= 1 else None


def sane_window(value: object) -> int | None:
    """Return a number of tokens that a window can hold; None for whatever else a server says."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if SMALLEST_WINDOW <= value <= LARGEST_WINDOW else None


def _length(fields: dict[str, Any], text: str) -> Obstacle | None:
    window = sane_window(fields.get("n_ctx")) or sane_window(_first(_WINDOWS, text))
    if window is None and not any(mark in text for mark in _TOO_LONG):
        return None
    tokens = fields.get("n_prompt_tokens")
    tokens = tokens if isinstance(tokens, int) and not isinstance(tokens, bool) else _first(_PROMPTS, text)
    sane = tokens if tokens is not None and 0 < tokens <= LARGEST_WINDOW else None
    return Obstacle(why="too_long", window=window, tokens=sane)


def _first(patterns: list[re.Pattern[str]], text: str) -> int | None:
    match = next(filter(None, (pattern.search(text) for pattern in patterns)), None)
    digits = match[1].replace(",", "") if match else ""
    return int(digits) if digits else None


def http_status_of(exc: BaseException) -> int | None:
    """Return the HTTP status that a server refused with, None where there was none."""
    status = getattr(exc, "status_code", None)
    return status if isinstance(status, int) else None


def fields_of(exc: BaseException) -> dict[str, Any]:
    """Return the error object that a server sent: LangChain raises one that came with status 200 as a ValueError's."""
    sent = body_of(exc)
    sent = sent[0] if isinstance(sent, list) and sent else sent
    sent = sent if isinstance(sent, dict) else {}
    return next((inner for name in _HOLDING if isinstance(inner := sent.get(name), dict)), sent)


def error_text(exc: BaseException) -> str:
    """Return what is said of an error, its server's words and what these are called included, in small letters."""
    try:
        words = plain(str(exc)[:_READ])
    except Exception:  # noqa: BLE001 - what cannot be printed says nothing
        words = ""
    names = [name for field in ("code", "type") if isinstance(name := fields_of(exc).get(field), str)]
    return one_line(" ".join([words, words_in(body_of(exc)), *names]), limit=2 * _READ).lower()
