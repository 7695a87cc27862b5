"""Find the ids that a text cites, whatever brackets they stand in and whatever stands between them."""

import json
import re
from itertools import chain, pairwise
from typing import Literal

from .bracketed import (
    ID,
    PLAIN,
    STRICT,
    Bracketed,
    Marker,
    MarkerReading,
    Mention,
    code_in,
    groups_in,
    id_of,
    may_cite,
)
from .wording import LEAD_IN, SIGNS, WORDS_BEFORE, names_a_source

_MOST_IN_A_RANGE, _MOST_IMPLIED = 100, 1_000
"""Ids that one range, and all of a text, may stand for without spelling them."""
_LONGEST_THROUGH = 12
_LONGEST = 300
"""Characters between brackets: what is longer is a remark that mentions an id."""
_SIGN = re.compile(f"[{SIGNS}]*")
_WORD = rf"[^{SIGNS}\d]{{1,12}}"
_PLACE = rf"(?:{_WORD}\.?\s*){{0,2}}(?:§+\s*|[#LlCc])?\d[\d\s.,:–\-LlCcf]*(?:{_WORD})?"
_LOCATOR = re.compile(
    rf"\s*(?:[†‡][^†‡,;、，；]*|[,;:#@|/(、，：（\s]+(?:{_PLACE}|(?:https?://)?[\w/.-]{{1,80}}\.[A-Za-z]{{2,5}})\)?）?)"
)
"""What may stand behind an id and say where in the passage: a page, lines, a file."""
_BETWEEN = {
    False: re.compile(rf"[{SIGNS}]*(?:{_WORD}(?:\s+{_WORD})?[{SIGNS}]*)?"),
    True: re.compile(rf"[{SIGNS}]*(?:[^{SIGNS}\d]{{1,8}}[{SIGNS}]*)?"),
}
"""Signs, and "and" in any language: two short words, or one where round brackets may as well hold prose."""
_RANGE = re.compile(
    r"[\s*_`'\"]*(?:[-‐‑‒–—―−~〜～]|\.{2,3}|…|(?:to|through|thru|until|bis|à|au|a|al|do|aż|tot|t/m|til|till|до|по|по\s"
    r"|ile|から|至|到|에서|부터)(?<=\S))[\s*_`'\"]*"
)
_BARE = re.compile(r"\s*(?:[-‐‑‒–—−~〜～])\s*(?P<last>[0-9]{1,6})(?![\w])(?!\s*[:.]\d)")
"""A range that names its letter once: `E1-3`."""
_AND = "and|or|und|oder|et|ou|y|o|e|i|en|of|og|och|и|или"
_NUMBERS = re.compile(rf"[{SIGNS}]*(?:(?:{_AND})\s+)?\d{{1,4}}(?:[{SIGNS}]+(?:{_WORD}\s+)?\d{{1,4}})*[{SIGNS}]*")
_LISTS = re.compile(r"\s*(?:[,;&/、，；]|(?:" + _AND + r")\s|[和与及とや및과와])")
_REMARK = re.compile(r"\s*(?:[,;:|–—(†#/@、，；：（]|-\s)")
_COMMAND = re.compile(r"\\[A-Za-z]{1,20}\*?\Z")
_NAME = re.compile(r"[\w$]{0,40}\Z")
_ASSIGNED = re.compile(r"=\s?[\w$]{1,30}\Z")
_THROUGH = re.compile(r"\s?[-‐‑‒–—−~〜～]\s?|\s(?:to|through|thru|bis|à|al?|do|tot|t/m|til|till|до|по)\s")
_VARIABLE = re.compile(
    r"(?:arr|array|args|argv|buf|dict|list|lst|map|matrix|ptr|tmp|vals?|vec|xs|ys|[b-z]|\w+_\w*|\$\w+)"
)
_GOES_ON = re.compile(r"\s{0,9}(?:[-+*/|&]?=|\.[A-Za-z_]\w{0,40}\s{0,3}[(=\[]|->)")
_JUST_IDS = re.compile(
    rf"[\s*_^]*(?:(?:{ID}|(?<=[-–—])\d{{1,6}})(?:\s?(?:[-–—~〜～]|\.{{2,3}}|…)\s?|[\s,;&+/|·、，；*_^]*(?:(?:{_AND})\s)?|[和与及とや와])){{1,99}}"
)
"""Nothing but ids and what lists them."""
_VALUE = re.compile(r"(?:[=:(\[,?]|=>|\b(?:return|in|yield))\s?\Z")
_EMPHASIS = re.compile(r"[*_~]{1,3}")


def markers_in(text: str) -> list[Marker]:
    """Return what a text cites, in order; code cites nothing, and an id that stands in no brackets is a word.

    What cannot be read may have others inside it.

    Args:
        text: What a model wrote, in any language.
    """
    if not may_cite(text):
        return []
    room = _MOST_IMPLIED
    markers: list[Marker] = []
    code, quoted = code_in(text)
    for group in groups_in(text, code):
        if isinstance(group, Marker):
            markers.append(group)
            continue
        is_strict = group.kind in STRICT
        if not is_strict and (not group.kind or group.inside[1] - group.inside[0] > _LONGEST):
            marker, inner = _unread(text, group), 0
        else:
            inner = 0
            while inner < len(markers) and markers[-inner - 1].start >= group.start:
                inner += 1
            is_read = not is_strict or _is_strict_marker(text, group)
            marker = _read(text, group, markers[len(markers) - inner :], room=room) if is_read else None
        if marker is None:
            if group.kind == "{":
                markers[len(markers) - inner :] = [
                    m for m in markers[len(markers) - inner :] if not _is_string(text, m)
                ]
            continue
        room -= sum(len(mention.implied) for mention in marker.mentions)
        if marker.reading == "read":
            del markers[len(markers) - inner :]
        markers.append(marker)
    markers += [Marker(start, end, (start, end), [mention], "unread", is_round=True) for start, end, mention in quoted]
    markers.sort(key=lambda marker: marker.start)
    if is_for_programs(text):
        markers = [marker for marker in markers if not _is_string(text, marker)]
    return _with_ranges(text, markers, room=room) if len(markers) > 1 else markers


def _with_ranges(text: str, markers: list[Marker], *, room: int) -> list[Marker]:
    """Join markers that are the ends of a range: `[E1]–[E3]`."""
    joined: list[Marker] = []
    for marker in markers:
        before = joined[-1] if joined else None
        if before and before.reading == marker.reading == "read" and 0 < marker.start - before.end < _LONGEST_THROUGH:
            last, first = before.mentions[-1], marker.mentions[0]
            is_range = _THROUGH.fullmatch(text, before.end, marker.start)
            if is_range and (implied := _implied(last.id, first.id, room=room)):
                room -= len(implied)
                mentions = [*before.mentions[:-1], last._replace(implied=implied), *marker.mentions]
                inside = (before.inside[0], marker.inside[1])
                joined[-1] = before._replace(end=marker.end, inside=inside, mentions=mentions)
                continue
        joined.append(marker)
    return joined


def is_for_programs(text: str) -> bool:
    """Tell a text that programs read as a whole."""
    text = text.strip()
    if not (text.startswith(("{", "[")) and text.endswith(("}", "]"))):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def without_markers(text: str) -> str:
    """Return a text without what it cites, as two of them are compared: nobody's code is looked for in it."""
    text = PLAIN.sub("", text)
    pieces, end = [], 0
    for marker in markers_in(text):
        if marker.reading != "unread" and marker.start >= end:
            pieces.append(text[end : marker.start])
            end = marker.end
    return "".join([*pieces, text[end:]]) if pieces else text


def locator_after(text: str, start: int, end: int) -> int:
    """Return where what stands behind an id and belongs to it ends."""
    place = _LOCATOR.match(text, start, end)
    return place.end() if place else start


def _read(text: str, group: Bracketed, inner: list[Marker], *, room: int) -> Marker | None:
    """Read what stands between brackets, None where it is not about passages."""
    mentions = (
        sorted(chain(group.mentions, *(marker.mentions for marker in inner)), key=lambda mention: mention.start)
        if inner
        else group.mentions
    )
    if _is_code(text, group):
        return _unread(text, group) if group.is_round else None
    spelled = _spelled(text, group, mentions, room=room)
    if spelled is None:
        return _unread(text, group)
    ids, is_partly = spelled
    rest = _rest(text, ids[-1].end, group)
    if rest == "unread":
        return _unread(text, group)
    is_partly |= rest == "numbers"
    reading: MarkerReading = "loose" if rest == "loose" else "read"
    return Marker(group.start, group.target_end, group.inside, ids, reading, group.is_round, is_partly)


def _spelled(text: str, group: Bracketed, mentions: list[Mention], *, room: int) -> tuple[list[Mention], bool] | None:
    """Return the ids with those that ranges imply, and whether there were too many; None for what is no list."""
    start, end = group.inside
    first, last = mentions[0], mentions[-1]
    leads_in = _SIGN.fullmatch(text, start, first.start) or LEAD_IN.fullmatch(text, start, first.start)
    is_partly = not leads_in and _NUMBERS.fullmatch(text, start, first.start) is not None
    if not leads_in and not is_partly:
        return None
    if bare := _BARE.match(text, last.end, end):
        mentions = [*mentions, Mention(id_of(bare["last"]), bare.start("last"), bare.end("last"))]
    ids: list[Mention] = []
    for mention, following in pairwise(mentions):
        if (bare and mention is last) or _RANGE.fullmatch(text, mention.end, following.start):
            implied = _implied(mention.id, following.id, room=room)
            is_partly |= implied is None
            ids.append(mention._replace(implied=implied or ()))
        elif _is_between(text, mention.end, following.start, is_round=group.is_round):
            ids.append(mention)
        else:
            return None
    return [*ids, mentions[-1]], is_partly


def _rest(text: str, start: int, group: Bracketed) -> Literal["nothing", "numbers", "loose", "unread"]:
    """Say what stands behind the last id, beside signs and where in the passage it is."""
    end = group.inside[1]
    if _SIGN.fullmatch(text, start, end):
        return "nothing"
    if _LISTS.match(text, start, end) and _NUMBERS.fullmatch(text, start, end):
        return "numbers"
    if _SIGN.fullmatch(text, locator_after(text, start, end), end):
        return "nothing"
    return "unread" if group.is_round or not _REMARK.match(text, start, end) else "loose"


def _unread(text: str, group: Bracketed) -> Marker | None:
    """Return what holds an id and is no list of them; in prose's own brackets, only where it begins like one."""
    mentions = group.mentions
    if group.is_round and len(mentions) == 1:
        start = group.inside[0]
        words = text[max(start, mentions[0].start - _LONGEST) : mentions[0].start]
        if not _SIGN.fullmatch(words) and not names_a_source(words):
            return None
    return Marker(group.start, group.end, group.inside, mentions, "unread", group.is_round)


def _is_code(text: str, group: Bracketed) -> bool:
    """Tell an element of an array, and a call, from a marker that follows its word without a space."""
    before = text[max(0, group.start - 41) : group.start]
    if group.is_round:
        if text[group.start] not in "({" or WORDS_BEFORE.match(text, *group.inside):
            return False
        return before[-1:].isascii() and (before[-1:].isalnum() or before[-1:] == "_") and not _COMMAND.search(before)
    if group.kind == "[" and before[-1:] == "$" == text[group.end : group.end + 1]:
        return True
    if group.kind != "[" or not (before[-1:].isalnum() or before[-1:] in "_$"):
        return False
    name = _NAME.search(before)
    is_name = name is not None and _VARIABLE.fullmatch(name[0]) is not None
    return (
        is_name
        or _ASSIGNED.search(before) is not None
        or (before[-1:].isascii() and _GOES_ON.match(text, group.end) is not None)
    )


def _is_strict_marker(text: str, group: Bracketed) -> bool:
    """Tell brackets with nothing but ids from what is quoted, an object, and a set."""
    start, end = group.inside
    if end - start > _LONGEST or not _JUST_IDS.fullmatch(text, start, end):
        return False
    return group.kind != "{" or not _VALUE.search(text[max(0, group.start - 9) : group.start])


def _is_string(text: str, marker: Marker) -> bool:
    """Tell a list of strings from a marker."""
    first = marker.mentions[0]
    return text[first.start - 1] in "\"'" and text[first.end : first.end + 1] in "\"'"


def _is_between(text: str, start: int, end: int, *, is_round: bool) -> bool:
    if _SIGN.fullmatch(text, start, end) or _BETWEEN[is_round].fullmatch(text, start, end):
        return True
    at = locator_after(text, start, end)
    return at > start and _BETWEEN[is_round].fullmatch(text, at, end) is not None


def _implied(first: str, last: str, *, room: int) -> tuple[str, ...] | None:
    """Return the ids between two, None where there are too many to look up."""
    if max(len(first), len(last)) > 7:
        return None
    low, high = int(first[1:]), int(last[1:])
    step = 1 if low <= high else -1
    numbers = range(low + step, high, step)
    return tuple(f"E{n}" for n in numbers) if len(numbers) <= min(_MOST_IN_A_RANGE, room) else None
