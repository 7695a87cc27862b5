"""What a server sends instead of an answer: how it is told, and its words, as JSON of any shape, a page, a text."""

import html
import re
import string
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ..text import one_line, plain
from .parsing import read_json

_LONGEST = 500
"""Characters that are told."""
_READ = 20_000
"""Characters of one text that are looked at: a web page has its styles before its words."""
_DEPTH, _ITEMS = 8, 5
"""How deep words are looked for, and among how many of a list."""
_FIELDS = 50
"""Fields of an object, or elements of a web page, that are looked at."""
_MOST = 8
"""Texts that are told of one error."""
_SAYING = (
    *("message", "detail", "title", "msg", "error", "errors", "error_message", "errormessage", "error_msg"),
    *("error_description", "error_details", "description", "reason", "details", "exception", "cause"),
    *("fault", "faultstring", "raw", "metadata", "text", "body", "response"),
)
"""Fields that say what is wrong, or hold those that do; the first are the clearest."""
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
"""As long as before, which `lower()` does not keep to."""
_TAG = re.compile(r"<[^<>]{0,1000}>")
_UNSEEN = ("script", "style", "title")


def words_in(body: object) -> str:
    """Return a server's own words in one line, or as much of what it sent as fits; empty where it sent nothing.

    Args:
        body: What it sent: bytes, a text, or read JSON.
    """
    texts: list[str] = []
    for text in _texts(body, 0):
        if text and not any(text in other for other in texts):
            texts = [*(other for other in texts if other not in text), text]
        if len(texts) >= _MOST:
            break
    return one_line("; ".join(texts), limit=_LONGEST)


def body_of(exc: BaseException) -> object:
    """Return what a server sent, of an exception of any client: read JSON or a text; None where it is not known.

    Args:
        exc: What asking raised.
    """
    if (body := getattr(exc, "body", None)) is not None:
        return body
    try:
        text = exc.response.text  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - whoever has none, or has not read it, says so in ways of their own
        text = None
    return text if isinstance(text, str) else next((arg for arg in exc.args if isinstance(arg, dict | list)), None)


def _texts(value: object, depth: int) -> Iterator[str]:
    """Yield the texts that say something, each in one line."""
    if isinstance(value, bytes | bytearray):
        value = bytes(value[: 4 * _READ]).decode("utf-8", "replace")
    if isinstance(value, str):
        yield from _of_text(value[:_READ], depth, is_cut=len(value) > _READ)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif depth < _DEPTH and isinstance(value, list | tuple):
        for item in value[:_ITEMS]:
            yield from _texts(item, depth + 1)
    elif depth < _DEPTH and isinstance(value, dict):
        yield from _of_fields(value, depth)


def _of_text(text: str, depth: int, *, is_cut: bool) -> Iterator[str]:
    """Yield what a text says: as JSON in it does, as a web page shows it, or as it is."""
    begins = text.lstrip()[:1]
    inner = read_json(text) if begins in ("{", "[") and not is_cut and depth < _DEPTH else None
    says = list(_texts(inner, depth + 1)) if isinstance(inner, dict | list) else []
    if says:
        yield from says
    else:
        yield one_line(plain(_shown(text) if begins == "<" else text), limit=_LONGEST)


def _of_fields(sent: dict[Any, Any], depth: int) -> Iterator[str]:
    """Yield what an object says; an invalid field of a request is told with where it stands, as FastAPI does."""
    named = {str(name)[:40].lower(): value for name, value in islice(sent.items(), _FIELDS)}
    where, is_silent = _place(named.get("loc")), True
    for name in _SAYING:
        if isinstance(value := named.get(name), str | dict | list):
            for text in filter(None, _texts(value, depth + 1)):
                is_silent = False
                yield f"{where}: {text}" if where else text
    if is_silent:
        others = ((name, value) for name, value in named.items() if name not in _SAYING)
        for name, value in islice(others, _ITEMS):
            for text in filter(None, _texts(value, depth + 1)):
                yield f"{one_line(plain(name))}: {text}"


def _place(loc: object) -> str:
    """Return where in a request a field stands, as `body.stream_options`."""
    parts = loc if isinstance(loc, list | tuple) else []
    names = [one_line(plain(str(part)), limit=40) for part in parts[:_ITEMS] if isinstance(part, str | int)]
    return ".".join(names)


def _shown(page: str) -> str:
    """Return what a web page shows: its title, then its words."""
    title = _element(page, "title", 0)[0]
    for name in _UNSEEN:
        page = _without(page, name)
    words = [html.unescape(_TAG.sub(" ", part)[: 4 * _LONGEST]) for part in (title, page)]
    shown, rest = (" ".join(part.split()) for part in words)
    return rest if shown in rest else "; ".join(filter(None, [shown, rest]))


def _element(page: str, name: str, start: int) -> tuple[str, int, int]:
    """Return what stands in the next element of a name, and where it begins and ends; -1 where there is none."""
    lower = page.translate(_LOWER)
    at = lower.find(f"<{name}", start)
    opened = lower.find(">", at) + 1 if at >= 0 else 0
    if not opened:
        return "", -1, -1
    closed = lower.find(f"</{name}", opened)
    end = lower.find(">", closed) + 1 if closed >= 0 else 0
    return page[opened : closed if closed >= 0 else len(page)], at, end or len(page)


def _without(page: str, name: str) -> str:
    """Return a page without its elements of a name, as far as there are some in what is looked at."""
    parts, start = [], 0
    for _ in range(_FIELDS):
        _, at, end = _element(page, name, start)
        if at < 0:
            break
        parts.append(page[start:at])
        start = end
    return "".join([*parts, page[start:]])


_INSTEAD = ("message", "detail", "errors", "msg", "error_msg", "error_message", "errorMessage")
"""What says in an answer without choices that it is an error."""
_SUCCESS = {"", "0", "200", "ok", "success", "successful", "succeeded", "none", "null"}
"""What servers say, and number, where nothing went wrong."""
_CODES = ("code", "status", "status_code", "statusCode", "error_code")
_BLOCKED = ("promptFeedback", "prompt_feedback")
_FILTER_DEPTH = 4
"""How deep a filter's findings are looked for."""


def choices_of(sent: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a server sends as choices, as far as it is some.

    Args:
        sent: What came.
    """
    choices = sent.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []


def error_in(sent: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return an error as its server sent it, with what says so under `error`; None where there is none.

    Args:
        sent: What came.
    """
    if error := plain_error_in(sent):
        return error
    if choices_of(sent):
        return None
    if blocked := _blocked(sent):
        return {"error": {"code": blocked[0], "message": blocked[1]}}
    return sent if _says_so(sent) else None


def plain_error_in(sent: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return an error that is called one, which it is wherever it comes; None where there is none.

    Args:
        sent: What came.
    """
    if sent.get("error") or sent.get("object") == "error" or sent.get("type") == "error":
        return sent
    groq, base = sent.get("x_groq"), sent.get("base_resp")
    if isinstance(groq, dict) and groq.get("error"):
        return {"error": groq["error"]}
    if isinstance(base, dict) and not _is_success(base.get("status_code")):  # MiniMax
        return {"error": {"code": base["status_code"], "message": base.get("status_msg")}}
    return None


def _says_so(sent: Mapping[str, Any]) -> bool:
    """Tell whether what holds no choices says what went wrong, or that something did."""
    for name in _INSTEAD:
        value = sent.get(name)
        is_message = isinstance(value, dict) and "content" in value  # Ollama's own, for one
        if value and not _is_success(value) and not is_message:
            return True
    return sent.get("success") is False or any(_is_fault(sent.get(name)) for name in _CODES)


def _is_success(value: object) -> bool:
    """Tell a code or word that tells of no fault; where there is none, there is none."""
    return value is None or (isinstance(value, str | int) and str(value).strip().lower().rstrip(".!") in _SUCCESS)


def _is_fault(value: object) -> bool:
    """Tell a status of HTTP's that stands for an error."""
    if isinstance(value, str) and len(value) == 3 and value.isdecimal():
        value = int(value)
    return isinstance(value, int) and 400 <= value < 600


def _blocked(sent: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the code and words of a filter that let nothing be written: Azure's, or Gemini's."""
    names = list(_filtered(sent.get("prompt_filter_results"), "prompt", 0))
    if names:
        return "content_filter", f"the prompt was filtered: {', '.join(dict.fromkeys(names))}"
    feedback: dict[str, Any] = next((sent[name] for name in _BLOCKED if isinstance(sent.get(name), dict)), {})
    reason = feedback.get("blockReason") or feedback.get("block_reason")
    return (reason, f"the prompt was blocked: {reason}") if isinstance(reason, str) else None


def _filtered(results: object, name: str, depth: int) -> Iterator[str]:
    """Yield the names of what a filter found."""
    if isinstance(results, dict) and results.get("filtered") is True:
        yield name
    elif isinstance(results, dict | list) and depth < _FILTER_DEPTH:
        parts = results.items() if isinstance(results, dict) else ((name, part) for part in results)
        for inner, part in parts:
            yield from _filtered(part, str(inner), depth + 1)
