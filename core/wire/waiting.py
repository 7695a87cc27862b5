"""How long a server asks to wait before it is asked again."""

import email.utils
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..clock import unix_time
from .refusals import ServerError

LONGEST_ASKED = 120.0
"""Seconds: the most that a server may ask to wait."""


def jitter() -> float:
    """Return a factor that keeps many from asking at the same moment."""
    return 1 - random.random() / 4  # noqa: S311 - no secret


@contextmanager
def waiting(headers: Mapping[str, str], longest: float) -> Iterator[None]:
    """Say of an error that came with success how long its server asks to wait.

    Args:
        headers: Those that it came with.
        longest: How long may be waited.
    """
    try:
        yield
    except ServerError as failure:
        if failure.status_code is not None:
            to_wait(failure, headers, longest)
        raise


def to_wait(failure: ServerError, headers: Mapping[str, str], longest: float) -> ServerError:
    """Return a failure with how long its server asks to wait; nobody is to where that is too long.

    Args:
        failure: What is returned.
        headers: Those that it came with.
        longest: How long may be waited.
    """
    failure.retry_after = seconds = retry_after(headers)
    if seconds and seconds > longest:
        failure.is_retryable, failure.waits = False, asks_to_wait(seconds, longest)
        failure.args = (f"{failure}; {failure.waits}",)
    return failure


def asks_to_wait(seconds: float, longest: float = LONGEST_ASKED) -> str:
    """Say how long a server asks to wait.

    Args:
        seconds: What it asks for.
        longest: How long may be waited.
    """
    late = ", longer than the call may take" if seconds > longest else ""
    return f"the server asks to wait {seconds:,.0f} s{late}" if seconds >= 1 else f"the server asks to wait{late}"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how long a server asks to wait, in milliseconds, seconds or as a date (RFC 9110, section 10.2.3).

    Args:
        headers: Those of its answer.

    Returns:
        Seconds above 0; None where it does not say.
    """
    for name, divisor in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers.get(name, "")) / divisor
        except ValueError:
            continue
        return seconds if seconds > 0 else None
    try:
        until, now = (email.utils.parsedate_tz(headers.get(name, "")) for name in ("retry-after", "date"))
        # Both by the server's clock, where it says what that shows: ours may be another.
        seconds = email.utils.mktime_tz(until) - (email.utils.mktime_tz(now) if now else unix_time()) if until else 0.0
    except (ValueError, OverflowError):  # a date that no calendar has
        return None
    return seconds if seconds > 0 else None
