"""Choose members: by how well they answer, and by whether they are right where the others are wrong.

Those are the two criteria of Wang et al. 2024 (section 2.3), here as one: the next member is the one whose answers help
those that were chosen most (a greedy selection by what each adds, as in arXiv 2605.24048).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

from ..comparing.paired import Spread
from ..statistics import standard_error
from .members import difference, error_correlations, mean_correlation, spread_of, strongest_first
from .votes import Ballots, VoteCount

MOST_SEATS = 12
"""Members that a selection goes on to; a panel of more is asked by nobody."""
_HALVES = 40
_NO_LUCK = 3.0
_LEAST_HALVES = 10
_MOST_WORK = 60_000
"""Questions times members, squared, whose halves are drawn so often; of more, they are drawn less often."""


@dataclass(frozen=True)
class SelectionStep:
    """Say what the next member adds to those that were chosen before it."""

    name: str
    accuracy: Spread
    """Its own."""
    correlation: float | None
    """How far its errors are those of the members before it, on average; None for the first."""
    adds: Spread | None
    """To what the panel gets; None for the first."""
    panel: Spread
    """What the panel gets with it: its vote, or where answers are not voted on, the best of its marks."""
    ceiling: float
    """The share of questions on which one of the panel is right."""


@dataclass(frozen=True)
class SplitHalves:
    """Say how sure a choice is: made on one half of the questions, held against the other, again and again."""

    times: int
    chosen: float
    """What the chosen panels get on the questions that did not choose them."""
    whole: float
    """What all members get there."""
    best: float
    """What the model gets there that was best on the half that chose."""
    within: float
    """How often the chosen panel was no more than a standard error behind the whole there, or ahead of it."""
    seats: dict[str, float]
    """How often each member was chosen."""


class Selection:
    """Choose members of a panel on some questions."""

    def __init__(self, names: Sequence[str], marks: Sequence[Sequence[float]], ballots: Ballots | None) -> None:
        """Measure each member.

        Args:
            names: The members.
            marks: What each answer is worth, a list a question.
            ballots: Their votes; None where answers are not voted on, and the best mark of the panel counts.
        """
        self._names, self._marks, self._ballots = names, marks, ballots
        self._columns = [list(column) for column in zip(*marks, strict=True)]
        self._place = {n: place for place, n in enumerate(strongest_first(marks))}

    def part(self, questions: Sequence[int]) -> "Selection":
        """Return the same on some of the questions, by number."""
        marks = [self._marks[n] for n in questions]
        return Selection(self._names, marks, self._ballots.part(questions) if self._ballots else None)

    @property
    def questions(self) -> int:
        """Return how many there are to choose by."""
        return len(self._marks)

    @property
    def names(self) -> Sequence[str]:
        """Return the members' names."""
        return self._names

    def panel(self, members: Sequence[int]) -> list[float]:
        """Return what a panel gets on each question; its strongest member is declared first."""
        return self.declared(self.strongest_first(members))

    def declared(self, members: Sequence[int]) -> list[float]:
        """Return what a panel gets on each question that is declared in some order."""
        if self._ballots:
            return self._ballots.marks(members)
        return [max(row[n] for n in members) for row in self._marks]

    def strongest_first(self, members: Sequence[int]) -> list[int]:
        """Return members in the order in which to declare them."""
        return sorted(members, key=self._place.__getitem__)

    def order(self) -> list[int]:
        """Choose one member after the other: the strongest, then whoever helps those before it most."""
        first = self.strongest_first(range(len(self._names)))[0]
        chosen, others = [first], [n for n in range(len(self._names)) if n != first]
        count = self._ballots.count() if self._ballots else None
        reached = self._columns[first]
        while others and len(chosen) < MOST_SEATS:
            if count:
                count.add(chosen[-1])
            worth = {n: self._worth(n, count, reached) for n in others}
            chosen.append(max(others, key=lambda n: (*worth[n], -self._place[n])))
            others.remove(chosen[-1])
            reached = list(map(max, reached, self._columns[chosen[-1]]))
        return chosen

    def _worth(self, n: int, count: VoteCount | None, reached: Sequence[float]) -> tuple[float, ...]:
        """Return how good a panel is with one more: its vote, then how often one of it is right."""
        ceiling = fmean(map(max, reached, self._columns[n]))
        return (round(count.with_one_more(n), 9), ceiling) if count else (ceiling,)

    def steps(self, order: Sequence[int]) -> list[SelectionStep]:
        """Say what each member of an order adds."""
        correlations = error_correlations([[row[n] for n in order] for row in self._marks])
        made: list[SelectionStep] = []
        before: list[float] | None = None
        for size, n in enumerate(order, 1):
            now = self.panel(order[:size])
            made.append(
                SelectionStep(
                    name=self._names[n],
                    accuracy=spread_of(self._columns[n]),
                    correlation=mean_correlation(correlations, size - 1, range(size - 1)),
                    adds=None if before is None else difference(now, before),
                    panel=spread_of(now),
                    ceiling=fmean(max(row[m] for m in order[:size]) for row in self._marks),
                )
            )
            before = now
        return made

    def smallest(self, order: Sequence[int]) -> list[int]:
        """Return the shortest beginning of an order that is within a standard error of the best that it comes to.

        The best is the whole panel or one of the order's beginnings; a standard error is the usual measure of noise
        where the simplest choice is wanted that is as good (Breiman et al. 1984). Held against the whole alone, chosen
        panels were twice as far behind the best possible one, in panels of a known truth.
        """
        panels = [self.panel(order[:size]) for size in range(1, len(order) + 1)]
        best = max([self.panel(range(len(self._names))), *panels], key=fmean)
        size = next((size for size, now in enumerate(panels, 1) if is_within(now, best)), len(order))
        return self.strongest_first(order[:size])


def is_within(one: Sequence[float], best: Sequence[float]) -> bool:
    """Tell whether one is no more than a standard error of their difference behind another."""
    behind = [b - a for a, b in zip(one, best, strict=True)]
    return fmean(behind) <= (standard_error(behind) if len(behind) > 1 else 0.0)


def is_ahead(one: Sequence[float], other: Sequence[float]) -> bool:
    """Tell whether one is ahead of another by more than three standard errors."""
    ahead = [a - b for a, b in zip(one, other, strict=True)]
    return len(ahead) > 1 and fmean(ahead) > _NO_LUCK * standard_error(ahead)


def split_halves(selection: Selection, *, seed: int = 0) -> SplitHalves | None:
    """Choose on one half of the questions and look at the other, again and again; None for fewer than ten questions.

    Args:
        selection: Who there is to choose from, on all questions.
        seed: What the halves depend on.
    """
    names, size = selection.names, selection.questions
    if size < 10:
        return None
    work = size * len(names) * min(len(names), MOST_SEATS)
    times = max(min(_HALVES, _HALVES * _MOST_WORK // work), _LEAST_HALVES)
    draw = Random(seed)  # noqa: S311 - no secret, and it must be the same tomorrow
    got: list[tuple[float, ...]] = []
    seats = dict.fromkeys(names, 0)
    for _ in range(times):
        shuffled = draw.sample(range(size), size)
        here, there = (selection.part(part) for part in (shuffled[: size // 2], shuffled[size // 2 :]))
        order = here.order()
        members = here.smallest(order)
        for n in members:
            seats[names[n]] += 1
        # Ties go by the order of declaration, which the half that chose decided.
        panels = [there.declared(here.strongest_first(p)) for p in (members, range(len(names)), order[:1])]
        got.append((*map(fmean, panels), is_within(panels[0], panels[1])))
    chosen, whole, best, within = (fmean(column) for column in zip(*got, strict=True))
    return SplitHalves(times, chosen, whole, best, within, {name: count / times for name, count in seats.items()})
