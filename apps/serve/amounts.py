"""How much a body holds: counted before it is read, for each value costs far more then."""

from collections.abc import Iterator, Mapping
from typing import Any

_MARKS = (b",", b":", b"{", b"[")
DEEPEST_BODY = 100
"""Levels: what goes through values by functions that call themselves ends in an error at some hundreds."""


def count_parts(raw: bytes, enough: int) -> int:
    """Return about how many names and values JSON holds; where those are no more than enough, with commas of texts.

    Args:
        raw: JSON, as it is sent; of what is none, that is counted which comes before its mistake.
        enough: What need not be counted more exactly.
    """
    if (count := _marks(raw)) <= enough:
        return count
    plain = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    texts = plain.count(b'"') // 2  # a mark stands before each, but for one alone
    return texts if texts > enough + 1 else _marks(b"".join(plain.split(b'"')[::2]))


def is_deep(value: Any) -> bool:
    """Tell what is nested too deeply to be gone through.

    Args:
        value: What JSON was read as.
    """
    level = [value]
    for _ in range(DEEPEST_BODY):
        level = [part for outer in level for part in parts_inside(outer) if isinstance(part, dict | list)]
        if not level:
            return False
    return True


def every_value(value: Any) -> Iterator[Any]:
    """Yield a value, and all that are in it."""
    level = [value]
    while level:
        yield from level
        level = [part for outer in level for part in parts_inside(outer)]


def parts_inside(value: Any) -> Any:
    """Return what an object or a list holds; nothing of anything else."""
    return value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()


def _marks(raw: bytes) -> int:
    return sum(map(raw.count, _MARKS))
