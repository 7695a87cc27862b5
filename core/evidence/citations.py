"""Read what an answer cites, and check it against the passages that it was given."""

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache

from ..run.records import Citation, Evidence
from ..text import one_line
from .passages import MARKER
from .quotes import QUOTE, fold_passage, position_of, quote_to_check

_ID = re.compile(r"[Ee][0-9]+")
_GAP = " \t\r\n\u00a0\u202f.,;:!?)*_。，、；：！？"
"""What may stand between a quote and its citations; `*` and `_` because Markdown sets quotes in italics."""
_CLOSES_UP = frozenset(".,;:!?)]}”»")
_OPEN_BRACKET = re.compile(r"\[[\sEe0-9,;]*\Z")

_Cited = tuple[str, int]


def read_citations(answer: str, evidence: Sequence[Evidence], *, before: Collection[str] = ()) -> list[Citation]:
    """Check each id that an answer cites, and the quote right before it, if there is one.

    A quote before several ids is right where one of them holds it. It is compared word for word: only white space, the
    shape of quotes and dashes, its first letter's case and the sign it ends with may differ, and an ellipsis may stand
    for what it leaves out. Code holds no citations.

    Args:
        answer: What cites.
        evidence: The passages of this turn.
        before: Ids of passages that only earlier turns were shown.
    """
    passages = {e["id"]: e for e in evidence}
    folded = cache(fold_passage)

    @cache
    def place_in(id_: str, quote: str) -> int | None:
        return position_of(quote, folded(passages[id_]["text"]))

    citations: list[Citation] = []
    for quote, cited in _runs(answer):
        places = {i: place_in(i, quote) for i, _ in cited if i in passages} if quote else {}
        lost = bool(places) and all(place is None for place in places.values())
        for id_, position in cited:
            place = places.get(id_)
            citations.append(
                Citation(
                    id=id_,
                    source=passages[id_]["source"] if id_ in passages else None,
                    quote=quote if place is not None or (lost and id_ in places) else None,
                    position=position,
                    found_at=place,
                    problem=_problem(id_, passages, before, lost_in=places if lost else ()),
                )
            )
    return citations


def _problem(id_: str, passages: Collection[str], before: Collection[str], *, lost_in: Collection[str]) -> str | None:
    """Say what is wrong with a citation, None where nothing is.

    Args:
        id_: What is cited.
        passages: Ids of the passages of this turn.
        before: Ids of passages that only earlier turns were shown.
        lost_in: Ids of the passages in which the quote before it was looked for, and stands in none.
    """
    if id_ not in passages:
        was = f"{id_} was not found for this turn" if id_ in before else f"unknown id {one_line(id_, limit=20)}"
        return f"{was}; known: {', '.join(passages) or 'none'}"
    return f"the quote is not in {' or '.join(lost_in)}" if lost_in else None


def without_wrong(answer: str, citations: Sequence[Citation]) -> str:
    """Take the ids that have a problem out of an answer, and change nothing else.

    A marker that is left without ids goes, and the space before it where none is needed any more.
    """
    wrong = {c["position"] for c in citations if c["problem"]}
    markers = list(_markers(answer))
    shortened = [_shorten(marker, wrong) for marker in markers]
    pieces = _around(answer, markers, shortened)
    return "".join(piece + marker for piece, marker in zip(pieces, [*shortened, ""], strict=True))


def _runs(answer: str) -> Iterator[tuple[str | None, list[_Cited]]]:
    """Yield the ids that stand together, with the quote before them.

    Quotes are looked for in the answer without its markers, so that taking a wrong one out never turns what is left
    into another quote.
    """
    markers = list(_markers(answer))
    pieces = _around(answer, markers, [""] * len(markers))
    quotes = {match.end(): match for match in QUOTE.finditer("".join(pieces))}
    at, quote, run = 0, None, list[_Cited]()
    for piece, marker in zip(pieces, markers, strict=False):
        if words := piece.rstrip(_GAP):
            if run:
                yield quote, run
            quote, run = quote_to_check(quotes.get(at + len(words))), []
        at += len(piece)
        run += [(match[0].upper(), match.start()) for match in _ids(marker)]
    if run:
        yield quote, run


def _markers(answer: str) -> Iterator[re.Match[str]]:
    start = 0
    for code, end in [*_code(answer), (len(answer), len(answer))]:
        yield from MARKER.finditer(answer, start, code)
        start = end


def _code(answer: str) -> Iterator[tuple[int, int]]:
    """Yield what stands between backticks: as many open as close, and three or more need no end."""
    runs = [match.span() for match in re.finditer("`+", answer)]
    later: dict[int, int] = {}
    closing: list[int | None] = []
    for index, (start, end) in reversed(list(enumerate(runs))):
        closing.append(later.get(end - start))
        later[end - start] = index
    closing.reverse()
    index = 0
    while index < len(runs):
        (start, end), close = runs[index], closing[index]
        index += 1
        if close is not None and (end - start > 2 or answer.find("\n\n", end, runs[close][0]) < 0):
            yield start, runs[close][1]
            index = close + 1
        elif close is None and end - start > 2:
            yield start, len(answer)
            return


def _ids(marker: re.Match[str]) -> list[re.Match[str]]:
    return list(_ID.finditer(marker.string, *marker.span("ids")))


def _shorten(marker: re.Match[str], wrong: set[int]) -> str:
    """Return what is left of a marker, the signs between its ids as they were."""
    answer, ids = marker.string, _ids(marker)
    rest, end = "", marker.start()
    for match in ids:
        if match.start() not in wrong:
            rest += (answer[end : match.start()] if rest else answer[marker.start() : ids[0].start()]) + match[0]
        end = match.end()
    return rest and rest + answer[end : marker.end()]


def _around(answer: str, markers: Sequence[re.Match[str]], shortened: Sequence[str]) -> list[str]:
    """Return the text before each marker and after the last, as it reads where `shortened` is all that is left of them.

    An emptied marker leaves its brackets where what stands around them would else grow together into another marker,
    or into other code: `[E1[E9]]`.
    """
    starts = [0, *(marker.end() for marker in markers)]
    ends = [*(marker.start() for marker in markers), len(answer)]
    pieces = [answer[start:end] for start, end in zip(starts, ends, strict=True)]
    after = pieces[-1][:1]
    for index in reversed(range(len(markers))):
        piece = pieces[index]
        if not shortened[index]:
            if _OPEN_BRACKET.search(piece) or piece[-1:] == after == "`":
                pieces[index] += "[]"
            elif not after or after.isspace() or after in _CLOSES_UP:
                pieces[index] = piece.rstrip(" \t")
        after = (pieces[index] or shortened[index] or after)[:1]
    return pieces
