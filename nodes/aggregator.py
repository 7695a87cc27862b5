"""The aggregator: the last layer, whose answer is the run's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs

from ..core.agreement import best_proposal
from ..core.errors import AllProposersFailed, BudgetExceeded, InputError
from ..core.panel import Seat
from ..core.race import DEADLINE, Race
from ..core.report import make_report
from ..core.request import Form, equipped, problem_with
from ..core.state import (
    USABLE,
    Aggregation,
    Call,
    Cost,
    MoAState,
    Proposal,
    Verdict,
    check_mixture,
    place_of,
    proposals_of,
    references_for,
    turn_of,
    unfinished,
    verdicts_of,
)
from ..core.vote import Result, Vote, count_votes
from .answer import signed, word_for_word
from .brief import Brief, Letter
from .call import as_proposal, call_model, unmade
from .node import Node, Update, emit
from .rules import Rules

_NO_VOTE = "the votes were not counted: only a model that is asked can call tools, or keep to a form"


def make_aggregator(
    *, layer: int, authors: Sequence[Seat], brief: Brief, rules: Rules, vote: Vote | None = None
) -> Node[Update]:
    """Make the node that writes the final answer.

    The aggregators are tried in order, a count of votes before all others. Where all fail, or the budget allows none,
    the best proposal is returned word for word, and the report says so: answers that were paid for are not thrown away.

    Args:
        layer: The last layer's number; 1 is a model answering alone.
        authors: The layer before, whose answers are the references.
        brief: How the references are put.
        rules: What the mixture keeps to.
        vote: How to count votes first.

    Raises:
        AllProposersFailed: (when run) A model alone failed, and there is no proposal to fall back to.
        BudgetExceeded: (when run) A model alone does not fit the budget.
        InputError: (when run) The conversation is not the one that was answered, or another mixture began this run.
    """
    seats = rules.chain

    async def aggregate(state: MoAState, config: RunnableConfig) -> Update:
        turn, references, request = turn_of(state), references_for(state, layer), rules.request
        if layer > 1 or rules.retrieves:
            check_mixture(state, rules.mixture)
        if layer > 1 and not references:
            raise InputError(
                "found no proposals for the last message: the conversation, or a layer before them, changed after "
                "they were made; start again as it is now, or resume from before the change"
            )
        voted = await _count(vote, references, state, layer=layer, rules=rules)
        if voted.winner:
            outcome = Outcome([], word_for_word(voted.winner), truncated=voted.winner["status"] == "truncated")
        else:
            asked = [equipped(seat, request) for seat in seats]
            outcome = await _ask_in_order(asked, state, config, layer=layer, brief=brief.for_run(request), rules=rules)
        degraded = list(outcome.lost)
        answer = outcome.answer or (None if references else outcome.unfit)
        if answer is None:
            if not references or (request and request.calls_tools):
                if outcome.too_much:
                    raise BudgetExceeded(outcome.too_much)
                raise AllProposersFailed(
                    [as_proposal(call, seats[0], turn=turn, layer=layer) for call in outcome.calls]
                )
            best = best_proposal(references)
            answer = word_for_word(best)
            outcome = outcome._replace(truncated=best["status"] == "truncated", fell_back=True)
            degraded += [voted.told, f"the answer is the proposal of {best['proposer']}, word for word"]
        run = make_report(
            proposals_of(state),
            verdicts_of(state, before=layer),
            turn=turn,
            mixture=rules.mixture,
            aggregators=[*_earlier(state), *outcome.calls],
            degraded=list(filter(None, degraded)),
            truncated=outcome.truncated,
            word_for_word=outcome.fell_back,
            budget=outcome.too_much,
            notes=[*filter(None, [voted.told]), *outcome.notes],
            done=True,
        )
        return {"messages": [signed(answer, run)], "run": run}

    def at_most(conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        names = [seat.label if seat.label == seat.name else f"{seat.label} ({seat.name})" for seat in seats]
        return {n: brief.forecast(seat, conversation, authors) for n, seat in zip(names, seats, strict=True)}

    return Node(aggregate, at_most=at_most, asks=[seat.model for seat in seats], rules=rules)


async def _count(
    vote: Vote | None, references: Sequence[Proposal], state: MoAState, *, layer: int, rules: Rules
) -> Result:
    """Count votes where that may answer; a proposal calls no tool, and keeps to no form."""
    if vote is None:
        return Result(None, "")
    if rules.request and rules.request.needs_author:
        return Result(None, _NO_VOTE)
    left = rules.seconds_left(proposals_of(state), verdicts_of(state, before=layer))
    compared = [cast("Proposal", {**p, "text": rules.uncited(p["text"])}) for p in references]
    counted = await count_votes(vote, compared, seconds=left)
    return counted._replace(winner=next((p for p in references if _is_same(p, counted.winner)), None))


class Outcome(NamedTuple):
    """Hold every attempt, and the answer where there is one."""

    calls: list[Aggregation]
    answer: AIMessage | None
    truncated: bool = False
    too_much: str | None = None
    """The limit that kept an aggregator from being asked, or from finishing."""
    fell_back: bool = False
    lost: Sequence[str] = ()
    """What was wrong with the aggregators that gave no whole answer."""
    notes: Sequence[str] = ()
    unfit: AIMessage | None = None
    """The last answer that has not the form that was asked for, where none has."""


async def _ask_in_order(
    seats: Sequence[Seat], state: MoAState, config: RunnableConfig, *, layer: int, brief: Brief, rules: Rules
) -> Outcome:
    asking = _Asking(state, config, layer, rules, brief.request.form if brief.request else None)
    lost: list[str] = []
    unfit: AIMessage | None = None
    for seat in seats:
        letter = brief.write(seat, state, layer)
        call, message = await asking.ask(seat, letter)
        failed = _what_failed(seat, call)
        if asking.form and message and call["status"] == "invalid":
            unfit, first = message, failed
            call, message = await asking.ask(seat, letter.mended(message, str(call["error"]), seat))
            failed = f"{first}; {_what_failed(seat, call)}"
            if call["status"] == "ok":
                return Outcome(asking.calls, message, lost=lost, notes=[f"{first}, and was asked again"])
        if call["status"] != "ok":
            lost.append(failed)
        if call["status"] in USABLE:
            return Outcome(asking.calls, message, call["status"] == "truncated", asking.too_much, lost=lost)
    return Outcome(asking.calls, None, too_much=asking.too_much, lost=lost, unfit=unfit)


@dataclass
class _Asking:
    """Ask one aggregator after the other, within what the budget leaves."""

    state: MoAState
    config: RunnableConfig
    layer: int
    rules: Rules
    form: Form | None
    calls: list[Aggregation] = field(default_factory=list)
    too_much: str | None = None

    async def ask(self, seat: Seat, letter: Letter) -> tuple[Call, AIMessage | None]:
        """Make one attempt, where it fits."""
        if misfit := self._misfit([letter.at_most(seat)]):
            self.too_much = misfit
            self.calls.append(Aggregation(**unmade(seat, "skipped", misfit), prompt=[]))
            return self.calls[-1], None
        references = references_for(self.state, self.layer)
        emit("aggregating", layer=self.layer, aggregator=seat.name, references=len(references))
        heard = _Listener()
        marked = merge_configs(self.config, {"callbacks": [heard], "metadata": {"moa_aggregator": seat.name}})
        call, message = await call_model(seat, letter, marked, race=Race(seconds=self._seconds_left()))
        answered = message is not None and call["status"] in USABLE | {"empty"}
        if self.form and message and answered and (problem := problem_with(self.form, message)):
            call = {**call, "status": "invalid", "error": problem}
        self.calls.append(Aggregation(**call, prompt=letter.lines(self.state["messages"])))
        if call["status"] not in USABLE:
            # Seconds are rounded: those of a call that its deadline cut may come to a little less than the limit.
            at_the_end = call["error"] if (call["error"] or "").startswith(DEADLINE) else None
            self.too_much = self._misfit([]) or at_the_end or self.too_much
            if ids := list(heard.message_ids):
                emit("abandoned", aggregator=seat.name, message_ids=ids, status=call["status"], error=call["error"])
        return call, message

    def _misfit(self, step: Sequence[Cost]) -> str | None:
        return self.rules.misfit(proposals_of(self.state), step, verdicts=self._verdicts(), others=self._others())

    def _seconds_left(self) -> float | None:
        return self.rules.seconds_left(proposals_of(self.state), self._verdicts(), self._others())

    def _verdicts(self) -> list[Verdict]:
        return verdicts_of(self.state, before=self.layer)

    def _others(self) -> list[Aggregation]:
        return [*_earlier(self.state), *self.calls]


def _is_same(proposal: Proposal, other: Proposal | None) -> bool:
    return other is not None and place_of(proposal) == place_of(other)


def _earlier(state: MoAState) -> list[Aggregation]:
    """Return what was tried before this run was resumed in front of its aggregators."""
    run = unfinished(state)
    return run["aggregators"] if run else []


class _Listener(AsyncCallbackHandler):
    """Remember which messages have begun to reach the caller, token by token."""

    run_inline = True

    def __init__(self) -> None:
        self.message_ids: dict[str, None] = {}

    async def on_llm_new_token(self, token: Any, *, chunk: Any = None, **kwargs: Any) -> None:
        """Note the id of the message that a token belongs to."""
        message = getattr(chunk, "message", None)
        if token and message is not None and message.id:
            self.message_ids[message.id] = None


def _what_failed(seat: Seat, call: Call) -> str:
    return f"aggregator {seat.name}: {call['status']} ({call['error']})"
