"""Tell what a remark after an answer does to it: whether it explains it, narrows it, or takes it back."""

import re

from .languages import spaced, unspaced
from .notation import LITERAL

_EXPLAINED = re.compile(
    r"[.!]\s++(?=(?:This|That|The|It|We|I|Since|So|Therefore|Thus|Hope|Hence|Here|These|Because|Let|Great)\b)"
    r"|(?:,|(?<![\s,]))\s++(?:because|since)\b"
)
_NOISE = re.compile(
    r"```|</s>|<\|[^|>]*\|>|[}\]*_`#$]|\\\]"
    r"|^\W{0,99}+(?:(?:i )?hope|let me know|feel free|please|if you (?:have|need|want)|happy to|thank|good luck)"
    r"[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""What often follows an answer and says nothing of it; a blank line before it is looked at from so many others only."""
_HARMLESS = [re.compile(rf"\b(?:{spaced('harmless')})\b"), re.compile(unspaced("harmless"))]
"""What says nothing against an answer, though it holds a word that does; in small letters, as the next two."""
_CONTRASTS = [
    re.compile(rf"\b(?:{spaced('narrows')})\b"),
    re.compile(rf"\b(?:{spaced('wrong')})\b"),
    re.compile(rf"\b(?:{spaced('begins')})\b"),
    re.compile(unspaced("narrows", "wrong", "begins")),
    re.compile(r"n't\b"),
]
"""What takes an answer back, or narrows it."""
_RETRACTED = re.compile(
    rf"(?:^|[.!…。！:—–-]\s*+|\n\s*+)[*_(\[¡¿]{{0,3}}(?:(?:{spaced('begins')})\b|{unspaced('begins')})"
    rf"|\b(?:{spaced('wrong')})\b|{unspaced('wrong')}"
)
"""What begins to take an answer back, in words of its own."""
_GOES_ON = re.compile(
    r"[?？؟]|\b(?:another|next|new|second|further|extra|bonus|more) (?:one|task|question|problem|exercise|example"
    r"|credit|puzzle|riddle|case)|\b(?:next up|bonus)\b",
    re.IGNORECASE,
)
"""What goes on to another question."""
_SOON = 200
"""Characters within which an answer is taken back: later words may be those of another task."""
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")


def adds_nothing(after: str, stated: str) -> bool:
    """Tell whether what follows an answer leaves it as it is: no other number, nothing that takes it back."""
    rest = _NOISE.sub("", after).strip()
    return not rest or (bool(_NUMBERS.search(stated)) and _only_explains(rest, stated))


def is_taken_back(after: str) -> bool:
    """Tell whether what soon follows an answer takes it back."""
    return bool(_RETRACTED.search(_without_harmless(_NOISE.sub("", after[: 2 * _SOON])[:_SOON])))


def contrasts(words: str) -> bool:
    """Tell whether words take an answer back, narrow it, or set another against it."""
    bare = _without_harmless(words)
    return any(pattern.search(bare) for pattern in _CONTRASTS)


def _without_harmless(words: str) -> str:
    """Return words in small letters, without those that say nothing against an answer."""
    words = words.lower()
    for pattern in _HARMLESS:
        words = pattern.sub(" ", words)
    return words


def _only_explains(rest: str, stated: str) -> bool:
    return not contrasts(rest) and set(_NUMBERS.findall(rest)) <= set(_NUMBERS.findall(stated))


def takes_back(more: str) -> bool:
    """Tell whether what follows an answer takes it back, or adds a number."""
    return contrasts(more) or bool(_NUMBERS.search(more))


def retracts(since: str) -> bool:
    """Tell whether what stands between two answers takes the first one back; in doubt it does not."""
    return bool(_RETRACTED.search(_without_harmless(since[:_SOON]))) and not _GOES_ON.search(since)


def first_sentence(line: str) -> str:
    """Return the answer without a sentence that explains it; nothing where that one does more than that."""
    if LITERAL.match(line):
        return line
    end = _EXPLAINED.search(line)
    if end is None:
        return line
    stated, rest = line[: end.start()], line[end.end() :]
    return stated if _only_explains(rest, stated) else ""
