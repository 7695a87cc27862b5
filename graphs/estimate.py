"""Say what a run may cost at most, before it is run."""

from collections.abc import Sequence
from typing import cast

from langchain_core.messages import AnyMessage, MessageLikeRepresentation, convert_to_messages
from langgraph.graph.state import CompiledStateGraph

from ..core.errors import ConfigError
from ..core.run.costs import total
from ..core.run.records import Cost
from ..core.run.state import Graph
from ..nodes.node import Node


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
    """
    given = [("user", messages)] if isinstance(messages, str) else messages
    if not isinstance(given, Sequence):
        raise ConfigError(f"found {type(messages).__name__} as messages, expected a question or a list of messages")
    conversation = cast("list[AnyMessage]", convert_to_messages(given))
    nodes = [spec.runnable for spec in moa.builder.nodes.values()] if isinstance(moa, CompiledStateGraph) else []
    bounds = [node.at_most(conversation) for node in nodes if isinstance(node, Node)]
    costs = [cost for bound in bounds for cost in bound.values()]
    if not costs:
        raise ConfigError(f"found {type(moa).__name__} without proposers, expected what create_moa returned")
    unbounded = {label: why for bound in bounds for label, cost in bound.items() if (why := _unknown(cost))}
    return Estimate(**total(costs), unbounded=[f"{label}: {why}" for label, why in unbounded.items()])


def _unknown(cost: Cost) -> str | None:
    if cost["calls"] is None:
        return "a chain or graph, whose calls nobody can count beforehand"
    if cost["tokens"] is None:
        return "no max_tokens for it, or for a model whose answer it reads"
    return "no known price" if cost["usd"] is None else None
