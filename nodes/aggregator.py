"""The aggregator: the last layer, whose answer is the run's."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig

from ..core.agreement.vote import Vote, VoteResult, best_proposal, count_votes
from ..core.errors import AllProposersFailed, BudgetExceeded, InputError
from ..core.panel.declared import Rank
from ..core.panel.pick import Pick
from ..core.panel.seats import Seat
from ..core.run.costs import largest, total
from ..core.run.records import USABLE, Cost, Proposal, place_of
from ..core.run.report import make_report
from ..core.run.state import MoAState
from ..core.run.turn import Turn
from .answer import is_confident, signed, with_panel, word_for_word
from .calls.outcome import as_proposal
from .chain import Attempts, Outcome, earlier_calls, section_lost, what_failed
from .node import Node, Update
from .picker import Picked, pick_best
from .prompting.forecast import forecast
from .prompting.prompt_writer import PromptWriter
from .prompting.request import Request, equipped, told_as_text
from .ranker import rank_in_order
from .rules import Rules

_NO_CHOICE = "nothing was chosen: only a model that is asked can call tools, or keep to a form"


def make_aggregator(
    *,
    layer: int,
    sources: Sequence[Sequence[Seat]],
    writer: PromptWriter,
    rules: Rules,
    vote: Vote | None = None,
    rank: Rank | None = None,
    pick: Pick | None = None,
) -> Node[Update]:
    """Make the node that gives the final answer.

    The aggregators are tried in order, a count of votes and a function that picks before all others; rankers choose
    instead of writing. Where all fail, or the budget allows none, the best proposal is returned word for word, and the
    report says so: answers that were paid for are not thrown away.

    Args:
        layer: The last layer's number; 1 is a model answering alone.
        sources: The layers whose answers may be the references: the one before, or one before that.
        writer: How the references are put.
        rules: What the mixture keeps to.
        vote: How to count votes first.
        rank: How the aggregators choose, where they write nothing.
        pick: Which function picks, before models are asked.

    Raises:
        AllProposersFailed: (when run) A model alone failed, and there is no proposal to fall back to.
        BudgetExceeded: (when run) A model alone does not fit the budget.
        InputError: (when run) The conversation is not the one that was answered, or another mixture began this run.
    """
    aggregator = _Aggregator(layer, writer, rules, vote, rank, pick)
    seats = rules.chain

    def at_most(conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        names = [seat.label if seat.label == seat.name else f"{seat.label} ({seat.name})" for seat in seats]
        return {
            name: total(
                largest([forecast(writer, call, conversation, authors) for authors in sources or [[]]])
                for call in rules.calls_of([seat])
            )
            for name, seat in zip(names, seats, strict=True)
        }

    return Node(aggregator.aggregate, at_most=at_most, asks=[seat.model for seat in seats], rules=rules)


@dataclass(frozen=True)
class _Aggregator:
    layer: int
    writer: PromptWriter
    rules: Rules
    vote: Vote | None
    rank: Rank | None
    pick: Pick | None

    async def aggregate(self, state: MoAState, config: RunnableConfig) -> Update:
        """Get the answer, from whoever gives it first, and report."""
        turn, rules = Turn.of(state), self.rules
        references = self._checked(turn)
        voted = await self._count(turn, references)
        picked = None if voted.winner else await self._score(turn, references)
        whys = [*filter(None, [voted.why]), *(picked.notes if picked else [])]
        outcome = await self._settled(await self._asked(turn, config, voted, picked), whys, references, turn)
        run = make_report(
            turn.proposals(),
            turn.verdicts(before=self.layer),
            turn=turn.id,
            mixture=rules.mixture,
            aggregators=[*earlier_calls(turn), *outcome.calls],
            degraded=[*section_lost(rules.chain, earlier_calls(turn)), *outcome.lost],
            truncated=outcome.truncated,
            word_for_word=outcome.fell_back,
            budget=outcome.too_much or (picked.too_much if picked else None),
            notes=[*whys, *outcome.notes],
            picking=picked.picking if picked else None,
            done=True,
        )
        run = with_panel(run, rules.request, outcome.shown)
        return {"messages": [signed(cast("AIMessage", outcome.answer), run)], "run": run}

    def _checked(self, turn: Turn) -> list[Proposal]:
        """Return the references, once it is sure that this run is this mixture's, and nobody changed it."""
        if self.rules.request and self.rules.request.again:
            return []
        references = turn.references(self.layer)
        if self.layer > 1 or self.rules.retrieves:
            turn.check_begun(self.rules.mixture)
        elif self.layer == 1:
            self.rules.check_read(turn.messages)
        if self.layer > 1 and not references:
            raise InputError(
                "found no proposals for the last message: the conversation, or a layer before them, changed after "
                "they were made; start again as it is now, or resume from before the change"
            )
        return references

    async def _count(self, turn: Turn, references: Sequence[Proposal]) -> VoteResult:
        """Count votes where that may answer; a proposal calls no tool, and keeps to no form."""
        if not references:
            return VoteResult(None, "")
        if (self.vote or self.pick) and self.rules.request and self.rules.request.needs_author:
            return VoteResult(None, _NO_CHOICE)
        if self.vote is None:
            return VoteResult(None, "")
        if len(references) == 1 and is_confident(turn.verdicts(before=self.layer)):
            return VoteResult(references[0], f"vote: only {references[0]['proposer']} was asked, and is sure")
        seconds = self.rules.seconds_left(turn.proposals(), turn.verdicts(before=self.layer))
        compared = [cast("Proposal", {**p, "text": self.rules.uncited(p["text"])}) for p in references]
        counted = await count_votes(self.vote, compared, seconds=seconds)
        return counted._replace(winner=next((p for p in references if _is_same(p, counted.winner)), None))

    async def _score(self, turn: Turn, references: Sequence[Proposal]) -> Picked | None:
        """Let a function score the proposals, where one of them may be the answer."""
        if self.pick is None or not references or (self.rules.request and self.rules.request.needs_author):
            return None
        before = turn.proposals(), turn.verdicts(before=self.layer), earlier_calls(turn)
        picked = await pick_best(self.pick, references, turn.question, seconds=self.rules.seconds_left(*before))
        if not picked.is_late:
            return picked
        seconds = picked.picking["seconds"]
        return picked._replace(
            too_much=self.rules.misfit(before[0], [], verdicts=before[1], others=before[2], more_s=seconds)
        )

    async def _asked(self, turn: Turn, config: RunnableConfig, voted: VoteResult, picked: Picked | None) -> Outcome:
        """Return what won the vote, what a function or a ranker chose, or what an aggregator wrote."""
        if winner := voted.winner or (picked and picked.winner):
            lost = [picked.late] if picked and picked.is_late else []
            return Outcome([], word_for_word(winner), truncated=winner["status"] == "truncated", lost=lost)
        seats, writer, rules = self.rules.chain, self.writer, self.rules
        asking = Attempts(turn, config, self.layer, rules, None if self.rank else rules.request)
        asking.picked_s = picked.picking["seconds"] if picked else 0.0
        if self.rank:
            return await rank_in_order(self.rank, seats, asking, writer=writer)
        return await _ask_in_order(seats, asking, writer=writer)

    async def _settled(
        self, outcome: Outcome, whys: Sequence[str], references: Sequence[Proposal], turn: Turn
    ) -> Outcome:
        """Fall back to the best proposal where nobody gave an answer."""
        request = self.rules.request
        # Words instead of a forced call are for the caller to judge; a proposal would be no better.
        answer = outcome.answer or (outcome.unfit if not references or (request and request.tools) else None)
        if answer is not None:
            return outcome._replace(answer=answer)
        if not references or (request and request.calls_tools):
            if outcome.too_much:
                raise BudgetExceeded(outcome.too_much, asked=any(p["calls"] for p in turn.proposals()))
            raise AllProposersFailed(
                [as_proposal(call, self.rules.chain[0], turn=turn.id, layer=self.layer) for call in outcome.calls],
                what="answers of aggregators" if references else "proposals",
            )
        best = references[0] if self.rank else await asyncio.to_thread(best_proposal, references)
        return outcome._replace(
            answer=word_for_word(best),
            truncated=best["status"] == "truncated",
            fell_back=True,
            lost=[*outcome.lost, *whys, f"the answer is the proposal of {best['proposer']}, word for word"],
        )


async def _ask_in_order(seats: Sequence[Seat], asking: Attempts, *, writer: PromptWriter) -> Outcome:
    request = asking.request
    lost: list[str] = []
    unfit: AIMessage | None = None
    best: str | None = None
    for seat in seats:
        author = equipped(seat, request)
        call, message, folded = await asking.ask_to_fit(seat, author, writer)
        call, message = await asking.ask_with_room(author, folded.prompt, call, message)
        best = folded.best or best
        asking.calls[-1]["windows"] = folded.windows
        failed = [what_failed(seat, call)]
        unread = [f"aggregator {seat.name}: {folded.lost}"] if folded.lost else []
        falls_short = request and message and (request.form or _lacks_call(message, request))
        is_invalid = call["status"] == "invalid"
        if request and message and falls_short and is_invalid and not folded.prompt.echo_in(message):
            unfit, how = message, "and was asked again"
            if _lacks_call(message, request):
                by_schema = equipped(seat, request.by_schema)
                again, answer = await asking.ask(by_schema, folded.prompt)
                failed.append(what_failed(seat, again))
                if answer and again["status"] in {*USABLE, "invalid"}:
                    author, call, message, how = by_schema, again, answer, "and was asked by a schema"
            if request.form and call["status"] == "invalid":
                call, message = await asking.ask(author, folded.prompt.mended(message, str(call["error"]), author))
                failed.append(what_failed(seat, call))
                how = "and was asked again"
            if call["status"] == "ok":
                asking.notes.append(f"{'; '.join(failed[:-1])}, {how}")
        if call["status"] != "ok":
            lost.append("; ".join(failed))
        if call["status"] in USABLE:
            truncated = call["status"] == "truncated"
            lost += unread
            shown = folded.prompt
            return Outcome(asking.calls, message, truncated, asking.too_much, False, lost, asking.notes, shown)
    if best and not (request and request.needs_author):
        lost.append("the answer is what came of the first windows of references")
        return Outcome(asking.calls, AIMessage(best), too_much=asking.too_much, fell_back=True, lost=lost)
    return Outcome(asking.calls, None, too_much=asking.too_much, lost=lost, notes=asking.notes, unfit=unfit)


def _lacks_call(answer: AIMessage, request: Request) -> bool:
    return bool(request.forced) and told_as_text(answer)


def _is_same(proposal: Proposal, other: Proposal | None) -> bool:
    return other is not None and place_of(proposal) == place_of(other)
