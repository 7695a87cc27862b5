"""Make a mixture's drawing one that people can read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..core.panel.seats import Seat
from ..core.run.state import Graph
from ..nodes.node import Node


class Way(str):
    """Be the name of the next node, drawn with what sends the run there: LangGraph labels an edge with `str(way)`."""

    def __new__(cls, node: str, reason: str = "") -> "Way":
        """Keep the reason beside the name; without one, the edge has no label."""
        way = super().__new__(cls, node)
        way._label = reason or node
        return way

    _label: str

    def __str__(self) -> str:
        return self._label


def labelled(ways: Mapping[str, str], entrances: Mapping[str, Sequence[str]]) -> dict[Any, str]:
    """Return the ends of a conditional edge, each with its reason.

    Args:
        ways: Where it may lead, and why, as a verdict's `next` calls it.
        entrances: The nodes behind each of those.
    """
    return {Way(node, reason): node for to, reason in ways.items() for node in entrances[to]}


def metadata_of(role: str, layer: int, seats: Iterable[Seat] = ()) -> dict[str, str | int]:
    """Mark a node and all that runs inside it, for drawings, and so that streams and traces can be filtered by it.

    Args:
        role: `proposer`, `gate`, `analyst`, `review`, `aggregator` or `answer`.
        layer: Its layer; the aggregator's is the last.
        seats: Whom it asks.
    """
    mark: dict[str, str | int] = {"moa_role": role, "moa_layer": layer}
    listed = list(seats)
    if listed:
        mark["moa_model"] = ", ".join(dict.fromkeys(seat.label for seat in listed))
    if len(listed) > 1 and listed[0].shares:
        mark["moa_samples"] = len(listed)
    if role == "proposer":
        mark["moa_proposer"] = listed[0].node
    return mark


def open_inside(moa: Graph) -> None:
    """Let drawings with `xray` open proposers, and an only aggregator, that are graphs themselves.

    LangGraph finds a graph that is a node, and none that a node calls.
    """
    for node in moa.nodes.values():
        if isinstance(node.bound, Node) and (graph := node.bound.graph) and graph.checkpointer is not False:
            node.subgraphs = [graph]
