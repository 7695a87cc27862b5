"""A graph is built of its plan: each node and edge that the plan speaks of, and no other."""

from itertools import product
from typing import Any

from lamps import finds
from langgraph.graph import START
from langgraph_moa import EarlyStop, create_moa, create_rag_moa
from langgraph_moa.graphs.plan import plan_of
from panels import panel, says
from tables import each

COMBINATIONS = [
    {"layers": layers, "waves": waves, "review": review, "early_stop": stop}
    for layers, waves, review, stop in product(
        (2, 3), ((), (2,)), (False, True), (EarlyStop(), EarlyStop(then="answer"))
    )
]


def named(options: dict[str, Any]) -> str:
    return "-".join(str(value.then if isinstance(value, EarlyStop) else value) for value in options.values())


@each("options", COMBINATIONS)
def test_its_nodes_are_those_of_the_plan(options: dict[str, Any]) -> None:
    moa = create_moa(proposers=panel("1", "2", "3"), aggregator=says("x"), **options)
    plan = plan_of(moa)

    asked = {node for stage in plan.stages for node in plan.entrances[stage.name]}
    last = {"aggregate"} | ({"answer"} if plan.may_answer else set()) | ({"review"} if options["review"] else set())
    assert set(moa.nodes) - {START} == asked | {stage.gate for stage in plan.stages} | last


@each("options", COMBINATIONS)
def test_each_proposer_leads_into_the_gate_of_its_stage_alone(options: dict[str, Any]) -> None:
    moa = create_moa(proposers=panel("1", "2", "3"), aggregator=says("x"), **options)
    plan = plan_of(moa)

    edges = {(edge.source, edge.target) for edge in moa.get_graph().edges}

    for stage in plan.stages:
        for node in plan.entrances[stage.name]:
            assert {target for source, target in edges if source == node} == {stage.gate}
    assert {target for source, target in edges if source == START} == set(plan.entrances["layer_1"])


def test_a_run_begins_with_who_looks_for_evidence_and_ends_with_the_check() -> None:
    moa = create_rag_moa(proposers=panel("1"), aggregator=says("x"), retrievers=[finds("green")])

    edges = {(edge.source, edge.target) for edge in moa.get_graph().edges}

    assert {target for source, target in edges if source == START} == {"retrieve/-lambda-"}
    assert {source for source, target in edges if target == "citations"} == {"aggregate"}


def test_a_graph_is_as_wide_as_its_widest_layer() -> None:
    narrow = create_moa(proposers=panel("1"), aggregator=says("x"))
    wide = create_moa(proposers=[says(str(n), f"m{n}") for n in range(200)], aggregator=says("x"))

    def width(moa: Any) -> int:
        return int(moa.config["max_concurrency"])

    assert width(wide) == 200
    assert 1 < width(narrow) < 200


def test_a_graph_that_hides_its_texts_is_one_of_its_own() -> None:
    shown, hidden = (create_moa(proposers=panel("1"), aggregator=says("x"), hide_texts=hide) for hide in (False, True))

    assert (plan_of(shown).hide_texts, plan_of(hidden).hide_texts) == (False, True)
    assert type(shown) is not type(hidden)
    assert "moa" in (shown.config or {})["tags"]
    assert "moa" in (hidden.config or {})["tags"]
