"""What a server sends instead of an answer, as exceptions: LangChain's own kinds, with the status and what came."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)

from ..media.refusals import kinds_refused
from ..text import is_secret, one_line, strike_out
from .connections import bare_url
from .parsing import read_json, without_halves
from .wording import error_in, plain_error_in, words_in

_SHOWN = 500
"""Characters of an answer that is no error of the API, as a web page."""
_LOOKED_AT = 20_000
"""Bytes of it that are looked at for them."""
_PASSING = {408, 409, 429}
"""Statuses below 500 after which the same request may do."""
_STATUS_FIELDS = ("code", "status", "status_code", "statusCode", "http_status", "error_code", "type")
_STATUSES = {str(status) for status in range(400, 600)}
_STATUS_WORDS = {
    **dict.fromkeys(("rate_limit_exceeded", "rate_limit_error", "resource_exhausted", "too_many_requests"), 429),
    **dict.fromkeys(
        ("insufficient_quota", "quota_exceeded", "usage_limit_reached", "rate_limited", "throttlingexception"), 429
    ),
    **dict.fromkeys(("authentication_error", "invalid_api_key", "unauthenticated"), 401),
    **dict.fromkeys(("overloaded_error", "unavailable", "service_unavailable", "overloaded"), 503),
}
"""How errors are called that have no number."""


class ServerError(ModelError):
    """Say that a server gave no answer, and what it gave instead.

    Each is one of LangChain's `ModelError`s, too, by its status: `except ModelRateLimitError` works as with any other
    chat model.

    Attributes:
        status_code: The HTTP status, or the one that an error names which came with success; None where there is none.
        body: What the server sent: JSON as Python has it, else text.
        is_retryable: Whether the same request may do later.
        retry_after: After how many seconds, where the server said so.
        waits: In words how long that is, where it is longer than may be waited; the message ends in them.
        url: The base URL that was asked, without secrets.
        problem: What kept a connection from coming about; None where there was one.
        has_begun: Whether part of an answer came before it, which may have been billed.
        was_billed: Whether it may have been billed, where no status says that it was refused.
    """

    def __init__(self, message: str, status_code: int | None = None, body: Any = None) -> None:
        super().__init__(message)
        self.status_code, self.body = status_code, body
        self.retry_after: float | None = None
        self.waits: str | None = None
        self.url: str | None = None
        self.problem: str | None = None
        self.has_begun, self.was_billed = False, True

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.status_code, self.body), vars(self)


class ServerUnreachable(ServerError, ModelConnectionError):
    """Say that no connection came about, or one was lost."""


class ServerTimeout(ServerError, ModelTimeoutError, TimeoutError):
    """Say that a server took longer than it may."""


class UnreadableAnswer(ServerError, ModelAPIError):
    """Say that what came back with success is no answer of the API."""

    is_retryable = False


class _InvalidRequest(ServerError, ModelInvalidRequestError): ...


class _ContextOverflow(ServerError, ContextOverflowError): ...


class _NotAuthenticated(ServerError, ModelAuthenticationError): ...


class _PermissionDenied(ServerError, ModelPermissionDeniedError): ...


class _NotFound(ServerError, ModelNotFoundError): ...


class _RateLimited(ServerError, ModelRateLimitError): ...


class _Failed(ServerError, ModelAPIError): ...


_KINDS: Mapping[int, type[ServerError]] = {
    401: _NotAuthenticated,
    403: _PermissionDenied,
    404: _NotFound,
    429: _RateLimited,
}


def refusal(status: int, body: bytes, *, url: str, location: str | None, secrets: Collection[str]) -> ServerError:
    """Return what a status that is no success stands for.

    Args:
        status: The HTTP status.
        body: What came with it.
        url: What was asked.
        location: Where it was redirected to.
        secrets: What is struck from it: servers repeat the keys that they refuse.
    """
    if 300 <= status < 400 and location:
        where = f" to {one_line(bare_url(location), limit=200)}"
        return _InvalidRequest(
            f"found a redirect (HTTP {status}){where} at {bare_url(url)}, expected an answer; keys and prompts do not "
            "follow redirects: give the new address as the base URL, if it is to be trusted",
            status,
        )
    sent = struck(read_json(body), secrets)
    if isinstance(sent, dict | list):
        return _failure(status, sent, secrets)
    text = struck(body.decode("utf-8", "replace").strip(), secrets)
    failure = _failure(status, text, secrets)
    failure.body = text[:_SHOWN]
    return failure


def check_answer(body: bytes, secrets: Collection[str], *, halves: bool = False) -> dict[str, Any]:
    """Return the object that came with a status of success.

    Args:
        body: What came, of a whole answer or of one piece of a streamed one.
        secrets: What is struck from it where it is an error; an answer is never changed.
        halves: Whether halves of surrogate pairs stay in it.

    Raises:
        ServerError: It is an error, of its own status where it has one, or nothing of the API's.
    """
    sent = read_json(body, halves=halves)
    if isinstance(sent, dict):
        return check_object(sent, secrets)
    text = struck(body[:_LOOKED_AT].decode("utf-8", "replace").strip(), secrets)
    if isinstance(sent, list):
        check_list(sent, secrets)
    kind = "a web page" if text.startswith("<") else "no JSON" if sent is None else "JSON that is no object"
    raise UnreadableAnswer(
        f"found {kind} in the answer's place, expected JSON of /chat/completions; is the base URL right? "
        f"{text[:_SHOWN]!r}",
        None,
        text[:_SHOWN],
    )


def check_object(sent: dict[str, Any], secrets: Collection[str], *, has_ended: bool = False) -> dict[str, Any]:
    """Return an object that is no error.

    Args:
        sent: What came.
        secrets: What is struck from it where it is an error.
        has_ended: Whether an answer came to its end before it, so that only what is called an error is one.

    Raises:
        ServerError: It is an error, of its own status where it has one.
    """
    error = plain_error_in(sent) if has_ended else error_in(sent)
    if error is None:
        return sent
    raise _error_inside(without_halves(error), secrets)


def check_list(sent: list[Any], secrets: Collection[str]) -> None:
    """Refuse a list that holds an error, as Gemini sends one.

    Raises:
        ServerError: It does.
    """
    if (failure := _error_inside(sent, secrets)).status_code:
        raise failure


def check_first(choice: Mapping[str, Any], secrets: Collection[str]) -> None:
    """Refuse a choice that holds an error in the place of its answer, as OpenRouter sends one.

    Raises:
        ServerError: It does.
    """
    if choice.get("error"):
        raise _error_inside(without_halves({"error": choice["error"]}), secrets)


def _error_inside(sent: Any, secrets: Collection[str]) -> ServerError:
    """Return what an error stands for that came with success: that of its own status, where it has one."""
    sent = struck(sent, secrets)
    if status := status_in(sent):
        failure = _failure(status, sent, secrets)
        failure.is_retryable = may_pass(status, str(failure))
        return failure
    words = struck(words_in(sent), secrets) or one_line(str(sent), limit=_SHOWN)
    return UnreadableAnswer(f"found an error in the answer's place: {words}", None, sent)


def _failure(status: int, sent: Any, secrets: Collection[str]) -> ServerError:
    """Return the exception of a status, with the server's own words."""
    inner = sent.get("error") if isinstance(sent, dict) else None
    is_too_long = isinstance(inner, dict) and inner.get("code") == "context_length_exceeded"
    words = struck(words_in(sent), secrets)
    message = f"Error code: {status} - {words}" if words else f"Error code: {status}"
    return (_ContextOverflow if is_too_long else _kind(status))(message, status, sent)


def status_in(sent: Any) -> int | None:
    """Return the status that an error names, as a number or in a word; None where it names none.

    Args:
        sent: Read JSON.
    """
    if isinstance(sent, list):
        sent = sent[0] if sent else None
    if not isinstance(sent, dict):
        return None
    inner: dict[str, Any] = next(
        (sent[name] for name in ("error", "detail", "message") if isinstance(sent.get(name), dict)), {}
    )
    for value in (each.get(name) for each in (inner, sent) for name in _STATUS_FIELDS):
        status = _as_status(value)
        if status:
            return status
    return None


def _as_status(value: object) -> int | None:
    if isinstance(value, str):
        value = int(value) if value in _STATUSES else _STATUS_WORDS.get(value.lower())
    return value if isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600 else None


def struck(sent: Any, secrets: Collection[str]) -> Any:
    """Return an error, a text or read JSON, without the secrets that it repeats, however these are spelt.

    Args:
        sent: What came.
        secrets: Keys and headers, or words in their place, which stay.
    """
    if isinstance(sent, str):
        return strike_out(sent, secrets)
    if not any(map(is_secret, secrets)):
        return sent
    text = strike_out(json.dumps(sent, ensure_ascii=False), secrets)
    struck_json = read_json(text)
    return text if struck_json is None else struck_json


def may_pass(status: int, words: str = "") -> bool:
    """Tell a status after which the same request may do; llama.cpp's server refuses a picture with 500.

    Args:
        status: The status.
        words: What the server says beside it.
    """
    return status in _PASSING or (status >= 500 and not kinds_refused(words))


def _kind(status: int) -> type[ServerError]:
    return _KINDS.get(status) or (_Failed if status >= 500 else _InvalidRequest)
