"""At which tier the call of this context was answered, where whoever brought the answer knows it and its server not."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_noted: ContextVar[list[str] | None] = ContextVar("langgraph_moa_served_tier", default=None)


@contextmanager
def tier_noted() -> Iterator[None]:
    """Let the tier be noted at which the call of this context is answered."""
    token = _noted.set([])
    try:
        yield
    finally:
        _noted.reset(token)


def note_tier(tier: str) -> None:
    """Note at which tier the answer came, such as `batch`."""
    if (noted := _noted.get()) is not None:
        noted.append(tier)


def noted_tier() -> str | None:
    """Return the tier that was noted last; None where none was."""
    noted = _noted.get()
    return noted[-1] if noted else None
