"""Keep the sums of a batch, and hold them against its budget."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NotRequired

from typing_extensions import TypedDict

from ...core.bounds.budget import Budget
from ...core.run.costs import NOTHING, total
from ...core.run.records import Cost
from .ids import Ids
from .questions import Row

ALIKE = 10
"""Rows that have to fail alike, before any other came, for a batch to be stopped."""


class Lost(TypedDict):
    """Sum up attempts at questions that were lost with the process that made them; the questions were asked again."""

    attempts: int
    calls: int
    """What is known of what they cost, and counted in the sums, too; so `tokens` and `usd`."""
    tokens: int
    usd: float


class BatchReport(TypedDict):
    """Sum up a batch; `answered`, `errors` and `left` add up to `questions`."""

    questions: int
    done_before: int
    """Rows that were there at the start, and were not asked again."""
    answered: int
    """Rows with an answer, those of before included."""
    errors: int
    """Rows with an error, those of before included."""
    left: int
    """Questions without a row."""
    calls: int
    """Model calls behind all rows, as far as they are known; so `tokens`."""
    tokens: int
    usd: float | None
    """None where the price of anything is not known."""
    seconds: float
    """How long this call took; the time of earlier ones is not kept."""
    stopped: str | None
    """Why questions are left; None where none is."""
    spared: NotRequired[Cost]
    """What a cache spared of all rows, where it answered: in none of the sums."""
    lost: NotRequired[Lost]
    """What was lost on the way, where something was."""


OnRow = Callable[[Row, BatchReport], None]


@dataclass
class Tally:
    """Count rows and what they cost."""

    budget: Budget | None = None
    questions: int = 0
    done_before: int = 0
    answered: int = 0
    errors: int = 0
    spent: Cost = field(default_factory=lambda: NOTHING)
    """As far as it is known."""
    usd_is_known: bool = True
    spared: Cost | None = None
    """What a cache spared, as far as it is known; None where it never answered."""
    bounds: Ids | None = None
    """What each question that is being answered costs at most, on the disk: in batches that is each of them."""
    under_way: int = 0
    """How many those are."""
    _aside: Cost = field(default_factory=lambda: NOTHING)
    """What all of them cost at most."""
    began: float = field(default_factory=time.monotonic)
    stopped: str | None = None
    losses: list[Cost] = field(default_factory=list)
    """What is known of lost attempts' costs."""
    at_risk: Cost = field(default_factory=lambda: NOTHING)
    """What they may have cost beyond that."""
    _failed_as: list[str | None] = field(default_factory=list)

    def spend(self, cost: Cost, *, counted: Cost | None = None) -> None:
        """Add what was spent.

        Args:
            cost: What is unknown of it adds nothing.
            counted: What is added in its place, where more is known than the whole.
        """
        self.spent = total([self.spent, counted or cost], known_only=True)
        self.usd_is_known &= cost["usd"] is not None

    def take_back(self, cost: Cost) -> None:
        """Forget a row with an error, and its cost, which a later one of the same question holds."""
        self.spent = _less(self.spent, cost)
        self.errors -= 1

    def set_aside(self, question: str, bound: Cost) -> None:
        """Reckon with what a question costs at most, until it has ended."""
        cost = Cost(calls=bound["calls"], tokens=bound["tokens"], usd=bound["usd"])
        self.bounds = self.bounds or Ids()
        self.release(question)
        self.bounds[question] = json.dumps(cost)
        self.under_way += 1
        self._aside = total([self._aside, cost], known_only=True)

    def has_aside(self, question: str) -> bool:
        """Tell whether it is reckoned with."""
        return self.bounds is not None and question in self.bounds

    def release(self, question: str) -> None:
        """Reckon with it no more."""
        if self.bounds is not None and (cost := self.bounds.pop(question)):
            self.under_way -= 1
            self._aside = _less(self._aside, json.loads(str(cost))) if self.under_way else NOTHING

    def lose(self, question: str, cost: Cost) -> None:
        """Count an attempt that was lost; what it may have cost at most stays set aside to the end.

        Args:
            question: The id of what was asked.
            cost: What is known of its cost.
        """
        self.losses.append(cost)
        self.spent = total([self.spent, cost], known_only=True)
        if self.bounds is not None and (bound := self.bounds[question]):
            spare = _less(json.loads(str(bound)), cost)
            at_least = Cost(
                calls=max(spare["calls"] or 0, 0),
                tokens=max(spare["tokens"] or 0, 0),
                usd=max(spare["usd"] or 0.0, 0.0),
            )
            self.at_risk = total([self.at_risk, at_least])
            self.release(question)

    def count(self, row: Row) -> None:
        """Add a row."""
        self.errors += row["error"] is not None
        self.answered += row["error"] is None
        if "spared" in row:
            self.spared = total([self.spared or NOTHING, row["spared"]], known_only=True)

    def misfit(self, bound: Cost) -> str | None:
        """Say which limit a question does not fit in, beside those under way; None where it fits."""
        if self.budget is None:
            return None
        spent = total([self.spent, self._aside, self.at_risk], known_only=True)
        return self.budget.misfit(spent, bound, self.seconds)

    def look_at(self, failed_as: str | None, error: str | None) -> None:
        """Stop the batch where all that came so far failed alike, for so would the rest."""
        if len(self._failed_as) < ALIKE:
            self._failed_as.append(failed_as)
            if failed_as and self._failed_as == [failed_as] * ALIKE:
                self.stopped = f"the first {ALIKE} questions all failed alike, the last of them with: {error}"

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self.began

    def report(self) -> BatchReport:
        """Return the sums so far."""
        sums = BatchReport(
            questions=self.questions,
            done_before=self.done_before,
            answered=self.answered,
            errors=self.errors,
            left=self.questions - self.answered - self.errors,
            calls=self.spent["calls"] or 0,
            tokens=self.spent["tokens"] or 0,
            usd=self.spent["usd"] if self.usd_is_known else None,
            seconds=round(self.seconds, 3),
            stopped=self.stopped,
        )
        if self.spared:
            sums["spared"] = self.spared
        if self.losses:
            lost = total(self.losses, known_only=True)
            sums["lost"] = Lost(
                attempts=len(self.losses), calls=lost["calls"] or 0, tokens=lost["tokens"] or 0, usd=lost["usd"] or 0.0
            )
        return sums


def _less(cost: Cost, other: Cost) -> Cost:
    """Return what is left of a cost without another; what is not known is none."""
    return Cost(
        calls=(cost["calls"] or 0) - (other["calls"] or 0),
        tokens=(cost["tokens"] or 0) - (other["tokens"] or 0),
        usd=(cost["usd"] or 0.0) - (other["usd"] or 0.0),
    )
