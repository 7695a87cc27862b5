"""The graph of a run: what ran, what was cut or left out, and the way between."""

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import Budget, EarlyStop, Proposer, Quorum, Vote, create_moa, create_rag_moa, create_single
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.graphs.course import Course, course_of
from running import THREAD
from tables import each

QUESTION = {"messages": [("user", "Which?")]}


def says(script: Any, name: str, **options: Any) -> Proposer:
    return Proposer(ScriptedModel(script=script, name_of_model=name, **options), name=name)


SAME = [says("Final answer: 7", name) for name in "abc"]
APART = [says(f"Final answer: {n}", name) for n, name in enumerate("abc")]
LAST: Any = ScriptedModel(script="It is 7.", name_of_model="last")


def course(moa: Any, state: Any, *, whole: bool = True, is_answered: bool = True) -> Course:
    return course_of(
        state["run"],
        state.get("proposals", []),
        state.get("verdicts", []),
        drawing=moa.get_graph() if whole else None,
        is_answered=is_answered,
        is_checked=state.get("citations") is not None,
    )


def run(**options: Any) -> tuple[Any, Any]:
    moa: Any = create_moa(**{"proposers": SAME, "aggregator": LAST, **options})
    return moa, moa.invoke(QUESTION)


def kinds(of: Course) -> dict[str, str]:
    return {node: mark.kind for node, mark in of.marks.items()}


@each(
    ("options", "marks", "taken", "not_taken"),
    [
        ({}, {"layer_1/a": "ran", "gate_1": "ran", "aggregate": "ran"}, "gate_1>aggregate", None),
        (
            {"layers": 3},
            {"layer_1/a": "ran", "layer_2/a": "skipped", "gate_2": "skipped", "aggregate": "ran"},
            "gate_1>aggregate",
            "gate_1>layer_2/a",
        ),
        (
            {"layers": 3, "proposers": APART},
            {"layer_2/a": "ran", "gate_2": "ran"},
            "gate_1>layer_2/a",
            "gate_1>aggregate",
        ),
        (
            {"early_stop": EarlyStop(then="answer")},
            {"answer": "ran", "aggregate": "skipped"},
            "gate_1>answer",
            "gate_1>aggregate",
        ),
        (
            {"waves": (2,), "early_stop": EarlyStop(min_responses=2)},
            {"layer_1/a": "ran", "layer_1/c": "skipped", "gate_1/wave_1": "ran", "gate_1": "skipped"},
            "gate_1/wave_1>aggregate",
            "gate_1/wave_1>layer_1/c",
        ),
        (
            {"waves": (2,), "proposers": APART},
            {"layer_1/c": "ran", "gate_1/wave_1": "ran", "gate_1": "ran"},
            "gate_1/wave_1>layer_1/c",
            "gate_1/wave_1>aggregate",
        ),
        (
            {"proposers": [*SAME, says(ConnectionError("no"), "d")], "early_stop": None},
            {"layer_1/d": "failed", "gate_1": "ran"},
            "layer_1/d>gate_1",
            None,
        ),
        (
            {"proposers": [*SAME, says("x", "slow", delay=5)], "quorum": Quorum(3), "early_stop": None},
            {"layer_1/slow": "cut"},
            "layer_1/slow>gate_1",
            None,
        ),
        ({"aggregator": Vote()}, {"aggregate": "ran"}, "aggregate>__end__", None),
        (
            {"aggregator": ScriptedModel(script=ValueError("no"), name_of_model="last")},
            {"aggregate": "failed", "__end__": "ran"},
            "aggregate>__end__",
            None,
        ),
        ({"samples": 2, "proposers": SAME[:1], "early_stop": None}, {"gate_1": "ran"}, "gate_1>aggregate", None),
        (
            {"layers": 3, "proposers": APART, "budget": Budget(calls=4)},
            {"layer_2/a": "skipped", "gate_2": "skipped", "aggregate": "ran"},
            "gate_1>aggregate",
            "gate_1>layer_2/a",
        ),
    ],
)
def test_each_node_says_what_came_of_it(options: Any, marks: Any, taken: str, not_taken: str | None) -> None:
    way = course(*run(**options))

    assert marks.items() <= kinds(way).items()
    assert set(kinds(way)) == set(way.drawing.nodes)
    assert tuple(taken.split(">")) in way.taken
    if not_taken:
        edges = {(edge.source, edge.target) for edge in way.drawing.edges}
        assert tuple(not_taken.split(">")) in edges - way.taken


def test_marks_say_why() -> None:
    way = course(*run(proposers=[*SAME, says(ConnectionError("no"), "d")], layers=3, early_stop=EarlyStop(quorum=0.7)))

    assert way.marks["layer_1/d"].note == "error"
    assert way.marks["gate_1"].note == "3 of 4 usable"
    assert way.marks["layer_1/a"].note.endswith(" s")
    assert way.marks["layer_2/a"].note == "not run"


def test_without_the_mixture_what_was_reached_is_drawn() -> None:
    moa, state = run(layers=3)
    way = course(moa, state, whole=False)

    assert list(way.drawing.nodes) == [
        *("__start__", "layer_1/a", "layer_1/b", "layer_1/c", "gate_1", "aggregate", "__end__")
    ]
    assert set(kinds(way).values()) == {"ran"}
    assert [edge.data for edge in way.drawing.edges if edge.source == "gate_1"] == ["3 calls saved"]
    assert way.taken == {(edge.source, edge.target) for edge in way.drawing.edges}


@pytest.mark.parametrize("whole", [True, False])
def test_evidence_is_looked_for_first_and_citations_are_checked_last(whole: bool) -> None:
    rag: Any = create_rag_moa(proposers=SAME, aggregator=LAST, retrievers=[lambda query: []])
    marks = kinds(course(rag, rag.invoke(QUESTION), whole=whole))

    assert marks["evidence"] == marks["citations"] == marks["__end__"] == "ran"
    assert [node for node in marks if node.startswith("retrieve/")]


@pytest.mark.parametrize("whole", [True, False])
def test_one_model_alone_has_a_way_too(whole: bool) -> None:
    single: Any = create_single(model=LAST)

    marks = kinds(course(single, single.invoke(QUESTION), whole=whole))

    assert marks == {"__start__": "ran", "aggregate": "ran", "__end__": "ran"}


def test_a_run_that_waits_has_not_come_to_its_end() -> None:
    moa: Any = create_moa(proposers=SAME, aggregator=LAST, early_stop=None, checkpointer=InMemorySaver())
    moa.invoke(QUESTION, THREAD, interrupt_before=["aggregate"])

    way = course(moa, moa.get_state(THREAD).values, is_answered=False)

    assert kinds(way)["gate_1"] == "ran"
    assert kinds(way)["aggregate"] == kinds(way)["__end__"] == "skipped"
    assert way.marks["aggregate"].note == "no word of it"
