"""A proposer: one model's answer to the conversation and to the layer before."""

from collections.abc import Iterator, Mapping, Sequence

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig

from ..core.errors import BudgetExceeded
from ..core.panel import Seat
from ..core.report import added_up, make_report
from ..core.stage import Stage
from ..core.state import (
    USABLE,
    Cost,
    MoAState,
    Place,
    Proposal,
    check_mixture,
    left_behind,
    place_of,
    proposals_of,
    turn_of,
    verdicts_of,
)
from ..core.text import plain
from .brief import Brief
from .call import call_model
from .node import Node, Update, emit
from .rules import Rules


def make_proposer(seat: Seat, *, stage: Stage, authors: Sequence[Seat], brief: Brief, rules: Rules) -> Node[Update]:
    """Make the node of one proposer in one layer.

    The node never fails for its model's failure: what went wrong is the proposal's status. What it answered before
    its layer failed for want of others, it is not asked again.

    Args:
        seat: Whom to ask.
        stage: Who is asked with it; the first one tells of the layer's start.
        authors: The layer before, whose answers are the references.
        brief: How the references are put, from layer 2 on.
        rules: What the mixture keeps to.

    Raises:
        BudgetExceeded: (when run) The first layer does not fit the budget; no gate has looked at it yet.
        InputError: (when run) Another mixture began this run.
    """
    hidden = [] if rules.stream_proposals else ["nostream"]
    layer, first = stage.layer, seat is stage.seats[0]
    opens = layer == stage.wave == 1
    together = {other.place for other in stage.seats}

    async def propose(state: MoAState, config: RunnableConfig) -> Update:
        turn = turn_of(state)
        before = left_behind(state, layer)
        mine = before.get(seat.place)
        sent_back = mine is not None and mine["status"] == "dropped"
        if not opens:
            check_mixture(state, rules.mixture)
        elif too_much := rules.misfit(list(before.values()), first_step(state, before)):
            raise BudgetExceeded(too_much)
        earlier = [p for p in proposals_of(state) if p["layer"] < layer or place_of(p) not in together]
        race = rules.race_of(
            stage,
            seat,
            seconds=rules.seconds_left(earlier, verdicts_of(state, before=layer, wave=stage.wave)),
            earlier=[p for p in earlier if p["layer"] == layer and p["status"] in USABLE],
        )
        if first:
            emit("layer", layer=layer, proposers=[s.title for s in _unanswered(stage.seats, before)])
        if mine and not _unanswered([seat], before):
            race.count(seat.title, mine["text"], whole=mine["status"] == "ok")
            proposal = mine
        else:
            tagged: RunnableConfig = {**config, "tags": [*config.get("tags", []), *hidden]}
            call, message = await call_model(
                seat, brief.write(seat, state, layer), tagged, race=race, cache=None if sent_back else rules.cache
            )
            proposal = Proposal(
                **(added_up(mine, call) if mine else call),
                turn=turn,
                layer=layer,
                proposer=seat.title,
                position=seat.position,
                sample=seat.sample,
                text=plain(message.text) if message else "",
                edited=False,
            )
        emit("proposal", **proposal)
        update: Update = {"proposals": [proposal]}
        if first and opens:  # a turn that fails must not be left with the report of the one before
            update["run"] = make_report([proposal], [], turn=turn, mixture=rules.mixture)
        return update

    def first_step(state: MoAState, before: Mapping[Place, Proposal]) -> Iterator[Cost]:
        for other in _unanswered(stage.seats, before):
            yield brief.write(other, state, layer).at_most(other)

    def at_most(conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        return {seat.label: brief.forecast(seat, conversation, authors)}

    return Node(propose, at_most=at_most, asks=[seat.model])


def _unanswered(seats: Sequence[Seat], before: Mapping[Place, Proposal]) -> list[Seat]:
    """Leave out who has answered already, in a run of this turn that did not finish."""
    done = {place for place, p in before.items() if p["status"] in USABLE}
    return [seat for seat in seats if seat.place not in done or before[seat.place]["model"] != seat.label]
