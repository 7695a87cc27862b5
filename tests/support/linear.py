"""Hold readers of foreign text to work in proportion to it: what is quadratic takes hours for these sizes."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIZE = 100_000
"""Characters: read in a moment by what is linear, and by nothing else."""


@contextmanager
def no_hang(seconds: float = 30) -> Iterator[None]:
    """Break off what would not end; Python's regular expressions look for signals while they search."""

    def end(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"not read within {seconds} s: it does not grow in proportion to the text")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def spread(*pieces: str) -> list[str]:
    """Return hostile texts: each piece over and over, with short and long gaps between, and an end."""
    gaps = [blank * length for blank in " \n\t" for length in (0, 1, 300, SIZE)]
    return [(piece + gap) * (SIZE // (len(piece + gap) or 1) or 1) + "x" for piece in pieces for gap in gaps]
