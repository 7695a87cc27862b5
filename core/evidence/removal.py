"""Take wrong ids out of an answer, and leave what else it says and cites as it was."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from ..run.cited import Citation
from .bracketed import BRACKETS, Marker, count_ids
from .markers import is_for_programs, locator_after, markers_in

_CLOSES_UP = frozenset(".,;:!?)]}”»。，、；：！？）】")
_PARENTHESIS = re.compile(r"[(（](?:(?:see|cf\.|sources?:|siehe|vgl\.) )?\Z")
_BEFORE = re.compile(rf"(?:[*_~]{{1,3}}|<sup>|{_PARENTHESIS.pattern}|(?<=[^\s\\])\^|\\[A-Za-z]{{1,20}}\*?)\Z")
_BRACKET = re.compile(f"[{re.escape(BRACKETS)}]")
_USUAL = frozenset({"", " ", ".", ",", "\n", "]", ")"})
_LISTS = re.compile(r"[ \t]*(?:[,;&+/|、，；][ \t]*)?(?:(?:and|or|und|oder|et|ou|y|o|e|и|i|og|och|en|和|与|と)[ \t]+)?")
"""What stands between markers that are listed."""
_AROUND = {"(": ")", "（": "）", "[": "]", "{": "}", "【": "】"}
_TORN = " \t\r\n,;:、，；："
_Key = tuple[int, str]


class _Part(NamedTuple):
    """Be an id of a marker with what says where in the passage, or a range, and what is left of it."""

    start: int
    end: int
    text: str
    places: dict[_Key, int]
    """Where in the text each id begins."""


class _Change(NamedTuple):
    """Be what a marker becomes."""

    start: int
    end: int
    text: str
    places: dict[_Key, int]


def without_wrong(
    answer: str, citations: Sequence[Citation], markers: Sequence[Marker] | None = None
) -> tuple[str, list[Citation]]:
    """Take the ids that have a problem out of an answer, and change nothing else.

    A marker that is left without ids goes, and the space before it where none is needed any more. An answer in JSON is
    for programs, and stays as it is.

    Args:
        answer: What cites.
        citations: What is read in it.
        markers: Where they stand, if somebody knows already.

    Returns:
        The answer, and the citations that are left, with their places in it.
    """
    wrong = {(c["position"], c["id"]) for c in citations if c["problem"] and not c["unread"]}
    if not wrong:
        return answer, list(citations)
    markers = [m for m in (markers_in(answer) if markers is None else markers) if m.reading != "unread"]
    changed = [marker for marker in markers if not wrong.isdisjoint(marker.cited)]
    right = [citation for citation in citations if (citation["position"], citation["id"]) not in wrong]
    if is_for_programs(answer):
        return answer, right
    changes = _listed(answer, markers, {marker.start: _change(answer, marker, wrong) for marker in changed})
    text, moved = _rewritten(answer, changes, hollow=False)
    may_grow = (
        "`" in answer
        or any(m.is_round for m in markers)
        or count_ids(answer) > sum(len(marker.mentions) for marker in markers)
    )
    if may_grow and [id_ for marker in markers_in(text) if marker.reading != "unread" for id_ in marker.ids] != [
        key[1] for marker in markers for key in marker.cited if key not in wrong
    ]:
        text, moved = _rewritten(answer, [_change(answer, marker, wrong) for marker in changed], hollow=True)
    return text, [{**citation, "position": moved(citation["position"], citation["id"])} for citation in right]


def _rewritten(answer: str, changes: Sequence[_Change], *, hollow: bool) -> tuple[str, Callable[[int, str], int]]:
    """Return an answer without its wrong ids, and what tells where an id stands then.

    An emptied marker leaves its brackets where what stands around it would else grow together into another marker, or
    into other code: `[E1[E9]]`.
    """
    starts, texts = [change.start for change in changes], [change.text for change in changes]
    after, end = "", len(answer)
    for number in reversed(range(len(changes))):
        start, stop, text, _ = changes[number]
        if stop < end:
            after = answer[stop]
        if not text and (hollow or answer[start - 1 : start] == after == "`"):
            texts[number] = "[]"
        elif not text and (not after or after.isspace() or after in _CLOSES_UP):
            least = changes[number - 1].end if number else 0
            while start > least and answer[start - 1] in " \t":
                start -= 1
            starts[number] = start
        after, end = texts[number][:1] or after, start
    pieces: list[str] = []
    places: dict[_Key, int] = {}
    ends, shifts = [0], [0]
    size = end = 0
    for change, start, text in zip(changes, starts, texts, strict=True):
        pieces += (answer[end:start], text)
        size += start - end
        for key, place in change.places.items():
            places[key] = size + place
        size, end = size + len(text), change.end
        ends.append(end)
        shifts.append(size - end)
    rest = "".join([*pieces, answer[end:]])
    return rest, lambda place, id_: places.get((place, id_), place + shifts[bisect_right(ends, place) - 1])


def _listed(answer: str, markers: Sequence[Marker], changes: dict[int, _Change]) -> list[_Change]:
    """Return the changes with what else goes: the signs between markers that are listed, and brackets around none."""
    listed: list[_Change] = []
    run: list[_Change] = []
    for marker in markers:
        change = changes.get(marker.start) or _Change(marker.start, marker.end, answer[marker.start : marker.end], {})
        if run and not (run[-1].end <= change.start and _LISTS.fullmatch(answer, run[-1].end, change.start)):
            listed += _tidied(answer, run)
            run = []
        run.append(change)
    listed += _tidied(answer, run)
    unchanged = {marker.start for marker in markers} - changes.keys()
    return [change for change in listed if not (change.text and change.start in unchanged)]


def _tidied(answer: str, run: Sequence[_Change]) -> list[_Change]:
    """Return what markers that are listed become."""
    if not any(change.text for change in run):
        return [_alone(answer, run[0].start, run[-1].end)] if run else []
    tidied: list[_Change] = []
    for is_empty, changes in groupby(run, key=lambda change: not change.text):
        several = list(changes)
        if not is_empty:
            tidied += several
        elif tidied:  # what is listed before goes on as it did
            tidied.append(_Change(tidied[-1].end, several[-1].end, "", {}))
        else:
            first = next(change for change in run if change.text)
            tidied.append(_Change(several[0].start, first.start, "", {}))
    return tidied


def _alone(answer: str, start: int, end: int) -> _Change:
    """Return what goes with markers beside which nothing is listed."""
    opening = _PARENTHESIS.search(answer[max(0, start - 16) : start])
    sign = opening[0] if opening else answer[start - 1 : start]
    while sign and answer[end : end + 1] == _AROUND.get(sign[0]):
        start, end = start - len(sign), end + 1
        sign = answer[start - 1 : start]
    if not start:
        while answer[end : end + 1] in {" ", "\t"}:
            end += 1
    return _Change(start, end, "", {})


def _change(answer: str, marker: Marker, wrong: set[_Key]) -> _Change:
    """Return what is left of a marker, the signs between its ids as they were."""
    if len(marker.mentions) == 1 and not marker.mentions[0].implied:
        return _Change(*_with_emphasis(answer, marker), "", {})
    parts = [*_parts(answer, marker, wrong)]
    if not any(part.text for part in parts):
        return _Change(*_with_emphasis(answer, marker), "", {})
    ends = [marker.inside[0], *(part.end for part in parts)]
    starts = [*(part.start for part in parts), marker.inside[1]]
    if any(_BRACKET.search(answer, *gap) for gap in zip(ends, starts, strict=True)):
        return _hollowed(answer, marker, parts)
    text, places, end = answer[marker.start : parts[0].start], dict[_Key, int](), parts[0].start
    is_first = True
    for part in parts:
        if part.text:
            text += "" if is_first else answer[end : part.start]
            places |= {key: len(text) + place for key, place in part.places.items()}
            text += part.text
            is_first = False
        end = part.end
    return _Change(marker.start, marker.end, text + answer[end : marker.end], places)


def _parts(answer: str, marker: Marker, wrong: set[_Key]) -> Iterator[_Part]:
    number = 0
    while number < len(marker.mentions):
        first = last = marker.mentions[number]
        keys = [(first.start, first.id)]
        while last.implied:
            keys += [(last.start, id_) for id_ in last.implied]
            number += 1
            last = marker.mentions[number]
            keys.append((last.start, last.id))
        number += 1
        limit = marker.mentions[number].start if number < len(marker.mentions) else marker.inside[1]
        right = [key for key in keys if key not in wrong]
        start, end = _spelled(answer, marker, first.start, last.end)
        place = locator_after(answer, end, limit)
        while place > end and answer[place - 1] in _TORN:
            place -= 1
        if len(right) == len(keys):
            text = answer[start:place]
            yield _Part(start, place, text, {key: key[0] - start for key in keys})
        elif not right:
            yield _Part(start, place, "", {})
        else:
            # what a range means is spelled out where only some of it is right
            ids = [id_ for _, id_ in right]
            spans = {key: len(", ".join([*ids[:number], ""])) for number, key in enumerate(right)}
            yield _Part(start, place, ", ".join(ids) + answer[end:place], spans)


def _spelled(answer: str, marker: Marker, start: int, end: int) -> tuple[int, int]:
    """Return where an id stands with the emphasis that is its own."""
    first, last = marker.inside
    while first < start and end < last and answer[start - 1] == answer[end] and answer[end] in "*_~`\"'":
        start, end = start - 1, end + 1
    return start, end


def _hollowed(answer: str, marker: Marker, parts: Sequence[_Part]) -> _Change:
    """Return a marker that has brackets in it without its wrong ids, and with all else."""
    text, places, end = "", dict[_Key, int](), marker.start
    for part in parts:
        text += answer[end : part.start]
        places |= {key: len(text) + place for key, place in part.places.items()}
        text += part.text
        end = part.end
    return _Change(marker.start, marker.end, text + answer[end : marker.end], places)


def _with_emphasis(answer: str, marker: Marker) -> tuple[int, int]:
    """Return where a marker stands with what is set around nothing else."""
    before = answer[max(0, marker.start - 9) : marker.start]
    if before[-1:] in _USUAL and "(" not in before and "（" not in before:
        return marker.start, marker.end
    opening = _BEFORE.search(answer[max(0, marker.start - 24) : marker.start])
    if opening is None:
        return marker.start, marker.end
    sign = opening[0]
    if sign.startswith("\\"):
        return (marker.start - len(sign), marker.end) if marker.is_round else (marker.start, marker.end)
    closing = {"<": "</sup>", "^": "", "(": ")", "（": "）"}.get(sign[0], sign)
    if answer.startswith(closing, marker.end):
        return marker.start - len(sign), marker.end + len(closing)
    return marker.start, marker.end
