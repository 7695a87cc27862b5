"""What time it is, for records: the one place that asks, so that a clock that is set changes nothing under way."""

import time
from collections.abc import Callable

TRUSTED_SECONDS = 3600.0
"""How long the clock is not looked at again."""
_COUNTS_SLEEP = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def _steady() -> float:
    """Return seconds since some moment; where there is such a clock, of a machine's sleep, too."""
    return time.monotonic() if _COUNTS_SLEEP is None else time.clock_gettime(_COUNTS_SLEEP)


class WallTime:
    """Tell the time by one look at the clock and the seconds since then.

    Calls of a layer are laid beside each other by when they started: one before and one after the clock was set would
    be hours apart, or at once. A clock that was wrong is believed for an hour at most. Deadlines and durations are
    no affair of this: they are on the event loop's clock, or `time.monotonic` and `time.perf_counter`.
    """

    def __init__(self, steady: Callable[[], float] = _steady) -> None:
        self._steady = steady
        self._seen = self._seen_at = 0.0
        self._is_seen = False

    def __call__(self) -> float:
        """Return Unix time in seconds."""
        now = self._steady()
        if not self._is_seen or now - self._seen_at >= TRUSTED_SECONDS:
            self._seen, self._seen_at, self._is_seen = time.time(), now, True
        return self._seen + now - self._seen_at


unix_time = WallTime()
"""Unix time in seconds."""
