"""Compare whole texts: letter by letter, or by what they mean to an embedding model."""

import asyncio
import math
from collections.abc import Sequence
from itertools import combinations
from operator import mul
from typing import TYPE_CHECKING

from ..errors import ConfigError, MissingExtra
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
        close = 100 * self.threshold
        alike = [
            (a, b)
            for a, b in combinations(range(len(texts)), 2)
            if ratio(texts[a], texts[b], score_cutoff=close) >= close
        ]
        return agree(self.name, texts, complete_groups(len(texts), alike))


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
        vectors = await self.embeddings.aembed_documents(list(texts))
        if len(vectors) != len(texts) or len({len(vector) for vector in vectors}) != 1:
            raise ValueError("expected one vector a text, all of one length")
        return await asyncio.to_thread(self._compare, texts, vectors)

    def _compare(self, texts: Sequence[str], vectors: Sequence[Sequence[float]]) -> Agreement:
        sizes = [math.sqrt(sum(map(mul, vector, vector))) for vector in vectors]
        alike = [
            (a, b)
            for a, b in combinations(range(len(texts)), 2)
            if math.inf > sum(map(mul, vectors[a], vectors[b])) >= self.threshold * sizes[a] * sizes[b] > 0
        ]
        return agree(self.name, texts, complete_groups(len(texts), alike))
