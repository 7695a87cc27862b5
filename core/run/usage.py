"""What a server says that it counted, checked once where it comes in: whole and possible figures, or nothing at all.

Servers, gateways and models of anybody's send fractions, texts, figures that exceed each other, and thinking in the
total only. A figure that is too low would be paid for; one that is not known is bounded by the budget.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from itertools import pairwise
from typing import Any, cast

from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata, add_usage

_MOST_TOKENS = 10**9
_LONGEST_FIGURE = 32
"""Characters of a number that is written as text."""
_FIGURES = ("input_tokens", "output_tokens", "total_tokens")
TIERS = ("priority", "flex")
"""How langchain-openai calls what was priced otherwise, alone and before the name of a part."""


def _spellings(*names: str) -> frozenset[str]:
    return frozenset([*TIERS, *(f"{prefix}{name}" for prefix in ("", "priority_", "flex_") for name in names)])


_OF_INPUT = _spellings(
    "audio", "cache_read", "cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"
)
_OF_OUTPUT = _spellings("audio", "reasoning")
_MOST_REPEATED = 3
"""Pieces of a text after which a count that never grew, and is lower than their number, is each one's own."""


def checked_usage(usage: object) -> UsageMetadata | None:
    """Return what was counted, in whole numbers that agree with each other; None where that is not known.

    What only the total holds is output: thinking is billed so, wherever it is told.

    Args:
        usage: What stands in a message's `usage_metadata`, whoever wrote it.
    """
    if not isinstance(usage, Mapping):
        return None
    try:
        return _checked(usage)
    except (ValueError, RecursionError):  # a figure is there, and can be none
        return None


def sums(usages: Iterable[object]) -> UsageMetadata | None:
    """Add up what several messages cost; None where that is not known of one of them, or where there are none.

    Args:
        usages: Their usage, as it came in.
    """
    checked = [checked_usage(usage) for usage in usages]
    certain = [usage for usage in checked if usage is not None]
    return reduce(add_usage, certain) if certain and len(certain) == len(checked) else None


class StreamedUsage:
    """Follow what a server counts while it streams: it tells how much so far, over and over, and may once more."""

    def __init__(self) -> None:
        self._largest: UsageMetadata | None = None
        self._is_whole = False
        """Whether nothing was said since it last counted."""
        self._is_counted = True
        """The same, whatever it counted."""
        self._prompts = 0
        """How often the prompt was counted."""
        self._in_pieces: list[int] = []
        """The output so far, as each piece of the answer told it that told any."""

    def note(self, usage: object, *, says: bool) -> None:
        """Take what one event holds.

        Args:
            usage: What it tells of usage, as a message's `usage_metadata`; None where it tells nothing.
            says: Whether it adds to the answer.
        """
        if says:
            self._is_whole = self._is_counted = False
        if not isinstance(usage, Mapping) or not any(map(usage.get, _FIGURES)):  # zeros are no count
            return
        self._is_counted = True
        self._prompts += bool(usage.get("input_tokens"))
        checked = checked_usage(usage)
        self._is_whole = checked is not None
        if checked is None:
            return
        if says:
            self._in_pieces.append(checked["output_tokens"])
        if self._largest is None or checked["total_tokens"] >= self._largest["total_tokens"]:
            self._largest = checked

    @property
    def is_repeated(self) -> bool:
        """Tell whether the prompt was counted more than once: what is added up is too high then."""
        return self._prompts > 1

    @property
    def is_left_behind(self) -> bool:
        """Tell whether the answer went on after the last count."""
        return self._prompts > 0 and not self._is_counted

    @property
    def usage(self) -> UsageMetadata | None:
        """Return what the whole answer took; None where it went on after the last count, or each piece had its own."""
        pieces, largest = self._in_pieces, self._largest
        if not self._is_whole or largest is None:
            return None
        shrinks = any(later < earlier for earlier, later in pairwise(pieces))
        never_grew = len(pieces) >= _MOST_REPEATED and largest["output_tokens"] == pieces[0] < len(pieces)
        return None if shrinks or never_grew else largest


def thought_tokens(usage: UsageMetadata | None) -> int:
    """Return how many tokens of an answer were thinking, as far as its server said, of each tier of service."""
    details = (usage.get("output_token_details") or {}) if usage else {}
    return sum(count for name, count in details.items() if name.endswith("reasoning") and isinstance(count, int))


def _checked(usage: Mapping[Any, Any]) -> UsageMetadata | None:
    read, written, total = (_count(usage.get(name)) for name in _FIGURES)
    if not read or (written is None and total is None):  # no prompt is empty
        return None
    output = written or 0
    total = read + output if total is None else total
    inputs = _details(usage.get("input_token_details"), _OF_INPUT)
    outputs = _details(usage.get("output_token_details"), _OF_OUTPUT)
    rest = total - read - output
    if rest > 0 and written is not None:
        name = next((name for name in outputs if name.endswith("reasoning")), "reasoning")
        outputs[name] = max(outputs.get(name, 0), rest)
    output += max(rest, 0)
    if rest < 0 or max(inputs.values(), default=0) > read or max(outputs.values(), default=0) > output:
        return None
    checked = UsageMetadata(input_tokens=read, output_tokens=output, total_tokens=total)
    if inputs:
        checked["input_token_details"] = cast("InputTokenDetails", inputs)
    if outputs:
        checked["output_token_details"] = cast("OutputTokenDetails", outputs)
    return checked


def _details(details: object, names: Collection[str]) -> dict[str, int]:
    """Return the parts of a figure that are known by these names; what else is told of it counts nothing."""
    if not details or not isinstance(details, Mapping):
        return {}
    counts = {name: _count(count) for name, count in details.items() if name in names}
    return {name: count for name, count in counts.items() if count is not None}


def _count(value: object) -> int | None:
    """Return a number of tokens, however it is written; None where there is none.

    Raises:
        ValueError: It can be no number of tokens.
    """
    if value is None or (type(value) is int and 0 <= value <= _MOST_TOKENS):
        return value
    if isinstance(value, str) and len(value) <= _LONGEST_FIGURE:
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST_TOKENS:
        raise ValueError("found no number of tokens")
    if value != int(value):
        raise ValueError("found a part of a token")
    return int(value)
