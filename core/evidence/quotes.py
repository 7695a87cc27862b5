"""Find the quotes of an answer, in the quotation marks of many languages, and in block quotes."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .folding import DENSE

_INNER = r"(?<=\w)['’](?=\w)"
_MARKS = "“„‟«»‹›「『｢﹁《〈〝❝‚‘”’`'\"״＂"
QUOTE = re.compile(
    # what may open one comes first, for then all else is passed over at once
    rf"[{_MARKS}<&](?:(?<=<)(?:q|blockquote)(?:\s[^<>\n]{{0,200}})?>(?:\s*<p>)?[^<]*+(?:</p>\s*)?</(?:q|blockquote)>"
    r"|(?<=&)quot;(?:(?!&quot;)[^\n])*+&quot;|(?<=“)(?:[^“”]*(?:“[^“”]*”[^“”]*)*”|(?=\S)[^“”\"]*+(?<=\S)[“\"](?!\w))"
    r"|(?<=„)[^„“”\"]*+[“”\"‟]|(?<=‟)[^‟”]*+”|(?<=«)[^«»]*+»|(?<=»)[^«»]*+[«»]|(?<=‹)[^‹›]*+›|(?<=›)[^‹›]*+‹"
    r"|(?<=「)[^「」]*+」|(?<=『)[^『』]*+』|(?<=｢)[^｢｣]*+｣|(?<=﹁)[^﹁﹂]*+﹂|(?<=《)[^《》]*+》|(?<=〈)[^〈〉]*+〉|(?<=〝)[^〝〞〟]*+[〞〟]"
    rf"|(?<=❝)[^❝❞]*+❞|(?<=[‚‘])(?=\S)(?:[^‚‘’\n]|{_INNER})*+(?<=\S)[‘’](?!\w)"
    rf"|(?<=”)(?<![\w.,!?”]”)(?=\w)[^”]*+(?<=\S)”|(?<=’)(?<!\w’)(?=\w)(?:[^’\n]|{_INNER})*+(?<=\S)’(?!\w)"
    r"|(?<=`)`(?:[^`'\n]|'(?!'))*+''|(?<=')(?<!\w')(?=\S)(?:[^'\n]|(?<=\w)'(?=\w))*+(?<=\S)'(?!\w)"
    # 12" opens no quote
    r"|(?<=[\"״＂])(?<!\w.)(?!\s)(?:[^\"״＂\n]|(?<=[^\W\d_])[\"״](?=[^\W\d_])|\n(?!\s*\n))*+(?<!\s)[\"״＂])"
)
STRAY = re.compile(r"[“”„«»「」『』]|(?<!\w)\"(?=\w)|(?<=[^\W\d_])\"(?!\w)|(?<=[.,!?])\"(?!\w)")
"""A quotation mark without another."""
_CODED = re.compile(r"&quot;|<[^<>]*>(?:\s*<p>)?")
"""What begins a quote as pages in HTML write it."""
_TITLES = "《〈"
_DENSE = re.compile(f"[{DENSE}]")
_LINES = re.compile(r"^[ ]{0,3}>.*(?:\n[ ]{0,3}>.*)*", re.MULTILINE)
_SIGN = re.compile(r"^[ ]{0,3}(?:>[ ]?)+", re.MULTILINE)
_REMARK = re.compile(
    r"[\s*_]*(?:\[!\w+\]|(?:note|tip|warning|important|caution|info|hinweis|achtung|nota|aviso|remarque|attention|attenzione"
    r"|let op|obs|uwaga|примечание|внимание|注意|注|参考|참고)\b\s*[:：*])",
    re.IGNORECASE,
)
"""How a block begins that is set apart, and quotes nobody."""
_AUTHOR = re.compile(r"[\s*_]*(?:—|–|-)")


class Quote(NamedTuple):
    """Be words of an answer that are somebody else's."""

    start: int
    end: int
    source: str
    is_block: bool = False
    """Whether it stands in a block of its own, without quotation marks."""
    tail: int = 0
    """Characters at its end that are not quoted: who said it."""

    @property
    def inside(self) -> tuple[int, int]:
        """Return where it stands without its quotation marks."""
        if not self.is_block and self.source[self.start] in "<&":
            opening, closing = _CODED.match(self.source, self.start), self.source.rfind("&", self.start, self.end)
            start = opening.end() if opening else self.start
            return start, self.source.find("</", start) if self.source[self.start] == "<" else closing
        width = 0 if self.is_block else 2 if self.source[self.start] == "`" else 1
        return self.start + width, self.end - width - self.tail

    @property
    def text(self) -> str:
        """Return what is quoted."""
        return self.source[slice(*self.inside)].strip()

    @property
    def is_title(self) -> bool:
        """Tell marks that stand around the names of works as well."""
        return not self.is_block and self.source[self.start] in _TITLES


def marked_quotes(text: str) -> list[Quote]:
    """Return what stands in quotation marks.

    Args:
        text: An answer, blank where it cites, without the signs before the lines of its block quotes.
    """
    return [Quote(*match.span(), text) for match in QUOTE.finditer(text)]


def blocks_in(text: str) -> list[tuple[int, int]]:
    """Return where the block quotes of an answer stand."""
    return [match.span() for match in _LINES.finditer(text)] if ">" in text else []


def without_signs(text: str, blocks: Sequence[tuple[int, int]]) -> str:
    """Return an answer of the same length, blank where signs begin the lines of its block quotes."""
    pieces, end = [], 0
    for start, stop in blocks:
        pieces += [text[end:start], _SIGN.sub(lambda match: " " * len(match[0]), text[start:stop])]
        end = stop
    return "".join([*pieces, text[end:]]) if pieces else text


def quotes_of_blocks(
    text: str, blocks: Sequence[tuple[int, int]], markers: Sequence[tuple[int, int]]
) -> Iterator[Quote]:
    """Yield what stands in block quotes, each piece up to the citation that follows it.

    Args:
        text: The answer, as for `marked_quotes`.
        blocks: Where the blocks stand.
        markers: Where the answer cites.
    """
    index = 0
    for start, end in blocks:
        while index < len(markers) and markers[index][1] <= start:
            index += 1
        if _REMARK.match(text, start, end):
            continue
        at = start
        while index < len(markers) and markers[index][0] < end:
            yield from _piece(text, at, markers[index][0])
            at = min(markers[index][1], end)
            index += 1
        yield from _piece(text, at, end)


def _piece(text: str, start: int, end: int) -> Iterator[Quote]:
    words = text[start:end]
    lines, _, last = words.rpartition("\n")
    if _AUTHOR.match(last):
        words = lines
    if is_worth_checking(words.strip()):
        yield Quote(start, end, text, is_block=True, tail=end - start - len(words.rstrip()))


def outermost(quotes: Sequence[Quote]) -> list[Quote]:
    """Return quotes in the order in which they end: a block that quotes somebody, or that block with what it quotes.

    Args:
        quotes: Those in quotation marks, and pieces of blocks.
    """
    marked = sorted((quote for quote in quotes if not quote.is_block), key=lambda quote: quote.end)
    pieces = sorted(quote for quote in quotes if quote.is_block)
    outer: list[Quote] = []
    index = 0
    for piece in pieces:
        while index < len(marked) and marked[index].start < piece.start:
            outer.append(marked[index])
            index += 1
        inner: list[Quote] = []
        while index < len(marked) and marked[index].end <= piece.end:
            inner.append(marked[index])
            index += 1
        outer += inner if any(is_worth_checking(quote.text) for quote in inner) else [piece]
    return [*outer, *marked[index:]]


def is_worth_checking(quote: str) -> bool:
    """Tell a quote from a word in quotes, which is more often a word that is talked about."""
    words = len(re.findall(r"\w+", quote))
    return words > 1 or len(_DENSE.findall(quote)) >= 3 or (words > 0 and len(quote) >= 8)
