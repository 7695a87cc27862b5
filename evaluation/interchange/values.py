"""Make values of other forms JSON: texts that any encoding carries, numbers that JSON has, dates and bytes as text."""

import math
from base64 import b64encode
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from ...core.errors import ConfigError
from ...core.text import one_line, plain, printable
from .losses import Losses

JsonItem = dict[str, Any]
"""A question, a record of answers, or a batch's row, as a line of the project's own files holds it."""


def as_json(value: Any, losses: Losses) -> Any:
    """Return a value as JSON has it; what JSON cannot hold becomes the nearest that it can, and is counted.

    Args:
        value: What was read, nested or not.
        losses: Where that is counted.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        whole = plain(value)
        losses.add("half of a character, which no encoding carries, became U+FFFD", int(whole != value))
        return whole
    if isinstance(value, float):
        return _number(value, losses)
    if isinstance(value, Mapping):
        return {plain(str(key)): as_json(part, losses) for key, part in value.items()}
    if isinstance(value, list | tuple | set):
        return [as_json(part, losses) for part in value]
    if isinstance(value, bytes | bytearray | memoryview):
        losses.add("bytes, which JSON does not have, became text in base64")
        return b64encode(bytes(value)).decode("ascii")
    if isinstance(value, datetime | date | time):
        losses.add("a date or a time, which JSON does not have, became text")
        return value.isoformat()
    losses.add(f"a value of the type {type(value).__name__}, which JSON does not have, became text")
    return plain(str(value))


def shown_value(value: object) -> str:
    """Return a value as a message can show it."""
    return one_line(printable(repr(value)), limit=60)


def unreadable(name: str, why: object, expected: str) -> ConfigError:
    """Return what to raise where a file cannot be read.

    Args:
        name: What messages call the file.
        why: What was found.
        expected: What it should be.
    """
    reason = (why.strerror if isinstance(why, OSError) else None) or str(why) or type(why).__name__
    return ConfigError(
        f"{name} cannot be read: {one_line(printable(reason), limit=160)}; expected {expected}; get the file again, or "
        "name the form that it has with --from"
    )


def _number(value: float, losses: Losses) -> Any:
    if math.isnan(value):
        losses.add("NaN, which JSON does not have, became null")
        return None
    if math.isinf(value):
        losses.add("an infinite number, which JSON does not have, became text")
        return "Infinity" if value > 0 else "-Infinity"
    return value
