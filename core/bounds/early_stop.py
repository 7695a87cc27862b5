"""Stop a run early, where its proposals agree."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..agreement.closed import closed_answers
from ..agreement.comparing import compare_at_once
from ..agreement.measures import Agreement, Measure
from ..agreement.vote import Vote
from ..panel.seats import Seat
from ..panel.stages import Stage
from ..run.records import Agreed, Cost, Proposal
from ..run.served import Asked, same_models
from .quorum import Answered
from .screen import Screen

Then = Literal["aggregate", "answer"]


@dataclass(frozen=True, kw_only=True)
class EarlyStop:
    """Say when the first layer's agreement ends the layers, and what comes then.

    EarlyStop()                                 # all of three models or more: on to the aggregator
    EarlyStop(quorum=5 / 6, then="answer")      # five of six: the agreed proposal itself is the answer
    EarlyStop(shadow=True)                      # stops nothing, and says what it would have done

    Two models that agree are weak evidence, and samples of one model repeat its mistakes: asked six times, one agreed
    with itself on 53 % of 800 questions about code and was right in half of those; six models agreed on 28 % and were
    right in 97 % (docs/agreement.md). Models are different where neither what was asked for nor what servers say
    answered is the same: three names on a server that has one model are one.
    """

    agreement: Measure = field(default_factory=closed_answers)
    """How proposals are compared."""
    quorum: float = 1.0
    """Share of the proposers asked that must agree. Who failed, was cut or named no answer agrees with nobody."""
    min_responses: int = 3
    """How many different models must agree, whatever the quorum; samples of one model count as one, and so do all that
    servers say one model answered. In a wave that is smaller, all of it."""
    then: Then = "aggregate"
    """`aggregate` lets the aggregator write the answer; `answer` returns the proposal that stands for the others."""
    shadow: bool = False
    """Go on as if they had not agreed, and write down what would have been."""
    as_completed: bool = False
    """Do not wait for the rest of a layer once those who have answered decide it; their calls are cut."""
    later_layers: bool = False
    """Stop at later layers too. Their proposers have seen one another's answers: that they agree is no evidence."""

    def needed(self, size: int) -> int:
        """Return how many of so many proposals must agree."""
        return math.ceil(self.quorum * size - 1e-9)

    def is_reached(
        self, groups: Sequence[Sequence[Seat]], seats: Sequence[Seat], served: Mapping[str, str | None], *, whole: bool
    ) -> bool:
        """Tell whether the largest group is large enough, and larger than any other.

        Args:
            groups: Who agrees, the largest first.
            seats: Who was asked.
            served: The models that servers say answered, by the proposer's title.
            whole: Whether those are the whole layer, and not a first wave.
        """
        if not groups or len(groups[0]) < max(2, self.needed(len(seats))):
            return False
        tied = len(groups) > 1 and len(groups[1]) >= len(groups[0])
        return not tied and models_of(groups[0], served) >= self.models_needed(seats, whole=whole)

    def models_needed(self, seats: Sequence[Seat], *, whole: bool) -> int:
        """Return how many different models must agree, of a whole layer or of a first wave.

        A wave's are counted as declared: where one server had them all, they do not get by as one model.
        """
        return self.min_responses if whole else min(self.min_responses, models_of(seats))

    def may_stop(self, layer: int) -> bool:
        """Tell whether the agreement of a layer may end the run's layers."""
        return (layer == 1 or self.later_layers) and not self.shadow

    def can_stop(self, stage: Stage) -> bool:
        """Tell whether enough different models are asked for their agreement to end the run's layers."""
        enough = len(stage.asked_so_far) > 1 and models_of(stage.asked_so_far) >= self.models_needed(
            stage.asked_so_far, whole=stage.is_last
        )
        return enough and self.may_stop(stage.layer)

    def decided(self, seats: Sequence[Seat], *, whole: bool) -> Callable[[Mapping[str, Answered]], str | None]:
        """Return what says, of the answers that are in by title, why the others are no longer needed."""

        def decide(answers: Mapping[str, Answered]) -> str | None:
            if len(answers) < max(2, self.needed(len(seats))):
                return None
            by_title = _seated(seats, {title: answer.model for title, answer in answers.items()})
            titles = [title for title in by_title if title in answers]
            agreement = compare_at_once(self.agreement, [answers[title].text for title in titles])
            if not agreement["groups"]:
                return None
            groups = [[by_title[titles[n]] for n in group] for group in agreement["groups"]]
            others = len(seats) - len(answers) + max(map(len, groups[1:]), default=0)
            served = {title: answer.served for title, answer in answers.items()}
            if len(groups[0]) <= others or not self.is_reached(groups, seats, served, whole=whole):
                return None  # those who are still to answer could say something else, and be as many
            return f"no longer needed: {len(groups[0])} of {len(seats)} agree"

        return decide


def models_of(seats: Sequence[Seat], served: Mapping[str, str | None] | None = None) -> int:
    """Count the different models among proposers; samples of one repeat its mistakes.

    Args:
        seats: The proposers.
        served: The models that servers say answered, by the proposer's title; None before they have.
    """
    return len(same_models([Asked(seat.label, (served or {}).get(seat.title)) for seat in seats]))


def _seated(seats: Sequence[Seat], models: Mapping[str, str | None]) -> dict[str, Seat]:
    """Return seats by title, each with the model that answered in it: another may have taken its place."""
    return {s.title: replace(s, label=model) if (model := models.get(s.title)) else s for s in seats}


def is_agreement_used(
    stages: Sequence[Stage], stop: EarlyStop | None, vote: Vote | None, screen: Screen | None = None
) -> bool:
    """Tell whether agreement on marked answers can change a run: only then are proposers asked to mark theirs.

    A rule that is only watched (`shadow`) is told what it would be told if it were not.

    Args:
        stages: Who is asked together.
        stop: The rule.
        vote: How votes are counted, where a count gives the answer.
        screen: What takes out who stands alone.
    """
    if screen and _reads_marks(screen.measure):
        return True
    if vote and _reads_marks(vote.agreement):
        return True
    if not stop or not _reads_marks(stop.agreement):
        return False
    rule, always = replace(stop, shadow=False), stop.then == "answer" or stop.as_completed
    return any(rule.can_stop(stage) for stage in stages[: None if always else -1])


def _reads_marks(measure: Measure) -> bool:
    """Tell whether a measure looks at final answers; one of somebody's own may."""
    return bool(getattr(measure, "reads_marks", True))


def agreed_on(
    stop: EarlyStop,
    agreement: Agreement,
    compared: Sequence[Proposal],
    seats: Sequence[Seat],
    *,
    whole: bool,
    seconds: float,
    removed: Collection[str] = (),
) -> Agreed:
    """Put an agreement of texts in terms of the proposers who wrote them.

    Who a screen took out does not count as agreeing, but as asked, and as one who may say something else: the agreement
    has to be there with all of them, and without.

    Args:
        stop: The rule.
        agreement: What the measure said of the proposals' texts.
        compared: Those proposals.
        seats: All who were asked.
        whole: Whether those are the whole layer, and not a first wave.
        seconds: How long the measure took.
        removed: Whom a screen took out.
    """
    by_title = _seated(seats, {p["proposer"]: p["model"] for p in compared})
    groups = [[compared[n]["proposer"] for n in group] for group in agreement["groups"]]
    best = agreement["representative"]
    stands = best is not None and compared[best]["proposer"] not in removed
    served = {p["proposer"]: p["served_model"] for p in compared}
    seated = [[by_title[title] for title in group] for group in groups]
    agreeing = [[seat for seat in group if seat.title not in removed] for group in seated[:1]]
    reached = [stop.is_reached(each, seats, served, whole=whole) for each in (seated, [*agreeing, *seated[1:]])]
    return Agreed(
        measure=agreement["measure"],
        groups=groups,
        score=round(len(groups[0]) / len(seats), 4) if groups else 0.0,
        answer=agreement["answer"],
        representative=None if best is None else compared[best]["proposer"],
        abstained=agreement["abstained"],
        models=models_of(seated[0], served) if seated else 0,
        reached=stands and all(reached),
        seconds=round(seconds, 3),
        call=agreement["call"],
    )


def cost_of_asking(measure: Measure, texts: Sequence[str] | None, *, authors: Sequence[Seat] = ()) -> list[Cost]:
    """Bound what asking a measure costs, for those that say so by a method `at_most`.

    Args:
        measure: Which one.
        texts: What it would compare; None while they are not written yet.
        authors: Who will write them.
    """
    bound = getattr(measure, "at_most", None)
    return [bound(texts, authors)] if callable(bound) else []
