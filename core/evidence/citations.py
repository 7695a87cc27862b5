"""Read what an answer cites, and check it against the passages that it was given."""

from collections.abc import Collection, Iterator, Sequence
from functools import cache, cached_property
from typing import Literal, NamedTuple

from ..run.cited import Citation, Evidence, Unchecked
from ..text import one_line
from .beside import Bundle, Claim, bundles_in
from .bracketed import Marker, ids_in
from .folding import SeenText
from .markers import markers_in
from .places import QuotePlace, quote_place, views_of
from .quotes import (
    Quote,
    blocks_in,
    is_worth_checking,
    marked_quotes,
    outermost,
    quotes_of_blocks,
    without_signs,
)
from .wording import is_error_number

_MOST_COMPARED = 1_000
"""Quotes that are looked for, each in one passage."""
_LONGEST_QUOTE = 5_000
_SHOWN = 60
"""Characters of what could not be read, in a sentence."""


def read_citations(answer: str, evidence: Sequence[Evidence], *, before: Collection[str] = ()) -> list[Citation]:
    """Check each id that an answer cites, and the quotes beside it, if there are any.

    A quote beside several ids is right where one of them holds it. It is compared word for word, as readers see it: how
    it is coded, white space, hyphens at the end of a line, emphasis, the shape of quotes and dashes, its first letter's
    case and the sign it ends with may differ, and an ellipsis may stand for what it leaves out. Code holds no
    citations, and what a passage itself shows in brackets is none where it is quoted.

    Args:
        answer: What cites.
        evidence: The passages of this turn.
        before: Ids of passages that only earlier turns were shown.
    """
    return examine_citations(answer, evidence, before=before).citations


class Examined(NamedTuple):
    """Be what is read in an answer."""

    citations: list[Citation]
    markers: list[Marker]


def examine_citations(answer: str, evidence: Sequence[Evidence], *, before: Collection[str] = ()) -> Examined:
    """Check citations as `read_citations` does, and return with them where they stand: `without_wrong` needs it.

    Args:
        answer: What cites.
        evidence: The passages of this turn.
        before: Ids of passages that only earlier turns were shown.
    """
    markers = markers_in(answer)
    return Examined(_Answer(answer, evidence, before).citations(markers) if markers else [], markers)


class _Finding(NamedTuple):
    """Be what came of the quotes beside a run of citations."""

    places: dict[str, tuple[Quote, QuotePlace]]
    lost: Quote | None
    problem: str | None
    unchecked: Unchecked | None


_NOTHING = _Finding({}, None, None, None)
_UNKNOWN = Citation(
    id="",
    source=None,
    quote=None,
    position=0,
    found_at=None,
    abridged=False,
    unchecked=None,
    unread=False,
    problem=None,
)


class _Answer:
    """Read one answer."""

    def __init__(self, answer: str, evidence: Sequence[Evidence], before: Collection[str]) -> None:
        self.answer = answer
        self.before = frozenset(before)
        self.passages = {e["id"]: e for e in evidence}
        self.ids_there = ", ".join(self.passages) or "none"
        self.compared = 0
        self.views = cache(self._views)
        self.place = cache(self._place)

    @cached_property
    def words(self) -> set[str]:
        """What looks like an id in the passages, and is a word of theirs: `estradiol (E2)`."""
        return set[str]().union(*(ids_in(e["text"]) for e in self.passages.values()))

    def citations(self, markers: Sequence[Marker]) -> list[Citation]:
        """Return all of them, in order."""
        read: list[Marker] = []
        unread: list[Citation] = []
        for marker in markers:
            is_read = self._is_read(marker)
            if is_read:
                read.append(marker)
            if not is_read or marker.is_partly or marker.reading != "read":
                unread += self._unread(marker, is_read=is_read)
        if not read:
            return unread
        blocks = blocks_in(self.answer)
        whole = without_signs(self.answer, blocks)
        text = _blank(whole, read)
        quotes = marked_quotes(text)
        if shown := self._shown(whole, quotes, blocks, read):
            read = [marker for marker in read if marker.start not in shown]
            unread = [citation for citation in unread if citation["position"] not in shown]
            text = _blank(whole, read)
            quotes = marked_quotes(text)
        if blocks:
            quotes = outermost([*quotes, *quotes_of_blocks(text, blocks, [(m.start, m.end) for m in read])])
        checked = self._checked(text, read, quotes)
        return sorted([*checked, *unread], key=lambda citation: citation["position"]) if unread else checked

    def _is_read(self, marker: Marker) -> bool:
        """Tell a marker from what it looks like: an E number, a word of the passages, a remark."""
        if marker.reading == "unread":
            return False
        is_known = any(id_ in self.passages or id_ in self.before for id_ in marker.ids)
        if marker.reading == "loose":
            return is_known
        if not marker.is_round:
            return is_known or not is_error_number(self.answer, marker, self.passages)
        return not self._is_word(marker) if is_known else not (_is_high(marker) or self._is_word(marker))

    def _is_word(self, marker: Marker) -> bool:
        return len(marker.mentions) == 1 and marker.mentions[0].id in self.words

    def _unread(self, marker: Marker, *, is_read: bool) -> Iterator[Citation]:
        """Yield what is told of a marker that cannot be read, or only in part."""
        if is_read:
            if not marker.is_partly and not (
                marker.reading == "loose" and not all(i in self.passages for i in marker.ids)
            ):
                return
            why = "was read only in part"
        elif any(id_ in self.passages for id_ in marker.ids) or not (
            marker.is_round or (marker.reading != "read" and _is_high(marker))
        ):
            why = "could not be read"
        else:
            return
        first = marker.mentions[0]
        passage = self.passages.get(first.id)
        shown = one_line(self.answer[marker.start : min(marker.end, marker.start + 2 * _SHOWN)], limit=_SHOWN)
        citation: Citation = {**_UNKNOWN, "id": first.id, "position": first.start, "unread": True}
        yield {**citation, "source": passage["source"] if passage else None, "problem": f"“{shown}” {why}"}

    def _shown(
        self, whole: str, quotes: Sequence[Quote], blocks: Sequence[tuple[int, int]], markers: Sequence[Marker]
    ) -> set[int]:
        """Return where the markers stand that a passage shows itself, in words that the answer quotes."""
        holding: list[tuple[int, int]] = []
        starts = iter([*(marker.start for marker in markers), len(whole) + 1])
        start = next(starts)
        for quote in quotes:
            while start < quote.start:
                start = next(starts)
            if start < quote.end:
                holding.append(quote.inside)
        spans = sorted([*holding, *blocks])
        shown: set[int] = set()
        index = 0
        for start, end in spans:
            while index < len(markers) and markers[index].start < start:
                index += 1
            last = index
            while last < len(markers) and markers[last].end <= end:
                last += 1
            inside, index = markers[index:last], last
            tries = [(end, inside)]
            if inside and (start, end) in blocks:  # what stands in a block may be followed by its citation there
                tries.append((inside[-1].start, inside[:-1]))
            for stop, held in tries:
                if held and stop - start <= _LONGEST_QUOTE and self._stands_somewhere(whole[start:stop]):
                    shown.update(marker.start for marker in held)
                    break
        return shown

    def _stands_somewhere(self, quote: str) -> bool:
        return any(self._compare(id_, quote.strip()) for id_ in self.passages)

    def _checked(self, text: str, markers: Sequence[Marker], quotes: Sequence[Quote]) -> list[Citation]:
        """Return each id that is read, with what is quoted from it."""
        wanted = [number for number, marker in enumerate(markers) if not self.passages.keys().isdisjoint(marker.ids)]
        findings: dict[int, _Finding] = {}
        for run in bundles_in(text, markers, quotes, wanted):
            numbers = range(run.first, run.last + 1)
            ids = [id_ for number in numbers for id_ in markers[number].ids if id_ in self.passages]
            findings |= dict.fromkeys(numbers, self._finding(run, [*dict.fromkeys(ids)]))
        return [
            self._citation(id_, position, findings.get(number, _NOTHING))
            for number, marker in enumerate(markers)
            for position, id_ in marker.cited
            if marker.reading == "read" or id_ in self.passages
        ]

    def _citation(self, id_: str, position: int, finding: _Finding) -> Citation:
        passage = self.passages.get(id_)
        if passage is None:
            return {**_UNKNOWN, "id": id_, "position": position, "problem": self._unknown(id_)}
        quote, place = (finding.lost, None) if finding.lost else finding.places.get(id_, (None, None))
        return Citation(
            id=id_,
            source=passage["source"],
            quote=quote.text if quote else None,
            position=position,
            found_at=place.start if place else None,
            abridged=place is not None and place.is_abridged,
            unchecked=finding.unchecked,
            unread=False,
            problem=finding.problem,
        )

    def _finding(self, run: Bundle, ids: Sequence[str]) -> _Finding:
        """Look for the quotes beside a run in the passages that it cites."""
        places: dict[str, tuple[Quote, QuotePlace]] = {}
        lost: Quote | None = None
        unchecked: Unchecked | None = "unclosed" if run.has_stray_mark else None
        for claim in run.claims:
            quote = claim.quote
            if not any(map(str.isalnum, quote.text)):
                continue
            if len(quote.text) > _LONGEST_QUOTE or self.compared + len(ids) > _MOST_COMPARED:
                unchecked = "long" if len(quote.text) > _LONGEST_QUOTE else "many"
                continue
            there = [(id_, place) for id_ in ids if (place := self._compare(id_, quote.text))]
            for id_, place in there:
                places.setdefault(id_, (quote, place))
            if not there:
                why = _why_unchecked(claim)
                lost = lost or (quote if why is None else None)
                unchecked = (why or None) if why is not None else unchecked
        return _Finding(places, lost, f"the quote is not in {' or '.join(ids)}" if lost else None, unchecked)

    def _compare(self, id_: str, quote: str) -> QuotePlace | None:
        return self.place(id_, quote) if self.compared < _MOST_COMPARED else None

    def _place(self, id_: str, quote: str) -> QuotePlace | None:
        self.compared += 1
        return quote_place(quote, self.passages[id_]["text"], self.views(id_))

    def _views(self, id_: str) -> list[SeenText]:
        return views_of(self.passages[id_]["text"])

    def _unknown(self, id_: str) -> str:
        was = (
            f"{id_} was not found for this turn"
            if id_ in self.before
            else f"unknown id {id_ if len(id_) <= 20 else one_line(id_, limit=20)}"
        )
        return f"{was}; known: {self.ids_there}"


def _why_unchecked(claim: Claim) -> Unchecked | Literal[""] | None:
    """Say why a quote that is in no passage is not called wrong; None where it is, and nothing where none is meant."""
    words = is_worth_checking(claim.quote.text)
    if not words:
        return "short" if claim.is_close else ""
    if claim.quote.is_title:
        return "title"
    return None if claim.is_close else "apart"


def _is_high(marker: Marker) -> bool:
    """Tell numbers that nobody gives passages, and that additives, errors and roads have."""
    return any(len(id_) > 3 for id_ in marker.ids)


def _blank(text: str, markers: Sequence[Marker]) -> str:
    pieces: list[str] = []
    end = 0
    for marker in markers:
        stop = marker.cited_end
        pieces += (text[end : marker.start], " " * (stop - marker.start))
        end = stop
    return "".join([*pieces, text[end:]])
