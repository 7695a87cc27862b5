"""Find the ids that a text cites, whatever brackets they stand in and whatever stands between them."""

import re
from itertools import chain, pairwise
from typing import Literal

from .bracketed import BRACKETS, PLAIN, Bracketed, Marker, MarkerReading, Mention, code_in, groups_in, id_of, may_cite

_MOST_IN_A_RANGE, _MOST_IMPLIED = 100, 1_000
"""Ids that one range, and all of a text, may stand for without spelling them."""
_LONGEST_THROUGH = 12
_LONGEST = 300
"""Characters between brackets: what is longer is a remark that mentions an id."""
_SIGNS = "\\s\ue202,;:&+/|·•、，；：。.\\-–—−‐‑‒―~〜～…*_^\\\\\"'“”‘’„«»<>#†‡@=→$?!！？`" + re.escape(BRACKETS)
_SIGN = re.compile(f"[{_SIGNS}]*")
_WORD = rf"[^{_SIGNS}\d]{{1,12}}"
_PLACE = rf"(?:{_WORD}\.?\s*){{0,2}}(?:§+\s*|[#LlCc])?\d[\d\s.,:–\-LlCcf]*(?:{_WORD})?"
_LOCATOR = re.compile(
    rf"\s*(?:[†‡][^†‡,;、，；]*|[,;:#@|/(、，：（\s]+(?:{_PLACE}|(?:https?://)?[\w/.-]{{1,80}}\.[A-Za-z]{{2,5}})\)?）?)"
)
"""What may stand behind an id and say where in the passage: a page, lines, a file."""
_BETWEEN = {
    False: re.compile(rf"[{_SIGNS}]*(?:{_WORD}(?:\s+{_WORD})?[{_SIGNS}]*)?"),
    True: re.compile(rf"[{_SIGNS}]*(?:[^{_SIGNS}\d]{{1,8}}[{_SIGNS}]*)?"),
}
"""Signs, and "and" in any language: two short words, or one where round brackets may as well hold prose."""
_RANGE = re.compile(
    r"[\s*_`'\"]*(?:[-‐‑‒–—―−~〜～]|\.{2,3}|…|(?:to|through|thru|until|bis|à|au|a|al|do|aż|tot|t/m|til|till|до|по|по\s"
    r"|ile|から|至|到|에서|부터)(?<=\S))[\s*_`'\"]*"
)
_BARE = re.compile(r"\s*(?:[-‐‑‒–—−~〜～])\s*(?P<last>[0-9]{1,6})(?![\w])(?!\s*[:.]\d)")
"""A range that names its letter once: `E1-3`."""
_AND = "and|or|und|oder|et|ou|y|o|e|i|en|of|og|och|и|или"
_NUMBERS = re.compile(rf"[{_SIGNS}]*(?:(?:{_AND})\s+)?\d{{1,4}}(?:[{_SIGNS}]+(?:{_WORD}\s+)?\d{{1,4}})*[{_SIGNS}]*")
_LEAD_IN = re.compile(
    rf"[{_SIGNS}]*(?:(?:sources?|see|also|cf|cp|evidence|passages?|refs?|references?|citations?|cited?|filecite|citing|in"
    r"|from|per|via|according|to|by|on|as|eg|e\.g|i\.e|documents?|docs?|excerpts?|snippets?|chunks?|ids?|notes?|footnotes?"
    r"|quot(?:e[ds]?|ing|ation)|based|compare|both|all|siehe|s|vgl|quellen?|belege?|laut|auch|nach|dokumente?|abschnitt"
    r"|voir|d'après|selon|références?|preuves?|fuentes?|véase|ver|según|referencias?|fontes?|segundo|fonti|vedi|cfr"
    r"|secondo|bron|bronnen|zie|volgens|källa|källor|se|kilde|kilder|ifølge|enligt|źród(?:ło|ła)|zob|patrz|zdroje?|viz"
    r"|srov|источники?|источнике|см|ср|согласно|по|джерел[оа]|див|kaynak|kaynaklar|bkz|bakınız|lähde|lähteet|ks|katso"
    r"|forrás|források|lásd|ld|sursa|surse|vezi|πηγή|πηγές|βλ|βλέπε|מקור|מקורות|ראה|ראו|المصدر|المصادر|انظر|راجع"
    r"|nguồn|xem|sumber|lihat|来源|來源|参见|參見|参看|见|見|引用|证据|證據|参考|參考|依据|根据|出处|出處|出典|参照|資料"
    r"|出典元|根拠|출처|참고|참조|근거|स्रोत|देखें|ที่มา|แหล่งที่มา|ดู|\d{1,3}(?::\d{1,3})?†)"
    rf"(?:[{_SIGNS}]+|(?=[^\x00-\x7f])|\Z)){{1,5}}",
    re.IGNORECASE,
)
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
        if not group.kind or group.inside[1] - group.inside[0] > _LONGEST:
            marker, inner = _unread(text, group), 0
        else:
            inner = 0
            while inner < len(markers) and markers[-inner - 1].start >= group.start:
                inner += 1
            marker = _read(text, group, markers[len(markers) - inner :], room=room)
        if marker is None:
            continue
        room -= sum(len(mention.implied) for mention in marker.mentions)
        if marker.reading == "read":
            del markers[len(markers) - inner :]
        markers.append(marker)
    markers += [Marker(start, end, (start, end), [mention], "unread", is_round=True) for start, end, mention in quoted]
    markers.sort(key=lambda marker: marker.start)
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
    leads_in = _SIGN.fullmatch(text, start, first.start) or _LEAD_IN.fullmatch(text, start, first.start)
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
    if group.is_round and len(mentions) == 1 and not _SIGN.fullmatch(text, group.inside[0], mentions[0].start):
        return None
    return Marker(group.start, group.end, group.inside, mentions, "unread", group.is_round)


def _is_code(text: str, group: Bracketed) -> bool:
    """Tell an element of an array, and a call, from a marker that follows its word without a space."""
    before = text[max(0, group.start - 41) : group.start]
    if group.is_round:
        return before[-1:].isascii() and (before[-1:].isalnum() or before[-1:] == "_") and not _COMMAND.search(before)
    if group.kind != "[" or not (before[-1:].isalnum() or before[-1:] in "_$"):
        return False
    name = _NAME.search(before)
    is_name = name is not None and _VARIABLE.fullmatch(name[0]) is not None
    return (
        is_name
        or _ASSIGNED.search(before) is not None
        or (before[-1:].isascii() and _GOES_ON.match(text, group.end) is not None)
    )


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
