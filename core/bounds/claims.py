"""What a text claims, as far as it can be told without a model: its numbers, names and words, each once.

    claims_of("The lamp is guaranteed for 3 years.")    # {"lamp", "guaranteed", "3", "years"}

Whether two sentences say the same, no words tell: whoever copies an honest text and changes its figure has but one
claim of its own. What words do tell is a text that speaks of something else than all the others.
"""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from ..offline.words import key_words

_READ = 20_000
"""Characters at a text's end that are read, as where answers are looked for."""
_MARGIN = 0.3
"""How much larger the share of lone claims is than the median of the others: over 120 questions on arithmetic, to which
three to six models wrote, that picked 99 % of texts on something else, and 1 to 4 % of honest ones (docs/liars.md)."""


class Lone(NamedTuple):
    """Say how much of a text stands alone."""

    share: float
    """Of its claims, those that no other voice has."""
    others: float
    """The median of the same among texts of other voices."""


def claims_of(text: str) -> set[str]:
    """Return the words that say something, names and numbers among them, as an index of documents would have them."""
    return set(key_words(text[-_READ:]))


def lone_texts(texts: Sequence[str], voices: Sequence[int]) -> dict[int, Lone]:
    """Return the texts of whose claims far more stand alone than of others', by number.

    A claim is supported where another voice makes it too. With fewer than three voices there is nobody: of two who
    differ, neither is more alone than the other.

    Args:
        texts: What was said.
        voices: Whose voice each is, by number: samples of one model are one.
    """
    if len(set(voices)) < 3:
        return {}
    claims = [claims_of(text) for text in texts]
    supporters: dict[str, set[int]] = defaultdict(set)
    for words, voice in zip(claims, voices, strict=True):
        for word in words:
            supporters[word].add(voice)
    shares = [sum(len(supporters[word]) < 2 for word in words) / (len(words) or 1) for words in claims]
    lone: dict[int, Lone] = {}
    for number, share in enumerate(shares):
        others = median(other for voice, other in zip(voices, shares, strict=True) if voice != voices[number])
        if share > others + _MARGIN:
            lone[number] = Lone(share, others)
    return lone
