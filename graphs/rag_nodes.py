"""Retrieval, as nodes before a mixture's first layer, and the check of citations after its answer."""

from collections.abc import Sequence
from typing import Any

from langgraph.graph import END, StateGraph

from ..core.evidence.searchers import Search
from ..core.run.records import RETRIEVAL, REWRITING
from ..nodes.evidence.check_citations import make_check
from ..nodes.evidence.retriever import make_retriever
from ..nodes.evidence.rewriter import make_rewriter
from ..nodes.gather import make_evidence
from ..nodes.rules import Rules
from ..prompts import load_template
from .drawing import metadata_of

CHECK = "citations"
"""The last node."""
_AROUND = 200
"""Tokens of a passage's tags, id and source, at most."""


def evidence_shown(search: Search | None) -> dict[str, Any]:
    """Return how prompts put evidence; a passage's tags and source take some tokens more."""
    if search is None:
        return {}
    retrieval = search.retrieval
    template = load_template(retrieval.evidence_prompt, default="evidence.md", required=("evidence",))
    room = retrieval.evidence_tokens + _AROUND * retrieval.passages
    return {"evidence": template, "evidence_tokens": room * len(search.pools)}


def add_retrieval(
    graph: StateGraph[Any, Any, Any, Any], search: Search, *, before: Sequence[str], depth: int, rules: Rules
) -> list[str]:
    """Add who looks for evidence, and who checks what is cited; return the nodes that a run begins with.

    Args:
        graph: The mixture so far.
        search: Who looks for evidence.
        before: The nodes of the mixture's first step.
        depth: The last layer's number.
        rules: What the mixture keeps to.
    """
    names = [f"retrieve/{searcher.name}" for searcher in search.searchers]
    for node, searcher in zip(names, search.searchers, strict=True):
        ask = make_retriever(searcher, together=search.searchers, opens=search.rewriter is None, rules=rules)
        graph.add_node(node, ask, metadata={**metadata_of("retriever", RETRIEVAL), "moa_retriever": searcher.name})
        graph.add_edge(node, "evidence")
    graph.add_node("evidence", make_evidence(search, rules=rules), metadata=metadata_of("gate", RETRIEVAL))
    for node in before:
        graph.add_edge("evidence", node)
    add_check(graph, search, depth=depth, rules=rules)
    if search.rewriter is None:
        return names
    seat = search.rewriter
    graph.add_node("rewrite", make_rewriter(seat, rules=rules), metadata=metadata_of("rewriter", REWRITING, [seat]))
    for node in names:
        graph.add_edge("rewrite", node)
    return ["rewrite"]


def add_check(graph: StateGraph[Any, Any, Any, Any], search: Search, *, depth: int, rules: Rules) -> None:
    """Add who checks what an answer cites, as the last node."""
    graph.add_node(CHECK, make_check(search.retrieval, rules=rules), metadata=metadata_of("check", depth))
    graph.add_edge(CHECK, END)
