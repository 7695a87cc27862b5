"""What all nodes of one mixture keep to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any
from uuid import uuid4

from langchain_core.messages import BaseMessage
from langgraph.cache.base import BaseCache

from ..core.bounds.budget import Budget
from ..core.bounds.early_stop import EarlyStop
from ..core.bounds.quorum import Quorum, Race, Siblings
from ..core.bounds.screen import Screen
from ..core.deferral import deferral_for
from ..core.evidence.markers import without_markers
from ..core.evidence.retrievers import Retrieval
from ..core.panel.room import with_room
from ..core.panel.sampling import Sampling
from ..core.panel.seats import Seat, with_substitutes
from ..core.panel.sight import check_read
from ..core.panel.stages import Stage
from ..core.run.costs import cost_of, total
from ..core.run.records import USABLE, Call, Cost, Proposal, Verdict, place_of
from ..core.run.report import calls_of, work_seconds
from ..core.run.turn import Turn
from .calls.opening import Opening
from .prompting.request import Request, request_for

_OPENINGS = 8
"""How many are kept in mind: one that is broken off holds prompts that nobody takes."""
_FAILURES = 10_000
"""How many are: those of a run that ended between a proposer and its gate are never taken."""
_Failure = tuple[str, int, int, float]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Hold what the caller asked of the whole mixture."""

    mixture: str
    """Who sits where; threads are checked against it."""
    chain: Sequence[Seat]
    """The aggregators, in the order in which they are tried."""
    first: Sequence[Seat]
    """Who is asked first, in all waves: somebody of these must be able to read what is asked."""
    min_proposals: int
    early_stop: EarlyStop | None
    screen: Screen | None
    quorum: Quorum | None
    budget: Budget | None
    cache: BaseCache[Any] | None
    ranks: bool
    """Whether they choose a proposal, and write nothing."""
    more_room: bool
    """Whether who had no room for an answer is asked once more, with more."""
    stream_proposals: bool
    review: bool
    feedback: bool
    draft: bool
    """Whether the best proposal so far is told at once."""
    retrieval: Retrieval | None
    """How evidence is looked for first, and citations are checked last."""
    shape: Mapping[str, int]
    """How many layers and proposers there are, for traces."""
    races: Siblings[Race] = field(default_factory=Siblings, init=False)
    failures: "Failures" = field(default_factory=lambda: Failures(), init=False)
    openings: Siblings[Opening] = field(default_factory=lambda: Siblings(_OPENINGS), init=False)
    """What first layers were bounded to, under a budget."""
    sampling: Sampling = field(default_factory=Sampling, init=False)
    """How many samples servers gave for one request."""
    identity: str = field(default_factory=lambda: uuid4().hex, init=False)
    """What tells this mixture from all others, for caches."""

    def calls_of(self, seats: Sequence[Seat]) -> list[Seat]:
        """Return whom asking these may ask in all, once more with more room, and others in their places, included."""
        everybody = with_substitutes(seats)
        roomier = [seat for s in everybody if (seat := with_room(s))] if self.more_room else []
        return [*everybody, *roomier]

    def check_read(self, conversation: Sequence[BaseMessage]) -> None:
        """Refuse a question with a picture, a file or sound that too few can read, before anybody is asked.

        Raises:
            InputError: Too few can.
        """
        check_read(self.first, conversation, needed=self.min_proposals)

    @property
    def retrieves(self) -> bool:
        """Tell whether answers rest on evidence."""
        return self.retrieval is not None

    @property
    def removes(self) -> bool:
        """Tell whether wrong citations are taken out of an answer once it is written."""
        return self.retrieval is not None and self.retrieval.wrong_citations == "remove"

    @property
    def request(self) -> Request | None:
        """Return what the caller of the run under way asks for beside an answer."""
        return request_for(self)

    def uncited(self, text: str) -> str:
        """Return a proposal as it is compared with others: what it cites as evidence is no part of what it says."""
        return without_markers(text) if self.retrieves else text

    def in_this_run(self, stop: EarlyStop) -> EarlyStop:
        """Return the early stop as it holds now: an answer word for word calls no tool, and keeps to no form."""
        request = self.request
        return replace(stop, shadow=True) if stop.then == "answer" and request and request.needs_author else stop

    def race_of(self, stage: Stage, seat: Seat, turn: Turn) -> Race:
        """Return the race that a proposer's call is part of; what was before is read by the first of them only.

        Args:
            stage: Who is asked together.
            seat: The proposer.
            turn: The turn.
        """

        def start() -> Race:
            if deferral_for():  # whoever answers in a batch has answered when it comes back: there is nobody to cut
                return Race(read=self.uncited)
            stop = self.early_stop
            in_time = stop is not None and stop.as_completed and self.in_this_run(stop).may_stop(stage.layer)
            decide = stop.decided(stage.asked_so_far, whole=stage.is_last) if stop and in_time else None
            race = Race(self.quorum, self.seconds_for(stage, turn), decide, self.uncited)
            for proposal in _before(stage, turn):
                if proposal["layer"] == stage.layer and proposal["status"] in USABLE:
                    race.count_proposal(proposal)
            return race

        return self.races.join(seat.title, layer=stage.layer, start=start)

    def misfit(
        self,
        proposals: Sequence[Proposal],
        step: Iterable[Cost],
        *,
        verdicts: Sequence[Verdict] = (),
        others: Sequence[Call] = (),
        more_s: float = 0.0,
        has_begun: bool = False,
    ) -> str | None:
        """Say which limit of the budget the next step does not fit in; None where it does.

        Args:
            proposals: This turn's proposals.
            step: What each call of the step costs at most.
            verdicts: This turn's verdicts; judging may have taken calls and time.
            others: This turn's other calls.
            more_s: Seconds of work that no call took.
            has_begun: Whether some of the step's calls are made already, and reckoned with as part of it.
        """
        if self.budget is None:
            return None
        spent = total(map(cost_of, [*proposals, *calls_of(verdicts), *others]), known_only=True)
        worked = work_seconds(proposals, others, verdicts) + more_s
        return self.budget.misfit(spent, total(step, known_only=True), worked, has_begun=has_begun)

    def seconds_left(
        self,
        proposals: Sequence[Proposal],
        verdicts: Sequence[Verdict] = (),
        others: Sequence[Call] = (),
        more_s: float = 0.0,
    ) -> float | None:
        """Return the seconds that the budget leaves after all this; None where it bounds none."""
        if self.budget is None or self.budget.seconds is None:
            return None
        return self.budget.left(work_seconds(proposals, others, verdicts) + more_s)

    def seconds_for(self, stage: Stage, turn: Turn) -> float | None:
        """Return the seconds that the budget leaves for a stage, whoever of it has answered already."""
        return self.seconds_left(_before(stage, turn), turn.verdicts(before=stage.layer, wave=stage.wave))


class Failures:
    """Remember failed proposals from the moment they are made until a gate has raised them.

    A gate that is run again has no other way to know that its caller has heard of them, and wants them asked again:
    LangGraph resumes a run with the step that raised, and nothing is written by it.
    """

    def __init__(self) -> None:
        self._made: dict[_Failure, None] = {}

    def add(self, proposals: Iterable[Proposal]) -> None:
        """Remember what has just been asked for in vain."""
        self._made |= dict.fromkeys(map(_failure, proposals))
        for oldest in [*islice(self._made, max(len(self._made) - _FAILURES, 0))]:
            self._made.pop(oldest, None)

    def any_new(self, proposals: Iterable[Proposal]) -> bool:
        """Tell whether any of these is one that was made here, and not raised yet."""
        return any(_failure(proposal) in self._made for proposal in proposals)

    def forget(self, proposals: Iterable[Proposal]) -> None:
        """Forget what is about to be raised."""
        for proposal in proposals:
            self._made.pop(_failure(proposal), None)


def _failure(proposal: Proposal) -> _Failure:
    return proposal["turn"], *place_of(proposal), proposal["started"]


def _before(stage: Stage, turn: Turn) -> list[Proposal]:
    """Return what was proposed before a stage began: in layers before its own, and in earlier waves of it."""
    together = {seat.place for seat in stage.seats}
    return [p for p in turn.proposals() if p["layer"] < stage.layer or place_of(p) not in together]
