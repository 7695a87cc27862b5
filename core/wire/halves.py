"""Halves of characters in a streamed answer: kept until the other half comes, so that each piece can be shown."""

import re
from collections import deque

from ..text import plain

_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u(?P<half>[dD][89a-fA-F][0-9a-fA-F]{2})"
    r"|\\u[0-9a-fA-F]{4}|\\[^u]"
)
"""An escape of JSON: a character in two halves, half of one, or any other."""
_LONGEST_ESCAPE = 6


class Halves:
    """Hold what each kind of text, or each call of a tool, ended in the middle of."""

    def __init__(self) -> None:
        self._halves: dict[str | int, str] = {}

    def joined(self, kind: str | int, piece: str) -> str:
        """Return a piece of a text with the half of a character before it, and without one that it ends in.

        Args:
            kind: What it is a piece of.
            piece: What came.
        """
        piece = self._halves.pop(kind, "") + piece
        if "\ud800" <= piece[-1:] <= "\udbff":
            self._halves[kind], piece = piece[-1], piece[:-1]
        return plain(piece)

    def written(self, kind: str | int, piece: str) -> str:
        """Return a piece of JSON so, in which halves may be escaped as well.

        Args:
            kind: What it is a piece of.
            piece: What came.
        """
        piece = self.joined(kind, piece)
        if "\\" not in piece:
            return piece
        open_at = _opened_at(piece)
        self._halves |= {kind: piece[open_at:] + self._halves.get(kind, "")} if open_at < len(piece) else {}
        return _ESCAPE.sub(lambda escape: "\\ufffd" if escape["half"] else escape[0], piece[:open_at])

    def rest(self) -> dict[str | int, str]:
        """Return what was kept and never completed, made plain."""
        return {kind: plain(half) for kind, half in self._halves.items()}


def _opened_at(piece: str) -> int:
    """Return where an escape begins that the next piece may complete; at the end where none does."""
    last = next(iter(deque(_ESCAPE.finditer(piece), maxlen=1)), None)
    end = last.end() if last else 0
    at = piece.find("\\", end)
    is_open = at >= 0 and len(piece) - at < _LONGEST_ESCAPE
    at = at if is_open else len(piece)
    # The other half of a character may be the next escape.
    return last.start() if last and last["half"] and last.end() == at else at
