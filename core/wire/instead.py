"""Tell an error that came with success, in an answer's place or in mid stream, however its server says so."""

from collections.abc import Iterator, Mapping
from typing import Any

_SAYING = ("message", "detail", "errors", "msg", "error_msg", "error_message", "errorMessage")
"""What says in an answer without choices that it is an error."""
_SUCCESS = {"", "0", "200", "ok", "success", "successful", "succeeded", "none", "null"}
"""What servers say, and number, where nothing went wrong."""
_CODES = ("code", "status", "status_code", "statusCode", "error_code")
_BLOCKED = ("promptFeedback", "prompt_feedback")
_DEPTH = 4
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
    for name in _SAYING:
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
    elif isinstance(results, dict | list) and depth < _DEPTH:
        parts = results.items() if isinstance(results, dict) else ((name, part) for part in results)
        for inner, part in parts:
            yield from _filtered(part, str(inner), depth + 1)
