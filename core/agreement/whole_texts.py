"""Compare whole texts: letter by letter, or by what they mean to an embedding model."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from operator import mul
from typing import TYPE_CHECKING

from ..control_tokens import without_last_tokens
from ..errors import ConfigError, MissingExtra
from ..text import shows_nothing
from .measures import LONGEST_TEXT, Agreement, abstain, agree, check_share, complete_groups

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings


def near_duplicates(threshold: float = 0.9) -> "NearDuplicates":
    """Compare whole texts, letter by letter: agreement means nearly the same text, not the same meaning.

    For texts that are meant to be copies, as of code or of extraction. It needs the extra `similarity`.

    Args:
        threshold: Share of letters in common from which two texts are the same, from 0 to 1.

    Raises:
        ConfigError: The threshold is no such share.
        MissingExtra: The package is missing.
    """
    return NearDuplicates(threshold)


class NearDuplicates:
    """Compare whole texts; see `near_duplicates`."""

    name = "near duplicates"
    reads_marks = False
    """It compares whole texts."""
    at_once = False
    """It takes the square of what it compares, so it is kept off the event loop."""

    def __init__(self, threshold: float) -> None:
        check_share("threshold", threshold)
        try:
            import rapidfuzz  # noqa: F401 - found out when it is asked for, not in the middle of a run
        except ImportError as exc:
            raise MissingExtra("near_duplicates", "similarity") from exc
        self.threshold = threshold

    def __call__(self, texts: Sequence[str]) -> Agreement:
        """Group texts that are nearly the same."""
        from rapidfuzz.fuzz import ratio

        if max(map(len, texts)) > LONGEST_TEXT:
            return abstain(self.name, f"a text is longer than {LONGEST_TEXT:,} characters")
        close, shown = 100 * self.threshold, _shown(texts)
        alike = [(a, b) for a, b in combinations(shown, 2) if ratio(shown[a], shown[b], score_cutoff=close) >= close]
        return _agreed(self.name, texts, shown, alike)


def embedding_agreement(embeddings: "Embeddings", threshold: float) -> "EmbeddingAgreement":
    """Compare what texts mean to an embedding model; agreement is about the topic as much as about the answer.

    Args:
        embeddings: Any LangChain embeddings.
        threshold: Cosine from which two texts are the same, from 0 to 1. There is no default, because none can be
            known: measure your own answers with `langgraph-moa calibrate`.

    Raises:
        ConfigError: The threshold is no such number.
    """
    return EmbeddingAgreement(embeddings, threshold)


class EmbeddingAgreement:
    """Compare embedded texts; see `embedding_agreement`."""

    name = "embeddings"
    reads_marks = False

    def __init__(self, embeddings: "Embeddings", threshold: float) -> None:
        check_share("threshold", threshold)
        if not callable(getattr(embeddings, "aembed_documents", None)):
            raise ConfigError(f"found {type(embeddings).__name__} as embeddings, expected LangChain Embeddings")
        self.embeddings, self.threshold = embeddings, threshold

    async def __call__(self, texts: Sequence[str]) -> Agreement:
        """Group texts whose vectors point the same way."""
        shown = _shown(texts)
        if len(shown) < 2:
            return _agreed(self.name, texts, shown, [])
        vectors = await self.embeddings.aembed_documents(list(shown.values()))
        if len(vectors) != len(shown) or len({len(vector) for vector in vectors}) != 1:
            raise ValueError("expected one vector a text, all of one length")
        alike = await asyncio.to_thread(self._alike, dict(zip(shown, vectors, strict=True)))
        return _agreed(self.name, texts, shown, alike)

    def _alike(self, vectors: Mapping[int, Sequence[float]]) -> list[tuple[int, int]]:
        sizes = {number: math.sqrt(sum(map(mul, vector, vector))) for number, vector in vectors.items()}
        return [
            (a, b)
            for a, b in combinations(vectors, 2)
            if math.inf > sum(map(mul, vectors[a], vectors[b])) >= self.threshold * sizes[a] * sizes[b] > 0
        ]


def _shown(texts: Sequence[str]) -> dict[int, str]:
    """Return what is compared of texts that show something, by their number; stop tokens at their end are no text."""
    bare = {number: without_last_tokens(text) for number, text in enumerate(texts)}
    return {number: text for number, text in bare.items() if not shows_nothing(text)}


def _agreed(name: str, texts: Sequence[str], shown: Mapping[int, str], alike: Sequence[tuple[int, int]]) -> Agreement:
    """Group texts that are alike; one that shows nothing is in no group."""
    groups = [group for group in complete_groups(len(texts), alike) if group[0] in shown]
    return agree(name, texts, groups) if groups else abstain(name, "no text shows anything")
