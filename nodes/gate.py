"""A gate: collects a layer's proposals, says whether they agree, and where the run goes next."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig

from ..core.agreement.comparing import compare_texts
from ..core.agreement.measures import abstain, is_sync, name_of
from ..core.bounds.early_stop import NOT_NEEDED, EarlyStop, agreed_on, cost_of_asking
from ..core.errors import AllProposersFailed, InputError
from ..core.panel.stages import Stage, unanswered
from ..core.run.costs import added_up, total
from ..core.run.records import USABLE, Agreed, Call, Cost, Moderation, Place, Proposal, Verdict, place_of
from ..core.run.report import make_report
from ..core.run.served import Asked, asked_of, same_models, served_name
from ..core.run.state import MoAState
from ..core.run.turn import check_mixture, proposals_of, turn_of, verdicts_of
from .calls.prompt_writer import PromptWriter
from .moderator import Moderating
from .node import Node, Update, emit
from .rules import Rules


def make_gate(
    stage: Stage, *, ahead: Sequence[Stage], writer: PromptWriter, rules: Rules, moderator: Moderating | None = None
) -> Node[Update]:
    """Make the gate that ends one layer, or one wave of it.

    Where enough of them agree, the layers end there. A later layer with too few usable answers does not end the run:
    the layer before it was paid for and answered, so the aggregator gets that one's proposals. A step that does not
    fit the budget, with the aggregator after it, is not made.

    Args:
        stage: Who has been asked.
        ahead: Who would be asked after that.
        writer: How references are put to proposers.
        rules: What the mixture keeps to.
        moderator: Who keeps some of the layer's proposals.

    Raises:
        AllProposersFailed: (when run) The first layer has too few usable proposals.
        InputError: (when run) The conversation is not the one that the layer answered, or another mixture began this.
    """
    gate = _Gate(stage, ahead, writer, rules, moderator)
    asks = [moderator.seat.model] if moderator else []
    return Node(gate.collect, at_most=gate.at_most, asks=asks, rules=rules)


@dataclass(frozen=True)
class _Gate:
    stage: Stage
    ahead: Sequence[Stage]
    writer: PromptWriter
    rules: Rules
    moderator: Moderating | None = None

    @property
    def stop(self) -> EarlyStop | None:
        """Return the rule to judge by; where it may stop nothing, only if judging costs nothing."""
        stop = self.rules.early_stop
        if stop is None or not (self.stage.layer == 1 or stop.later_layers or is_sync(stop.agreement)):
            return None
        return stop

    async def collect(self, state: MoAState, config: RunnableConfig) -> Update:
        """Take the layer in, and say where the run goes."""
        stage, needed = self.stage, self.rules.min_proposals
        check_mixture(state, self.rules.mixture)
        # An earlier attempt at the same message may have left proposals of who has not been asked yet this time.
        places = {seat.place for seat in stage.asked}
        proposals = [p for p in proposals_of(state, stage.layer) if place_of(p) in places]
        _check_places(stage, proposals)
        earlier = verdicts_of(state, before=stage.layer, wave=stage.wave)
        verdict = _counted(stage, proposals, turn=turn_of(state), needed=needed)
        enough = verdict["usable"] >= needed
        if enough and (stop := self.stop):
            verdict["agreement"] = await self.judge(stop, proposals, state, [*earlier, verdict])
            _end_early(
                verdict, self.rules.in_this_run(stop), proposals, stage=stage, ahead=self.ahead, rules=self.rules
            )
        if enough and not verdict["next"]:
            await self.moderate(verdict, proposals, state, config, earlier)
        if not verdict["next"]:
            goes_on = self.ahead and (enough or not stage.is_last)
            self.follow(verdict, state, earlier, to=self.ahead[0] if goes_on else None)
        if verdict["next"] == "aggregate" and stage.layer == 1 and not enough:
            failures = [p for p in proposals if p["status"] not in USABLE]
            raise AllProposersFailed(failures, usable=verdict["usable"], needed=needed)
        _count_earlier(verdict, state)
        emit("verdict", **verdict)
        verdicts = [*earlier, verdict]
        report = make_report(proposals_of(state), verdicts, turn=verdict["turn"], mixture=self.rules.mixture)
        return {"verdicts": [verdict], "run": report}

    async def judge(
        self, stop: EarlyStop, proposals: Sequence[Proposal], state: MoAState, verdicts: Sequence[Verdict]
    ) -> Agreed:
        """Ask the measure about whole answers: one that was cut may have gone on, 12 to 1250."""
        whole = [p for p in proposals if p["status"] == "ok"]
        texts, clock = [self.rules.uncited(p["text"]) for p in whole], time.perf_counter()
        too_much = None
        if cost := cost_of_asking(stop.agreement, texts):  # it must not take what the next step needs
            step = [*cost, *self.step_costs(state, verdicts, self.ahead[0] if self.ahead else None)]
            too_much = self.rules.misfit(proposals_of(state), step, verdicts=verdicts)
        if too_much:
            found = abstain(name_of(stop.agreement), too_much)
        else:
            left = self.rules.seconds_left(proposals_of(state), verdicts)
            found = await compare_texts(stop.agreement, texts, seconds=left)
        took = time.perf_counter() - clock
        return agreed_on(stop, found, whole, self.stage.asked, whole=self.stage.is_last, seconds=took)

    async def moderate(
        self,
        verdict: Verdict,
        proposals: Sequence[Proposal],
        state: MoAState,
        config: RunnableConfig,
        earlier: Sequence[Verdict],
    ) -> None:
        """Let the moderator keep some of a whole layer, and end the layers, where there is anything to decide."""
        moderator, usable = self.moderator, [p for p in proposals if p["status"] in USABLE]
        stops = bool(self.ahead) and moderator is not None and moderator.told.stops
        if not moderator or not self.stage.is_last or not (stops or len(usable) > moderator.told.keep):
            return
        verdicts = [*earlier, verdict]
        _, prompt = moderator.prompt(usable, state, self.stage.layer)
        step = [prompt.at_most(moderator.seat), *self.step_costs(state, verdicts, None)]
        if too_much := self.rules.misfit(proposals_of(state), step, verdicts=verdicts):
            everyone = [p["proposer"] for p in usable]
            verdict["moderation"] = Moderation(kept=everyone, stop=False, skipped=too_much, call=None)
            return
        left = self.rules.seconds_left(proposals_of(state), verdicts)
        found = await moderator.moderate(usable, state, config, layer=self.stage.layer, seconds=left)
        verdict["moderation"] = found
        verdict["reason"] += f"; the moderator kept {len(found['kept'])}"
        if found["stop"] and self.ahead:
            verdict["next"], saved = "aggregate", sum(stage.calls for stage in self.ahead)
            verdict["saved"] += saved
            what = _left_out(self.stage, self.ahead, answers=False)
            verdict["reason"] += f" and needs no more; {what} skipped, {saved} call{'s' * (saved > 1)} saved"

    def follow(self, verdict: Verdict, state: MoAState, earlier: Sequence[Verdict], *, to: Stage | None) -> None:
        """Go on to the next stage, where there is one that fits the budget."""
        verdict["next"] = "aggregate"
        if to is None:
            return
        verdicts = [*earlier, verdict]
        step = self.step_costs(state, verdicts, to)
        verdict["budget"] = self.rules.misfit(proposals_of(state), step, verdicts=verdicts)
        if verdict["budget"]:
            verdict["reason"] += f"; {verdict['budget']}"
        else:
            verdict["next"] = to.name

    def step_costs(self, state: MoAState, verdicts: Sequence[Verdict], to: Stage | None) -> Iterator[Cost]:
        """Bound the next stage, and the aggregator after it; nothing is written where there is no budget to ask."""
        seen: MoAState = {**state, "verdicts": list(verdicts)}
        after = to or self.stage
        known = {place_of(p): p for p in proposals_of(state, after.layer)} if to else {}
        seats = unanswered(to.seats, known) if to else []
        writer = self.writer.for_run(self.rules.request)
        yield from writer.bound_step(seats, seen, after.layer, chain=self.rules.chain, authors=after.asked)

    def at_most(self, conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        """Bound what judging and moderating cost."""
        costs = cost_of_asking(self.stop.agreement, None, authors=self.stage.asked) if self.stop else []
        bounds = {name_of(self.stop.agreement): total(costs)} if self.stop and costs else {}
        if self.moderator and self.stage.is_last:
            bounds[self.moderator.seat.label] = self.moderator.at_most(conversation, self.stage.asked)
        return bounds


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


def _count_earlier(verdict: Verdict, state: MoAState) -> None:
    """Count what an earlier pass through this gate paid: a review sends the run through it again."""
    same = [v for v in state.get("verdicts", []) if all(v[k] == verdict[k] for k in ("turn", "layer", "wave"))]
    for before in same:
        agreed, was = verdict["agreement"], before["agreement"]
        if was and was["call"] and agreed:
            agreed["call"] = _both(agreed["call"], was["call"])
        moderation, done = verdict["moderation"], before.get("moderation")
        if done and done["call"]:
            everyone = Moderation(kept=done["kept"], stop=False, skipped=None, call=None)
            verdict["moderation"] = moderation = moderation or everyone
            moderation["call"] = _both(moderation["call"], done["call"])


def _both(call: Call | None, earlier: Call) -> Call:
    return cast("Call", {**call, **added_up(call, earlier)}) if call else earlier


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
        moderation=None,
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
    rules: Rules,
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
        needed = stop.models_needed(stage.asked, whole=stage.is_last)
        if agreed["models"] < needed and len(largest) >= stop.needed(len(stage.asked)):
            verdict["reason"] += _too_few([p for p in proposals if p["proposer"] in largest], needed)
        return
    answers = stop.then == "answer" and bool(rules.chain)
    needless = {place_of(p) for p in proposals if (p["error"] or "").startswith(NOT_NEEDED)}
    cut = replace(stage, seats=[seat for seat in stage.asked if seat.place in needless]).calls
    saved = cut + sum(stage.calls for stage in ahead) + answers
    may_stop = stop.may_stop(stage.layer)
    if may_stop:
        verdict["next"], verdict["saved"] = stop.then, saved
    if saved:
        what = _left_out(stage, ahead, answers=answers)
        calls = f"{saved} call{'s' * (saved > 1)}"
        would = "" if may_stop else " would be"
        verdict["reason"] += f"; {what}{would} skipped, {calls}{would} saved"


def _too_few(agreeing: Sequence[Proposal], needed: int) -> str:
    """Say that too few models agree, and which ones a server had as one; where it had none, the names were too few."""
    calls = asked_of(agreeing)
    groups = same_models(calls)
    merged = [group for group in groups if len(same_models([Asked(calls[n].label, None) for n in group])) > 1]
    if merged and len(groups) == 1:
        return f", but all were served by one model, {served_name(calls)}"
    told = [f", but {needed} different models must"]
    for group in merged:
        names = ", ".join(agreeing[n]["proposer"] for n in group)
        told.append(f"{names} were served by one, {served_name(calls[n] for n in group)}")
    return "; ".join(told)


def _left_out(stage: Stage, ahead: Sequence[Stage], *, answers: bool) -> str:
    """Name what is not asked; layers count as in the paper, the aggregator's last."""
    last = max([stage.layer, *(other.layer for other in ahead)]) + 1
    layers = sorted({other.layer for other in ahead if other.layer > stage.layer} | ({last} if answers else set()))
    named = ["the rest of the layer"] if any(other.layer == stage.layer for other in ahead) else []
    if layers:
        several = ", ".join(map(str, layers[:-1]))
        named.append(f"layers {several} and {layers[-1]}" if several else f"layer {layers[0]}")
    return " and ".join(named) or "the rest"
