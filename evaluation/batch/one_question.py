"""Put one question to a mixture, turn by turn, and say in a row what became of it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from traceback import walk_tb
from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import GraphBubbleUp
from langgraph.types import Durability

from ...core.batches.deferring import Deferred, waits_for_batch
from ...core.deferral import part_of_run
from ...core.errors import AllProposersFailed, InputError, MoAError
from ...core.run.costs import NOTHING, cost_of, spared_by, total
from ...core.run.records import USABLE, Call, Cost, Proposal, Spared, place_of
from ...core.run.report import calls_of
from ...core.run.state import Graph
from ...core.text import one_line, redact
from ...graphs.estimate import USUAL_ANSWER, Estimate, estimate, usual_cost
from ...graphs.plan import plan_of
from ...nodes.calls.cache import repeat_number
from .questions import AnsweredTurn, Question, Row, RowProposal
from .structured_rows import bound_of_object, object_in, request_of

_SHOWN = 500
"""Characters of an error that a row holds."""


class QuestionResult(NamedTuple):
    """Hold a question's row, and what only the batch needs to know."""

    row: Row
    cost: Cost
    failed_as: str | None
    """What sort of failure it was; None where there is an answer."""
    threads: list[str]
    """Where its turns are kept, until the row is written."""


class AttemptLost(Exception):
    """Say that whoever was answering a question is gone, and the answer with it.

    Args:
        why: What became of it.
        cost: What the attempt has cost, as far as anybody knows.
    """

    def __init__(self, why: str, cost: Cost) -> None:
        super().__init__(why)
        self.cost = cost


@dataclass
class _Progress:
    """Hold what is known of a question while it is being answered."""

    conversation: list[dict[str, Any]]
    turns: list[AnsweredTurn] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    """The state of the turn that is under way."""
    proposals: list[Proposal] = field(default_factory=list)
    """Those of the turn before it, or of that which failed."""
    object: Any = None
    """What the last answer holds, where it has a form."""
    spared: list[Spared] = field(default_factory=list)
    """What a cache spared, layer by layer."""
    on_cost: Callable[[Cost], None] | None = None


async def answer_question(
    moa: Graph,
    question: Question,
    *,
    file: Path,
    proposals: bool = True,
    on_cost: Callable[[Cost], None] | None = None,
) -> QuestionResult:
    """Answer a question, all its turns; whatever goes wrong with it becomes its row, but for what keeps it.

    With a checkpointer, each turn has a thread of its own. It is taken up where it stopped if a batch that was ended
    left it behind, so that whoever had answered is not asked again.

    Args:
        moa: The mixture.
        question: What to ask.
        file: Where its row will be written; it names the threads.
        proposals: Whether the row holds what its proposers answered.
        on_cost: Called with what the question has cost so far, as often as a step of its graph has ended.

    Raises:
        Deferred: Some of its calls wait for a provider's batch.
    """
    began, so_far = time.monotonic(), _Progress([dict(message) for message in question.messages], on_cost=on_cost)
    failure: Exception | None = None
    try:
        with repeat_number(question.repeat):
            await _turns(moa, question, so_far, file)
    except GraphBubbleUp:
        raise
    except Exception as exc:  # one question that fails is no reason to leave the others unasked
        if _is_of_checkpointer(exc, moa):
            raise  # so it would go with all others
        failure = exc
        so_far.costs.append(_cost(so_far.state, exc))
        so_far.proposals = so_far.state.get("proposals", [])
        so_far.spared += _spared(so_far.state)
    cost, last = total(so_far.costs), None if failure else so_far.turns[-1]
    row = Row(
        id=question.id,
        answer=last and last["answer"],
        run=last and last["run"],
        error=None if failure is None else _told(failure),
        gold=question.gold,
        seconds=round(time.monotonic() - began, 3),
        cost=cost,
    )
    if question.form and not failure:
        row["object"] = so_far.object
    if question.later:
        row["turns"] = so_far.turns
    if so_far.spared:
        row["spared"] = spared_by(so_far.spared)
    if proposals:
        row["proposals"] = list(map(_row_proposal, so_far.proposals))
    return QuestionResult(row, cost, None if failure is None else _sort_of(failure), so_far.threads)


def given_up(question: Question, loss: AttemptLost, attempts: int) -> QuestionResult:
    """Return what becomes of a question whose attempts were all lost: a row with an error."""
    error = f"asked {attempts} times, and each time who did so was gone before it had answered, the last time: {loss}"
    return QuestionResult(_without_answer(question, error, NOTHING), NOTHING, AttemptLost.__name__, [])


def _without_answer(question: Question, error: str, cost: Cost) -> Row:
    shown = one_line(redact(error), limit=_SHOWN)
    return Row(id=question.id, answer=None, run=None, error=shown, gold=question.gold, seconds=0.0, cost=cost)


def _is_of_checkpointer(failure: Exception, moa: Graph) -> bool:
    """Tell whether it was raised within the checkpointer, whoever's it is: each has exceptions of its own."""
    frames = (frame for frame, _ in walk_tb(failure.__traceback__))
    return keeps(moa) and any(frame.f_locals.get("self") is moa.checkpointer for frame in frames)


def bound_of(moa: Graph, question: Question) -> Estimate:
    """Bound what a question costs, all its turns; an answer that is not there yet counts as its `max_tokens`."""
    longest = max((seat.max_tokens or 0 for seat in plan_of(moa).rules.chain), default=0)
    conversations = list(_conversations(question, answer=longest))
    bounds = [estimate(moa, conversation) for conversation in conversations]
    form = question.form
    more = [bound_of_object(moa, conversation, form) for conversation in conversations] if form else []
    return Estimate(**total([*bounds, *more]), unbounded=bounds[0]["unbounded"])


def usual_cost_of(moa: Graph, question: Question) -> Cost:
    """Reckon what a question costs with answers of a usual length, all its turns."""
    return total(usual_cost(moa, conversation) for conversation in _conversations(question, answer=USUAL_ANSWER))


def _conversations(question: Question, *, answer: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the conversation of each turn, with answers of so many tokens where there are none yet."""
    conversation: list[dict[str, Any]] = [dict(message) for message in question.messages]
    yield conversation
    for text in question.later:
        reply = {"role": "assistant", "content": "." * (4 * answer)}
        conversation = [*conversation, reply, {"role": "user", "content": text}]
        yield conversation


def keeps(moa: Graph) -> bool:
    """Tell whether runs of a graph are kept by a checkpointer of its own."""
    return isinstance(moa.checkpointer, BaseCheckpointSaver)


async def _turns(moa: Graph, question: Question, so_far: _Progress, file: Path) -> None:
    """Put all turns of a question, each after the answers to those before it."""
    await _turn(moa, question, so_far, file)
    for number, text in enumerate(question.later, 2):
        answer = {"role": "assistant", "content": so_far.turns[-1]["answer"]}
        so_far.conversation += [answer, {"role": "user", "content": text}]
        with part_of_run(str(number)):  # a turn that a checkpointer keeps is not run again
            await _turn(moa, question, so_far, file)


async def _turn(moa: Graph, question: Question, so_far: _Progress, file: Path) -> None:
    given: dict[str, Any] | None = {"messages": so_far.conversation}
    config: RunnableConfig | None = None
    so_far.state = {}
    if keeps(moa):
        so_far.threads.append(_thread(moa, question, so_far, file))
        config = {"configurable": {"thread_id": so_far.threads[-1]}}
        snapshot = await moa.aget_state(config)
        so_far.state = dict(snapshot.values)
        # Not `next`, which is empty too where all of a step have answered and the step has not been closed.
        given = None if snapshot.tasks else given
    if given is None or not so_far.state:
        durability: Durability | None = "sync" if config else None
        request = request_of(moa, question)
        async for values in moa.astream(given, config, context=request, stream_mode="values", durability=durability):
            so_far.state |= values
            if so_far.on_cost:
                so_far.on_cost(total([*so_far.costs, _cost(so_far.state)]))
    state = so_far.state
    if waits_for_batch(state.get("__interrupt__")):
        raise Deferred
    if "__interrupt__" in state:
        raise InputError("found a run that waits for a person, expected an answer; leave interrupts out of a batch")
    so_far.costs.append(_cost(state))
    so_far.spared += _spared(state)
    so_far.proposals, so_far.state = state.get("proposals", []), {}
    answer = state["messages"][-1]
    text = answer.text
    if question.form:
        so_far.object = object_in(question.form, answer)
        text = json.dumps(so_far.object, ensure_ascii=False)
    so_far.turns.append(AnsweredTurn(answer=text, run=state["run"]))


def _spared(state: Mapping[str, Any]) -> Iterator[Spared]:
    """Yield what a cache spared, layer by layer, and in calls that are made one after the other.

    A layer's seconds are those beyond the calls that were made beside it.
    """
    proposals: Sequence[Proposal] = state.get("proposals", [])
    run = state.get("run")
    for call in [*calls_of(state.get("verdicts", [])), *(run["aggregators"] if run else [])]:
        if "spared" in call:
            yield call["spared"]
    for layer in sorted({p["layer"] for p in proposals}):
        beside = [p for p in proposals if p["layer"] == layer]
        if spared := [p["spared"] for p in beside if "spared" in p]:
            seconds = max(one["seconds"] for one in spared) - max(p["waited"] + p["seconds"] for p in beside)
            yield Spared(**total(spared), seconds=max(seconds, 0.0))


def _row_proposal(proposal: Proposal) -> RowProposal:
    row = RowProposal(
        layer=proposal["layer"],
        proposer=proposal["name"],
        sample=proposal["sample"],
        status=proposal["status"],
        text=proposal["text"] if proposal["status"] in USABLE else None,
        model=proposal["model"],
        served_model=proposal["served_model"],
        tokens=proposal["usage"]["total_tokens"] if proposal["usage"] else None,
        usd=proposal["usd"],
        seconds=proposal["seconds"],
    )
    return {**row, "tier": proposal["tier"]} if "tier" in proposal else row


def _thread(moa: Graph, question: Question, so_far: _Progress, file: Path) -> str:
    """Name a turn's thread by all that its answer depends on, so that none is taken up that another question left."""
    form = question.form.schema if question.form else None
    depends_on = repr((plan_of(moa).rules.mixture, so_far.conversation, *([form] if form else []))).encode(
        "utf-8", "replace"
    )
    return f"{file.resolve()}#{question.id}#{sha256(depends_on).hexdigest()[:16]}"


def _cost(state: dict[str, Any], failure: Exception | None = None) -> Cost:
    """Return what a turn cost; of one that failed, what its state and the failure know."""
    return total(map(cost_of, _calls(state, failure)))


def _calls(state: dict[str, Any], failure: Exception | None) -> Iterator[Call]:
    proposals, run = state.get("proposals", []), state.get("run")
    yield from proposals
    yield from calls_of(state.get("verdicts", []))
    yield from run["aggregators"] if run else []
    if isinstance(failure, AllProposersFailed):
        counted = {(p["layer"], place_of(p)) for p in proposals}
        for proposal in failure.failures:
            if (proposal["layer"], (proposal["position"], proposal["sample"])) not in counted:
                yield proposal  # type: ignore[misc] # declared as mappings, for they may come from another process


def _told(failure: Exception) -> str:
    text = str(failure) if isinstance(failure, MoAError) else f"{type(failure).__name__}: {failure}"
    return one_line(redact(text), limit=_SHOWN)


def _sort_of(failure: Exception) -> str:
    statuses = {p["status"] for p in failure.failures} if isinstance(failure, AllProposersFailed) else set()
    return ", ".join([type(failure).__name__, *sorted(statuses)])
