"""A gate: collects a layer's proposals, says whether they agree, and where the run goes next."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig

from ..core.agreement.comparing import compare_texts
from ..core.agreement.measures import abstain, is_sync, name_of
from ..core.bounds.early_stop import EarlyStop, agreed_on, cost_of_asking
from ..core.errors import AllProposersFailed, InputError
from ..core.panel.stages import Stage, unanswered
from ..core.run.costs import added_up, total
from ..core.run.records import USABLE, Agreed, Call, Cost, Moderation, Place, Proposal, Verdict, place_of
from ..core.run.report import make_report
from ..core.run.served import Asked, asked_of, same_models, served_name
from ..core.run.state import MoAState
from ..core.run.turn import Turn
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
        turn, stage = Turn.of(state), self.stage
        turn.check_mixture(self.rules.mixture)
        # An earlier attempt at the same message may have left proposals of who has not been asked yet this time.
        places = {seat.place for seat in stage.asked}
        layer = _Layer(turn, stage, [p for p in turn.proposals(stage.layer) if place_of(p) in places], self.rules)
        _check_places(stage, layer.proposals)
        agreed = moderation = None
        ending = _Ending()
        if layer.is_enough and (stop := self.stop):
            agreed = await self.judge(stop, layer)
            ending = self.end_agreed(self.rules.in_this_run(stop), agreed, layer)
        if layer.is_enough and not ending.next:
            moderation = await self.moderate(layer, config, agreed)
            ending = ending.then(self.end_moderated(moderation))
        if not ending.next:
            ending = ending.then(self.follow(layer, agreed, moderation))
        if ending.next == "aggregate" and stage.layer == 1 and not layer.is_enough:
            failures = [p for p in layer.proposals if p["status"] not in USABLE]
            raise AllProposersFailed(failures, usable=layer.usable, needed=self.rules.min_proposals)
        verdict = layer.verdict(*_with_earlier(turn, stage, agreed, moderation), ending)
        emit("verdict", **verdict)
        verdicts = [*layer.earlier, verdict]
        report = make_report(turn.proposals(), verdicts, turn=turn.id, mixture=self.rules.mixture)
        return {"verdicts": [verdict], "run": report}

    async def judge(self, stop: EarlyStop, layer: "_Layer") -> Agreed:
        """Ask the measure about whole answers: one that was cut may have gone on, 12 to 1250."""
        whole = [p for p in layer.proposals if p["status"] == "ok"]
        texts, clock = [self.rules.uncited(p["text"]) for p in whole], time.perf_counter()
        proposals, verdicts = layer.turn.proposals(), layer.verdicts()
        too_much = None
        if cost := cost_of_asking(stop.agreement, texts):  # it must not take what the next step needs
            step = [*cost, *self.step_costs(layer, verdicts, self.ahead[0] if self.ahead else None)]
            too_much = self.rules.misfit(proposals, step, verdicts=verdicts)
        if too_much:
            agreement = abstain(name_of(stop.agreement), too_much)
        else:
            seconds = self.rules.seconds_left(proposals, verdicts)
            agreement = await compare_texts(stop.agreement, texts, seconds=seconds)
        took = time.perf_counter() - clock
        return agreed_on(stop, agreement, whole, self.stage.asked, whole=self.stage.is_last, seconds=took)

    def end_agreed(self, stop: EarlyStop, agreed: Agreed, layer: "_Layer") -> "_Ending":
        """Say who agrees; where they are enough, leave out what comes next."""
        largest = agreed["groups"][0] if agreed["groups"] else []
        if len(largest) < 2:
            return _Ending()
        agree = f"{len(largest)} of {len(self.stage.asked)} agree" + (
            f": {agreed['answer']}" if agreed["answer"] else ""
        )
        if not agreed["reached"]:
            return _Ending(words=(agree + self._why_not(stop, agreed, layer),))
        answers = stop.then == "answer" and bool(self.rules.chain)
        needless = {place_of(p) for p in layer.proposals if p["cut"] == "agreed" and not p["carried"]}
        cut = replace(self.stage, seats=[seat for seat in self.stage.asked if seat.place in needless])
        saved = self.rules.sampling.calls([cut, *self.ahead]) + answers
        may_stop = stop.may_stop(self.stage.layer)
        words = [agree]
        if saved:
            would = "" if may_stop else " would be"
            calls = f"{saved} call{'s' * (saved > 1)}"
            words.append(f"{_left_out(self.stage, self.ahead, answers=answers)}{would} skipped, {calls}{would} saved")
        return _Ending(stop.then if may_stop else None, saved if may_stop else 0, tuple(words))

    def _why_not(self, stop: EarlyStop, agreed: Agreed, layer: "_Layer") -> str:
        """Say where only models are too few for the agreement to count."""
        largest, needed = agreed["groups"][0], stop.models_needed(self.stage.asked, whole=self.stage.is_last)
        if agreed["models"] >= needed or len(largest) < stop.needed(len(self.stage.asked)):
            return ""
        return _too_few([p for p in layer.proposals if p["proposer"] in largest], needed)

    async def moderate(self, layer: "_Layer", config: RunnableConfig, agreed: Agreed | None) -> Moderation | None:
        """Let the moderator keep some of a whole layer, and end the layers, where there is anything to decide."""
        moderator, usable, turn = self.moderator, [p for p in layer.proposals if p["status"] in USABLE], layer.turn
        stops = bool(self.ahead) and moderator is not None and moderator.declared.stops
        if not moderator or not self.stage.is_last or not (stops or len(usable) > moderator.declared.keep):
            return None
        verdicts = layer.verdicts(agreed)
        _, prompt = moderator.prompt(usable, turn, self.stage.layer)
        step = [prompt.at_most(moderator.seat), *self.step_costs(layer, verdicts, None)]
        if too_much := self.rules.misfit(turn.proposals(), step, verdicts=verdicts):
            return Moderation(kept=[p["proposer"] for p in usable], stop=False, skipped=too_much, call=None)
        seconds = self.rules.seconds_left(turn.proposals(), verdicts)
        return await moderator.moderate(usable, turn, config, layer=self.stage.layer, seconds=seconds)

    def end_moderated(self, moderation: Moderation | None) -> "_Ending":
        """Leave out what comes next where the moderator said so."""
        if moderation is None or moderation["skipped"]:
            return _Ending()
        words = f"the moderator kept {len(moderation['kept'])}"
        if not moderation["stop"] or not self.ahead:
            return _Ending(words=(words,))
        saved = self.rules.sampling.calls(self.ahead)
        what = f"{_left_out(self.stage, self.ahead, answers=False)} skipped, {saved} call{'s' * (saved > 1)} saved"
        return _Ending("aggregate", saved, (f"{words} and needs no more", what))

    def follow(self, layer: "_Layer", agreed: Agreed | None, moderation: Moderation | None) -> "_Ending":
        """Go on to the next stage, where there is one that fits the budget."""
        if not self.ahead or (not layer.is_enough and self.stage.is_last):
            return _Ending("aggregate")
        verdicts = layer.verdicts(agreed, moderation)
        step = self.step_costs(layer, verdicts, self.ahead[0])
        if too_much := self.rules.misfit(layer.turn.proposals(), step, verdicts=verdicts):
            return _Ending("aggregate", words=(too_much,), budget=too_much)
        return _Ending(self.ahead[0].name)

    def step_costs(self, layer: "_Layer", verdicts: Sequence[Verdict], to: Stage | None) -> Iterator[Cost]:
        """Bound the next stage, and the aggregator after it; nothing is written where there is no budget to ask."""
        after, turn = to or self.stage, layer.turn.judged(verdicts)
        before = {place_of(p): p for p in turn.proposals(after.layer)} if to else {}
        seats = unanswered(to.seats, before) if to else []
        writer = self.writer.for_run(self.rules.request)
        yield from writer.bound_step(seats, turn, after.layer, chain=self.rules.chain, authors=after.asked)

    def at_most(self, conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        """Bound what judging and moderating cost."""
        costs = cost_of_asking(self.stop.agreement, None, authors=self.stage.asked) if self.stop else []
        bounds = {name_of(self.stop.agreement): total(costs)} if self.stop and costs else {}
        if self.moderator and self.stage.is_last:
            bounds[self.moderator.seat.label] = self.moderator.at_most(conversation, self.stage.asked)
        return bounds


class _Ending(NamedTuple):
    """Say what one step of a gate comes to: where the run goes, where that is decided, and why."""

    next: str | None = None
    saved: int = 0
    words: tuple[str, ...] = ()
    """What it adds to the verdict's reason."""
    budget: str | None = None

    def then(self, later: "_Ending") -> "_Ending":
        """Return what both come to; the later one decides."""
        return _Ending(later.next, self.saved + later.saved, self.words + later.words, later.budget)


@dataclass(frozen=True)
class _Layer:
    """Hold what a gate looks at: this turn's proposals of who has been asked."""

    turn: Turn
    stage: Stage
    proposals: Sequence[Proposal]
    rules: Rules

    @property
    def usable(self) -> int:
        """Count the usable proposals."""
        return sum(p["status"] in USABLE for p in self.proposals)

    @property
    def is_enough(self) -> bool:
        """Tell whether they are as many as a layer needs."""
        return self.usable >= self.rules.min_proposals

    @property
    def earlier(self) -> list[Verdict]:
        """Return what gates before this one said."""
        return self.turn.verdicts(before=self.stage.layer, wave=self.stage.wave)

    def verdicts(self, agreed: Agreed | None = None, moderation: Moderation | None = None) -> list[Verdict]:
        """Return all verdicts as they are so far, for whoever counts what they cost."""
        return [*self.earlier, self.verdict(agreed, moderation, _Ending())]

    def verdict(self, agreed: Agreed | None, moderation: Moderation | None, ending: _Ending) -> Verdict:
        """Put the steps together."""
        stage, falls_back = self.stage, not self.is_enough and self.stage.layer > 1
        counted = f"{self.usable} of {len(stage.asked)} proposals usable"
        if falls_back:
            counted += f", {self.rules.min_proposals} needed: answering from layer {stage.layer - 1}"
        is_said = agreed is not None and len([*agreed["groups"], []][0]) > 1 and self.usable == len(stage.asked)
        return Verdict(
            turn=self.turn.id,
            layer=stage.layer,
            wave=stage.wave,
            asked=len(stage.asked),
            usable=self.usable,
            source=stage.layer - 1 if falls_back else stage.layer,
            next=ending.next or "",
            agreement=agreed,
            moderation=moderation,
            saved=ending.saved,
            reason="; ".join(ending.words if is_said else (counted, *ending.words)),
            budget=ending.budget,
        )


def _check_places(stage: Stage, proposals: Sequence[Proposal]) -> None:
    if not proposals:
        raise InputError(
            f"found no proposals for the last message at {stage.gate}: the conversation changed during the run; "
            "start again with the conversation as it is now"
        )
    authors = {place_of(p): (p["proposer"], p["model"]) for p in proposals}
    expected = {seat.place: (seat.title, seat.label) for seat in stage.asked}
    if authors != expected:
        raise InputError(
            f"found proposals of {_names(authors)} at {stage.gate}, expected of {_names(expected)}: another mixture "
            "had to do with this layer; put the same message to the mixture that began it, or ask on another thread; "
            "no answer was lost"
        )


def _with_earlier(
    turn: Turn, stage: Stage, agreed: Agreed | None, moderation: Moderation | None
) -> tuple[Agreed | None, Moderation | None]:
    """Count what earlier passes through this gate paid: a review sends the run through it again."""
    passes = [v for v in turn.verdicts() if (v["layer"], v["wave"]) == (stage.layer, stage.wave)]
    for before in passes:
        judged, moderated = before["agreement"], before.get("moderation")
        if judged and judged["call"] and agreed:
            agreed = {**agreed, "call": _both(agreed["call"], judged["call"])}
        if moderated and moderated["call"]:
            everyone = Moderation(kept=moderated["kept"], stop=False, skipped=None, call=None)
            so_far = moderation or everyone
            moderation = {**so_far, "call": _both(so_far["call"], moderated["call"])}
    return agreed, moderation


def _both(call: Call | None, earlier: Call) -> Call:
    return cast("Call", {**call, **added_up(call, earlier)}) if call else earlier


def _names(places: Mapping[Place, tuple[str, str]]) -> str:
    return ", ".join(title for title, _ in places.values())


def _too_few(agreeing: Sequence[Proposal], needed: int) -> str:
    """Say that too few models agree, and which ones a server had as one; where it had none, the names were too few."""
    calls = asked_of(agreeing)
    groups = same_models(calls)
    merged = [group for group in groups if len(same_models([Asked(calls[n].label, None) for n in group])) > 1]
    if merged and len(groups) == 1:
        return f", but all were served by one model, {served_name(calls)}"
    lines = [f", but {needed} different models must"]
    for group in merged:
        names = ", ".join(agreeing[n]["proposer"] for n in group)
        lines.append(f"{names} were served by one, {served_name(calls[n] for n in group)}")
    return "; ".join(lines)


def _left_out(stage: Stage, ahead: Sequence[Stage], *, answers: bool) -> str:
    """Name what is not asked; layers count as in the paper, the aggregator's last."""
    last = max([stage.layer, *(other.layer for other in ahead)]) + 1
    layers = sorted({other.layer for other in ahead if other.layer > stage.layer} | ({last} if answers else set()))
    named = ["the rest of the layer"] if any(other.layer == stage.layer for other in ahead) else []
    if layers:
        several = ", ".join(map(str, layers[:-1]))
        named.append(f"layers {several} and {layers[-1]}" if several else f"layer {layers[0]}")
    return " and ".join(named) or "the rest"
