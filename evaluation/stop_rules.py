"""Rules for an early stop, and what a panel answered that they are tried on."""

from collections.abc import Sequence
from typing import NamedTuple

from ..core.agreement.closed import same_answers
from ..core.agreement.gold import is_gold
from ..core.agreement.values import FinalAnswer


class Recorded(NamedTuple):
    """Hold what a panel answered to one question; its texts are not kept."""

    answers: tuple[FinalAnswer | None, ...]
    """By proposer, as declared; None for no answer, or none that can be compared."""
    gold: FinalAnswer | None = None
    copies: tuple[int, ...] = ()
    """Who wrote nearly the same text, by number; the one that stands for the others comes first."""
    question: str | None = None
    """What was asked, where that is known: it says which unit may be left out."""


class Rule(NamedTuple):
    """Say how many of the proposers asked first must agree."""

    name: str
    first: int
    needed: int
    options: str
    """What makes a mixture keep to the rule, as `create_moa(...)` takes it."""
    by_text: bool = False
    """Whether nearly the same text counts, instead of the same answer."""

    def agreed(self, row: Recorded) -> Sequence[FinalAnswer | None]:
        """Return the answers of those who agree; nothing where the rule does not stop."""
        if self.by_text:
            return [row.answers[n] for n in row.copies[:1]] if len(row.copies) >= self.needed else []
        group = vote(row.answers[: self.first])
        return group if len(group) >= self.needed else []


def rules_for(size: int, threshold: float | None = None) -> list[Rule]:
    """List the rules that a panel of some size can keep to: majorities, none of fewer than three, and first waves.

    Args:
        size: How many proposers there are, at least two.
        threshold: Likeness from which texts are copies, where that rule is asked for.
    """
    whole = "EarlyStop(" + ("min_responses=2, " if size == 2 else "")
    least = max(size // 2 + 1, min(size, 3))
    rules = [
        Rule(
            f"{needed} of {size} agree",
            size,
            needed,
            f'early_stop={whole}{f"quorum={needed}/{size}, " if needed < size else ""}then="answer")',
        )
        for needed in range(size, least - 1, -1)
    ]
    rules += [
        Rule(f"wave of {first}", first, first, f'early_stop=EarlyStop(then="answer"), waves=({first},)')
        for first in (2, 3)
        if first < size
    ]
    if threshold is not None:
        options = f'early_stop={whole}agreement=near_duplicates({threshold}), then="answer")'
        rules.append(Rule("near duplicates", size, size, options, by_text=True))
    return rules


def vote(answers: Sequence[FinalAnswer | None]) -> Sequence[FinalAnswer | None]:
    """Return the largest group of equal answers, the one declared first where two are as large."""
    largest = max(same_answers(answers), key=lambda group: (len(group), -min(group)), default=[])
    return [answers[n] for n in largest]


def is_right(agreed: Sequence[FinalAnswer | None], gold: FinalAnswer | None, question: str | None = None) -> bool:
    """Tell whether all that was agreed on is gold: where one names a unit and another none, the unit must fit too.

    Args:
        agreed: The answers.
        gold: What is right; None where nobody knows.
        question: What was asked, for its units; None where that is not known either.
    """
    return bool(agreed and gold) and all(answer and gold and is_gold(answer, gold, question) for answer in agreed)
