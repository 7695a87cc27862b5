"""Split long blocks of text: at the ends of lines, then of sentences, then of words, then anywhere."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from .words import for_index, key_words, stem

LONGEST_PASSAGE = 1_800
"""Characters of a passage: more than most paragraphs have, and few enough that several are shown beside each other."""
_CLOSING = r"[\"'»”’)\]]{0,4}"
_ENDS = re.compile(
    rf"(?P<paragraph>[.!?…:;。！？।॥؟]{_CLOSING}[ \t]{{0,8}}\n)|(?P<line>\n)"
    rf"|(?P<sentence>[.!?…؟]{_CLOSING}\s|[。！？।॥]{_CLOSING})|(?P<word>\s)"
)
_INDEXED = re.compile(r"[^\W_]+")
_BEST_FIRST = ("paragraph", "line", "sentence", "word")


def spans_of(text: str, longest: int = LONGEST_PASSAGE) -> Iterator[tuple[int, int]]:
    """Yield where the pieces of a text begin and end, in its order; together they are all of it.

    Args:
        text: A block of text, with its lines.
        longest: How many characters a piece has at most.
    """
    start = 0
    while len(text) - start > longest:
        end = _end_of(text, start, start + longest)
        yield start, end
        start = end
    if start < len(text):
        yield start, len(text)


def _end_of(text: str, start: int, limit: int) -> int:
    """Return where a piece ends: at the last end of the best kind; a line that ends a sentence, if it is not short."""
    last = {str(match.lastgroup): match.end() for match in _ENDS.finditer(text, start, limit)}
    if last.get("paragraph", limit) <= (start + limit) // 2:
        last["line"] = max(last.pop("paragraph"), last.get("line", 0))
    return next((last[kind] for kind in _BEST_FIRST if kind in last), limit)


_LOOKED_AT = 240
"""Characters of the pieces in which the words of a question are looked for."""


@lru_cache(maxsize=16)
def part_about(text: str, question: str, size: int) -> tuple[int, int]:
    """Return where the part of a text begins and ends that speaks most of a question; (0, 0) where none does.

    It is as long as it may be. What many pieces of the text hold counts little. Of parts that are as good, the
    beginning of the text is best, then the one in the middle: what was found stands in what it was said in.

    Args:
        text: What is too long.
        question: What it is to answer.
        size: How many bytes the part has at most.
    """
    spans = list(spans_of(text, max(min(_LOOKED_AT, size // 4), 1)))
    stems = {stem(word.replace(" ", "")) for word in key_words(question)}
    held = [stems & _beginnings(text[start:end]) for start, end in spans]
    rarity = Counter(word for words in held for word in words)
    if not rarity:
        return 0, 0
    sizes = [len(text[start:end].encode("utf-8", "replace")) for start, end in spans]
    windows = list(_windows(held, sizes, size, {word: 1 / count for word, count in rarity.items()}))
    best = max((worth for worth, _, _ in windows), default=0)
    places = [(first, last) for worth, first, last in windows if worth > best - 1e-9]
    if not places:
        return 0, 0
    first, last = places[0] if places[0][0] == 0 else places[len(places) // 2]
    return spans[first][0], spans[last][1]


def _beginnings(text: str) -> set[str]:
    words = _INDEXED.findall(for_index(text))
    return {*map(stem, words), *(word[0] for word in words if len(word) == 2)}


def _windows(
    held: Sequence[set[str]], sizes: Sequence[int], size: int, weights: dict[str, float]
) -> Iterator[tuple[float, int, int]]:
    """Yield what the longest parts that fit are worth, and their first and last pieces."""
    counts: Counter[str] = Counter()
    total, end = 0, 0
    for first in range(len(held)):
        while end < len(held) and total + sizes[end] <= size:
            counts.update(held[end])
            total, end = total + sizes[end], end + 1
        if end > first:
            yield sum(weights[word] for word, count in counts.items() if count), first, end - 1
            if end == len(held):  # the others are parts of this one
                return
            counts.subtract(held[first])
            total -= sizes[first]
        else:
            end = first + 1
