"""Steps of a check with a JSON Schema, counted and bounded: a limit of time would depend on who else is running."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

_MOST_STEPS = 150_000
"""Of one check, which are a second or two: 3,000 objects of ten properties take the half."""
_CHARACTERS_A_STEP = 500
"""Of an error, which shows the value."""
_ITEMS_A_STEP = 4
_DEEPEST_CHECK = 160
"""Rules within rules, up to 750 calls: at Python's own end, the Rust that looks references up would end the process."""


class TooManySteps(Exception):
    """End a check that has taken too long.

    Attributes:
        most: How many it might take.
    """

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class TooDeepCheck(Exception):
    """End a check that goes too deep."""


class _Steps:
    """Count the steps of one check, and how deep it is."""

    def __init__(self) -> None:
        self._most = self._rest = _MOST_STEPS
        self.depth = 0

    def spend(self, steps: int) -> None:
        self._rest -= steps
        if self._rest < 0:
            raise TooManySteps(self._most)


_STEPS: ContextVar[_Steps] = ContextVar("langgraph_moa_schema_steps")


@contextmanager
def counted_steps() -> Iterator[None]:
    """Let a check of a validator that counts take so many steps and no more.

    Raises:
        TooManySteps: It would take more.
        TooDeepCheck: It would go too deep.
    """
    before = _STEPS.set(_Steps())
    try:
        yield
    finally:
        _STEPS.reset(before)


@cache
def counting(dialect: Any) -> Any:
    """Return a validator whose every rule counts.

    Args:
        dialect: One of jsonschema's validators.
    """
    from jsonschema import validators

    rules = {**dialect.VALIDATORS, "uniqueItems": _unique}
    extend: Any = validators.extend
    return extend(dialect, validators={key: _counted(rule) for key, rule in rules.items()})


def _counted(rule: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
    def counted(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
        steps = _STEPS.get()
        items = sum(len(each) for each in (wanted, value) if isinstance(each, list | dict))
        steps.spend(1 + items // _ITEMS_A_STEP)
        if steps.depth >= _DEEPEST_CHECK:
            raise TooDeepCheck
        steps.depth += 1
        try:
            for error in rule(validator, wanted, value, schema) or ():
                steps.spend(len(error.message) // _CHARACTERS_A_STEP)
                yield error
        finally:
            steps.depth -= 1

    return counted


def _unique(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
    """Compare items in work that grows as they do: jsonschema's own grows as their square."""
    from jsonschema.exceptions import ValidationError

    if wanted and validator.is_type(value, "array") and len({_comparable(item) for item in value}) < len(value):
        yield ValidationError("found items that are the same, expected each once")


def _comparable(value: Any) -> Any:
    _STEPS.get().spend(1)
    if isinstance(value, dict):
        return "object", frozenset((key, _comparable(part)) for key, part in value.items())
    if isinstance(value, list | tuple):
        return "array", tuple(map(_comparable, value))
    return isinstance(value, bool), value
