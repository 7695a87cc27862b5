"""Make references fit the window of the model that reads them, without being unfair to any."""

import re
from collections.abc import Sequence

from ..core.text import CUT_TO_FIT

_SENTENCE_END = re.compile(r"[.!?…](?=[\s\"'»”)\]]|$)[\"'»”)\]]*|[。！？]|\n")
_LEAST = 40
"""Bytes below which what is left of a reference says nothing."""


def pack(texts: Sequence[str], room: int) -> list[str] | None:
    """Shorten the longest texts, at sentence ends, until all of them fit together.

    All texts that are cut are cut to the same length, so that a short answer is never cut for the sake of a long one.

    Args:
        texts: The references.
        room: UTF-8 bytes for all of them.

    Returns:
        The texts as they fit, those that were cut with a mark at their end; None where the room is too small for
        anything worth reading.
    """
    sizes = sorted(map(_size, texts))
    if sum(sizes) <= room:
        return list(texts)
    cap, rest = 0, room
    for done, size in enumerate(sizes):
        cap = rest // (len(sizes) - done)
        if size > cap:
            break
        rest -= size
    if cap < _LEAST + _size(CUT_TO_FIT):
        return None
    return [text if _size(text) <= cap else _cut(text, cap - _size(CUT_TO_FIT)) + CUT_TO_FIT for text in texts]


def _cut(text: str, size: int) -> str:
    """Return the longest beginning that ends with a sentence, else with a word, else anywhere, within `size` bytes."""
    head = text.encode()[:size].decode(errors="ignore")
    ends = [match.end() for match in _SENTENCE_END.finditer(head) if match.end() < len(text)]
    if ends and head[: ends[-1]].strip():
        return head[: ends[-1]].rstrip()
    return (head.rpartition(" ")[0].rstrip() if " " in head.strip() else "") or head


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
