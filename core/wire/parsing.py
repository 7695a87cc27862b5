"""JSON, read and written fast, and more leniently where that fails."""

import json
from typing import Any

import orjson


def read_json(body: bytes) -> Any:
    """Read JSON; None for whatever is none.

    orjson is strict: halves of surrogate pairs, which models write in pieces, and NaN, which servers write among
    logprobs, are read by Python's own reader.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            return json.loads(body.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError):
            return None


def write_json(value: Any) -> bytes:
    """Write JSON; text that no encoding can carry is escaped.

    Raises:
        TypeError: Something in it is no JSON.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()
