"""Find the ids of passages that stand in brackets, and which brackets those are; code holds none."""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Literal, NamedTuple

_SQUARE, _ROUND, _CURLY, _ANGLE, _PRIVATE = (
    "[]【】［］〔〕⟦⟧〖〗〘〙〚〛❲❳",
    "()（）﹙﹚⦅⦆⁽⁾",
    "{}｛｝",
    "⟨⟩",
    "\ue200\ue201",
)
_QUOTING = "〈〉《》「」｢｣『』«»‹›"
"""Brackets that quote, or name a work, unless they hold nothing but ids."""
BRACKETS = _SQUARE + _ROUND + _CURLY + _ANGLE + _PRIVATE + _QUOTING
_KINDS = {sign: kinds[0] for kinds in (_SQUARE, _ROUND, _CURLY, _ANGLE, _PRIVATE) for sign in kinds} | {
    sign: _QUOTING[at - at % 2] for at, sign in enumerate(_QUOTING)
}
"""By its first sign: what is opened by one sort of square brackets may be closed by another."""
_OPENING = {sign for kinds in (_SQUARE, _ROUND, _CURLY, _ANGLE, _PRIVATE, _QUOTING) for sign in kinds[::2]}
STRICT = frozenset("{" + _QUOTING[::2])
"""Kinds of brackets that cite only where they hold nothing but ids."""
_PROSE = STRICT | {"("}
"""Brackets that stand in prose, in formulas and in code as well."""
_LETTERS = "0-9A-Za-z_\u00c0-\u024f\u0370-\u03ff\u0400-\u052f０-９Ａ-Ｚａ-ｚ"
"""What makes an id part of a word; scripts that put no space between words are not among them."""
_DIGITS = "[0-9０-９]"
_E, _CAPITAL_E = "EeＥｅЕеΕε", "EＥЕΕ"
_NUMBER = rf"(?:{_DIGITS}+|(?<=[{_CAPITAL_E}])[ \u00a0\u202f_#-]{_DIGITS}+)(?![{_LETTERS}])"
ID = rf"[{_E}](?<![{_LETTERS}][{_E}]){_NUMBER}"
"""An id as models write it: `E1`, `e1`, `E 1`, `E01`, and letters and digits that look like these."""
_ID = re.compile(ID)
_DIGIT = re.compile(_DIGITS + "+")
PLAIN = re.compile(r"\[(?<![\w$\\]\[)E[1-9][0-9]{0,5}\](?!\()")
"""One id as it is asked for, of which there are most."""
_TOKEN = re.compile(
    # what may begin one comes first, for then all else is passed over at once
    rf"[{_E}<>\n{re.escape(BRACKETS)}](?:"
    r"(?<=\[)(?<![\w$\\]\[)E[1-9][0-9]{0,5}\](?!\()(?P<plain>)"
    rf"|(?<=[{_E}])(?<![{_LETTERS}].){_NUMBER}(?P<id>)"
    rf"|(?<=[{re.escape(BRACKETS)}])(?P<bracket>)"
    rf"|(?<=<)(?:(?P<end>/?)(?P<name>sup|sub|cite|ref)>(?P<tag>)|(?=\s?{ID})(?P<angle>))|(?<=>)(?P<close>)"
    r"|(?<=\n)[^\S\n]*\n(?P<gap>))"
)
_RUN = re.compile("`+")
_QUOTED_MARKER = re.compile(rf"`{{1,2}}\s?[{re.escape(_SQUARE + _ROUND)}](?P<id>{ID})[^`\n]{{0,80}}`{{1,2}}")
_QUOTED_ID = re.compile(rf"`{{1,2}}\s?{ID}\s?`{{1,2}}")
_LINK = re.compile(rf"\((?!\s*{ID}\s*\))[^()\s]{{0,500}}(?:\s\"[^\"\n]{{0,200}}\")?\)")


MarkerReading = Literal["read", "loose", "unread"]
"""`loose` is followed by words of the answer's own, and `unread` is no list of ids as far as can be told."""


class Mention(NamedTuple):
    """Be an id where a text spells it."""

    id: str
    start: int
    end: int
    implied: tuple[str, ...] = ()
    """Ids between this one and the next, where a range names only its ends."""


class Marker(NamedTuple):
    """Be ids that stand in brackets together."""

    start: int
    end: int
    """Behind the brackets, and the target of a link."""
    inside: tuple[int, int]
    mentions: list[Mention]
    reading: MarkerReading
    is_round: bool = False
    """Whether it stands in brackets that prose uses as well."""
    is_partly: bool = False
    """Whether something in it may be an id as well, and was not looked up: `[E1, 2]`, a range of thousands."""

    @property
    def cited_end(self) -> int:
        """Return where the ids end, for words of the answer's own that follow them: these may quote."""
        return self.mentions[-1].end if self.reading == "loose" else self.end

    @property
    def cited(self) -> list[tuple[int, str]]:
        """Return all ids with where they are cited: those that a range implies stand where its first one does."""
        return [(mention.start, id_) for mention in self.mentions for id_ in (mention.id, *mention.implied)]

    @property
    def ids(self) -> list[str]:
        """Return the same without their places."""
        return [id_ for _, id_ in self.cited]


class Bracketed(NamedTuple):
    """Be a pair of brackets with ids in it."""

    start: int
    """Of the bracket, or of the backslash before it."""
    inside: tuple[int, int]
    end: int
    target_end: int
    """Behind the target of a link, for brackets that are one."""
    kind: str
    """Its opening bracket, or a tag's name; empty for brackets that nothing closes."""
    mentions: list[Mention]
    """Not those in brackets of their own."""

    @property
    def is_round(self) -> bool:
        """Tell brackets that prose uses as well."""
        return self.kind in _PROSE


class _Open(NamedTuple):
    kind: str
    start: int
    inside: int
    mentions: list[Mention]


def mention_of(match: re.Match[str], group: str | int = 0) -> Mention:
    """Return an id as passages have it."""
    return Mention(id_of(_DIGIT.findall(match[group])[0]), *match.span(group))


def id_of(number: str) -> str:
    """Return the id with a number, which may be written with zeros before it or in wide digits."""
    if not number.isascii():
        number = "".join(chr(ord(digit) - 0xFEE0) if ord(digit) > 0xFF00 else digit for digit in number)
    return f"E{number.lstrip('0') or '0'}"


def ids_in(text: str) -> set[str]:
    """Return all that looks like an id, in brackets or not."""
    return {mention_of(match).id for match in _ID.finditer(text)}


def count_ids(text: str) -> int:
    """Return how often a text has what looks like an id, in brackets or not."""
    return len(_ID.findall(text))


def may_cite(text: str) -> bool:
    """Tell a text without ids, of which there are many."""
    return _ID.search(text) is not None


def groups_in(text: str, code: Sequence[tuple[int, int]]) -> list[Bracketed | Marker]:
    """Return the brackets that hold ids, inner ones before those around them; `[E1]`, as asked for, is read already.

    Args:
        text: What a model wrote.
        code: What of it is code, in order.
    """
    scan = _Scan(text)
    spans = chain(code, [(len(text) + 1, len(text) + 1)])
    start, end = next(spans)
    for token in _TOKEN.finditer(text):
        at = token.start()
        while at >= end:
            start, end = next(spans)
        if start <= at or at < scan.target_end:
            continue
        name = token.lastgroup
        if name == "plain":
            stop = token.end()
            mention = Mention(text[at + 1 : stop - 1], at + 1, stop - 1)
            scan.groups.append(Marker(at, stop, (at + 1, stop - 1), [mention], "read"))
        elif name == "id":
            if scan.stack:
                scan.stack[-1].mentions.append(mention_of(token))
        elif name == "gap":
            scan.drop(0)
        else:
            scan.take(token)
    scan.drop(0)
    return scan.groups


class _Scan:
    """Match brackets with one another."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.groups: list[Bracketed | Marker] = []
        self.stack: list[_Open] = []
        self.counts: dict[str, int] = {}
        self.target_end = 0
        """Behind the target of the last link, in which nothing is cited."""

    def take(self, token: re.Match[str]) -> None:
        """Open a pair of brackets, or close one and all that is open in it; what opens or closes nothing is a sign."""
        kind, is_opening = _kind_of(token)
        start, end = token.span()
        if start and self.text[start - 1] == "\\":
            start -= 1
        if is_opening:
            self.stack.append(_Open(kind, start, end, []))
            self.counts[kind] = self.counts.get(kind, 0) + 1
        elif self.counts.get(kind):
            while self.stack[-1].kind != kind:
                self.drop(len(self.stack) - 1)
            pair = self.stack.pop()
            self.counts[kind] -= 1
            is_link = kind == "[" and self.text.startswith("(", end)
            link = _LINK.match(self.text, end) if is_link else None
            self.target_end = link.end() if link else 0
            if pair.mentions:
                inside = (pair.inside, start)
                self.groups.append(Bracketed(pair.start, inside, end, self.target_end or end, kind, pair.mentions))

    def drop(self, until: int) -> None:
        """Give up what is open and never closed."""
        while len(self.stack) > until:
            last = self.stack.pop()
            self.counts[last.kind] -= 1
            if last.mentions and last.kind not in _PROSE:
                end = last.mentions[-1].end
                self.groups.append(Bracketed(last.start, (last.inside, end), end, end, "", last.mentions))


def _kind_of(token: re.Match[str]) -> tuple[str, bool]:
    if token.lastgroup == "tag":
        return token["name"], not token["end"]
    if token.lastgroup == "bracket":
        return _KINDS[token[0]], token[0] in _OPENING
    return "<", token.lastgroup == "angle"


def code_in(text: str) -> tuple[list[tuple[int, int]], list[tuple[int, int, Mention]]]:
    """Return what stands between backticks: as many open as close, and three or more need no end.

    An id alone is no code, whoever sets it in backticks.

    Returns:
        Where code stands, and the code that is a citation from its first character to its last.
    """
    runs = [match.span() for match in _RUN.finditer(text)]
    later: dict[int, int] = {}
    closing: list[int | None] = []
    for index, (start, end) in reversed(list(enumerate(runs))):
        closing.append(later.get(end - start))
        later[end - start] = index
    closing.reverse()
    code: list[tuple[int, int]] = []
    citations: list[tuple[int, int, Mention]] = []
    index = 0
    while index < len(runs):
        (start, end), close = runs[index], closing[index]
        index += 1
        if close is not None and (end - start > 2 or text.find("\n\n", end, runs[close][0]) < 0):
            last = runs[close][1]
            index = close + 1
            if not _QUOTED_ID.fullmatch(text, start, last):
                code.append((start, last))
            if marker := _QUOTED_MARKER.fullmatch(text, start, last):
                citations.append((start, last, mention_of(marker, "id")))
        elif close is None and end - start > 2:
            code.append((start, len(text)))
            break
    return code, citations
