"""One node that asks a layer's proposers, and lets an aggregator write by sections while they still answer.

Proposers and an aggregator that stand in different supersteps of LangGraph cannot run at the same time; so they stand
in one node here. What that costs: a run that is killed in it asks all of them again.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs
from langgraph.graph import END
from langgraph.types import Command

from ...core.agreement.closed import closed_answers
from ...core.bounds.budget import call_at_most, prompt_at_most
from ...core.bounds.quorum import Race
from ...core.models.objections import media_parts
from ...core.panel.seats import Seat
from ...core.panel.sight import blind_to
from ...core.panel.stages import Stage
from ...core.panel.windows import room_of
from ...core.run.costs import total
from ...core.run.records import USABLE, Aggregation, Cost, Proposal
from ...core.run.report import make_report
from ...core.run.state import MoAState
from ...core.run.turn import Turn
from ...core.text import OURS, text_in
from ...prompts import bundled, fence
from ..answer import signed
from ..calls.call import call_model, unstreamed
from ..chain import section_lost
from ..node import Node, Update, emit
from ..prompting.forecast import forecast
from ..prompting.prompt import BYTES_A_TOKEN, Prompt
from ..prompting.prompt_writer import PromptWriter
from ..prompting.request import equipped
from ..proposer import make_proposer
from ..rules import Rules
from ..verdict import Conclusion, LayerResult, Looks
from .board import Board
from .speaking import Overhearing, Pieces, Speaking

LAYER = 2
"""The aggregator's."""


def make_sections(stage: Stage, *, sections: int, size: int, writer: PromptWriter, rules: Rules) -> Node[Command[str]]:
    """Make the node that asks the proposers, and writes the answer by sections beside them where that can be.

    It cannot where tools or a form are asked for, where the budget does not bound all sections, where all proposals are
    whole before the first section is, and where they have a short final answer. Then the run goes on as usual: the
    proposals are there, and the gate and the aggregator come next; the aggregator alone where a section failed.

    Args:
        stage: The proposers.
        sections: How many sections there are at most.
        size: Characters of proposals that a section rests on at least.
        writer: How proposers are told.
        rules: What the mixture keeps to.
    """
    seats = [replace(seat, model=seat.model.bind(stream=True)) if seat.one_call else seat for seat in stage.seats]
    stage = replace(stage, seats=seats, asked_so_far=seats)
    proposers = [make_proposer([seat], stage=stage, authors=[], writer=writer, rules=rules) for seat in seats]
    sectioning = _Sectioning(stage, proposers, sections, size, writer, rules)
    return Node(sectioning.run, at_most=sectioning.at_most, asks=[seat.model for seat in seats], rules=rules)


@dataclass(frozen=True)
class _Sectioning:
    stage: Stage
    proposers: Sequence[Node[Update]]
    sections: int
    size: int
    writer: PromptWriter
    rules: Rules

    async def run(self, state: MoAState, config: RunnableConfig) -> Command[str]:
        """Ask, write beside it, and say where the run goes."""
        turn, rules, seats = Turn.of(state), self.rules, self.stage.seats
        board = Board([s.title for s in seats], size=self.size, needed=rules.quorum.k if rules.quorum else None)
        answer = _Answer(turn, board, self.sections, rules, config)
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._ask(node, seat, board, state, config))
            for node, seat in zip(self.proposers, seats, strict=True)
        ]
        writing = asyncio.create_task(answer.write()) if self._may_write(turn) else None
        try:
            proposals = [proposal for made in await asyncio.gather(*tasks) for proposal in made]
            written = await writing if writing else None
        finally:
            for task in filter(None, [*tasks, writing]):
                task.cancel()
            if writing:
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([writing])
        layer = LayerResult(turn, self.stage, proposals, rules)
        if not answer.calls or not layer.is_enough:
            run = make_report(proposals, [], turn=turn.id, mixture=rules.mixture, aggregators=answer.calls)
            return Command(update={"proposals": proposals, "run": run}, goto=self.stage.gate)
        verdict = layer.verdict(Looks(), Conclusion("aggregate"))
        emit("verdict", **verdict)
        summed_up = partial(
            make_report, proposals, [verdict], turn=turn.id, mixture=rules.mixture, aggregators=answer.calls
        )
        update: Update = {"proposals": proposals, "verdicts": [verdict]}
        if written is None:  # what its sections cost is in the report that the aggregator goes on with
            lost = section_lost(rules.chain, answer.calls)
            return Command(update={**update, "run": summed_up(degraded=lost)}, goto="aggregate")
        was_cut = any(call["status"] == "truncated" for call in answer.calls)
        count = len(answer.calls)
        how = f"the answer was written in {count} section{'s' * (count > 1)}"
        run = summed_up(done=True, truncated=was_cut, notes=[how])
        return Command(update={**update, "messages": [signed(written, run)], "run": run}, goto=END)

    async def _ask(
        self, node: Node[Update], seat: Seat, board: Board, state: MoAState, config: RunnableConfig
    ) -> list[Proposal]:
        # What a graph's models say on the way to its answer is none of it.
        hearing: list[BaseCallbackHandler] = [Overhearing(partial(board.hear, seat.title))] if seat.one_call else []
        proposals: list[Proposal] = []
        try:
            overheard: RunnableConfig = {"callbacks": hearing}
            update = await node.ainvoke(state, merge_configs(config, overheard))
            proposals = update["proposals"]
        finally:
            text = next((p["text"] for p in proposals if p["status"] in USABLE), None)
            board.end(seat.title, text)
        return proposals

    def _may_write(self, turn: Turn) -> bool:
        """Tell whether all sections fit the budget, with what the proposers take at most."""
        if self.rules.request and self.rules.request.needs_author:
            return False
        calls = self.rules.calls_of(self.stage.seats)
        proposing = [self.writer.write(seat, turn, 1).at_most(seat) for seat in calls]
        step = [*proposing, self._sections_at_most(turn.messages)]
        return self.rules.misfit(turn.proposals(), step) is None

    def _sections_at_most(self, conversation: Sequence[AnyMessage]) -> Cost:
        """Bound all sections: each reads what the one before did, what it wrote, and more of the proposals."""
        seat, limits = self.rules.chain[0], [author.longest for author in self.stage.seats]
        read = None if None in limits else sum(2 * (limit or 0) for limit in limits)
        own = None if seat.max_tokens is None or read is None else read + 2 * self.sections * seat.max_tokens
        words = [HumanMessage(bundled(name).text) for name in ("sections", *["section"] * self.sections)]
        fences = [HumanMessage("x" * _FENCE) for _ in range(self.sections * len(limits))]
        messages = [*conversation, HumanMessage(seat.system_prompt or ""), *words, *fences]
        return total([call_at_most(seat, messages, more=own)] * self.sections)

    def at_most(self, conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        """Bound proposers and sections, by model."""
        bounds: dict[str, Cost] = {}
        for seat in self.rules.calls_of(self.stage.seats):
            cost = forecast(self.writer, seat, conversation, [], layer=1)
            bounds[seat.label] = total([bounds[seat.label], cost]) if seat.label in bounds else cost
        return bounds | {f"{self.rules.chain[0].label} (sections)": self._sections_at_most(conversation)}


_FENCE = 120
"""Characters of the tags around one proposal, at most."""


@dataclass
class _Answer:
    """Be an answer that is written by sections."""

    turn: Turn
    board: Board
    most: int
    rules: Rules
    config: RunnableConfig
    calls: list[Aggregation] = field(default_factory=list)
    messages: list[BaseMessage] = field(default_factory=list)
    """The prompt of the last section; the next one only adds to it, so that a provider's cache holds."""
    numbers: dict[int, int] = field(default_factory=dict)
    """What each proposer is called in it, in the order in which they came into it."""
    started: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    async def write(self) -> AIMessage | None:
        """Write section by section; None where nothing was gained by it, or a section failed."""
        if await self.board.ready(1) or self.board.usable < self.rules.min_proposals:
            return None
        parts = self.board.take(1)
        paragraphs = [paragraph for text in parts.values() for paragraph in text.split("\n\n")]
        if any(closed_answers().read(paragraph) for paragraph in paragraphs):
            return None
        seat, pieces = equipped(self.rules.chain[0], self.rules.request), Pieces()
        emit("aggregating", layer=LAYER, aggregator=seat.name, references=len(parts))
        speaking = asyncio.create_task(Speaking(pieces=pieces).ainvoke([], {**self.config, "run_name": "sections"}))
        try:
            texts = await self._sections(seat, pieces, parts)
            pieces.put_nowait(None)
            spoken = await speaking
        finally:
            speaking.cancel()
        if texts is None:
            call = self.calls[-1]
            ids = [spoken.id] if spoken.text else []
            emit("abandoned", aggregator=seat.name, message_ids=ids, status=call["status"], error=call["error"])
            return None
        usage: UsageMetadata | None = None
        for call in self.calls:
            usage = add_usage(usage, call["usage"])
        metadata = {"model_name": self.calls[-1]["served_model"]}
        return AIMessage("\n\n".join(texts), id=spoken.id, usage_metadata=usage, response_metadata=metadata)

    async def _sections(self, seat: Seat, pieces: Pieces, parts: dict[int, str]) -> list[str] | None:
        texts: list[str] = []
        is_last = False
        while not is_last:
            number = len(texts) + 1
            if texts:
                is_last = await self.board.ready(number) or number == self.most
                if is_last:
                    await self.board.over()
                parts = self.board.take(None if is_last else number)
                if not parts:
                    break
            text = await self._section(seat, pieces, parts, number, is_last=is_last)
            if text is None:
                return None
            texts.append(text)
        return texts

    async def _section(
        self, seat: Seat, pieces: Pieces, parts: dict[int, str], number: int, *, is_last: bool
    ) -> str | None:
        """Write one section, and hand its pieces on; None where it failed."""
        texts, labels = [*parts.values()], [str(self.numbers.setdefault(n, len(self.numbers) + 1)) for n in parts]
        if number == 1:
            self.messages = PromptWriter(bundled("sections"), "last").compose(seat, self.turn.messages, texts, [])
        else:
            fenced = fence(texts, labels=labels)
            ending = bundled("section_last").text if is_last else bundled("section_next").text
            words = bundled("section").render(references=fenced, ending=ending)
            self.messages = [*self.messages, HumanMessage(words, additional_kwargs=OURS)]
        window, problem = room_of(seat), None
        if window is not None and prompt_at_most(self.messages, rate=BYTES_A_TOKEN[-1]) > window:
            problem = f"found no room for a section in {window:,} tokens, the window of {seat.label}"
        unseen = media_parts(blind_to(seat, self.turn.messages))
        prompt = Prompt(self.messages, problem=problem, unseen=unseen)
        begun = [False]

        def hand_on(run: object, piece: str) -> None:
            pieces.put_nowait(piece if begun[0] or number == 1 else f"\n\n{piece}")
            begun[0] = True

        config = merge_configs(unstreamed(self.config), {"callbacks": [Overhearing(hand_on)]})
        streaming = replace(seat, model=seat.model.bind(stream=True))
        call, message = await call_model(streaming, prompt, config, race=Race(seconds=self._seconds_left()))
        self.calls.append(Aggregation(**call, prompt=prompt.lines(self.turn.messages)))
        if message is None or call["status"] not in USABLE:
            return None
        text = text_in(message)
        if not begun[0]:
            hand_on(None, text)
        self.messages = [*self.messages, AIMessage(text, additional_kwargs=OURS)]
        return text

    def _seconds_left(self) -> float | None:
        """Return what the budget leaves of its seconds since the proposers were asked."""
        budget = self.rules.budget
        return budget.left(asyncio.get_running_loop().time() - self.started) if budget else None
