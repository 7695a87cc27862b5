"""A gate leads where its verdict says, and its edges say when, and only what can happen."""

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import Budget, EarlyStop, InputError, Proposer, create_moa
from panels import says
from reading import QUESTION
from running import THREAD
from solving import solvers
from tables import each

THREE = ["offline:words", "offline:stems", "offline:phrases"]


def leads(gate: str, **options: Any) -> dict[str, Any]:
    """Return where a gate may lead, each with what sends a run there."""
    graph = create_moa(**{"proposers": THREE, "aggregator": "offline:words", **options}).get_graph()
    return {edge.target: edge.data for edge in graph.edges if edge.source == gate}


@each(
    ("options", "to_layer_2", "to_aggregate"),
    [
        ({}, "no agreement", "agreed"),
        ({"early_stop": None}, None, None),
        ({"early_stop": None, "budget": Budget(calls=9)}, "enough", "budget spent"),
        ({"budget": Budget(calls=9)}, "no agreement", "agreed or budget spent"),
        ({"early_stop": EarlyStop(shadow=True)}, None, None),
        ({"proposers": THREE[:2]}, None, None),
        ({"proposers": [Proposer("offline:words", samples=3)]}, None, None),
    ],
)
def test_the_edges_of_a_gate_say_when_and_only_what_can_happen(
    options: Any, to_layer_2: str | None, to_aggregate: str | None
) -> None:
    ways = leads("gate_1", layers=3, **options)

    assert {ways[node] for node in ways if node.startswith("layer_2/")} == {to_layer_2}
    assert ways.get("aggregate") == to_aggregate
    assert leads("gate_2", layers=3, **options) == {"aggregate": None}


def test_a_later_layer_that_may_fail_has_a_way_back() -> None:
    ways = leads("gate_2", layers=4, early_stop=None)

    assert ways == {"aggregate": "too few usable", **{f"layer_3/{m.partition(':')[2]}": "enough" for m in THREE}}


def test_an_answer_that_is_agreed_on_has_its_own_way() -> None:
    assert leads("gate_1", early_stop=EarlyStop(then="answer")) == {"aggregate": "no agreement", "answer": "agreed"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"next": "layer_9"}, "found next='layer_9' in the verdict of gate_1"),
        ({"turn": "another"}, "found no verdict of gate_1 for the last message"),
    ],
)
def test_a_verdict_that_somebody_changed_leads_nowhere(change: dict[str, Any], sentence: str) -> None:
    moa: Any = create_moa(proposers=solvers("1", "2"), aggregator=says("x"), layers=3, checkpointer=InMemorySaver())
    (verdict,) = moa.invoke(QUESTION, THREAD, interrupt_after=["gate_1"])["verdicts"]

    with pytest.raises(InputError) as refused:
        moa.update_state(THREAD, {"verdicts": [{**verdict, **change}]}, as_node="gate_1")

    assert sentence in str(refused.value)
