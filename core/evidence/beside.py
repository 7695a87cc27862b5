"""Tell which quotes of an answer belong to which of its citations: those beside them, in the same sentence."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .bracketed import Marker
from .places import is_negated
from .quotes import STRAY, Quote

_GAP = " \t\r\n\u00a0\u202f\u3000.,;:!?)(*_~^\\。，、；：！？（）[]|—–->"
"""What may stand between a quote and its citations; `*` and `_` because Markdown sets quotes in italics."""
_BOUNDARY = re.compile(
    r"[.!?][\"'”’»)\]*_]*\s|[。！？]|\n[^\S\n]*\n|\n\s*(?:[-*+•#|>]|\d{1,3}[.)])|\n(?=[^\n]*\|[^\n]*\|)"
)
_QUOTE_MARK = re.compile('[“”„«»「」『』"]')
_LEADS_IN = re.compile(r"[^\n.!?。！？]{0,120}[:：][\s*_]*")
_MOST_WORDS = {True: 15, False: 6}
"""Words between a quote and the citation after it, or before it: further away, it is more often another's."""


class Claim(NamedTuple):
    """Be a quote that a run of citations stands beside."""

    quote: Quote
    is_close: bool
    """Whether nobody can take it for a quote of something else."""


class Bundle(NamedTuple):
    """Be markers that stand together, and what is quoted beside them, the nearest first."""

    first: int
    last: int
    """The numbers of its markers."""
    claims: list[Claim]
    has_stray_mark: bool
    """Whether a quotation mark beside it has no other, so that nobody can tell what is quoted."""


def bundles_in(
    text: str, markers: Sequence[Marker], quotes: Sequence[Quote], wanted: Sequence[int]
) -> Iterator[Bundle]:
    """Yield citations of an answer with the quotes beside them.

    Args:
        text: The answer, blank where it cites.
        markers: Where it cites, in order.
        quotes: What it quotes, in the order in which it ends.
        wanted: The numbers of the markers that are asked for; those that stand with them come along.
    """
    ends = [quote.end for quote in quotes]

    def between(first: int, last: int) -> Sequence[Quote]:
        """Return the quotes that end between two markers."""
        start = markers[first].cited_end if first >= 0 else 0
        end = markers[last].start if last < len(markers) else len(text)
        return quotes[bisect_left(ends, start) : bisect_right(ends, end)]

    done = -1
    for number in wanted:
        if number <= done:
            continue
        first, last = number, number
        while first > done + 1 and _stand_together(text, markers[first - 1], markers[first]):
            first -= 1
        while last + 1 < len(markers) and _stand_together(text, markers[last], markers[last + 1]):
            last += 1
        done = last
        start, end = markers[first].start, markers[last].cited_end
        before = between(first - 1, first)
        claims, rest = _claims_before(text, start, before)
        after: Sequence[Quote] = [quote for quote in between(last, last + 1) if quote.start >= end]
        if after and last + 1 < len(markers):
            after = _claims_before(text, markers[last + 1].start, after)[1]
        claims += _claims_after(text, end, after)
        is_stray = False
        around = bisect_right(ends, start)
        if not claims and not (around < len(quotes) and quotes[around].start < start):
            tail = text[max(rest[-1].end if rest else 0, markers[first - 1].end if first else 0) : start]
            is_stray = bool(_QUOTE_MARK.search(tail) and STRAY.search(_last_sentence(tail)))
        yield Bundle(first, last, claims, is_stray)


def _stand_together(text: str, first: Marker, second: Marker) -> bool:
    return not text[first.end : second.start].strip(_GAP)


def _claims_before(text: str, end: int, quotes: Sequence[Quote]) -> tuple[list[Claim], Sequence[Quote]]:
    """Return the quotes that a run follows, and the others."""
    claims: list[Claim] = []
    for number in reversed(range(len(quotes))):
        quote = quotes[number]
        words = text[quote.end : end]
        is_beside = _is_beside(words)
        if not is_beside and (_BOUNDARY.search(words) or quote.is_block):
            return claims, quotes[: number + 1]
        claims.append(Claim(quote, is_beside or _is_close(words, quote, before=True)))
        end = quote.start
    return claims, []


def _claims_after(text: str, end: int, quotes: Sequence[Quote]) -> list[Claim]:
    """Return the quotes that follow a run, in the same sentence, or in a block that it leads to."""
    claims: list[Claim] = []
    for quote in quotes:
        words = text[end : quote.start]
        if quote.is_block:
            if _LEADS_IN.fullmatch(words) or (not words.strip() and "\n\n" not in words):
                claims.append(Claim(quote, is_close=True))
            break
        if _BOUNDARY.search(words) and not _LEADS_IN.fullmatch(words):
            break
        claims.append(Claim(quote, not words.strip(_GAP) or _is_close(words, quote, before=False)))
        end = quote.end
    return claims


def _is_beside(between: str) -> bool:
    """Tell whether only signs stand between; a row of a table ends with its line."""
    return not between.strip(_GAP) and not ("|" in between and "\n" in between)


def _is_close(between: str, quote: Quote, *, before: bool) -> bool:
    words = len(re.findall(r"\w+", between))
    return words <= _MOST_WORDS[before] and len(re.findall(r"\w+", quote.text)) > 2 and not is_negated(between)


def _last_sentence(text: str) -> str:
    ends = [match.end() for match in _BOUNDARY.finditer(text)]
    return text[ends[-1] :] if ends else text
