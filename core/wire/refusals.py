"""What a server sends instead of an answer, as exceptions: LangChain's own kinds, with the status and what came."""

from collections.abc import Iterable, Mapping
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

from ..text import is_secret, one_line
from .connections import bare_url
from .parsing import read_json

_SHOWN = 500
"""Characters of an answer that is no error of the API, as a web page."""


class ServerError(ModelError):
    """Say that a server gave no answer, and what it gave instead.

    Each is one of LangChain's `ModelError`s, too, by its status: `except ModelRateLimitError` works as with any other
    chat model.

    Attributes:
        status_code: The HTTP status; None where there was none, or an error came in an answer's place.
        body: What the server sent: JSON as Python has it, else text.
        is_retryable: Whether the same request may do later.
        retry_after: After how many seconds, where the server said so.
        url: The base URL that was asked, without secrets.
    """

    def __init__(self, message: str, status_code: int | None = None, body: Any = None) -> None:
        super().__init__(message)
        self.status_code, self.body = status_code, body
        self.retry_after: float | None = None
        self.url: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.status_code, self.body)


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


def refusal(status: int, body: bytes, *, url: str, location: str | None, secrets: Iterable[str]) -> ServerError:
    """Return what a status that is no success stands for.

    Args:
        status: The HTTP status.
        body: What came with it.
        url: What was asked.
        location: Where it was redirected to.
        secrets: What is struck from it: servers repeat the keys that they refuse.
    """
    if 300 <= status < 400:
        where = f" to {one_line(bare_url(location), limit=200)}" if location else ""
        return _InvalidRequest(
            f"found a redirect (HTTP {status}){where} at {bare_url(url)}, expected an answer; keys and prompts do not "
            "follow redirects: give the new address as the base URL, if it is to be trusted",
            status,
        )
    body = struck(body, secrets)
    sent = read_json(body)
    if not isinstance(sent, dict):
        text = body.decode("utf-8", "replace").strip()
        return _kind(status)(f"Error code: {status} - {text[:_SHOWN]!r}", status, text[:_SHOWN])
    message = f"Error code: {status} - {sent}"
    inner = sent.get("error")
    is_too_long = isinstance(inner, dict) and inner.get("code") == "context_length_exceeded"
    return (_ContextOverflow if is_too_long else _kind(status))(message, status, sent)


def check_answer(body: bytes, secrets: Iterable[str]) -> dict[str, Any]:
    """Return the object that came with a status of success.

    Args:
        body: What came, of a whole answer or of one piece of a streamed one.
        secrets: What is struck from it where it is an error; an answer is never changed.

    Raises:
        UnreadableAnswer: It is an error, or nothing of the API's.
    """
    sent = read_json(body)
    if isinstance(sent, dict) and not sent.get("error"):
        return sent
    cleaned = struck(body, secrets)
    if isinstance(sent, dict):
        sent = read_json(cleaned)
        error = sent["error"]
        message = error.get("message") if isinstance(error, dict) else None
        raise UnreadableAnswer(f"found an error in the answer's place: {message or error}", None, sent)
    text = cleaned.decode("utf-8", "replace").strip()
    kind = "a web page" if text.startswith("<") else "no JSON" if sent is None else "JSON that is no object"
    raise UnreadableAnswer(
        f"found {kind} in the answer's place, expected one of /chat/completions: {text[:_SHOWN]!r}", None, text[:_SHOWN]
    )


def struck(body: bytes, secrets: Iterable[str]) -> bytes:
    """Return an error's bytes without the secrets that it repeats."""
    for secret in filter(is_secret, secrets):
        body = body.replace(secret.encode(), b"[redacted]")
    return body


def _kind(status: int) -> type[ServerError]:
    return _KINDS.get(status) or (_Failed if status >= 500 else _InvalidRequest)
