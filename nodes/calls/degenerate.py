"""Long nonsense: a model that falls into a loop writes one piece over and over, up to its token limit."""

_LEAST, _LEAST_CUT = 10_000, 2_000
"""Characters of a loop that is told: of one that ended by itself, and may have been asked for; and of one that only
its token limit ended."""
_LEAST_SIGNS = 200
"""Characters of one sign alone, as `!` where figures overflow (github.com/vllm-project/vllm/issues/22881)."""
_TIMES = 20
"""How often a piece is said at least: a table's or a poem's lines repeat, too."""
_SHARE = 0.75
"""How much of a text is the loop: an answer that a short loop trails is one."""
_ENDS = (0, 50, 10)
"""Parts of a text that may follow its loop: a stop token, or a closing sentence."""
_SUFFIX, _TRIES = 64, 8
"""Characters at a text's end that are looked for before it, and how often: each place is where a loop may begin."""


def repeated_piece(text: str, *, cut: bool) -> str | None:
    """Return the piece that a text is nothing but repeats of, after a beginning; None for an ordinary text.

    Args:
        text: All that was said; however long it is, it is read a few times at most.
        cut: Whether its limit ended it.
    """
    written, least = text.rstrip(), _LEAST_CUT if cut else _LEAST
    if len(written) >= _LEAST_SIGNS and not written[0].isalnum() and written == written[0] * len(written):
        return written[0]
    if len(written) < least:
        return None
    ends = (written[: len(written) - len(written) // part] if part else written for part in _ENDS)
    pieces = (_piece(looped, max(least, _SHARE * len(written))) for looped in ends)
    return next(filter(None, pieces), None)


def _piece(written: str, least: float) -> str | None:
    """Return the piece that a text's end is repeats of, where so many characters are."""
    first = len(written) - len(written) // _TIMES - _SUFFIX
    at, suffix = len(written) - _SUFFIX, written[-_SUFFIX:]
    for _ in range(_TRIES):
        at = written.rfind(suffix, first, at + _SUFFIX - 1)
        if at < 0:
            break
        length = len(written) - _SUFFIX - at
        if _looped(written, length) >= max(least, _TIMES * length):
            return written[-length:]
    return None


def _looped(text: str, length: int) -> int:
    """Return how many characters at a text's end repeat with a period."""
    least, most = 0, len(text) - length
    while least < most:  # what is periodic from a place on is so from any later one
        middle = (least + most) // 2
        if text[middle : len(text) - length] == text[middle + length :]:
            most = middle
        else:
            least = middle + 1
    return len(text) - least
