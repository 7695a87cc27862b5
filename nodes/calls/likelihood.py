"""How likely an answer's tokens were, as a server tells it: foreign figures, of which one that cannot be spoils all."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.panel.seats import Likelihood

_MOST = 200_000
"""Tokens that are looked at: no answer has more."""
_ROUNDED = 1e-3
"""What rounding may put above a probability of 1."""


def likelihood_of(metadata: Mapping[str, Any], which: Likelihood) -> float | None:
    """Return the mean probability of an answer's tokens, or the least one; None where nobody told.

    Args:
        metadata: What stands beside the answer: `logprobs`, as OpenAI has them or as lists, `token_logprobs`.
        which: What of them.
    """
    figures = _figures(metadata.get("logprobs"))
    if not figures or len(figures) > _MOST:
        return None
    if not all(type(figure) in (int, float) and figure <= _ROUNDED for figure in figures):
        return None  # no number, or above 1: some servers put a probability among them
    likely = [math.exp(min(figure, 0.0)) for figure in figures]
    return round(min(likely) if which == "least" else sum(likely) / len(likely), 6)


def _figures(sent: object) -> Sequence[Any]:
    """Return the logarithms in whichever of both forms they stand."""
    if not isinstance(sent, Mapping):
        return []
    if isinstance(content := sent.get("content"), list) and content:
        return [token.get("logprob") if isinstance(token, Mapping) else None for token in content]
    listed = sent.get("token_logprobs")
    return listed if isinstance(listed, list) else []
