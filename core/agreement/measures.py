"""What a measure says of texts: whether they agree, which of them say the same, and which one stands for the others.

Whole-text similarity does not tell whether two answers say the same thing: over recorded answers of real models, no
measure of it separated them well, and a high threshold never fired on long answers. What does tell is the short answer
that a question has, compared as what it is.
"""

import math
from collections import defaultdict
from collections.abc import Awaitable, Sequence
from inspect import isfunction
from typing import Protocol

from typing_extensions import TypedDict

from ..errors import ConfigError
from ..functions import is_coroutine_function
from ..run.records import Call

LONGEST_TEXT = 20_000
"""Characters of a text above which near-duplicates are not looked for: it takes their square."""


class Agreement(TypedDict):
    """Say which texts agree. Texts are named by their number, from 0, in the order in which they were given."""

    measure: str
    groups: list[list[int]]
    """Who says the same, the largest group first; texts that say nothing which can be compared are in none."""
    score: float
    """The largest group's share of all texts, those that say nothing included."""
    representative: int | None
    """The text of the largest group that is most like the others of it."""
    answer: str | None
    """What the largest group says, in one line, where the measure knows."""
    abstained: str | None
    """Why nothing can be said; None where something can."""
    call: Call | None
    """The model call that it took, for measures that take one."""


class Measure(Protocol):
    """Compare texts.

    One that is called and answers at once may also end a layer before all have answered; one that has to be awaited
    is asked once, about a whole layer.
    """

    def __call__(self, texts: Sequence[str]) -> Agreement | Awaitable[Agreement]:
        """Compare texts; none of them is ever told as a failure: what cannot be compared is abstained from."""


def abstain(measure: str, why: str, call: Call | None = None) -> Agreement:
    """Say nothing, and why."""
    return Agreement(measure=measure, groups=[], score=0.0, representative=None, answer=None, abstained=why, call=call)


def agree(
    measure: str,
    texts: Sequence[str],
    groups: Sequence[Sequence[int]],
    *,
    answers: Sequence[str | None] = (),
    call: Call | None = None,
) -> Agreement:
    """Make an agreement of groups: the largest first, the earlier one where two are as large."""
    ordered = sorted((sorted(group) for group in groups), key=lambda group: (-len(group), group[0]))
    best = medoid(texts, ordered[0])
    return Agreement(
        measure=measure,
        groups=ordered,
        score=len(ordered[0]) / len(texts),
        representative=best,
        answer=answers[best] if answers else None,
        abstained=None,
        call=call,
    )


def is_sync(measure: Measure) -> bool:
    """Tell a measure that answers at once from one that has to be awaited, or takes its time."""
    return bool(getattr(measure, "at_once", True)) and not is_coroutine_function(measure)


def name_of(measure: Measure) -> str:
    """Return what a measure is called in reports."""
    return str(getattr(measure, "name", None) or getattr(measure, "__name__", type(measure).__name__))


def is_measure(value: object) -> bool:
    """Tell what can be a measure: a function of this package that makes one, and was not called, is none."""
    ours = isfunction(value) and str(value.__module__).partition(".")[0] == __name__.partition(".")[0]
    return callable(value) and not (ours and value.__annotations__.get("return") not in (Agreement, "Agreement"))


def check_share(option: str, value: object) -> None:
    """Refuse anything but a share.

    Raises:
        ConfigError: It is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ConfigError(f"found {option}={value!r}, expected a share above 0, up to 1")


def complete_groups(size: int, alike: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Group numbers so that all of a group are alike, each one; likeness is not passed on from one to the next."""
    pairs = set(alike)
    groups: list[list[int]] = []
    for number in range(size):
        home = next((group for group in groups if all((other, number) in pairs for other in group)), None)
        if home is None:
            groups.append([number])
        else:
            home.append(number)
    return groups


def medoid(texts: Sequence[str], group: Sequence[int]) -> int:
    """Return the one of a group that has most words in common with the rest of it, the earlier one in a tie.

    One that goes on with a question that nobody asked stands for others only where all of them do.
    """
    from .turns import own_part  # its patterns take a while to compile: not at import

    ends = {number: texts[number][-LONGEST_TEXT:] for number in group}
    group = [number for number in group if own_part(ends[number]) == ends[number]] or group
    words = {number: set(texts[number][-LONGEST_TEXT:].casefold().split()) for number in group}
    share = {number: 1 / math.sqrt(len(held) or 1) for number, held in words.items()}
    weights: dict[str, float] = defaultdict(float)
    for number, held in words.items():
        for word in held:
            weights[word] += share[number]
    # The sum of cosines with all others, in one pass.
    likeness = {n: share[n] * (sum(map(weights.__getitem__, held)) - len(held) * share[n]) for n, held in words.items()}
    return max(group, key=lambda number: (round(likeness[number], 9), -number))
