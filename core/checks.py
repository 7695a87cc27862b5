"""Refuse options that could not mean anything, in one sentence each, before any model is called."""

import sys
from json import JSONDecodeError

from .errors import ConfigError

MOST_LAYERS = MOST_SAMPLES = 100
"""What a graph can hold and a reader still follow."""
_MOST = 1_000_000_000
"""Where other options end: none of them means as much."""


def check_number(
    option: str,
    value: object,
    *,
    minimum: float | None = None,
    above: float | None = None,
    most: int | None = None,
    whole: bool = False,
    where: str = "",
) -> None:
    """Refuse anything but a number within bounds, a `whole` one for counts.

    Raises:
        ConfigError: It is something else.
    """
    most = most or _MOST
    if isinstance(value, int if whole else (int, float)) and not isinstance(value, bool) and value <= most:
        if minimum is not None and value >= minimum:
            return
        if above is not None and value > above:
            return
    bound = f"from {minimum}" if minimum is not None else f"above {above}"
    is_beyond = isinstance(value, int | float) and value > most
    bound += f" to {most:,}" if most < _MOST or is_beyond else ""
    raise ConfigError(f"found {option}={value!r}{where}, expected a {'whole ' if whole else ''}number {bound}")


def refuse_long_number(exc: Exception, where: str) -> None:
    """Refuse JSON that has a number of more digits than Python reads; what is no JSON is the caller's to refuse.

    Args:
        exc: Why it was not read.
        where: Where it stands.

    Raises:
        ConfigError: It was for such a number.
    """
    if isinstance(exc, ValueError) and not isinstance(exc, JSONDecodeError | UnicodeError):
        raise ConfigError(
            f"found a number of more than {sys.get_int_max_str_digits():,} digits {where}, expected fewer; write it as "
            "text, in quotes"
        ) from exc
