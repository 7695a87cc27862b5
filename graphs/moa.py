"""Mixture-of-Agents (Wang et al. 2024, arXiv 2406.04692) as a LangGraph state graph.

    START -> layer 1's proposers, in parallel -> gate 1 -> layer 2's proposers -> gate 2 -> aggregate -> END

Every proposer of every layer is a node, so that the drawing is the paper's figure. A gate ends each layer, and its
conditional edge decides what comes next.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer

from ..core.anatomy import Model
from ..core.errors import ConfigError
from ..core.models import resolve_model
from ..core.panel import AggregatorLike, Defaults, Proposers, Seat
from ..core.portal import THREADS
from ..core.report import load_prices
from ..core.seating import check_number, seat_layers
from ..core.state import MoAInput, MoAState
from ..nodes.aggregator import make_aggregator
from ..nodes.gate import make_gate
from ..nodes.node import Node
from ..nodes.proposer import make_proposer
from ..prompts import Placement, load_prompt


def create_moa(
    *,
    proposers: Proposers,
    aggregator: AggregatorLike | None = None,
    layers: int | None = None,
    samples: int = 1,
    temperature: float | None = None,
    max_tokens: int | None = None,
    timeout: float | None = 180.0,
    min_proposals: int = 1,
    proposer_prompt: str | Path | None = None,
    aggregator_prompt: str | Path | None = None,
    placement: Placement = "last",
    stream_proposals: bool = False,
    resolve: Callable[..., Model] = resolve_model,
    checkpointer: Checkpointer = None,
    store: BaseStore | None = None,
    name: str = "moa",
) -> CompiledStateGraph[MoAState, None, MoAInput, MoAState]:
    """Build a mixture of agents: proposers answer in parallel, layer by layer, and an aggregator writes the answer.

    Use it where one model's answer is not enough. The result is an ordinary compiled graph over `messages`: invoke
    it, stream it, or add it to another graph as a node.

        moa = create_moa(proposers=["openai:gpt-6-luna", my_model, my_agent], aggregator="openai:gpt-6-sol")
        moa.invoke({"messages": [("user", "Why is the sky blue?")]})["messages"][-1].text

    Args:
        proposers: Models, each a `provider:model` string, a chat model, a Runnable or compiled graph from messages to
            a message, or a `Proposer(...)` with settings. A list of lists gives each layer its own.
        aggregator: The model that writes the final answer. Left out only with `layers=1`, one model answering alone.
        layers: Layers as the paper counts them, the aggregator's included: 2 (default) is proposers and an
            aggregator, 3 adds a layer of proposers that see the first one's answers.
        samples: How many times each proposer is asked in a layer.
        temperature: Sampling temperature of all chat models; None leaves their own. The paper uses 0.7.
        max_tokens: Limit of answer tokens of all chat models; None leaves their own.
        timeout: Seconds that one call may take, retries included; None is no limit.
        min_proposals: How many usable proposals a layer needs.
        proposer_prompt: How proposers of later layers are told of references: text or a `Path`, with `$references`.
        aggregator_prompt: The same for the aggregator. Both default to the bundled synthesis prompt.
        placement: `last` puts references after the conversation, `system` into the system prompt.
        stream_proposals: Stream the proposers' tokens too; it costs CPU, and only the aggregator's are the answer.
        resolve: Called for each model that is given as a string, as `resolve(string, temperature=..., max_tokens=...)`;
            returns the model to ask. `functools.partial(resolve_model, base_url=...)` asks a server of one's own.
        checkpointer: Keeps threads, so that runs can be resumed and have several turns.
        store: Passed on to LangGraph, for proposers that are graphs.
        name: The graph's name, in drawings, traces and parent graphs.

    Returns:
        A compiled graph. Its input is `messages`; its output adds `proposals`, `verdicts` and `run`, the report.

    Raises:
        ConfigError: An argument is wrong; nothing has been called yet.
    """
    check_number("min_proposals", min_proposals, minimum=1)
    if placement not in ("last", "system"):
        raise ConfigError(f"found placement={placement!r}, expected 'last' or 'system'")
    defaults = Defaults(
        temperature=temperature,
        max_tokens=max_tokens,
        timeout=timeout,
        samples=samples,
        stream_proposals=stream_proposals,
        resolve=resolve,
    )
    panel, last = seat_layers(proposers, aggregator, layers, defaults)
    if panel and min_proposals > min(map(len, panel)):
        raise ConfigError(
            f"found min_proposals={min_proposals}, expected at most {min(map(len, panel))}, the smallest layer"
        )
    propose, synthesise = load_prompt(proposer_prompt), load_prompt(aggregator_prompt)
    load_prices()

    async def follow(state: MoAState, config: RunnableConfig) -> list[str]:
        return entrances[state["verdicts"][-1]["next"]]

    graph = StateGraph(MoAState, input_schema=MoAInput)
    entrances: dict[str, list[str]] = {"aggregate": ["aggregate"]}
    for layer, seats in enumerate(panel, 1):
        entrances[f"layer_{layer}"] = [node_name(layer, seat) for seat in seats]
        titles = tuple(seat.title for seat in seats)
        for seat in seats:
            announce = titles if seat is seats[0] else ()
            node = make_proposer(
                seat, layer=layer, prompt=propose, placement=placement, announce=announce, stream=stream_proposals
            )
            graph.add_node(node_name(layer, seat), node, metadata=metadata_of(seat, layer))
            graph.add_edge(node_name(layer, seat), f"gate_{layer}")
    depth = len(panel) + 1
    for layer in range(1, depth):
        then = f"layer_{layer + 1}" if layer + 1 < depth else "aggregate"
        gate = make_gate(layer, then=then, min_proposals=min_proposals)
        graph.add_node(f"gate_{layer}", gate, metadata={"moa_role": "gate", "moa_layer": layer})
        graph.add_conditional_edges(
            f"gate_{layer}", Node[Any](follow, name="follow"), list(dict.fromkeys([*entrances[then], "aggregate"]))
        )
    node = make_aggregator(last, layer=depth, prompt=synthesise, placement=placement)
    graph.add_node("aggregate", node, metadata=metadata_of(last, depth))
    for entrance in entrances["layer_1" if panel else "aggregate"]:
        graph.add_edge(START, entrance)
    graph.add_edge("aggregate", END)
    # LangGraph's sync API would give a layer as few threads as the machine has cores; a caller's own limit wins.
    compiled = graph.compile(checkpointer=checkpointer, store=store, name=name)
    return compiled.with_config(max_concurrency=max([THREADS, *map(len, panel)]))


def node_name(layer: int, seat: Seat) -> str:
    """Name a proposer's node, as drawings and `updates` show it."""
    return f"layer_{layer}/{seat.title}"


def metadata_of(seat: Seat, layer: int) -> dict[str, str | int]:
    """Mark a node and all that runs inside it, so that streams and traces can be filtered by what it is."""
    mark: dict[str, str | int] = {"moa_role": seat.role, "moa_layer": layer}
    return mark | {"moa_proposer": seat.title} if seat.role == "proposer" else mark
