"""Tell values of anybody's from each other by a text: equal ones have the same, and others never."""

import json
from collections.abc import Mapping, Set
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

_ADDRESS = " at 0x"
_NAMES: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


class NoSameness(Exception):
    """Say that a value cannot be told from others."""


def as_told_apart(value: Any) -> Any:
    """Return a value as JSON that says which it is.

    What shows no more of itself than its address gets a name for as long as it lives: another may stand at the same
    address later, or in another process.

    Args:
        value: Whatever somebody gave.

    Raises:
        NoSameness: It holds something that shows nothing and cannot be named, or itself.
    """
    try:
        return _told(value)
    except RecursionError:
        raise NoSameness from None


def _told(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {_text(name): _told(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_told(part) for part in value]
    if isinstance(value, Set):
        return {"set": sorted(map(_text, value))}
    shown = repr(value)
    return {type(value).__qualname__: _name_of(value) if _ADDRESS in shown else shown}


def _text(value: Any) -> str:
    return json.dumps(_told(value))


def _name_of(value: Any) -> str:
    try:
        return _NAMES.setdefault(value, uuid4().hex)
    except TypeError:  # it takes no weak reference, or is no key
        raise NoSameness from None
