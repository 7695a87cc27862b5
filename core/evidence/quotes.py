"""Find the quotes of an answer, and where a passage holds them word for word."""

import re

QUOTE = re.compile(
    r"“[^“”]*(?:“[^“”]*”[^“”]*)*”|„[^„“”]*[“”]|«[^«»]*»|»[^«»]*«|‹[^‹›]*›|›[^‹›]*‹|「[^「」]*」|『[^『』]*』|‚[^‚‘]*‘"
    r'|(?<![0-9A-Za-z])"(?!\s)[^"]*(?<!\s)"'  # 12" opens no quote
)
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Characters of scripts that put no space between words."""
_BETWEEN_DENSE = re.compile(rf"(?<={_DENSE.pattern})\s+(?={_DENSE.pattern})")
_ENDS = " .,;:!?…。，、；：！？"
_ELLIPSIS = re.compile(r" ?(?:\[ ?(?:\.{3}|…) ?\]|\.{3,}|…) ?")
_WORD = re.compile("[0-9A-Za-z]+")
_EDGE = "\uffff"
"""Set around each word of what is compared; no text holds it, for Unicode has no such character."""
_ALIKE = str.maketrans(
    dict.fromkeys('“”„‟«»‘’‚‛‹›"`´', "'") | dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("\u00ad\u200b\u2060\ufeff")
)
_Folded = tuple[str, list[int]]


def quote_to_check(match: re.Match[str] | None) -> str | None:
    """Return a quote's text; a word in quotes is more often a word that is talked about."""
    text = match[0][1:-1].strip() if match else ""
    words = len(re.findall(r"\w+", text))
    is_dense = len(_DENSE.findall(text)) >= 3
    return text if words > 1 or is_dense or (words and len(text) >= 8) else None


def position_of(quote: str, passage: _Folded) -> int | None:
    """Return where the quote begins in the passage as it was written."""
    text, offsets = passage
    folded = " ".join(_BETWEEN_DENSE.sub("", quote).translate(_ALIKE).split()).rstrip(_ENDS)
    parts = list(filter(None, _ELLIPSIS.split(folded)))
    starts = [_find(first + parts[0][1:], text, 0) for first in (parts[0][0], parts[0][0].swapcase())]
    start, end = min((span for span in starts if span[0] >= 0), default=(-1, -1))
    for part in parts[1:] if start >= 0 else []:
        at, end = _find(part, text, end)
        if at < 0:
            return None
    return offsets[start] if start >= 0 else None


def _find(part: str, text: str, start: int) -> tuple[int, int]:
    """Find whole words: `5 million` is not what `15 million` says; the text has its edges, so one search is enough."""
    edged = _WORD.sub(rf"{_EDGE}\g<0>{_EDGE}", part)
    return (at := text.find(edged, start)), at + len(edged)


def fold_passage(text: str) -> _Folded:
    """Return what quotes are compared with, and where each of its characters stood."""
    text = _BETWEEN_DENSE.sub(lambda gap: "\u200b" * len(gap[0]), text)
    folded = [
        (character, match.start())
        for match in re.finditer(r"\s+|\S", text)
        for character in (" " if match[0].isspace() else match[0].translate(_ALIKE))
    ]
    edged: list[tuple[str, int]] = []
    in_word = False
    for character, at in [*folded, (" ", len(text))]:
        if (character.isascii() and character.isalnum()) is not in_word:
            in_word = not in_word
            edged.append((_EDGE, at))
        edged.append((character, at))
    return "".join(character for character, _ in edged), [at for _, at in edged]
