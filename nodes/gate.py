"""A gate: collects a layer's proposals, says whether they agree, and where the run goes next."""

from collections.abc import Mapping, Sequence

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig

from ..core.agreement import abstain, compare, is_sync, name_of
from ..core.budget import total
from ..core.errors import AllProposersFailed, InputError
from ..core.panel import Seat
from ..core.report import calls_of, make_report
from ..core.stage import Stage
from ..core.state import (
    USABLE,
    Agreed,
    Cost,
    MoAState,
    Place,
    Proposal,
    Verdict,
    check_mixture,
    place_of,
    proposals_of,
    turn_of,
    verdicts_of,
)
from ..core.stop import EarlyStop, agreed_on, cost_of_asking
from .brief import Brief
from .node import Node, Update, emit
from .rules import Rules


def make_gate(
    stage: Stage, *, ahead: Sequence[Stage], chain: Sequence[Seat], brief: Brief, rules: Rules
) -> Node[Update]:
    """Make the gate that ends one layer, or one wave of it.

    Where enough of them agree, the layers end there. A later layer with too few usable answers does not end the run:
    the layer before it was paid for and answered, so the aggregator gets that one's proposals. A step that does not
    fit the budget, with the aggregator after it, is not made.

    Args:
        stage: Who has been asked.
        ahead: Who would be asked after that.
        chain: The aggregators.
        brief: How references are put to proposers.
        rules: What the mixture keeps to.

    Raises:
        AllProposersFailed: (when run) The first layer has too few usable proposals.
        InputError: (when run) The conversation is not the one that the layer answered, or another mixture began this.
    """
    layer = stage.layer
    stop = rules.early_stop if _is_judged(rules.early_stop, layer) else None

    async def collect(state: MoAState, config: RunnableConfig) -> Update:
        check_mixture(state, rules.mixture)
        proposals = proposals_of(state, layer)
        _check_places(stage, proposals)
        earlier = verdicts_of(state, before=layer, wave=stage.wave)
        verdict = _counted(stage, proposals, turn=turn_of(state), needed=rules.min_proposals)
        enough = verdict["usable"] >= rules.min_proposals
        if stop and enough:
            verdict["agreement"] = await judge(stop, state, [*earlier, verdict])
            _end_early(verdict, stop, proposals, stage=stage, ahead=ahead, chain=chain)
        if not verdict["next"]:
            follow(verdict, state, earlier, to=ahead[0] if ahead and (enough or not stage.is_last) else None)
        if verdict["next"] == "aggregate" and layer == 1 and not enough:
            failures = [p for p in proposals if p["status"] not in USABLE]
            raise AllProposersFailed(failures, usable=verdict["usable"], needed=rules.min_proposals)
        emit("verdict", **verdict)
        report = make_report(proposals_of(state), [*earlier, verdict], turn=verdict["turn"], mixture=rules.mixture)
        return {"verdicts": [verdict], "run": report}

    async def judge(stop: EarlyStop, state: MoAState, verdicts: Sequence[Verdict]) -> Agreed:
        usable = [p for p in proposals_of(state, layer) if p["status"] in USABLE]
        texts = [p["text"] for p in usable]
        cost = cost_of_asking(stop.agreement, texts)
        too_much = rules.misfit(proposals_of(state), cost, others=calls_of(verdicts)) if cost else None
        left = rules.seconds_left(proposals_of(state), calls_of(verdicts))
        found = (
            abstain(name_of(stop.agreement), too_much)
            if too_much
            else await compare(stop.agreement, texts, seconds=left)
        )
        return agreed_on(stop, found, usable, stage.asked, whole=stage.is_last)

    def follow(verdict: Verdict, state: MoAState, earlier: Sequence[Verdict], *, to: Stage | None) -> None:
        verdict["next"] = "aggregate"
        if to is None:
            return
        seen: MoAState = {**state, "verdicts": [*earlier, verdict]}
        step = [brief.write(seat, seen, to.layer).at_most(seat) for seat in to.seats]
        step += [brief.forecast(last, state["messages"], to.asked) for last in chain[:1]]
        verdict["budget"] = rules.misfit(proposals_of(state), step, others=calls_of([*earlier, verdict]))
        if verdict["budget"]:
            verdict["reason"] += f"; {verdict['budget']}"
        else:
            verdict["next"] = to.name

    def at_most(conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        costs = cost_of_asking(stop.agreement, None, authors=stage.asked) if stop else []
        return {name_of(stop.agreement): total(costs)} if stop and costs else {}

    return Node(collect, at_most=at_most)


def _is_judged(stop: EarlyStop | None, layer: int) -> bool:
    """Tell whether to look for agreement: at a layer where it may stop nothing, only where it costs nothing."""
    return stop is not None and (layer == 1 or stop.later_layers or is_sync(stop.agreement))


def _check_places(stage: Stage, proposals: Sequence[Proposal]) -> None:
    if not proposals:
        raise InputError(
            f"found no proposals for the last message at {stage.gate}: the conversation changed during the run; "
            "start again with the conversation as it is now"
        )
    found = {place_of(p): (p["proposer"], p["model"]) for p in proposals}
    expected = {seat.place: (seat.title, seat.label) for seat in stage.asked}
    if found != expected:
        raise InputError(
            f"found proposals of {_names(found)} at {stage.gate}, expected of {_names(expected)}: another mixture had "
            "to do with this layer; put the same message to the mixture that began it, or ask on another thread; "
            "no answer was lost"
        )


def _names(places: Mapping[Place, tuple[str, str]]) -> str:
    return ", ".join(title for title, _ in places.values())


def _counted(stage: Stage, proposals: Sequence[Proposal], *, turn: str, needed: int) -> Verdict:
    usable = sum(p["status"] in USABLE for p in proposals)
    falls_back = usable < needed and stage.layer > 1
    reason = f"{usable} of {len(stage.asked)} proposals usable"
    if falls_back:
        reason += f", {needed} needed: answering from layer {stage.layer - 1}"
    return Verdict(
        turn=turn,
        layer=stage.layer,
        wave=stage.wave,
        asked=len(stage.asked),
        usable=usable,
        source=stage.layer - 1 if falls_back else stage.layer,
        next="",
        agreement=None,
        saved=0,
        reason=reason,
        budget=None,
    )


def _end_early(
    verdict: Verdict,
    stop: EarlyStop,
    proposals: Sequence[Proposal],
    *,
    stage: Stage,
    ahead: Sequence[Stage],
    chain: Sequence[Seat],
) -> None:
    """Say who agrees; where they are enough, leave out what comes next."""
    agreed = verdict["agreement"]
    largest = agreed["groups"][0] if agreed and agreed["groups"] else []
    if not agreed or len(largest) < 2:
        return
    told = f"{len(largest)} of {verdict['asked']} agree" + (f": {agreed['answer']}" if agreed["answer"] else "")
    all_usable = verdict["usable"] == verdict["asked"]
    verdict["reason"] = told if all_usable else f"{verdict['reason']}; {told}"
    if not agreed["reached"]:
        return
    answers = stop.then == "answer" and bool(chain)
    cut = sum(p["status"] == "cancelled" for p in proposals) if stop.as_completed else 0
    saved = cut + sum(len(stage.seats) for stage in ahead) + answers
    may_stop = stop.may_stop(stage.layer)
    if may_stop:
        verdict["next"], verdict["saved"] = stop.then, saved
    if saved:
        what = _left_out(stage, ahead, answers=answers)
        verdict["reason"] += f"; {what} {'skipped' if may_stop else 'would be skipped'}, {saved} calls saved"


def _left_out(stage: Stage, ahead: Sequence[Stage], *, answers: bool) -> str:
    """Name what is not asked; layers count as in the paper, the aggregator's last."""
    last = max([stage.layer, *(other.layer for other in ahead)]) + 1
    layers = sorted({other.layer for other in ahead if other.layer > stage.layer} | ({last} if answers else set()))
    named = ["the rest of the layer"] if any(other.layer == stage.layer for other in ahead) else []
    if layers:
        several = ", ".join(map(str, layers[:-1]))
        named.append(f"layers {several} and {layers[-1]}" if several else f"layer {layers[0]}")
    return " and ".join(named) or "the rest"
