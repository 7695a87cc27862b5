"""JSON, read and written fast, and more leniently where that fails."""

import json
from typing import Any

import orjson

from ..text import plain

_LENIENT = 2**20
"""Bytes that are read leniently: Python's own reader, and what it takes to mend halves, hold up all others."""


def read_json(body: bytes | str, *, halves: bool = False) -> Any:
    """Read JSON; None for whatever is none.

    orjson is strict: halves of surrogate pairs, which models write in pieces, and NaN, which servers write among
    logprobs, are read by Python's own reader.

    Args:
        body: What was sent.
        halves: Whether halves of surrogate pairs stay, because another piece may hold the other half.
    """
    try:
        return orjson.loads(body)
    except (orjson.JSONDecodeError, UnicodeError):
        if len(body) > _LENIENT:
            return None
        try:
            text = body.decode("utf-8-sig", "replace") if isinstance(body, bytes) else body
            sent = json.loads(text, strict=False)  # models write newlines as they are
        except (ValueError, RecursionError):
            return None
    return sent if halves else without_halves(sent)


def without_halves(sent: Any) -> Any:
    """Return read JSON in which no text holds half a surrogate pair, which requests and checkpoints do not take."""
    try:
        return json.loads(plain(json.dumps(sent, ensure_ascii=False)))
    except (ValueError, RecursionError):
        return None


def are_whole(arguments: str) -> bool:
    """Tell arguments of a call that came to their end: a JSON object, or none at all.

    Args:
        arguments: As a model wrote them. LangChain mends what was cut, and a tool would run with it.
    """
    try:
        return not arguments.strip() or isinstance(json.loads(arguments, strict=False), dict | None)
    except (ValueError, RecursionError):
        return False


def write_json(value: Any) -> bytes:
    """Write JSON; text that no encoding can carry is escaped.

    Raises:
        TypeError: Something in it is no JSON.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()
