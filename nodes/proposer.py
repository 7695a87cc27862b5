"""A proposer: one model's answer to the conversation and to the layer before."""

from collections.abc import Iterable, Sequence
from typing import cast

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig

from ..core.errors import BudgetExceeded
from ..core.panel import Seat
from ..core.race import Race
from ..core.report import added_up, make_report
from ..core.stage import Stage, unanswered
from ..core.state import (
    USABLE,
    Cost,
    MoAState,
    Proposal,
    check_mixture,
    check_thread,
    left_behind,
    place_of,
    proposals_of,
    turn_of,
    verdicts_of,
)
from .brief import Brief
from .call import as_proposal, call_model, unstreamed
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
    layer, first = stage.layer, seat is stage.seats[0]
    is_first = layer == stage.wave == 1
    opens = is_first and not rules.retrieves
    together = {other.place for other in stage.seats}

    async def propose(state: MoAState, config: RunnableConfig) -> Update:
        turn, letters = turn_of(state), brief.for_run(rules.request)
        before = left_behind(state, layer)
        mine, asked = before.get(seat.place), unanswered(stage.seats, before)
        again = mine is not None and mine["reviewed"] == "sent_back"
        if opens:
            check_thread(config, needed=rules.review)
        else:
            check_mixture(state, rules.mixture)
        if is_first:
            done = [*(p for p in proposals_of(state) if p["layer"] < layer), *before.values()]
            _check_fits((letters.write(other, state, layer).at_most(other) for other in asked), done, rules)
        earlier = [p for p in proposals_of(state) if p["layer"] < layer or place_of(p) not in together]
        seconds = rules.seconds_left(earlier, verdicts_of(state, before=layer, wave=stage.wave))
        answered = [p for p in earlier if p["layer"] == layer and p["status"] in USABLE]
        # What a person asks for again is no matter of who is fastest.
        race = Race(seconds=seconds) if again else rules.race_of(stage, seat, seconds=seconds, earlier=answered)
        if asked and seat is asked[0]:
            emit("layer", layer=layer, proposers=[s.title for s in asked])
        if mine and seat not in asked:
            race.count(seat.title, mine["text"], whole=mine["status"] == "ok")
            proposal = mine
        else:
            told = config if rules.stream_proposals else unstreamed(config)
            letter, cache = letters.write(seat, state, layer), None if again else rules.cache
            call, message = await call_model(seat, letter, told, race=race, cache=cache)
            proposal = as_proposal(call, seat, turn=turn, layer=layer, message=message)
            if mine:
                proposal = _with_earlier(proposal, mine)
        emit("proposal", **proposal)
        update: Update = {"proposals": [proposal]}
        if first and opens and not again:  # a turn that fails must not be left with the report of the one before
            update["run"] = make_report([proposal], [], turn=turn, mixture=rules.mixture)
        return update

    def at_most(conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        return {seat.label: brief.forecast(seat, conversation, authors)}

    return Node(propose, at_most=at_most, asks=[seat.model], rules=rules)


def _check_fits(step: Iterable[Cost], done: Sequence[Proposal], rules: Rules) -> None:
    """Refuse a first layer that does not fit the budget; no gate has looked at it yet."""
    if too_much := rules.misfit(done, step):
        raise BudgetExceeded(too_much, asked=any(p["calls"] for p in done))


def _with_earlier(proposal: Proposal, earlier: Proposal) -> Proposal:
    """Count an earlier attempt in; where only that one gave an answer, keep it: it was paid for."""
    if earlier["status"] in USABLE and proposal["status"] not in USABLE:
        why = f"asked again: {proposal['status']} ({proposal['error']})"
        return cast("Proposal", {**earlier, **added_up(earlier, proposal), "reviewed": None, "error": why})
    return cast("Proposal", {**proposal, **added_up(proposal, earlier)})
