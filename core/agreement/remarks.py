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
_RETRACTED = re.compile(
    r"(?:^|[.!…。！:—–-]\s*+|\n\s*+)[*_(\[]{0,3}(?:(?:wait|hmm+|oops|sorry|actually|no(?!\. ?\d)|nope|correction|edit"
    r"|update)(?=\s*(?:[,.!:;…—-]|\n|$)|,? (?:that|this|i|it)\b)|scratch that|hold on|on second thought"
    r"|(?:but )?(?:let me|let us|let's|i need to|i should) (?:re-?(?:check|calc|comp|count|cons|do|eval|exam|think"
    r"|read|work)|double[ -]check|fix|correct)|moment\b|halt\b|nein\b|korrektur|entschuldig|attend|pardon\b|non\b"
    r"|désolé|espera|perdón|corrección|corrijo|correção|desculp|aspetta|scusa|correzione|wacht|подожди|стоп\b|нет\b"
    r"|извини|исправ|等等|等一下|不对|不對|抱歉|更正|修正|纠正|糾正|待って|訂正|いや|잠깐|정정)|\b(?:that|this|it"
    r"|which|above|answer|result) (?:(?:is|was) (?:wrong|incorrect|mistaken|a mistake)|(?:isn't|is not|wasn't"
    r"|was not) (?:right|correct))\b|\b(?:my|a) (?:mistake|error)\b|\bi (?:missed|forgot|misread|mis)"
    r"|\bcontradicts?\b|\b(?:falsch|fehler|erreur|incorrecto|equivoqué|erro\b|errato|ошиб\w*)|有误|错了|錯了|間違"
    r"|틀렸",
    re.IGNORECASE,
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


def _only_explains(rest: str, stated: str) -> bool:
    return not CONTRAST.search(rest) and set(_NUMBERS.findall(rest)) <= set(_NUMBERS.findall(stated))


def takes_back(more: str) -> bool:
    """Tell whether what follows an answer takes it back, or adds a number."""
    return bool(CONTRAST.search(more) or _NUMBERS.search(more))


def retracts(since: str) -> bool:
    """Tell whether what stands between two answers takes the first one back; in doubt it does not."""
    return bool(_RETRACTED.search(since[:_SOON])) and not _GOES_ON.search(since)


def first_sentence(line: str) -> str:
    """Return the answer without a sentence that explains it; nothing where that one does more than that."""
    if LITERAL.match(line):
        return line
    end = _EXPLAINED.search(line)
    if end is None:
        return line
    stated, rest = line[: end.start()], line[end.end() :]
    return stated if _only_explains(rest, stated) else ""
