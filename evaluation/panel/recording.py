"""What is known of a panel, once the texts are read: who answered what, what it was worth, and what it cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ...core.agreement.values import FinalAnswer
from ..ceiling import Worth
from ..stop_rules import Recorded, is_right


class PanelAnswer(NamedTuple):
    """Hold what one member answered to one question; its text is not kept."""

    answer: FinalAnswer | None = None
    """The short answer that it ends on; None for no answer, or none that can be compared."""
    mark: Worth = None
    """What it is worth, from 0 to 1; None where nobody can tell."""
    score: Worth = None
    """What a judge gave it, whatever gold says."""
    digest: bytes | None = None
    """Of its text, where that is long enough to tell authors apart."""
    served_model: str | None = None
    tokens: int | None = None
    usd: float | None = None


class Aggregated(NamedTuple):
    """Hold what a mixture made of its proposals to one question."""

    system: str
    mark: Worth
    proposers: tuple[str, ...]
    marks: tuple[Worth, ...]
    """What each proposal is worth."""
    likeness: tuple[Mapping[str, float], ...]
    """How like each proposal the answer is, from 0 to 1, by each measure; empty where nothing was compared."""
    is_verbatim: bool
    """Whether it is one of them, word for word."""
    tokens: int | None
    usd: float | None


class PanelRow(NamedTuple):
    """Hold what all members answered to one question."""

    id: str
    answers: tuple[PanelAnswer, ...]
    gold: FinalAnswer | None
    question: str | None

    @property
    def recorded(self) -> Recorded:
        """Return the same as rules for an early stop are tried on."""
        return Recorded(tuple(each.answer for each in self.answers), self.gold, (), self.question)


@dataclass(frozen=True)
class Recording:
    """Hold what was read of a panel."""

    names: Sequence[str]
    """The members, in the order in which they were declared."""
    rows: Sequence[PanelRow]
    models: Mapping[str, str] = field(default_factory=dict)
    """Which model each member is, where that was written down."""
    aggregated: Sequence[Aggregated] = ()
    left_out: int = 0
    """Questions that not all members were asked."""
    repeats: int = 0
    """Rows of questions that were asked again, which do not count."""

    @property
    def judged(self) -> Sequence[PanelRow]:
        """Return the questions that count: those with gold where most have some, else all with marks."""
        marked = [row for row in self.rows if any(each.mark is not None for each in row.answers)]
        with_gold = [row for row in marked if row.gold is not None]
        return with_gold if 2 * len(with_gold) >= len(marked) else marked

    @property
    def is_closed(self) -> bool:
        """Tell whether answers are right or wrong, and can be voted on."""
        judged = self.judged
        return bool(judged) and all(
            each.mark in (None, 0.0, 1.0) for row in judged for each in row.answers
        ) and all(row.gold is not None for row in judged)  # fmt: skip


def marks_of(rows: Sequence[PanelRow]) -> list[list[float]]:
    """Return what each answer is worth, a list a question; none is worth nothing."""
    return [[each.mark or 0.0 for each in row.answers] for row in rows]


def mark_by_gold(answer: FinalAnswer | None, gold: FinalAnswer | None, question: str | None) -> Worth:
    """Return 1 for a right answer and 0 for a wrong one; None without gold."""
    return None if gold is None else float(is_right([answer], gold, question))
