"""Tell what a remark after an answer does to it: whether it explains it, narrows it, or takes it back."""

import re

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
CONTRAST = re.compile(
    r"\b(?:wait|hmm|oops|sorry|edit|update|actually|no|not|nor|or|but|however|correct(?:ion|ed)|revised?|instead|rather"
    r"|unless|except(?:ion)?|otherwise|alternatively|mistaken?|wrong|incorrect|hold on|reflection|second thought"
    r"|let me re|missed|forgot|must be|should be|disagree|only|if)\b|n't\b",
    re.IGNORECASE,
)
"""What takes an answer back, or narrows it."""
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")


def adds_nothing(after: str, stated: str) -> bool:
    """Tell whether what follows an answer leaves it as it is: no other number, nothing that takes it back."""
    rest = _NOISE.sub("", after).strip()
    return not rest or (bool(_NUMBERS.search(stated)) and _only_explains(rest, stated))


def _only_explains(rest: str, stated: str) -> bool:
    return not CONTRAST.search(rest) and set(_NUMBERS.findall(rest)) <= set(_NUMBERS.findall(stated))


def takes_back(more: str) -> bool:
    """Tell whether what follows an answer takes it back, or adds a number."""
    return bool(CONTRAST.search(more) or _NUMBERS.search(more))


def first_sentence(line: str) -> str:
    """Return the answer without a sentence that explains it; nothing where that one does more than that."""
    if LITERAL.match(line):
        return line
    end = _EXPLAINED.search(line)
    if end is None:
        return line
    stated, rest = line[: end.start()], line[end.end() :]
    return stated if _only_explains(rest, stated) else ""
