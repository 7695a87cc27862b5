"""A gate: collects a layer's proposals, counts what is usable, and says where the run goes next."""

from collections.abc import Iterator, Mapping, Sequence

from langchain_core.runnables import RunnableConfig

from ..core.errors import AllProposersFailed, InputError
from ..core.panel import Seat
from ..core.report import make_report
from ..core.state import USABLE, Cost, MoAState, Place, Verdict, check_mixture, proposals_of, turn_of, verdicts_of
from .brief import Brief
from .node import Node, Update, emit
from .rules import Rules


def make_gate(
    layer: int, *, seats: Sequence[Seat], following: Sequence[Seat], last: Seat, brief: Brief, rules: Rules
) -> Node[Update]:
    """Make the gate that ends one layer.

    A later layer with too few usable answers does not end the run: the layer before it was paid for and answered, so
    the aggregator gets that one's proposals. A layer that does not fit the budget, with the aggregator after it, is
    not asked.

    Args:
        layer: The layer it ends, from 1.
        seats: The layer's proposers.
        following: The proposers of the next layer; none where the aggregator follows.
        last: The first aggregator.
        brief: How references are put to proposers.
        rules: What the mixture keeps to.

    Raises:
        AllProposersFailed: (when run) The first layer has too few usable proposals.
        InputError: (when run) The conversation is not the one that the layer answered, or another mixture began this.
    """
    places = {seat.place: (seat.title, seat.label) for seat in seats}

    async def collect(state: MoAState, config: RunnableConfig) -> Update:
        check_mixture(state, rules.mixture)
        proposals = proposals_of(state, layer)
        if not proposals:
            raise InputError(
                f"found no proposals for the last message at gate {layer}: the conversation changed during the run; "
                "start again with the conversation as it is now"
            )
        found = {(p["position"], p["sample"]): (p["proposer"], p["model"]) for p in proposals}
        if found != places:
            raise InputError(
                f"found proposals of {_names(found)} at gate {layer}, expected of {_names(places)}: another mixture "
                "had to do with this layer; put the same message to the mixture that began it, or ask on another "
                "thread; no answer was lost"
            )
        usable = [p for p in proposals if p["status"] in USABLE]
        enough = len(usable) >= rules.min_proposals
        if not enough and layer == 1:
            failures = [p for p in proposals if p["status"] not in USABLE]
            raise AllProposersFailed(failures, usable=len(usable), needed=rules.min_proposals)
        reason = f"{len(usable)} of {len(seats)} proposals usable"
        if not enough:
            reason += f", {rules.min_proposals} needed: answering from layer {layer - 1}"
        verdict = Verdict(
            turn=turn_of(state),
            layer=layer,
            asked=len(seats),
            usable=len(usable),
            source=layer if enough else layer - 1,
            next="aggregate",
            reason=reason,
            budget=None,
        )
        if enough and following:
            too_much = rules.misfit(proposals_of(state), next_step(state, verdict))
            verdict["budget"] = too_much
            verdict["next"] = "aggregate" if too_much else f"layer_{layer + 1}"
            verdict["reason"] += f"; {too_much}" if too_much else ""
        emit("verdict", **verdict)
        verdicts = [*verdicts_of(state, before=layer), verdict]
        report = make_report(proposals_of(state), verdicts, turn=verdict["turn"], mixture=rules.mixture)
        return {"verdicts": [verdict], "run": report}

    def next_step(state: MoAState, verdict: Verdict) -> Iterator[Cost]:
        seen: MoAState = {**state, "verdicts": [*verdicts_of(state, before=layer), verdict]}
        for seat in following:
            yield brief.write(seat, seen, layer + 1).at_most(seat)
        yield brief.forecast(last, state["messages"], following)

    return Node(collect)


def _names(places: Mapping[Place, tuple[str, str]]) -> str:
    return ", ".join(title for title, _ in places.values())
