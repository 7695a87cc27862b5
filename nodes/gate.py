"""A gate: collects a layer's proposals, says whether they agree, and where the run goes next."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from ..core.agreement.comparing import compare_texts
from ..core.agreement.measures import abstain, is_sync, name_of
from ..core.bounds.early_stop import EarlyStop, agreed_on, cost_of_asking
from ..core.bounds.screen import screen_layer
from ..core.errors import AllProposersFailed, InputError
from ..core.panel.stages import FIRST, Stage, unanswered
from ..core.run.costs import total
from ..core.run.instead import declared_model
from ..core.run.records import USABLE, Agreed, Confidence, Cost, Moderation, Place, Proposal, Verdict, place_of
from ..core.run.report import make_report
from ..core.run.state import MoAState
from ..core.run.turn import Turn
from .confidence import Weighing, confidence_words
from .moderator import Moderating
from .node import Node, Update, emit
from .prompting.forecast import bound_step
from .prompting.prompt_writer import PromptWriter
from .rules import Rules
from .verdict import Conclusion, LayerResult, Looks, left_out, too_few, with_earlier


def make_gate(
    stage: Stage,
    *,
    first: Sequence[str],
    ahead: Sequence[Stage],
    writer: PromptWriter,
    rules: Rules,
    moderator: Moderating | None = None,
    weighing: Weighing | None = None,
) -> Node[Update | Command[str]]:
    """Make the gate that ends one layer, or one wave of it.

    Where enough of them agree, or the only one is sure, the layers end there. What a screen takes out is shown to
    nobody after it. A later layer with too few usable answers does not end the run: the layer before it was paid for
    and answered, so the aggregator gets that one's proposals. A step that does not fit the budget, with the aggregator
    after it, is not made. A run that failed here and is resumed asks again who had failed, by a way that no drawing
    shows.

    Args:
        stage: Who has been asked.
        first: The nodes of the first stage.
        ahead: Who would be asked after that.
        writer: How references are put to proposers.
        rules: What the mixture keeps to.
        moderator: Who keeps some of the layer's proposals.
        weighing: How sure the only one that was asked is found to be; None where several were.

    Raises:
        AllProposersFailed: (when run) The first layer has too few usable proposals.
        InputError: (when run) The conversation is not the one that the layer answered, or another mixture began this.
    """
    gate = _Gate(stage, first, ahead, writer, rules, moderator, weighing)
    asks = [moderator.seat.model] if moderator else []
    asks += [weighing.checker.model] if weighing and weighing.checker else []
    return Node(gate.collect, at_most=gate.at_most, asks=asks, rules=rules)


@dataclass(frozen=True)
class _Gate:
    stage: Stage
    first: Sequence[str]
    ahead: Sequence[Stage]
    writer: PromptWriter
    rules: Rules
    moderator: Moderating | None = None
    weighing: Weighing | None = None

    @property
    def stop(self) -> EarlyStop | None:
        """Return the rule to judge by; where it may stop nothing, only if judging costs nothing."""
        stop = self.rules.early_stop
        if stop is None or not (self.stage.layer == 1 or stop.later_layers or is_sync(stop.agreement)):
            return None
        return stop

    async def collect(self, state: MoAState, config: RunnableConfig) -> Update | Command[str]:
        """Take the layer in, and say where the run goes."""
        turn, stage = Turn.of(state), self.stage
        turn.check_begun(self.rules.mixture)
        # An earlier attempt at the same conversation may have left proposals of who has not been asked yet this time.
        places = {seat.place for seat in stage.asked_so_far}
        layer = LayerResult(turn, stage, [p for p in turn.proposals(stage.layer) if place_of(p) in places], self.rules)
        _check_places(stage, layer.proposals)
        failures = [p for p in layer.proposals if p["status"] not in USABLE]
        looks = Looks()
        ending = self.begin_again(layer, failures) if stage.layer == 1 and not layer.is_enough else Conclusion()
        layer = await self.screen(layer)
        if layer.is_enough and (stop := self.stop):
            looks = Looks(await self.judge(stop, layer))
            ending = self.end_agreed(self.rules.in_this_run(stop), looks.agreed, layer)
            looks = looks._replace(confidence=await self.weigh(layer, looks, config))
            ending = self.end_weighed(self.rules.in_this_run(stop), ending, looks.confidence, layer)
        if layer.is_enough and not ending.next:
            looks = looks._replace(moderation=await self.moderate(layer, config, looks))
            ending = ending.then(self.end_moderated(looks.moderation))
        if not ending.next:
            ending = ending.then(self.follow(layer, looks))
        if ending.next == "aggregate" and stage.layer == 1 and not layer.is_enough:
            self.rules.failures.forget(failures)
            raise AllProposersFailed(failures, usable=layer.usable, needed=self.rules.min_proposals)
        verdict = layer.verdict(with_earlier(turn, stage, looks), ending)
        emit("verdict", **verdict)
        verdicts = [*layer.earlier, verdict]
        report = make_report(turn.proposals(), verdicts, turn=turn.id, mixture=self.rules.mixture)
        update = {"verdicts": [verdict], "run": report}
        return Command(update=update, goto=self.first) if ending.next == FIRST else update

    def begin_again(self, layer: LayerResult, failures: Sequence[Proposal]) -> Conclusion:
        """Go back to who failed, where a run is resumed: nobody has asked them since its caller heard of it."""
        due = unanswered(self.stage.asked_so_far, layer.turn.left_behind(self.stage.layer))
        if not due or self.rules.failures.any_new(failures):
            return Conclusion()
        return Conclusion(FIRST, words=("the run was resumed, and who failed is asked again",))

    async def screen(self, layer: LayerResult) -> LayerResult:
        """Take out of a layer whose claims stand alone: nobody is shown them after this."""
        screen, rules = self.rules.screen, self.rules
        if screen is None or not layer.is_enough:
            return layer
        usable = [p for p in layer.proposals if p["status"] in USABLE]
        seconds = rules.seconds_left(layer.turn.proposals(), layer.verdicts())
        needed = rules.min_proposals
        screening = await screen_layer(screen, usable, needed=needed, shown=rules.uncited, seconds=seconds)
        return replace(layer, screening=screening)

    async def judge(self, stop: EarlyStop, layer: LayerResult) -> Agreed:
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
        return agreed_on(
            stop,
            agreement,
            whole,
            self.stage.asked_so_far,
            whole=self.stage.is_last,
            seconds=took,
            removed=layer.removed,
        )

    def end_agreed(self, stop: EarlyStop, agreed: Agreed | None, layer: LayerResult) -> Conclusion:
        """Say who agrees; where they are enough, leave out what comes next."""
        if agreed is None:
            return Conclusion()
        largest = agreed["groups"][0] if agreed["groups"] else []
        if len(largest) < 2:
            return Conclusion()
        size = len(self.stage.asked_so_far)
        agree = f"{len(largest)} of {size} agree{': ' + agreed['answer'] if agreed['answer'] else ''}"
        if not agreed["reached"]:
            return Conclusion(words=(agree + self._why_not(stop, agreed, layer),), says_all=layer.usable == size)
        return self.cut_short(stop, layer, agree)

    def cut_short(self, stop: EarlyStop, layer: LayerResult, why: str) -> Conclusion:
        """Leave out what comes next, where the rule may."""
        size = len(self.stage.asked_so_far)
        answers = stop.then == "answer" and bool(self.rules.chain)
        needless = {place_of(p) for p in layer.proposals if p["cut"] == "agreed" and not p["carried"]}
        cut = replace(self.stage, seats=[seat for seat in self.stage.asked_so_far if seat.place in needless])
        saved = self.rules.sampling.calls([cut, *self.ahead]) + answers
        may_stop = stop.may_stop(self.stage.layer)
        words = [why]
        if saved:
            would = "" if may_stop else " would be"
            calls = f"{saved} call{'s' * (saved > 1)}"
            words.append(f"{left_out(self.stage, self.ahead, answers=answers)}{would} skipped, {calls}{would} saved")
        following, saved = (stop.then, saved) if may_stop else (None, 0)
        return Conclusion(following, saved, tuple(words), says_all=layer.usable == size)

    def _why_not(self, stop: EarlyStop, agreed: Agreed, layer: LayerResult) -> str:
        """Say where only models are too few for the agreement to count."""
        largest, needed = agreed["groups"][0], stop.models_needed(self.stage.asked_so_far, whole=self.stage.is_last)
        if agreed["models"] >= needed or len(largest) < stop.needed(len(self.stage.asked_so_far)):
            return ""
        return too_few([p for p in layer.proposals if p["proposer"] in largest], needed)

    async def weigh(self, layer: LayerResult, looks: Looks, config: RunnableConfig) -> Confidence | None:
        """Find out how sure the only one is, unless its samples say different things: those are not."""
        weighing, agreed, turn = self.weighing, looks.agreed, layer.turn
        if weighing is None or (len(self.stage.seats) > 1 and not (agreed and agreed["reached"])):
            return None
        stands = [p for p in layer.proposals if agreed and p["proposer"] == agreed["representative"]]
        proposal = [*stands, *(p for p in layer.proposals if p["status"] in USABLE)][0]
        verdicts, prompt = layer.verdicts(looks), weighing.prompt(proposal, turn, self.stage.layer)
        if weighing.checker and prompt:
            step = [prompt.at_most(weighing.checker), *self.step_costs(layer, verdicts, self.ahead[0])]
            if too_much := self.rules.misfit(turn.proposals(), step, verdicts=verdicts):
                return weighing.told(proposal, None, too_much)
        seconds = self.rules.seconds_left(turn.proposals(), verdicts)
        return await weighing.weigh(proposal, turn, config, prompt=prompt, seconds=seconds)

    def end_weighed(
        self, stop: EarlyStop, ending: Conclusion, confidence: Confidence | None, layer: LayerResult
    ) -> Conclusion:
        """Leave out what comes next where the only one is sure, and go on where it is not, whatever its samples say."""
        if confidence is None:
            return ending
        words = "; ".join([*ending.words[:1], confidence_words(confidence)])
        if confidence["reached"]:
            return self.cut_short(stop, layer, words)
        return Conclusion(words=(words,), says_all=layer.usable == len(self.stage.asked_so_far))

    async def moderate(self, layer: LayerResult, config: RunnableConfig, looks: Looks) -> Moderation | None:
        """Let the moderator keep some of a whole layer, and end the layers, where there is anything to decide."""
        moderator, turn = self.moderator, layer.turn
        usable = [p for p in layer.proposals if p["status"] in USABLE and p["proposer"] not in layer.removed]
        stops = bool(self.ahead) and moderator is not None and moderator.declared.stops
        if not moderator or not self.stage.is_last or not (stops or len(usable) > moderator.declared.keep):
            return None
        verdicts = layer.verdicts(looks)
        _, prompt = moderator.prompt(usable, turn, self.stage.layer)
        step = [prompt.at_most(moderator.seat), *self.step_costs(layer, verdicts, None)]
        if too_much := self.rules.misfit(turn.proposals(), step, verdicts=verdicts):
            return Moderation(kept=[p["proposer"] for p in usable], stop=False, skipped=too_much, call=None)
        seconds = self.rules.seconds_left(turn.proposals(), verdicts)
        return await moderator.moderate(usable, turn, config, layer=self.stage.layer, seconds=seconds)

    def end_moderated(self, moderation: Moderation | None) -> Conclusion:
        """Leave out what comes next where the moderator said so."""
        if moderation is None or moderation["skipped"]:
            return Conclusion()
        words = f"the moderator kept {len(moderation['kept'])}"
        if not moderation["stop"] or not self.ahead:
            return Conclusion(words=(words,))
        saved = self.rules.sampling.calls(self.ahead)
        what = f"{left_out(self.stage, self.ahead, answers=False)} skipped, {saved} call{'s' * (saved > 1)} saved"
        return Conclusion("aggregate", saved, (f"{words} and needs no more", what))

    def follow(self, layer: LayerResult, looks: Looks) -> Conclusion:
        """Go on to the next stage, where there is one that fits the budget."""
        if not self.ahead or (not layer.is_enough and self.stage.is_last):
            return Conclusion("aggregate")
        verdicts = layer.verdicts(looks)
        step = self.step_costs(layer, verdicts, self.ahead[0])
        if too_much := self.rules.misfit(layer.turn.proposals(), step, verdicts=verdicts):
            return Conclusion("aggregate", words=(too_much,), budget=too_much)
        following = self.ahead[0]
        if not following.escalates:
            return Conclusion(following.name)
        names = tuple(dict.fromkeys(seat.name for seat in following.seats))
        return Conclusion(following.name, words=(f"escalated to {', '.join(names)}",), escalated=names)

    def step_costs(self, layer: LayerResult, verdicts: Sequence[Verdict], to: Stage | None) -> Iterator[Cost]:
        """Bound the next stage, and the aggregator after it; nothing is written where there is no budget to ask."""
        after, turn = to or self.stage, layer.turn.judged(verdicts)
        before = {place_of(p): p for p in turn.proposals(after.layer)} if to else {}
        seats = unanswered(to.seats, before) if to else []
        writer = self.writer.for_run(self.rules.request)
        yield from bound_step(writer, seats, turn, after.layer, chain=self.rules.chain, authors=after.asked_so_far)

    def at_most(self, conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        """Bound what judging, checking and moderating cost."""
        costs = cost_of_asking(self.stop.agreement, None, authors=self.stage.asked_so_far) if self.stop else []
        bounds = {name_of(self.stop.agreement): total(costs)} if self.stop and costs else {}
        bounds |= self.weighing.at_most(conversation) if self.weighing else {}
        if self.moderator and self.stage.is_last:
            bounds[self.moderator.seat.label] = self.moderator.at_most(conversation, self.stage.asked_so_far)
        return bounds


def _check_places(stage: Stage, proposals: Sequence[Proposal]) -> None:
    if not proposals:
        raise InputError(
            f"found no proposals for the last message at {stage.gate}: the conversation changed during the run; "
            "start again with the conversation as it is now"
        )
    authors = {place_of(p): (p["proposer"], declared_model(p)) for p in proposals}
    expected = {seat.place: (seat.title, seat.label) for seat in stage.asked_so_far}
    if authors != expected:
        raise InputError(
            f"found proposals of {_names(authors)} at {stage.gate}, expected of {_names(expected)}: another mixture "
            "had to do with this layer; put the same message to the mixture that began it, or ask on another thread; "
            "no answer was lost"
        )


def _names(places: Mapping[Place, tuple[str, str]]) -> str:
    return ", ".join(title for title, _ in places.values())
