"""Retrieval and the check of citations are nodes like any other: drawn, and named."""

from typing import Any

import pytest
from citing import citing
from lamps import finds
from langgraph_moa import (
    EarlyStop,
    Proposer,
    Retriever,
)
from panels import says
from syrupy.assertion import SnapshotAssertion

OFFLINE = ["offline:words", "offline:stems", "offline:phrases"]


DRAWN: dict[str, dict[str, Any]] = {
    "two retrievers": {"retrievers": [Retriever(finds(), name="wiki"), Retriever(finds(), name="handbook")]},
    "rewritten": {"rewriter": says("q", "rewriter"), "layers": 3},
    "one of its own": {"proposers": ["offline:words", Proposer("offline:stems", retriever=finds())]},
    "answered and reviewed": {"early_stop": EarlyStop(then="answer"), "review": True, "proposers": OFFLINE},
    "alone": {"layers": 1, "aggregator": None},
}


@pytest.mark.parametrize("options", DRAWN)
def test_retrieval_and_the_check_are_drawn(options: str, snapshot: SnapshotAssertion) -> None:
    drawn = citing(**DRAWN[options]).get_graph()
    drawn.nodes = {key: node._replace(metadata=None) for key, node in drawn.nodes.items()}

    assert drawn.draw_mermaid() == snapshot


def test_nodes_say_what_they_are() -> None:
    moa = citing(rewriter=says("q", "rewriter"), found=Retriever(finds(), name="wiki"))

    marks = {name: node.metadata or {} for name, node in moa.builder.nodes.items()}

    assert marks["rewrite"] == {"moa_role": "rewriter", "moa_layer": -1, "moa_model": "rewriter"}
    assert marks["retrieve/wiki"] == {"moa_role": "retriever", "moa_layer": 0, "moa_retriever": "wiki"}
    assert marks["evidence"] == {"moa_role": "gate", "moa_layer": 0}
    assert marks["citations"] == {"moa_role": "check", "moa_layer": 2}
