"""The analyst: a model that says what the proposals differ on before another one writes the answer, and writes none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig

from ...core.agreement.closed import ClosedAnswers
from ...core.bounds.quorum import Race
from ...core.errors import InputError
from ...core.panel.declared import Analyst, Defaults
from ...core.panel.seating import seat_of
from ...core.panel.seats import Seat
from ...core.run.costs import added_up, largest, total
from ...core.run.disagreement import ComparedBy, Contradiction, Disagreement, Stance, digests_of
from ...core.run.records import USABLE, Call, Consultation, Cost, Proposal, Verdict
from ...core.run.report import make_report
from ...core.run.state import MoAState
from ...core.run.turn import Turn
from ...core.text import text_in
from ...prompts import Placement, bundled
from ..calls.call import call_model, unstreamed
from ..choice import shuffled
from ..moderator import choosing
from ..node import Node, Update, emit
from ..prompting.forecast import forecast
from ..prompting.prompt import Prompt
from ..prompting.prompt_writer import WIDEST, PromptWriter
from ..prompting.request import equipped
from ..rules import Rules
from ..verdict import both_calls
from .points import Points, read_points

_CLOSED = "the final answer"
"""What short answers differ on."""
_MENDED = 8_000
"""Characters of an answer in the wrong form that it is shown once more."""


@dataclass(frozen=True)
class Analysing:
    """Ask an analyst; see `Analyst`."""

    declared: Analyst
    seat: Seat
    writer: PromptWriter


def seat_analyst(
    declared: Analyst | None, defaults: Defaults, placement: Placement, shown: Mapping[str, Any]
) -> Analysing | None:
    """Resolve an analyst, and write down how proposals are put to it."""
    if declared is None:
        return None
    seat = seat_of(declared.model, defaults, role="analyst")
    return Analysing(declared, seat, choosing(bundled("analyse"), placement, shown))


def make_analyst(
    analysing: Analysing, *, layer: int, sources: Sequence[Sequence[Seat]], writer: PromptWriter, rules: Rules
) -> Node[Update]:
    """Make the node that compares what the last gate passed on.

    An answer that is not the JSON that was asked for is asked for once more. Where there is still none, or the budget
    allows no call, the aggregator goes without, and the report says so.

    Args:
        analysing: Whom to ask.
        layer: The aggregator's layer.
        sources: The layers whose answers may be compared.
        writer: How the aggregator is told of references.
        rules: What the mixture keeps to.

    Raises:
        InputError: (when run) The conversation is not the one that was answered, or another mixture began this run.
    """
    node = _Analyst(analysing, layer, writer, rules)

    def at_most(conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        seat, asked_again = analysing.seat, [AIMessage(bundled("repair").text), *conversation]
        costs = [
            total([
                forecast(analysing.writer, seat, conversation, authors),
                forecast(analysing.writer, seat, asked_again, [*authors, seat]),  # with its own answer before it
            ])
            for authors in sources
        ]  # fmt: skip
        return {seat.label: largest(costs)}

    return Node(node.analyse, at_most=at_most, asks=[analysing.seat.model], rules=rules)


def from_groups(verdict: Verdict, references: Sequence[Proposal], turn: Turn, rules: Rules) -> Disagreement | None:
    """Return what short answers differ on, which a gate has put into groups already; None where it has not put all.

    Args:
        verdict: The gate's.
        references: What it passed on.
        turn: The turn.
        rules: What the mixture keeps to.
    """
    agreed, measure = verdict["agreement"], rules.early_stop.agreement if rules.early_stop else None
    if not agreed or agreed["abstained"] or not isinstance(measure, ClosedAnswers):
        return None
    texts = {p["proposer"]: rules.uncited(p["text"]) for p in references if not p["reviewed"]}
    groups = [names for group in agreed["groups"] if (names := [name for name in group if name in texts])]
    if sum(map(len, groups)) < len(references):
        return None
    answers = [measure([texts[name] for name in group])["answer"] or "" for group in groups]
    stances = [Stance(proposers=group, stance=answer) for group, answer in zip(groups, answers, strict=True)]
    differ = [Contradiction(topic=_CLOSED, stances=stances)] if len(groups) > 1 else []
    points = Points([] if differ else answers, differ, [], [], [], 0)
    return _made(points, "gate", verdict, references, turn)


def _made(
    points: Points, origin: ComparedBy, verdict: Verdict, references: Sequence[Proposal], turn: Turn
) -> Disagreement:
    return Disagreement(
        turn=turn.id,
        layer=verdict["source"],
        origin=origin,
        compared=digests_of(references),
        consensus=points.consensus,
        contradictions=points.contradictions,
        partial_coverage=points.partial_coverage,
        unique_insights=points.unique_insights,
        blind_spots=points.blind_spots,
        left_out=points.left_out,
    )


@dataclass(frozen=True)
class _Analyst:
    analysing: Analysing
    layer: int
    writer: PromptWriter
    rules: Rules

    async def analyse(self, state: MoAState, config: RunnableConfig) -> Update:
        """Compare the references, and say in the gate's verdict what that took."""
        turn = Turn.of(state)
        turn.check_begun(self.rules.mixture)
        references = turn.references(self.layer)
        if not references:
            raise InputError(
                "found no proposals to compare for the last message: the conversation changed after they were made; "
                "start again with the conversation as it is now, or resume from before the change"
            )
        *before, verdict = turn.verdicts(before=self.layer)
        disagreement, consultation = await self._compared(references, verdict, turn, config)
        if consultation:
            verdict = {**verdict, "analysis": consultation}
        emit("disagreement", layer=verdict["source"], disagreement=disagreement, analysis=consultation)
        report = make_report(turn.proposals(), [*before, verdict], turn=turn.id, mixture=self.rules.mixture)
        return {"disagreement": disagreement, "verdicts": [verdict], "run": report}

    async def _compared(
        self, references: Sequence[Proposal], verdict: Verdict, turn: Turn, config: RunnableConfig
    ) -> tuple[Disagreement | None, Consultation | None]:
        earlier = verdict.get("analysis")
        before = turn.disagreement(self.layer)
        if before and before["compared"] == digests_of(references):  # a review sent the run back, and nothing changed
            return before, earlier
        if len(references) < 2:
            return None, earlier or Consultation(skipped=None, call=None)
        if grouped := from_groups(verdict, references, turn, self.rules):
            return grouped, earlier
        points, consultation = await self._asked(references, turn, config)
        if earlier and earlier["call"]:
            consultation = {**consultation, "call": both_calls(consultation["call"], earlier["call"])}
        return _made(points, "analyst", verdict, references, turn) if points else None, consultation

    async def _asked(
        self, references: Sequence[Proposal], turn: Turn, config: RunnableConfig
    ) -> tuple[Points | None, Consultation]:
        """Ask the analyst, once more where its answer cannot be read; a call that does not fit is not made."""
        seat = self.analysing.seat
        order = shuffled(references, self.analysing.declared.seed, seat.name)
        prompt = self.analysing.writer.write(seat, turn, self.layer, [p["text"] for p in order])
        if too_much := self._misfit(prompt, turn):
            return None, Consultation(skipped=too_much, call=None)
        emit("analysing", layer=references[0]["layer"], analyst=seat.name, proposals=len(order))
        names = [p["proposer"] for p in order]
        call, answer = await self._call(prompt, turn, config, names)
        points, problem = _read(call, answer, names)
        if problem and answer:
            short = AIMessage(text_in(answer)[:_MENDED])
            mended = prompt.mended(short, problem, seat)
            if too_much := mended.problem or self._misfit(mended, turn, [call]):
                problem = f"{problem}; it was not asked again: {too_much}"
            else:
                again, answer = await self._call(mended, turn, config, names, [call])
                points, problem = _read(again, answer, names)
                call = cast("Call", {**again, **added_up(again, call)})
        if problem:
            call = {**call, "status": "invalid", "error": problem}
        elif points:
            call = {**call, "status": "ok", "error": None}
        return points, Consultation(skipped=None, call=call)

    async def _call(
        self, prompt: Prompt, turn: Turn, config: RunnableConfig, names: Sequence[str], others: Sequence[Call] = ()
    ) -> tuple[Call, AIMessage | None]:
        seconds = self.rules.seconds_left(turn.proposals(), turn.verdicts(), others)
        race = Race(seconds=seconds)
        return await call_model(
            self.analysing.seat, prompt, unstreamed(config), race=race, fits=lambda answer: _is_readable(answer, names)
        )

    def _misfit(self, prompt: Prompt, turn: Turn, others: Sequence[Call] = ()) -> str | None:
        """Say which limit a call does not fit in, with the aggregator after it, who is told what came of it."""
        step = [prompt.at_most(self.analysing.seat)]
        for last in self.rules.chain[:1]:
            writer, author = self.writer.for_run(self.rules.request), equipped(last, self.rules.request)
            step.append(writer.write(author, turn, self.layer, analysis=WIDEST).at_most(author))
        return self.rules.misfit(turn.proposals(), step, verdicts=turn.verdicts(), others=others)


def _is_readable(answer: AIMessage, names: Sequence[str]) -> bool:
    try:
        read_points(text_in(answer), names)
    except ValueError:
        return False
    return True


def _read(call: Call, answer: AIMessage | None, names: Sequence[str]) -> tuple[Points | None, str | None]:
    """Return what an answer found, or what is wrong with it; neither where there is none to read."""
    if answer is None or call["status"] not in USABLE:
        return None, None
    try:
        return read_points(text_in(answer), names), None
    except ValueError as exc:
        cut = "; the answer was cut at its token limit" if call["status"] == "truncated" else ""
        return None, f"{exc}{cut}"
