"""How like one text is another, in three ways: what an aggregator took from whom (Wang et al. 2024, figure 4)."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from math import log, sqrt

LONGEST = 20_000
"""Characters of a text that are compared: comparing letter by letter takes the product of two lengths."""
_WORD = re.compile(r"\w+")


def likeness_to(text: str, others: Sequence[str | None]) -> tuple[Mapping[str, float], ...]:
    """Return how like each of some texts one is, from 0 to 1, by each measure.

    `tf-idf` is the cosine of their words, rare ones among these texts counting more; with the extra `similarity`, there
    are `levenshtein`, letters to change, and `tokens`, words in common whatever their order.

    Args:
        text: The answer.
        others: The proposals; None has nothing in common with anything.
    """
    cut = [None if other is None else other[:LONGEST] for other in others]
    tf_idf = _tf_idf(text[:LONGEST], cut)
    by_letters = _by_letters() if find_spec("rapidfuzz") else {}
    return tuple(
        {
            "tf-idf": cosine,
            **{name: 0.0 if other is None else measure(text[:LONGEST], other) for name, measure in by_letters.items()},
        }
        for cosine, other in zip(tf_idf, cut, strict=True)
    )


def _by_letters() -> Mapping[str, Callable[[str, str], float]]:
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.fuzz import token_set_ratio

    return {
        "levenshtein": Levenshtein.normalized_similarity,
        "tokens": lambda one, other: float(token_set_ratio(one, other)) / 100,
    }


def _tf_idf(text: str, others: Sequence[str | None]) -> list[float]:
    counts = [Counter(_WORD.findall((each or "").casefold())) for each in (text, *others)]
    spread = Counter(word for count in counts for word in count)
    rarity = {word: 1 + log((1 + len(counts)) / (1 + texts)) for word, texts in spread.items()}
    vectors = [{word: number * rarity[word] for word, number in count.items()} for count in counts]
    sizes = [sqrt(sum(part * part for part in vector.values())) for vector in vectors]
    mine = vectors[0]
    return [
        min(sum(part * mine.get(word, 0.0) for word, part in vector.items()) / (size * sizes[0]), 1.0)
        if size and sizes[0]
        else 0.0
        for vector, size in zip(vectors[1:], sizes[1:], strict=True)
    ]
