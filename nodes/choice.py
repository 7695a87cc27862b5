"""Read what a model chose among proposals: a ranker the best, a moderator some.

Whoever chooses knows proposals by number only, in an order that its seed shuffles: models prefer what stands first.
"""

import json
import re
from collections.abc import Sequence
from hashlib import sha256
from random import Random
from typing import NamedTuple

from ..core.run.records import Proposal

_OBJECT = re.compile(r"\{[^{}]*\}")


class Choice(NamedTuple):
    """Hold what a model chose."""

    best: list[int]
    """Proposals by number, from 0, the best one first."""
    stop: bool
    """Whether it says that no more are needed."""


def read_choice(answer: str, size: int) -> Choice | None:
    """Read a choice, strictly: the last JSON object counts, so that what is quoted before it does not.

    Args:
        answer: The answer.
        size: How many proposals were shown.

    Returns:
        The choice; None where the answer holds none.
    """
    objects = _OBJECT.findall(answer)
    try:
        choice = json.loads(objects[-1]) if objects else {}
    except (ValueError, RecursionError):
        return None
    best, stop = choice.get("best"), choice.get("stop", False)
    if not isinstance(best, list) or not best or not isinstance(stop, bool):
        return None
    if any(type(n) is not int or not 1 <= n <= size for n in best) or len({*best}) < len(best):
        return None
    return Choice([n - 1 for n in best], stop)


def shuffled(proposals: Sequence[Proposal], seed: int, reader: str) -> list[Proposal]:
    """Return proposals in the order in which a reader is shown them: the same again when a run is resumed."""
    texts = json.dumps([seed, reader, [p["text"] for p in proposals]])
    order = list(proposals)
    Random(sha256(texts.encode()).digest()).shuffle(order)  # noqa: S311 - an order, no secret
    return order
