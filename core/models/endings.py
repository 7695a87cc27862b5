"""Say how an answer ended, and whether an error is a refusal or a rate limit, in whatever words a server tells it."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from typing import Literal, NamedTuple

from .reasons import EndStatus, Reason, endings_file, reasons_in, worst

ErrorStatus = Literal["refused", "rate_limited"]

_READ, _MOST = 2_000, 1_000
"""Characters and codes of an error that are looked at."""
_OPENERS = frozenset("'\"`“‘:;.!?-([{<>")
"""What may stand before a server's own sentence: a prompt that is echoed in an error may hold any words."""


class Ending(NamedTuple):
    """Tell how an answer ended."""

    status: EndStatus
    reasons: tuple[str, ...]
    """Each once, in order of appearance, as the server spells them."""
    calls: bool
    """Whether one of them says that tools are called."""
    is_known: bool
    """Whether all of them are in the table."""


def ending_of(reason: object) -> Ending:
    """Say how an answer ended, where its text, or a call of a tool, is to be taken for whole or not.

    Args:
        reason: What was told: None, a word in any spelling, several that were joined over the pieces of a stream, a
            number of Gemini's, an object that holds one of these, or a list of such.

    Returns:
        The worst of all that was told; `ok` without reasons where nothing was.
    """
    reasons: dict[str, Reason] = {}
    for each in reasons_in(reason):
        reasons.setdefault(each.word, each)
    ends = [each for each in reasons.values() if each.kind != "unended"] or list(reasons.values())
    return Ending(
        status=worst({end.status for end in ends}),
        reasons=tuple(end.spelling for end in ends),
        calls=any(end.kind == "calls" for end in ends),
        is_known=all(end.kind for end in ends),
    )


def error_status(codes: Iterable[object], text: str) -> ErrorStatus | None:
    """Tell refusals and rate limits from other errors: servers send them with any HTTP status, within a 200, too.

    Args:
        codes: What stands as a code, type or status in the error, or beside it; compared whole.
        text: The error in words, which count where no code is known.
    """
    by_code, by_phrase = _codes_and_phrases()
    statuses = {by_code[code] for code in map(_code, islice(codes, _MOST)) if code in by_code}
    if not statuses:
        text = text[:_READ].lower()
        statuses = {status for phrase, status in by_phrase.items() if _says(text, phrase)}
    return "refused" if "refused" in statuses else "rate_limited" if statuses else None


def load_endings() -> None:
    """Read the table when a graph is built, because reading a file in a run would block its event loop."""
    reasons_in("stop")
    _codes_and_phrases()


@lru_cache(maxsize=1)
def _codes_and_phrases() -> tuple[dict[str, ErrorStatus], dict[str, ErrorStatus]]:
    codes: dict[str, ErrorStatus] = {}
    phrases: dict[str, ErrorStatus] = {}
    statuses: tuple[ErrorStatus, ...] = ("rate_limited", "refused")
    for table in endings_file()["errors"]:
        for status in statuses:
            codes |= {_code(code): status for code in table.get(status, ())}
            phrases |= {phrase.lower(): status for phrase in table.get(f"{status}_phrases", ())}
    return codes, phrases


def _code(code: object) -> str:
    if isinstance(code, str):
        return code[:_READ].strip().lower()
    return str(code) if isinstance(code, int) and not isinstance(code, bool) and code in range(10_000) else ""


def _says(text: str, phrase: str) -> bool:
    """Tell whether a sentence or a quoted text begins with a phrase."""
    place = text.find(phrase)
    while place >= 0:
        if text[max(0, place - 3) : place].strip()[-1:] in _OPENERS or not text[:place].strip():
            return True
        place = text.find(phrase, place + 1)
    return False
