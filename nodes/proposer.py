"""A proposer: one model's answer to the conversation and to the layer before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.cache.base import BaseCache

from ..core.agreement.vote import best_proposal
from ..core.bounds.quorum import Race
from ..core.errors import BudgetExceeded
from ..core.panel.seats import Seat
from ..core.panel.stages import Stage, unanswered
from ..core.run.costs import added_up, after_refusal, total
from ..core.run.records import USABLE, Call, Cost, Proposal, place_of
from ..core.run.report import CARRIED, UNREAD, make_report
from ..core.run.state import MoAState
from ..core.run.turn import (
    check_mixture,
    check_thread,
    left_behind,
    proposals_of,
    references_for,
    turn_of,
    verdicts_of,
    with_later,
)
from ..core.text import plain
from .calls.call import call_model, unstreamed
from .calls.fold import fold
from .calls.outcome import as_proposal
from .calls.prompt import Prompt
from .calls.prompt_writer import PromptWriter, shortened_for
from .calls.samples import Answers, call_samples
from .node import Node, Update, emit
from .rules import Rules


def make_proposer(
    seats: Sequence[Seat], *, stage: Stage, authors: Sequence[Seat], writer: PromptWriter, rules: Rules
) -> Node[Update]:
    """Make the node of one proposer in one layer.

    The node never fails for its model's failure: what went wrong is the proposal's status. What it answered before
    its layer failed for want of others, it is not asked again.

    Args:
        seats: Whom to ask: one, or the samples of one that may be asked for in one request.
        stage: Who is asked with it; the first one tells of the layer's start.
        authors: The layer before, whose answers are the references.
        writer: How the references are put, from layer 2 on.
        rules: What the mixture keeps to.

    Raises:
        BudgetExceeded: (when run) The first layer does not fit the budget; no gate has looked at it yet.
        InputError: (when run) Another mixture began this run.
    """
    layer, seat = stage.layer, seats[0]
    first = seat is stage.seats[0]
    is_first = layer == stage.wave == 1
    opens = is_first and not rules.retrieves
    together = {other.place for other in stage.seats}

    async def propose(state: MoAState, config: RunnableConfig) -> Update:
        turn, writes = turn_of(state), writer.for_run(rules.request)
        before = left_behind(state, layer)
        mine = {s.place: before[s.place] for s in seats if s.place in before}
        asked = unanswered(stage.seats, before)
        again = any(p["reviewed"] == "sent_back" for p in mine.values())
        if opens:
            check_thread(config, needed=rules.review)
        else:
            check_mixture(state, rules.mixture)
        if is_first:
            done = [*(p for p in proposals_of(state) if p["layer"] < layer), *before.values()]
            _check_fits((writes.write(other, state, layer).at_most(other) for other in asked), done, rules)
        earlier = [p for p in proposals_of(state) if p["layer"] < layer or place_of(p) not in together]
        seconds = rules.seconds_left(earlier, verdicts_of(state, before=layer, wave=stage.wave))
        answered = [p for p in earlier if p["layer"] == layer and p["status"] in USABLE]
        # What a person asks for again, or what all before it went into, is no matter of who is fastest.
        in_race = not again and not seat.carries
        race = rules.race_of(stage, seat, seconds=seconds, earlier=answered) if in_race else Race(seconds=seconds)
        if asked and asked[0] in seats:
            emit("layer", layer=layer, proposers=[s.title for s in asked])
        done_before = {place: p for place, p in mine.items() if place not in {s.place for s in asked}}
        for proposal in done_before.values():
            race.count_proposal(proposal)
        told = config if rules.stream_proposals else unstreamed(config)
        asking = _Asking([s for s in seats if s in asked], state, layer, race, None if again else rules.cache)
        # What folding takes more was not reckoned with when the budget let this layer begin.
        shorter = replace(writes, overflow="cut") if rules.budget else writes
        answers = await asking.ask(writes, shorter, told)
        made = {s.place: _made(s, *answers[s.place], state, layer, mine.get(s.place)) for s in asking.seats}
        proposals = [{**done_before, **made}[s.place] for s in seats]
        for proposal in proposals:
            emit("proposal", **proposal)
        # Where nobody of the layer is asked, what later layers made of it still holds.
        update: Update = {"proposals": proposals if asked else with_later(state, proposals)}
        if first and opens and not again:  # a turn that fails must not be left with the report of the one before
            update["run"] = make_report(proposals, [], turn=turn, mixture=rules.mixture)
        return update

    def at_most(conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        return {seat.label: total([writer.forecast(s, conversation, authors, layer=layer) for s in seats])}

    return Node(propose, at_most=at_most, asks=[seat.model], rules=rules)


@dataclass(frozen=True)
class _Asking:
    """Ask a proposer for its samples; references that do not fit its window are read in several."""

    seats: Sequence[Seat]
    state: MoAState
    layer: int
    race: Race
    cache: BaseCache[Any] | None

    async def ask(self, writer: PromptWriter, shorter: PromptWriter, config: RunnableConfig) -> Answers:
        """Say what came of each sample; where a server told that a prompt was too long for it, it is asked once more.

        Args:
            writer: How references are put.
            shorter: How they are put into a prompt that was too long.
            config: The node's.
        """
        if not self.seats:
            return {}
        answers, prompt = await self._once(self.seats, writer, config)
        smaller = {s.place: shortened_for(s, answers[s.place][0], prompt) for s in self.seats}
        again = [s for place in smaller if (s := smaller[place])]
        if not again or not shorter.write(again[0], self.state, self.layer).is_shorter_than(prompt):
            return answers
        second, _ = await self._once(again, shorter, config)
        for place, (call, message) in second.items():
            second[place] = after_refusal(call, answers[place][0]), message
        return answers | second

    async def _once(
        self, seats: Sequence[Seat], writer: PromptWriter, config: RunnableConfig
    ) -> tuple[Answers, Prompt]:
        """Ask for samples, and return what they were asked, too."""
        seat, read = seats[0], []

        def write(texts: Sequence[str]) -> Prompt:
            return writer.write(seat, self.state, self.layer, texts)

        async def ask_window(texts: Sequence[str]) -> str | None:
            window, hidden = write(texts)._replace(folds=0), unstreamed(config)
            call, message = await call_model(seat, window, hidden, race=self.race, cache=self.cache, counts=False)
            read.append(call)
            return plain(message.text) if message and call["status"] in USABLE else None

        texts = writer.texts_for(seat, self.state, self.layer)
        folded = await fold(writer.write(seat, self.state, self.layer), texts, write, ask_window)
        answers = await call_samples(seats, folded.prompt, config, race=self.race, cache=self.cache)
        call, message = answers[seat.place]
        for earlier in read:
            cut = call["references_cut"] + earlier["references_cut"]
            call = cast("Call", {**call, **added_up(call, earlier), "references_cut": cut})
        if folded.best and call["status"] not in USABLE:
            why = f"{CARRIED}: {call['status']} ({call['error']})"
            call, message = {**call, "status": "ok", "error": why}, AIMessage(folded.best)
        elif folded.lost and call["status"] == "ok":
            call = {**call, "error": f"{UNREAD}: {folded.lost}"}
        return {**answers, seat.place: ({**call, "windows": folded.windows}, message)}, folded.prompt


def _made(
    seat: Seat, call: Call, message: AIMessage | None, state: MoAState, layer: int, earlier: Proposal | None
) -> Proposal:
    """Write down what came of asking, with an earlier attempt that this run left behind."""
    proposal = as_proposal(call, seat, turn=turn_of(state), layer=layer, message=message)
    if earlier:
        proposal = _with_earlier(proposal, earlier)
    read = [p for p in references_for(state, layer) if seat.reads_from(p["position"], p["proposer"])]
    if not seat.carries or not read or proposal["status"] in USABLE:
        return proposal
    before = next((p for p in read if p["proposer"] == seat.title), None) or best_proposal(read)
    why = f"{CARRIED}: {proposal['status']} ({proposal['error']})"
    return {**proposal, "text": before["text"], "status": before["status"], "error": why}


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
