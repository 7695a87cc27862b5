"""Say what a run made of its graph: which nodes ran, which were cut or left out, and which edges it took."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from langchain_core.runnables.graph import Edge, Node
from langchain_core.runnables.graph import Graph as Drawing
from langgraph.graph import END, START

from ..core.panel.stages import gate_of
from ..core.run.disagreement import Disagreement, counted_points
from ..core.run.records import RETRIEVAL, REWRITING, USABLE, Call, Proposal, Report, Verdict
from .pictures.svg import Mark
from .rag_nodes import CHECK

_ROLES = {REWRITING: "rewriter", RETRIEVAL: "retriever"}


class Course(NamedTuple):
    """Be a graph, and the way of a run through it."""

    drawing: Drawing
    marks: dict[str, Mark]
    taken: set[tuple[str, str]]


def course_of(
    run: Report,
    proposals: Sequence[Proposal],
    verdicts: Sequence[Verdict],
    *,
    drawing: Drawing | None,
    disagreement: Disagreement | None = None,
    is_answered: bool,
    is_checked: bool,
) -> Course:
    """Mark a graph with what came of its nodes.

    Args:
        run: The run's report.
        proposals: Its proposals.
        verdicts: Its verdicts.
        drawing: The mixture's graph; None draws what the run tells of it, which is the part that was reached.
        disagreement: What its proposals differ on, where that is known.
        is_answered: Whether there is an answer.
        is_checked: Whether its citations were checked.
    """
    compared = _compared(verdicts, disagreement)
    graph = drawing
    if graph is None:
        graph = _retold(run, proposals, verdicts, is_compared=compared is not None, is_checked=is_checked)
    marks = {START: Mark("ran")}
    for node, calls in _by_node(proposals, graph).items():
        marks[node] = _mark(calls)
    gates = {gate_of(verdict, graph.nodes): verdict for verdict in verdicts}
    marks |= {gate: Mark("ran", _counted(verdict)) for gate, verdict in gates.items()}
    marks |= _ending(run, verdicts, is_answered=is_answered)
    if any(p["layer"] > RETRIEVAL for p in proposals):
        marks["evidence"] = Mark("ran")
    if is_checked:
        marks[CHECK] = Mark("ran")
    if compared:
        marks["analyse"] = compared
    if is_answered or any(p["reviewed"] for p in proposals):
        marks["review"] = Mark("ran")
    missing = Mark("skipped", "not run" if is_answered else "no word of it")
    marks = {node: marks.get(node, missing) for node in graph.nodes}
    sent_back = any(p["reviewed"] == "sent_back" for p in proposals)
    taken = {
        (edge.source, edge.target)
        for edge in graph.edges
        if "skipped" not in (marks[edge.source].kind, marks[edge.target].kind)
        and (edge.source not in gates or _leads_to(gates[edge.source], edge.target))
        and (edge.source != "review" or edge.target == "aggregate" or sent_back)
    }
    return Course(graph, marks, taken)


def _counted(verdict: Verdict) -> str:
    """Say how many proposals a gate let through."""
    screening = verdict.get("screening")
    out = f", {len(screening['removed'])} screened out" if screening and screening["removed"] else ""
    return f"{verdict['usable']} of {verdict['asked']} usable{out}"


def _by_node(proposals: Iterable[Proposal], graph: Drawing) -> dict[str, list[Proposal]]:
    """Return the proposals by the nodes that asked for them: several samples may be one node's."""
    calls: dict[str, list[Proposal]] = {}
    for proposal in proposals:
        one = _node(proposal, proposal["proposer"])
        calls.setdefault(one if one in graph.nodes else _node(proposal, proposal["name"]), []).append(proposal)
    return calls


def _node(proposal: Proposal, name: str) -> str:
    if proposal["layer"] == REWRITING:
        return "rewrite"
    return f"retrieve/{name}" if proposal["layer"] == RETRIEVAL else f"layer_{proposal['layer']}/{name}"


def _mark(calls: Sequence[Call]) -> Mark:
    usable, statuses = sum(call["status"] in USABLE for call in calls), {call["status"] for call in calls}
    one = statuses.pop().replace("_", " ") if len(statuses) == 1 else f"{usable} of {len(calls)} usable"
    seconds = max(call["seconds"] for call in calls)
    if usable:
        return Mark("ran", f"{seconds:.2f} s" if one == "ok" else one)
    if one in ("skipped", "cancelled", "dropped"):
        return Mark("skipped" if one == "skipped" else "cut", one)
    return Mark("failed", one)


def _compared(verdicts: Sequence[Verdict], disagreement: Disagreement | None) -> Mark | None:
    """Say what came of comparing proposals; None where nothing did, or nobody was to compare them."""
    consultation = verdicts[-1].get("analysis") if verdicts else None
    if consultation and consultation["call"] and (disagreement is None or disagreement["origin"] == "analyst"):
        return _mark([consultation["call"]])
    if disagreement and (not verdicts or verdicts[-1]["next"] != "answer"):
        return Mark("ran", counted_points(disagreement).partition(": ")[2])
    return Mark("skipped", "no budget" if consultation["skipped"] else "nothing to compare") if consultation else None


def _leads_to(verdict: Verdict, node: str) -> bool:
    """Tell whether a verdict sends the run to a node."""
    to = verdict["next"]
    if to == "aggregate":
        return node in ("aggregate", "review", "analyse")
    return node == to or node.startswith(f"layer_{verdict['layer']}/" if to.startswith("wave_") else f"{to}/")


def _ending(run: Report, verdicts: Sequence[Verdict], *, is_answered: bool) -> dict[str, Mark]:
    marks = {END: Mark("ran")} if is_answered else {}
    if verdicts and verdicts[-1]["next"] == "answer":
        return marks | ({"answer": Mark("ran")} if is_answered else {})
    attempts = [call for call in run["aggregators"] if call["status"] != "skipped"]
    if attempts:
        last = _mark(attempts[-1:])
        more = f"{len(attempts)} models asked" if len(attempts) > 1 else ""
        marks["aggregate"] = Mark(last.kind, ", ".join(filter(None, [more, last.note])))
    elif is_answered:
        marks["aggregate"] = Mark("ran")
    return marks


def _retold(
    run: Report, proposals: Sequence[Proposal], verdicts: Sequence[Verdict], *, is_compared: bool, is_checked: bool
) -> Drawing:
    """Draw the part of a graph that a run tells of."""
    layers: dict[int, dict[str, None]] = {}
    for proposal in proposals:
        layers.setdefault(proposal["layer"], {})[_node(proposal, proposal["name"])] = None
    part = Drawing()
    ends = [START]
    _add(part, START, {})

    def go_on(nodes: Iterable[str], about: Mapping[str, Any], label: str | None = None) -> None:
        listed = list(nodes)
        for node in listed:
            _add(part, node, about)
            part.edges += [Edge(source, node, data=label, conditional=label is not None) for source in ends]
        ends[:] = listed

    for layer in sorted(layers):
        go_on(layers[layer], {"moa_role": _ROLES.get(layer, "proposer"), "moa_layer": layer})
        if layer == RETRIEVAL:
            go_on(["evidence"], {"moa_role": "gate"})
        elif layer > RETRIEVAL and any(verdict["layer"] == layer for verdict in verdicts):
            go_on([f"gate_{layer}"], {"moa_role": "gate"})
    saved = verdicts[-1]["saved"] if verdicts else 0
    why = f"{saved} calls saved" if saved else None
    for node, role in _last_nodes(layers, verdicts, is_compared=is_compared):
        go_on([node], {"moa_role": role}, why)
        why = None
    if is_checked:
        go_on([CHECK], {"moa_role": "check"})
    go_on([END], {})
    return part


def _last_nodes(
    layers: Mapping[int, object], verdicts: Sequence[Verdict], *, is_compared: bool
) -> list[tuple[str, str]]:
    """Return the nodes after the last gate that the run reached, and their roles."""
    if verdicts and verdicts[-1]["next"] == "answer":
        return [("answer", "answer")]
    if layers and not (verdicts and verdicts[-1]["next"] == "aggregate"):
        return []
    return [*([("analyse", "analyst")] if is_compared else []), ("aggregate", "aggregator")]


def _add(drawing: Drawing, node: str, about: Mapping[str, Any]) -> None:
    drawing.nodes[node] = Node(node, node, None, cast("dict[str, Any]", dict(about)) or None)
