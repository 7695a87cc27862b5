"""What a server sends instead of an answer, as exceptions: LangChain's own kinds, with the status and what came."""

import json
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
        problem: What kept a connection from coming about; None where there was one.
    """

    def __init__(self, message: str, status_code: int | None = None, body: Any = None) -> None:
        super().__init__(message)
        self.status_code, self.body = status_code, body
        self.retry_after: float | None = None
        self.url: str | None = None
        self.problem: str | None = None

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


def refusal(status: int, body: bytes, *, url: str, location: str | None, secrets: Iterable[str]) -> ServerError:
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
    sent = _struck(read_json(body), secrets)
    if not isinstance(sent, dict):
        text = _struck(body.decode("utf-8", "replace").strip(), secrets)
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
    if isinstance(sent, dict) and not (sent.get("error") or sent.get("object") == "error"):
        return sent
    if isinstance(sent, dict):
        sent = _struck(sent, secrets)
        error = sent.get("error") or sent
        message = error.get("message") if isinstance(error, dict) else None
        raise UnreadableAnswer(f"found an error in the answer's place: {message or error}", None, sent)
    text = _struck(body.decode("utf-8", "replace").strip(), secrets)
    kind = "a web page" if text.startswith("<") else "no JSON" if sent is None else "JSON that is no object"
    raise UnreadableAnswer(
        f"found {kind} in the answer's place, expected JSON of /chat/completions; is the base URL right? "
        f"{text[:_SHOWN]!r}",
        None,
        text[:_SHOWN],
    )


def _struck(sent: Any, secrets: Iterable[str]) -> Any:
    """Return an error, a text or read JSON, without the secrets that it repeats, however JSON spells them."""
    if isinstance(sent, str):
        for secret in filter(is_secret, secrets):
            sent = sent.replace(secret, "[redacted]")
        return sent
    spelt = [json.dumps(secret, ensure_ascii=False)[1:-1] for secret in secrets if is_secret(secret)]
    return json.loads(_struck(json.dumps(sent, ensure_ascii=False), spelt))


def _kind(status: int) -> type[ServerError]:
    return _KINDS.get(status) or (_Failed if status >= 500 else _InvalidRequest)
