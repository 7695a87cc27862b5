"""A proposer: one model's answer to the conversation and to the layer before."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig

from ..core.agreement.vote import best_proposal
from ..core.bounds.quorum import Race
from ..core.errors import BudgetExceeded
from ..core.panel.seats import Seat, with_substitutes
from ..core.panel.stages import Stage, unanswered
from ..core.run.costs import added_up, total
from ..core.run.records import USABLE, Call, Cost, Place, Proposal
from ..core.run.report import make_report
from ..core.run.state import MoAState
from ..core.run.turn import Turn, check_thread
from .asking import Asking
from .calls.call import unstreamed
from .calls.opening import Opening
from .calls.outcome import as_proposal
from .drafts import drafted
from .node import Node, Update, emit
from .prompting.forecast import bound_room, bound_step, forecast
from .prompting.prompt_writer import PromptWriter
from .rules import Rules


def make_proposer(
    seats: Sequence[Seat], *, stage: Stage, authors: Sequence[Seat], writer: PromptWriter, rules: Rules
) -> Node[Update]:
    """Make the node of one proposer in one layer.

    The node never fails for its model's failure: what went wrong is the proposal's status. What it answered before
    its layer failed for want of others, it is not asked again.

    Args:
        seats: Whom to ask: one, or the samples of one that may be asked for in one request.
        stage: Who is asked with it; the first one tells of the layer's start.
        authors: The layer before, whose answers are the references.
        writer: How the references are put, from layer 2 on.
        rules: What the mixture keeps to.

    Raises:
        BudgetExceeded: (when run) The first layer does not fit the budget; no gate has looked at it yet.
        InputError: (when run) Another mixture began this run.
    """
    proposer, seat = _Proposer(seats, stage, writer, rules), seats[0]
    calls = rules.calls_of(seats)

    def at_most(conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        labels = dict.fromkeys(call.label for call in calls)
        costs = [(s.label, forecast(writer, s, conversation, authors, layer=stage.layer)) for s in calls]
        return {label: total([cost for other, cost in costs if other == label]) for label in labels}

    asks = [one.model for one in with_substitutes([seat])]
    return Node(proposer.propose, at_most=at_most, asks=asks, rules=rules)


@dataclass(frozen=True)
class _Proposer:
    seats: Sequence[Seat]
    stage: Stage
    writer: PromptWriter
    rules: Rules

    @property
    def is_first(self) -> bool:
        """Tell whether no gate has looked at the run before its stage."""
        return self.stage.layer == self.stage.wave == 1

    @property
    def opens(self) -> bool:
        """Tell whether the run begins with its stage."""
        return self.is_first and not self.rules.retrieves

    async def propose(self, state: MoAState, config: RunnableConfig) -> Update:
        """Ask for what is not answered yet, and write down what came of it."""
        turn, stage, rules = Turn.of(state), self.stage, self.rules
        if self.opens:
            check_thread(config, needed=rules.review)
            rules.check_read(turn.messages)
        else:
            turn.check_begun(rules.mixture)
        before = turn.left_behind(stage.layer)
        due = unanswered(stage.seats, before)
        places = {s.place for s in due}
        mine = {s.place: before[s.place] for s in self.seats if s.place in before}
        again = any(p["reviewed"] == "sent_back" for p in mine.values())
        writer = self.writer.for_run(rules.request)
        opening = self._opening(writer, turn, due, before)
        race = self._race(turn, alone=again or self.seats[0].carries)
        if due and due[0].place in {s.place for s in self.seats}:
            emit("layer", layer=stage.layer, proposers=[s.title for s in due])
        settled = {place: p for place, p in mine.items() if place not in places}
        for proposal in settled.values():
            race.count_proposal(proposal)
        asking = Asking(
            [s for s in self.seats if s.place in places],
            turn,
            stage.layer,
            race,
            None if again else rules.cache,
            rules.sampling,
        )
        others = [other for seat in due for other in seat.substitutes]
        no_budget = partial(self._no_budget_for, writer, turn, due, before)
        heard, is_unbounded = config if rules.stream_proposals else unstreamed(config), rules.budget is None
        answers = await asking.ask(
            writer,
            heard,
            prompt=opening.take(asking.seats),
            may_fold_again=is_unbounded,
            room=partial(no_budget, roomier=due) if rules.more_room else None,
        )
        answers = await asking.refill(
            answers,
            writer,
            heard,
            may_fold_again=is_unbounded,
            too_much=partial(no_budget, roomier=due, others=others),
            room=partial(no_budget, roomier=[*due, *others], others=others) if rules.more_room else None,
        )
        made = {s.place: await _made(s, *answers[s.place], turn, stage.layer, mine.get(s.place)) for s in asking.seats}
        proposals = [{**settled, **made}[s.place] for s in self.seats]
        rules.failures.add(p for p in made.values() if p["status"] not in USABLE)
        for proposal in proposals:
            emit("proposal", **proposal)
        # Where nobody of the layer is asked, what later layers made of it still holds.
        update: Update = {"proposals": proposals if due else turn.with_later(proposals)}
        if self.opens and not again and self.seats[0] is stage.seats[0]:
            # A turn that fails must not be left with the report of the one before.
            update["run"] = make_report(proposals, [], turn=turn.id, mixture=rules.mixture)
        return update

    def _race(self, turn: Turn, *, alone: bool) -> Race:
        """Return the race that its calls are part of.

        What a person asks for again, or what all before it went into, is no matter of who is fastest.
        """
        if alone:
            race = Race(seconds=self.rules.seconds_for(self.stage, turn))
        else:
            race = self.rules.race_of(self.stage, self.seats[0], turn)
        if self.rules.draft and race.heard is None:
            race.heard = drafted(self.stage, turn)
        return race

    def _opening(
        self, writer: PromptWriter, turn: Turn, due: Sequence[Seat], before: Mapping[Place, Proposal]
    ) -> Opening:
        """Refuse a first layer that does not fit the budget, which no gate has looked at; return what it is asked."""
        rules, layer = self.rules, self.stage.layer
        if not self.is_first or rules.budget is None:
            return Opening()
        done = [*(p for p in turn.proposals() if p["layer"] < layer), *before.values()]
        opening = rules.openings.join(self.seats[0].title, layer=layer, start=Opening)
        opening.bound(due, lambda seat: writer.write(seat, turn, layer), lambda step: rules.misfit(done, step))
        if opening.too_much:
            raise BudgetExceeded(opening.too_much, asked=any(p["calls"] for p in done))
        return opening

    def _no_budget_for(
        self,
        writer: PromptWriter,
        turn: Turn,
        due: Sequence[Seat],
        before: Mapping[Place, Proposal],
        *,
        roomier: Sequence[Seat],
        others: Sequence[Seat] = (),
    ) -> str | None:
        """Say which limit of the budget keeps from asking once more with more room, or others instead.

        All of them may be, and at the same time, so that all are reckoned with, and the aggregator after them: a run
        that is resumed decides so again.

        Args:
            writer: How references are put.
            turn: The turn.
            due: Who of the stage is asked.
            before: What a run of before has from it.
            roomier: Who may be asked with more room.
            others: Who may be asked instead.
        """
        rules, stage = self.rules, self.stage
        if rules.budget is None:
            return None
        done = [*(p for p in turn.proposals() if p["layer"] < stage.layer), *before.values()]
        step = bound_step(writer, due, turn, stage.layer, chain=rules.chain, authors=stage.asked_so_far)
        room = bound_room(writer, roomier, turn, stage.layer) if rules.more_room else ()
        instead = [writer.write(seat, turn, stage.layer).at_most(seat) for seat in others]
        verdicts = turn.verdicts(before=stage.layer, wave=stage.wave)
        return rules.misfit(done, [*step, *room, *instead], verdicts=verdicts, has_begun=True)


async def _made(
    seat: Seat, call: Call, message: AIMessage | None, turn: Turn, layer: int, earlier: Proposal | None
) -> Proposal:
    """Write down what came of asking, with an earlier attempt that this run left behind."""
    proposal = as_proposal(call, seat, turn=turn.id, layer=layer, message=message)
    if earlier:
        proposal = _with_earlier(proposal, earlier)
    if not seat.carries or proposal["status"] in USABLE:
        return proposal
    if not (read := [p for p in turn.references(layer) if seat.reads_from(p["position"], p["proposer"])]):
        return proposal
    own = next((p for p in read if p["proposer"] == seat.title), None)
    before = await asyncio.to_thread(best_proposal, read) if own is None else own
    why = f"the one before stands for it: {proposal['status']} ({proposal['error']})"
    return {**proposal, "text": before["text"], "status": before["status"], "carried": True, "error": why}


def _with_earlier(proposal: Proposal, earlier: Proposal) -> Proposal:
    """Count an earlier attempt in; where only that one gave an answer, keep it: it was paid for."""
    if earlier["status"] in USABLE and proposal["status"] not in USABLE:
        why = f"asked again: {proposal['status']} ({proposal['error']})"
        return cast("Proposal", {**earlier, **added_up(earlier, proposal), "reviewed": None, "error": why})
    return cast("Proposal", {**proposal, **added_up(proposal, earlier)})
