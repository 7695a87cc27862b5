"""Ask a measure about texts, and trust it in nothing: it may be anybody's."""

import asyncio
from collections.abc import Sequence
from typing import cast

from langgraph.errors import GraphBubbleUp

from ..functions import is_cancelled, value_of
from ..run.records import Call
from ..text import one_line, printable
from .closed import ClosedAnswers
from .measures import Agreement, Measure, abstain, name_of

_AT_ONCE = 50_000
"""Characters that are compared on the event loop; more go to a thread."""
_PATIENCE = 60.0
"""Seconds after which a measure that hangs has failed."""


async def compare_texts(measure: Measure, texts: Sequence[str], *, seconds: float | None = None) -> Agreement:
    """Ask a measure; one that fails has nothing to say, and costs the run nothing.

    Args:
        measure: Which one.
        texts: What to compare; with fewer than two, nothing is asked.
        seconds: How long it may take at most; a minute is enough for any.
    """
    name = name_of(measure)
    if len(texts) < 2:
        return abstain(name, "fewer than two texts to compare")
    limit: float | None = _PATIENCE if seconds is None else min(seconds, _PATIENCE)
    if within := getattr(measure, "within", None):
        measure, limit = within(seconds), None  # it keeps the time itself, and tells what it cost
    try:
        async with asyncio.timeout(limit):
            if isinstance(measure, ClosedAnswers) and sum(map(len, texts)) <= _AT_ONCE:
                return _checked(measure(texts), texts)
            return _checked(await value_of(measure, texts), texts)
    except asyncio.CancelledError:
        if is_cancelled():
            raise
        return abstain(name, "it failed: CancelledError")  # not ours: it awaited what somebody else cancelled
    except GraphBubbleUp:
        raise
    except Exception as exc:  # noqa: BLE001 - a measure of somebody else's; the layer was paid for all the same
        return abstain(name, f"it failed: {type(exc).__name__}")


def compare_at_once(measure: Measure, texts: Sequence[str]) -> Agreement:
    """Ask a measure that need not be awaited, as `compare` does."""
    try:
        return _checked(measure(texts), texts)
    except Exception as exc:  # noqa: BLE001 - as above
        return abstain(name_of(measure), f"it failed: {type(exc).__name__}")


def _checked(result: object, texts: Sequence[str]) -> Agreement:
    """Trust no measure to return what it should.

    Raises:
        TypeError: It did not.
    """
    if not isinstance(result, dict) or not Agreement.__required_keys__ <= result.keys():
        raise TypeError("a measure returned something else than an Agreement")
    groups = sorted((sorted(group) for group in result["groups"]), key=lambda group: (-len(group), group))
    numbers = [number for group in groups for number in group]
    if any(type(number) is not int for number in numbers) or not set(numbers) <= set(range(len(texts))):
        raise TypeError("a measure named texts that there are not")
    if len(set(numbers)) != len(numbers) or not all(groups) or bool(groups) == bool(result["abstained"]):
        raise TypeError("a measure named a text twice, or found groups and abstained, or neither")
    if groups and result["representative"] not in groups[0]:
        raise TypeError("a measure's representative is not of the largest group")
    call, answer = result["call"], result["answer"]
    if call is not None and not (isinstance(call, dict) and Call.__required_keys__ <= call.keys()):
        raise TypeError("a measure's call is none")
    shown = one_line(printable(answer)) if isinstance(answer, str) else None
    return cast("Agreement", {**result, "groups": groups, "answer": shown})
