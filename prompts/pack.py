"""Make references fit the window of the model that reads them, without being unfair to any."""

import re
from collections.abc import Sequence

from ..core.offline.pieces import part_about
from ..core.text import CUT_BEFORE, CUT_TO_FIT

_SENTENCE_END = re.compile(r"[.!?…](?=[\s\"'»”)\]]|$)[\"'»”)\]]*|[。！？]|\n")
_LEAST = 40
"""Bytes below which what is left of a reference says nothing."""


def pack(texts: Sequence[str], room: int, *, about: str = "", passages: int = 0) -> list[str] | None:
    """Shorten the longest texts, at sentence ends, until all of them fit together.

    All texts that are cut are cut to the same length, so that a short answer is never cut for the sake of a long one.

    Args:
        texts: The references.
        room: UTF-8 bytes for all of them.
        about: What passages were looked for with: what is left of one is the part that speaks of it.
        passages: How many of the texts are passages, the first ones; of others the beginning is left.

    Returns:
        The texts as they fit, those that were cut with a mark where they were; None where the room is too small for
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
    return [
        text if _size(text) <= cap else _shortened(text, cap, about if place < passages else "")
        for place, text in enumerate(texts)
    ]


def _shortened(text: str, size: int, about: str) -> str:
    """Return the part of a text that is about something, with marks where it was cut; else its beginning."""
    marks = _size(CUT_TO_FIT) + _size(CUT_BEFORE)
    start, end = part_about(text, about, size - marks) if about and size - marks >= _LEAST else (0, 0)
    if start == 0:
        return _cut(text, size - _size(CUT_TO_FIT)) + CUT_TO_FIT
    part = text[start:end].strip()
    return f"{CUT_BEFORE}{part}{CUT_TO_FIT}" if text[end:].strip() else CUT_BEFORE + part


def _cut(text: str, size: int) -> str:
    """Return the longest beginning that ends with a sentence, else with a word, else anywhere, within `size` bytes."""
    head = text.encode()[:size].decode(errors="ignore")
    ends = [match.end() for match in _SENTENCE_END.finditer(head) if match.end() < len(text)]
    if ends and head[: ends[-1]].strip():
        return head[: ends[-1]].rstrip()
    return (head.rpartition(" ")[0].rstrip() if " " in head.strip() else "") or head


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
