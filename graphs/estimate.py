"""Say what a run may cost, before it is run: at most, and with answers of a usual length."""

from collections.abc import Sequence
from typing import Any, cast

from langchain_core.messages import AnyMessage, BaseMessage, MessageLikeRepresentation, convert_to_messages
from langchain_core.messages.ai import UsageMetadata
from langgraph.graph.state import CompiledStateGraph

from ..core.batches.tiers import BATCH
from ..core.bounds.budget import prompt_at_most
from ..core.deferral import deferral_for
from ..core.errors import ConfigError
from ..core.models.prices import price_of
from ..core.models.service_tiers import FLEX, FLEX_OR_STANDARD
from ..core.panel.seats import Seat
from ..core.panel.sight import kept_from
from ..core.run.costs import total
from ..core.run.records import Cost
from ..core.run.state import Graph
from ..nodes.calls.cache import layers_kept
from ..nodes.node import Node
from .plan import MoAGraph, plan_of

USUAL_ANSWER = 500
"""Tokens of a usual answer: those that AlpacaEval 2.0 compares with have 2,049 characters (`avg_length` of GPT-4 Turbo
on the leaderboard of github.com/tatsu-lab/alpaca_eval, November 2026); a sum of GSM8K takes a third of it."""
_USUAL_RATE = 4
"""Bytes of a token in prose."""


class Estimate(Cost):
    """Bound a run's calls, tokens and US dollars; None could not be bounded."""

    unbounded: list[str]
    """Why not, one line a model."""


def estimate(moa: Graph, messages: str | Sequence[MessageLikeRepresentation]) -> Estimate:
    """Bound what a mixture costs for a conversation: every layer is asked, and every aggregator is tried.

    Calls are exact but for what fails or stops early. A prompt is taken for a token every two bytes, an answer for its
    `max_tokens`, and a reference for twice its author's; a real run comes to a good deal less.

        estimate(moa, "Why is the sky blue?")       # {'calls': 7, 'tokens': 31200, 'usd': 0.04, 'unbounded': []}

    Args:
        moa: What `create_moa` returned.
        messages: The question, or the conversation so far.

    Returns:
        The bound, and what kept it from being one.

    Raises:
        ConfigError: The graph is not a mixture, or the messages are none.
        InputError: Too few of its models can read what is in them.
    """
    conversation = _conversation(messages)
    if isinstance(moa, CompiledStateGraph) and isinstance(moa.builder, MoAGraph):
        moa.builder.plan.rules.check_read(conversation)
    nodes = [spec.runnable for spec in _paid_nodes(moa)] if isinstance(moa, CompiledStateGraph) else []
    bounds = [node.at_most(conversation) for node in nodes if isinstance(node, Node)]
    costs = [cost for bound in bounds for cost in bound.values()]
    if not costs:
        raise ConfigError(f"found {type(moa).__name__} without proposers, expected what create_moa returned")
    unbounded = {label: why for bound in bounds for label, cost in bound.items() if (why := _unknown(cost))}
    return Estimate(**total(costs), unbounded=[f"{label}: {why}" for label, why in unbounded.items()])


def usual_cost(moa: Graph, messages: str | Sequence[MessageLikeRepresentation], *, answer: int = USUAL_ANSWER) -> Cost:
    """Reckon what a mixture costs where answers are of a usual length, nothing fails and nothing stops early.

    Beside a bound, which is many times as much where `max_tokens` leaves room for long answers. Evidence is not in it.

    Args:
        moa: What `create_moa` returned.
        messages: The question, or the conversation so far.
        answer: Tokens of an answer; a smaller `max_tokens` is kept to.

    Raises:
        ConfigError: The graph is not a mixture, or the messages are none.
    """
    plan, conversation = plan_of(moa), _conversation(messages)
    panel, costs = plan.seated.panel, []
    for n, layer in enumerate(panel):
        for seat in layer if n >= layers_kept(plan.rules.cache) else []:
            if kept_from(seat, conversation):
                continue
            before = panel[n - 1] if n else []
            authors = [author for author in before if seat.reads_from(author.position, author.title)]
            prompt = plan.propose.compose(seat, conversation, [""] * len(authors), [])
            costs.append(usual_call(seat, prompt, authors, answer=answer))
    if (weighing := plan.weighing) and weighing.checker:
        prompt = weighing.writer.compose(weighing.checker, conversation, [""], [])
        costs.append(usual_call(weighing.checker, prompt, [weighing.first], answer=answer))
    last = panel[-1] if panel else []
    if analysing := plan.analysing:
        prompt = analysing.writer.compose(analysing.seat, conversation, [""] * len(last), [])
        costs.append(usual_call(analysing.seat, prompt, last, answer=answer))
    for seat in [] if plan.seated.vote or plan.seated.pick else plan.seated.chain[:1]:
        prompt = plan.synthesise.compose(seat, conversation, [""] * len(last), [])
        authors = [*last, *([plan.analysing.seat] if plan.analysing else [])]  # it reads what was compared, too
        costs.append(usual_call(seat, prompt, authors, answer=answer))
    return total(costs)


def usual_call(seat: Seat, prompt: Sequence[BaseMessage], authors: Sequence[Seat], *, answer: int) -> Cost:
    """Reckon what one call costs whose references are not written yet.

    Args:
        seat: Whom it asks.
        prompt: What it is told, without the references.
        authors: Who writes those.
        answer: Tokens of an answer.
    """
    if not seat.one_call:
        return Cost(calls=None, tokens=None, usd=None)
    read = prompt_at_most(prompt, rate=_USUAL_RATE) + seat.tool_tokens
    read += sum(min(answer, author.max_tokens or answer) for author in authors)
    written = min(answer, seat.max_tokens or answer)
    usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
    names = (seat.label, seat.label.partition(":")[2])
    where: Any = {"models": names, "provider": seat.provider, "endpoint": seat.endpoint}
    usd = price_of(usage, own=seat.prices, tier=_usual_tier(seat), **where)
    return Cost(calls=1, tokens=read + written, usd=usd)


def _usual_tier(seat: Seat) -> str | None:
    """Return the tier that mostly answers."""
    if deferral_for() and seat.transport == "lean":
        return BATCH
    return FLEX if seat.tier == FLEX_OR_STANDARD else seat.tier


def _paid_nodes(moa: Graph) -> list[Any]:
    """Return the nodes but for those of layers whose answers a record holds."""
    builder = moa.builder
    layers = layers_kept(builder.plan.rules.cache) if isinstance(builder, MoAGraph) else 0
    free = tuple(f"layer_{layer}/" for layer in range(1, layers + 1))
    return [spec for name, spec in builder.nodes.items() if not name.startswith(free)]


def _conversation(messages: str | Sequence[MessageLikeRepresentation]) -> list[AnyMessage]:
    given = [("user", messages)] if isinstance(messages, str) else messages
    if not isinstance(given, Sequence):
        raise ConfigError(f"found {type(messages).__name__} as messages, expected a question or a list of messages")
    return cast("list[AnyMessage]", convert_to_messages(given))


def _unknown(cost: Cost) -> str | None:
    if cost["calls"] is None:
        return "a chain or graph, whose calls nobody can count beforehand"
    if cost["tokens"] is None:
        return "no max_tokens for it, or for a model whose answer it reads"
    return "no known price" if cost["usd"] is None else None
