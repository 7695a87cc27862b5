"""Fold texts to what readers see of them, and tell where each character stood: so quotes are compared."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

EDGE = "\uffff"
"""Set around each word of what is compared; no text holds it, for Unicode has no such character."""
DENSE = "\u1100-\u11ff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
"""Characters of scripts that put no space between words, or that texts are broken in anywhere."""
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff"
)
"""Marks and vowels that belong to the letter before them."""
_CHARACTER = rf"(?:(?![{DENSE}])[^\W_]|[{_MARKS}])"
_WORD = re.compile(rf"(?:(?<![^\s('])[-+](?=[0-9]))?{_CHARACTER}(?:{_CHARACTER}|(?<=\d)[.,\u00b7](?=\d))*+")
"""A word, or a number with its sign and its decimals."""
_ALIKE = str.maketrans(
    dict.fromkeys('“”„‟«»‘’‚‛‹›"´ʼʹ′″‴′׳״「」『』｢｣〝〞〟❝❞❛❜＇＂', "'")
    | dict.fromkeys("‐‑‒–—―−⁃﹘﹣－", "-")
    | dict.fromkeys("\u2044\u2215", "/")
    | dict.fromkeys("\u2219\u30fb\u22c5", "\u00b7")
)
_INERT = (
    "0-9A-Za-z.,;:!?()%/=+$&@'\"{}|^<\u00c0-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e\u0180-\u01c3\u0388-\u03ce"
    "\u0400-\u0482\u048a-\u052f"
)
"""What is seen as it is coded, whatever stands before it."""
_INERT_DENSE = "\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3"
_ELLIPTIC = "and|or|to|nor|but|und|oder|bis|sowie|et|ou|y|o|e|i|och|eller|og|en|of"
"""What follows a hyphen that stands for a word left out: `pre- and post-war`."""
_LETTERS = r"[^\W\d_]"
_LINE_END = r"(?:[-\u2010](?=\s)|\u00ad)[^\S\n]*+(?:\n[^\S\n]*+)?+"
_BROKEN = rf"(?:(?<={_LETTERS})|(?<=[{_MARKS}])){_LINE_END}(?!(?:{_ELLIPTIC})\b)(?={_LETTERS})"
_COMPOUND = re.compile(rf"(?<!{_LETTERS})({_LETTERS}++){_LINE_END}(?=({_LETTERS}++))")
_HYPHENATED = re.compile(rf"(?<!{_LETTERS})({_LETTERS}++)[-\u2010\u2011](?=({_LETTERS}++))")
_LISTED = r"(?:(?:#{1,6}|[-*+•]|>+)[^\S\n]+)*"
_TOKEN = re.compile(
    rf"(?P<broken>{_BROKEN})|(?P<inert>[{_INERT}]+(?:[ ][{_INERT}]+)*|[{_INERT_DENSE}]+)"
    r"|(?P<unseen>[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    r"\ufeff]+|`+|~~+|"
    rf"(?<![^\W_])(?<![{_MARKS}])_+|_+(?![^\W_])|"
    r"(?<![\d*])\*++(?=\S)|(?<=[^\s*])\*++(?!\d)|\\(?=[*_`~\[\]()#>.-])"
    r"|\[(?=[^\W\d_]\][^\W\d_])|(?<=\[[^\W\d_])\](?=[^\W\d_])|!?\[(?=[^\[\]\n]{1,300}\]\([^()\s]{1,500}\))|\]\([^()\s]{1,500}\))"
    rf"|(?P<space>\s*\n\s*{_LISTED}|\s+)|(?P<jamo>[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?)|(?P<other>.)",
    re.DOTALL,
)
_MOST_MARKS = 30
"""Marks on one letter that are sorted and joined with it; more are no letter of any language."""
_SMALLER = ("<super>", "<sub>", "<fraction>", "<circle>")
"""What is read as a number of its own beside a digit: 10² is no 102."""
_DENSE = re.compile(f"[{DENSE}]")


class SeenText(NamedTuple):
    """Be a text as it is compared."""

    text: str
    offsets: list[int]
    """Where each of its characters stood, and where the text ended."""
    compounds: frozenset[str]
    """Words that the end of a line broke: whether they had a hyphen before, nobody can tell."""
    joins: bool
    """Whether these are one word in it."""


def as_seen(text: str, *, compounds: frozenset[str] = frozenset(), joins: bool = True) -> SeenText:
    """Return a text as readers see it: in normal form, without marks of emphasis, its words told from one another.

    Args:
        text: A passage, or a quote.
        compounds: Words that the other text breaks at the end of a line.
        joins: Whether what a hyphen and a space part is one word that a line's end broke.
    """
    may_break = joins and any(hyphen in text for hyphen in "-\u2010\u00ad")
    broken = frozenset(match[1] + match[2] for match in _COMPOUND.finditer(text)) if may_break else frozenset[str]()
    joined = compounds | broken
    hyphens = {m.end() - 1 for m in _HYPHENATED.finditer(text) if m[1] + m[2] in joined} if joined else set[int]()
    plain, offsets = _seen(text, hyphens, joins=joins)
    pieces: list[str] = []
    places: list[int] = []
    end = 0
    for word in _WORD.finditer(plain):
        at = word.start()
        pieces += (plain[end:at], EDGE, word[0], EDGE)
        places += offsets[end:at]
        places.append(offsets[at])
        places += offsets[at : word.end()]
        end = word.end()
        places.append(offsets[end])
    return SeenText("".join([*pieces, plain[end:]]), places + offsets[end:], broken, joins)


def _seen(text: str, hyphens: set[int], *, joins: bool) -> tuple[str, list[int]]:
    """Return what is seen of a text, and where each character of it stood."""
    start = re.match(rf"\s*{_LISTED}", text)
    pieces: list[str] = []
    offsets: list[int] = []
    marks: list[tuple[str, int]] = []
    for token in _TOKEN.finditer(text, start.end() if start else 0):
        kind, at = token.lastgroup, token.start()
        if marks and not (kind == "other" and _is_mark(token[0])):
            _join(pieces, offsets, marks)
        if kind == "broken" and not joins:
            pieces += text[at], " "
            offsets += at, at + 1
        elif kind == "inert":
            pieces.append(token[0])
            offsets.extend(range(at, token.end()))
        elif kind == "space":
            if pieces and not _is_between(pieces[-1][-1], text[token.end() : token.end() + 1]):
                pieces.append(" ")
                offsets.append(at)
        elif kind == "jamo":
            pieces.append(unicodedata.normalize("NFC", token[0]))
            offsets.append(at)
        elif kind == "other" and at not in hyphens:
            _take(text, at, pieces, offsets, marks)
    if marks:
        _join(pieces, offsets, marks)
    return "".join(pieces).translate(_ALIKE), [*offsets, len(text)]


def _take(text: str, at: int, pieces: list[str], offsets: list[int], marks: list[tuple[str, int]]) -> None:
    """Add a character as it is seen beside its neighbours; marks wait for their last."""
    if text[at].isascii():
        pieces.append(text[at])
        offsets.append(at)
        return
    around = (pieces[-1][-1] if pieces else "", text[at + 1 : at + 2])
    shown = _shown(text[at], *map(_is_digit, around))
    if _is_mark(shown):
        marks += [(mark, at) for mark in shown]
    else:
        pieces.append(shown)
        offsets += [at] * len(shown)


def _is_between(before: str, after: str) -> bool:
    """Tell a space that nobody sees: beside another, or where a line is broken in a script without spaces."""
    return before == " " or (_DENSE.match(before) is not None and _DENSE.match(after) is not None)


def _is_digit(character: str) -> bool:
    return character.isdigit()


def _is_mark(character: str) -> bool:
    return bool(character) and unicodedata.combining(_shown(character[0], False, False)[0]) != 0


@lru_cache(maxsize=4_096)
def _shown(character: str, after_digit: bool, before_digit: bool) -> str:
    """Return what a character is seen as; one that nobody would take for letters or digits stays itself."""
    if (alike := character.translate(_ALIKE)) != character:
        return alike
    tag = unicodedata.decomposition(character).partition(" ")[0]
    if tag in _SMALLER and (after_digit or before_digit):
        return f" {unicodedata.normalize('NFKD', character)}" if tag == "<fraction>" and after_digit else character
    if unicodedata.combining(character):
        return unicodedata.normalize("NFD", character)
    shown = unicodedata.normalize("NFKC", character)
    apart = unicodedata.normalize("NFD", shown)
    if len(apart) > len(shown) and not any(map(unicodedata.combining, apart)):
        return apart  # vowels of two parts, which nothing puts together here
    return character if shown.startswith(" ") else shown


def _join(pieces: list[str], offsets: list[int], marks: list[tuple[str, int]]) -> None:
    """Put marks on the letter before them, in the order that Unicode gives them."""
    marks.sort(key=lambda mark: unicodedata.combining(mark[0]))
    if pieces and len(marks) <= _MOST_MARKS:
        letter = unicodedata.normalize("NFC", pieces[-1][-1] + "".join(mark for mark, _ in marks))
        pieces[-1] = pieces[-1][:-1] + letter
        offsets += [offsets[-1]] * (len(letter) - 1)
    else:
        pieces.append("".join(mark for mark, _ in marks))
        offsets += [at for _, at in marks]
    marks.clear()
