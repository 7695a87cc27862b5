"""A plan is all that a mixture comes to, before anybody is asked: who sits where, and where each gate may lead."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from lamps import finds
from langgraph.graph import START, MessagesState, StateGraph
from langgraph_moa import ConfigError, EarlyStop, create_moa, create_rag_moa
from langgraph_moa.core.run.state import MoAState, RagState
from langgraph_moa.graphs.plan import plan_of
from panels import panel, says

ANSWERS = EarlyStop(then="answer")
PLANS: dict[str, tuple[dict[str, Any], dict[str, list[str]], int, bool]] = {
    # options, entrances but for the answer's, the aggregator's layer, whether a proposal may be the answer
    "two layers": ({}, {"layer_1": ["layer_1/a", "layer_1/b", "layer_1/c"], "aggregate": ["aggregate"]}, 2, False),
    "three": (
        {"layers": 3},
        {
            "layer_1": ["layer_1/a", "layer_1/b", "layer_1/c"],
            "layer_2": ["layer_2/a", "layer_2/b", "layer_2/c"],
            "aggregate": ["aggregate"],
        },
        3,
        False,
    ),
    "waves": (
        {"waves": (2,), "early_stop": ANSWERS},
        {"layer_1": ["layer_1/a", "layer_1/b"], "wave_2": ["layer_1/c"], "aggregate": ["aggregate"]},
        2,
        True,
    ),
    "a person looks on": (
        {"review": True, "early_stop": ANSWERS},
        {"layer_1": ["layer_1/a", "layer_1/b", "layer_1/c"], "aggregate": ["review"]},
        2,
        True,
    ),
}


@pytest.mark.parametrize("case", PLANS)
def test_it_says_who_is_asked_together_and_what_is_behind_each_gate(case: str) -> None:
    options, entrances, depth, may_answer = PLANS[case]

    plan = plan_of(create_moa(proposers=panel("1", "2", "3"), aggregator=says("x"), **options))

    assert plan.entrances == {**entrances, "answer": ["answer"]}
    assert [stage.name for stage in plan.stages] == [name for name in entrances if name != "aggregate"]
    assert (plan.depth, plan.may_answer, plan.is_single) == (depth, may_answer, False)
    assert len(plan.ways) == len(plan.stages)
    assert {to for leads in plan.ways for to in leads} <= plan.entrances.keys()


def test_one_model_alone_has_no_stages() -> None:
    plan = plan_of(create_moa(proposers=[says("x")], layers=1))

    assert (plan.is_single, plan.depth, list(plan.stages), list(plan.ways)) == (True, 1, [], [])


def test_evidence_is_part_of_the_state_where_somebody_looks_for_it() -> None:
    models: Any = {"proposers": panel("1"), "aggregator": says("x")}

    assert plan_of(create_moa(**models)).state is MoAState
    assert plan_of(create_rag_moa(retrievers=[finds("green")], **models)).state is RagState


def test_nobody_is_asked_for_it_and_nobody_changes_it() -> None:
    models = [says("1"), says("2"), says("x")]

    plan = plan_of(create_moa(proposers=models[:2], aggregator=models[2]))

    assert [model.asked for model in models] == [[], [], []]
    with pytest.raises(FrozenInstanceError):
        plan.hide_texts = True  # type: ignore[misc]


@pytest.mark.parametrize(
    "other",
    [3, says("x"), StateGraph(MessagesState).add_node("a", lambda state: state).add_edge(START, "a").compile()],
    ids=["number", "model", "graph"],
)
def test_what_is_no_mixture_has_none(other: object) -> None:
    with pytest.raises(ConfigError, match=r"found \w+ that is no mixture, expected what create_moa returned"):
        plan_of(other)
