"""Put a plan's nodes and edges into a graph."""

from dataclasses import replace
from typing import Any

from langgraph.graph import END, START

from ..core.panel.stages import FIRST, Stage
from ..core.portal import THREADS
from ..core.run.state import Mixture
from ..nodes.aggregator import make_aggregator
from ..nodes.answer import make_answer
from ..nodes.disagreement.analyst import from_groups, make_analyst
from ..nodes.gate import make_gate
from ..nodes.proposer import make_proposer
from ..nodes.review import make_review
from ..nodes.ways import make_exit
from .drawing import labelled, metadata_of, open_inside
from .hidden import hide
from .plan import MoAGraph, Plan
from .rag_nodes import CHECK, add_check, add_retrieval
from .shown import drawn_here


def add_proposers(graph: MoAGraph, stage: Stage, plan: Plan) -> None:
    """Add who is asked together: they run in parallel, and each ends in the stage's gate."""
    authors = plan.seated.panel[stage.layer - 2] if stage.layer > 1 else []
    for node, seats in zip(plan.entrances[stage.name], stage.groups, strict=True):
        ask = make_proposer(seats, stage=stage, authors=authors, writer=plan.propose, rules=plan.rules)
        graph.add_node(node, ask, metadata=metadata_of("proposer", stage.layer, seats))
        graph.add_edge(node, stage.gate)


def add_gate(graph: MoAGraph, stage: Stage, plan: Plan) -> None:
    """Add what follows a stage: on to the next one, to the aggregator, or to the answer."""
    number = plan.stages.index(stage) + 1
    ahead, leads = plan.stages[number:], plan.ways[number - 1]
    first = plan.entrances[FIRST]
    itself: dict[str, list[str]] = {FIRST: []} if stage.layer == 1 else {}  # to ask again, a gate leads there by itself
    gate = make_gate(
        stage,
        first=first,
        ahead=ahead,
        writer=plan.propose,
        rules=plan.rules,
        moderator=plan.moderating,
        weighing=plan.weighing if number == 1 else None,
    )
    graph.add_node(stage.gate, gate, metadata=metadata_of("gate", stage.layer))
    leads_to = {to: plan.entrances[to] for to in leads}
    graph.add_conditional_edges(stage.gate, make_exit(stage, leads_to | itself), labelled(leads, leads_to))


def add_analyst(graph: MoAGraph, plan: Plan) -> None:
    """Add where a model says what the proposals differ on, if one is to: before a person sees them."""
    if plan.analysing is None:
        return
    compare = make_analyst(
        plan.analysing, layer=plan.depth, sources=plan.seated.panel, writer=plan.synthesise, rules=plan.rules
    )
    graph.add_node("analyse", compare, metadata=metadata_of("analyst", plan.depth, [plan.analysing.seat]))
    graph.add_edge("analyse", plan.looks[1])


def add_review(graph: MoAGraph, plan: Plan) -> None:
    """Add where a person looks at the proposals, if one is to."""
    if not plan.rules.review:
        return
    look = make_review(plan.stages, writer=plan.propose, rules=plan.rules)
    back = {node: "retry" for stage in plan.stages for node in plan.entrances[stage.name]}
    metadata = metadata_of("review", plan.depth)
    graph.add_node("review", look, metadata=metadata, destinations={"aggregate": "accept"} | back)


def add_aggregator(graph: MoAGraph, plan: Plan) -> None:
    """Add who answers last, and the agreed answer beside it, where nobody may have to write one."""
    seated, end = plan.seated, CHECK if plan.search else END
    aggregate = make_aggregator(
        layer=plan.depth,
        sources=seated.panel,
        writer=plan.synthesise,
        rules=plan.rules,
        vote=seated.vote,
        rank=seated.rank,
        pick=seated.pick,
    )
    graph.add_node("aggregate", aggregate, metadata=metadata_of("aggregator", plan.depth, seated.chain))
    graph.add_edge("aggregate", end)
    if plan.may_answer:
        compare = from_groups if plan.analysing else None
        answer = make_answer(layer=plan.depth, rules=plan.rules, compare=compare)
        graph.add_node("answer", answer, metadata=metadata_of("answer", plan.depth))
        graph.add_edge("answer", end)


def add_start(graph: MoAGraph, plan: Plan) -> None:
    """Let a run begin with the first layer, or with who looks for evidence for it."""
    first = plan.entrances["aggregate" if plan.is_single else FIRST]
    if plan.search:
        first = add_retrieval(graph, plan.search, before=first, depth=plan.depth, rules=plan.rules)
    for entrance in first:
        graph.add_edge(START, entrance)


def build_aggregator(plan: Plan, **options: Any) -> Mixture:
    """Build a mixture's aggregator without its panel, for a request that brings proposals of an earlier call.

    Its state is the mixture's, and may be given whole: passages, where it answers from any.
    """
    alone = replace(plan, ways=())
    graph = MoAGraph(alone, takes=plan.state)
    add_aggregator(graph, alone)
    if plan.search:
        add_check(graph, plan.search, depth=plan.depth, rules=plan.rules)
    graph.add_edge(START, "aggregate")
    return finish(graph, alone, **options)


def finish(graph: MoAGraph, plan: Plan, **options: Any) -> Mixture:
    """Compile the graph, with LangGraph's own `options`."""
    compiled = drawn_here(graph.compile(**options))
    open_inside(compiled)
    # LangGraph's sync API would give a layer as few threads as the machine has cores; a caller's own limit wins.
    widest = max([THREADS, *map(len, plan.seated.panel)])
    tagged = compiled.with_config(tags=["moa"], max_concurrency=widest)
    return hide(tagged) if plan.hide_texts else tagged
