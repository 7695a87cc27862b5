"""Stop a run early, where its proposals agree."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .agreement import Agreement, Measure, check_share, closed_answers, compare_at_once, is_sync, medoid
from .errors import ConfigError
from .panel import Seat
from .state import Agreed, Cost, Proposal

Then = Literal["aggregate", "answer"]


@dataclass(frozen=True, kw_only=True)
class EarlyStop:
    """Say when the first layer's agreement ends the layers, and what comes then.

    EarlyStop()                                 # all of three models or more: on to the aggregator
    EarlyStop(quorum=5 / 6, then="answer")      # five of six: the agreed proposal itself is the answer
    EarlyStop(shadow=True)                      # changes nothing, and says what it would have done

    Two models that agree are weak evidence, and samples of one model repeat its mistakes: asked six times, one agreed
    with itself on 53 % of 800 questions about code and was right in half of those; six models agreed on 28 % and were
    right in 97 % (docs/agreement.md).
    """

    agreement: Measure = field(default_factory=closed_answers)
    """How proposals are compared."""
    quorum: float = 1.0
    """Share of the proposers asked that must agree. Who failed, was cut or named no answer agrees with nobody."""
    min_responses: int = 3
    """How many different models must agree, whatever the quorum; samples of one model count as one. In a wave that is
    smaller, all of it."""
    then: Then = "aggregate"
    """`aggregate` lets the aggregator write the answer; `answer` returns the proposal that stands for the others."""
    shadow: bool = False
    """Go on as if they had not agreed, and write down what would have been."""
    as_completed: bool = False
    """Do not wait for the rest of a layer once those who have answered decide it; their calls are cut."""
    later_layers: bool = False
    """Stop at later layers too. Their proposers have seen one another's answers: that they agree is no evidence."""

    def needed(self, asked: int) -> int:
        """Return how many of so many proposals must agree."""
        return math.ceil(self.quorum * asked - 1e-9)

    def is_reached(self, largest: Sequence[Seat], asked: int, *, whole: bool) -> bool:
        """Tell whether a group is large enough.

        Args:
            largest: Who is in it.
            asked: How many were asked.
            whole: Whether those are the whole layer, and not a first wave.
        """
        models = {seat.label for seat in largest}
        least = self.min_responses if whole else min(self.min_responses, asked)
        return len(largest) >= self.needed(asked) and len(models) >= least

    def may_stop(self, layer: int) -> bool:
        """Tell whether the agreement of a layer may end the run's layers."""
        return (layer == 1 or self.later_layers) and not self.shadow

    def decided(self, seats: Sequence[Seat], *, whole: bool) -> Callable[[Mapping[str, str]], str | None]:
        """Return what says, of the answers that are in by title, why the others are no longer needed."""

        def decide(answers: Mapping[str, str]) -> str | None:
            if len(answers) < max(2, self.needed(len(seats))):
                return None
            by_title = {seat.title: seat for seat in seats}
            titles = [title for title in by_title if title in answers]
            found = compare_at_once(self.agreement, [answers[title] for title in titles])
            if not found["groups"]:
                return None
            largest = [by_title[titles[n]] for n in found["groups"][0]]
            if not self.is_reached(largest, len(seats), whole=whole):
                return None
            return f"no longer needed: {len(largest)} of {len(seats)} agree"

        return decide


def agreed_on(
    stop: EarlyStop, found: Agreement, usable: Sequence[Proposal], seats: Sequence[Seat], *, whole: bool
) -> Agreed:
    """Put an agreement of texts in terms of the proposers who wrote them.

    Args:
        stop: The rule.
        found: What the measure said of the usable proposals' texts.
        usable: Those proposals.
        seats: All who were asked.
        whole: Whether those are the whole layer, and not a first wave.
    """
    by_title = {seat.title: seat for seat in seats}
    groups = [[usable[n]["proposer"] for n in group] for group in found["groups"]]
    largest = [by_title[title] for title in groups[0]] if groups else []
    best = _whole(found, usable)
    return Agreed(
        measure=found["measure"],
        groups=groups,
        score=round(len(largest) / len(seats), 4),
        answer=found["answer"],
        representative=None if best is None else usable[best]["proposer"],
        abstained=found["abstained"],
        reached=len(largest) > 1 and stop.is_reached(largest, len(seats), whole=whole),
        call=found["call"],
    )


def _whole(found: Agreement, usable: Sequence[Proposal]) -> int | None:
    """Return who stands for the largest group: not one whose text was cut, where there is another."""
    best = found["representative"]
    if best is None or usable[best]["status"] == "ok":
        return best
    whole = [number for number in found["groups"][0] if usable[number]["status"] == "ok"]
    return medoid([p["text"] for p in usable], whole) if whole else best


def cost_of_asking(measure: Measure, texts: Sequence[str] | None, *, authors: Sequence[Seat] = ()) -> list[Cost]:
    """Bound what asking a measure costs, for those that say so by a method `at_most`.

    Args:
        measure: Which one.
        texts: What it would compare; None while they are not written yet.
        authors: Who will write them.
    """
    bound = getattr(measure, "at_most", None)
    return [bound(texts, authors)] if callable(bound) else []


def check_early_stop(stop: object, waves: Sequence[object], proposers: int) -> None:
    """Refuse an early stop that could not mean anything, and waves that are none.

    Args:
        stop: What was given as the rule.
        waves: Sizes of the first layer's waves.
        proposers: How many proposals the first layer has.

    Raises:
        ConfigError: One of them is wrong.
    """
    if stop is not None:
        if not isinstance(stop, EarlyStop):
            raise ConfigError(f"found {stop!r} as the early stop, expected EarlyStop(...), or None for none")
        check_share("quorum", stop.quorum)
        if isinstance(stop.min_responses, bool) or not isinstance(stop.min_responses, int) or stop.min_responses < 1:
            raise ConfigError(f"found min_responses={stop.min_responses!r}, expected a whole number from 1")
        if stop.then not in ("aggregate", "answer"):
            raise ConfigError(f"found then={stop.then!r} for the early stop, expected 'aggregate' or 'answer'")
        if not callable(stop.agreement):
            raise ConfigError(f"found {stop.agreement!r} as the agreement, expected a measure such as closed_answers()")
        if stop.as_completed and not is_sync(stop.agreement):
            raise ConfigError(
                "found as_completed with a measure that is awaited, and would be asked again at every answer; "
                "expected one that answers at once, as closed_answers()"
            )
    if not isinstance(waves, list | tuple) or any(isinstance(w, bool) or not isinstance(w, int) for w in waves):
        raise ConfigError(f"found waves={waves!r}, expected sizes such as (2,)")
    if waves and (stop is None or min(waves) < 1 or waves[0] < 2 or sum(waves) >= proposers):
        raise ConfigError(
            f"found waves={tuple(waves)!r} of {proposers} proposals, expected an early stop, a first wave of at least "
            "2, and some proposers left for the last"
        )
