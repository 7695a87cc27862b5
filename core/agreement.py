"""Find the proposal to return where no model could write an answer from all of them."""

import re
from collections.abc import Sequence

from .state import Proposal

_MARKED = re.compile(
    r"(?i)(?:final answer|answer)\s*(?:is|:)\s*\**\s*(.+?)\s*\**\s*$|\\boxed\{([^{}]+)\}|####\s*(.+?)\s*$", re.M
)
_WORD = re.compile(r"\w+")


def best_proposal(proposals: Sequence[Proposal]) -> Proposal:
    """Return the one proposal that stands for the others.

    That is the medoid of the largest group whose final answers agree, the one with most words in common with the
    rest of its group; where no two agree, the first declared that is whole.

    Args:
        proposals: Usable proposals of one layer, as declared; at least one.
    """
    groups: dict[str, list[Proposal]] = {}
    for proposal in proposals:
        groups.setdefault(final_answer(proposal["text"]), []).append(proposal)
    largest = max(groups.values(), key=len)
    if len(largest) == 1:
        return min(proposals, key=lambda p: p["status"] != "ok")
    return min(largest, key=lambda p: (p["status"] != "ok", -sum(_likeness(p, other) for other in largest)))


def final_answer(text: str) -> str:
    """Return what a text says in the end, in a form that can be compared: its last marked answer, else all of it."""
    marked = [next(filter(None, found)) for found in _MARKED.findall(text)]
    return " ".join((marked[-1] if marked else text).casefold().split()).strip("*. ")


def _likeness(one: Proposal, other: Proposal) -> float:
    a, b = (set(_WORD.findall(p["text"].casefold())) for p in (one, other))
    return len(a & b) / (len(a | b) or 1)
