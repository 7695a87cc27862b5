"""A drawing that people can read: names, reasons on edges, nothing that floats, graphs that open."""

from itertools import product
from typing import Any

from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph_moa import Budget, EarlyStop, Proposer, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from running import THREAD
from tables import each

THREE = ["offline:words", "offline:stems", "offline:phrases"]


def drawn(**options: Any) -> Any:
    given: dict[str, Any] = {"proposers": THREE, "aggregator": "offline:words", **options}
    return create_moa(**given).get_graph()


COMBINATIONS = [
    {"layers": layers, "waves": waves, "early_stop": stop, "review": review, "budget": budget}
    for layers, waves, stop, review, budget in product(
        (2, 3),
        ((), (2,)),
        (None, EarlyStop(), EarlyStop(then="answer"), EarlyStop(then="answer", min_responses=9)),
        (False, True),
        (None, Budget(calls=20)),
    )
    if not waves or stop
]


@each("options", COMBINATIONS)
def test_no_node_floats(options: Any) -> None:
    graph = drawn(**options)

    into, out_of = {edge.target for edge in graph.edges}, {edge.source for edge in graph.edges}
    assert set(graph.nodes) - into == {START}
    assert set(graph.nodes) - out_of == {END}


def test_a_node_says_who_it_is() -> None:
    about = {name: node.metadata for name, node in drawn(layers=3).nodes.items() if node.metadata}

    assert about["layer_2/stems"] == {
        "moa_role": "proposer",
        "moa_layer": 2,
        "moa_model": "offline:stems",
        "moa_proposer": "stems",
    }
    assert about["gate_2"] == {"moa_role": "gate", "moa_layer": 2}
    assert about["aggregate"] == {"moa_role": "aggregator", "moa_layer": 3, "moa_model": "offline:words"}


def agent() -> Any:
    def think(state: MessagesState) -> Any:
        return {"messages": [("ai", "thought")]}

    builder: Any = StateGraph(MessagesState)
    return builder.add_node("think", think).add_edge(START, "think").add_edge("think", END).compile(name="agent")


def test_xray_opens_a_proposer_that_is_a_graph_however_it_is_wrapped() -> None:
    inner = create_moa(proposers=THREE, aggregator="offline:words", name="inner")
    moa = create_moa(
        proposers=["offline:words", Proposer(agent().with_config(tags=["x"]), name="agent"), inner],
        aggregator=Proposer(agent()).model,
    )

    closed, opened = set(moa.get_graph().nodes), set(moa.get_graph(xray=True).nodes)

    assert {"layer_1/agent", "layer_1/inner", "aggregate"} <= closed
    assert {"layer_1/words", "layer_1/agent:think", "layer_1/inner:gate_1", "aggregate:think"} <= opened
    assert "layer_1/agent" not in opened


def test_the_state_of_a_proposer_that_is_a_graph_can_be_looked_into() -> None:
    from langgraph.checkpoint.memory import InMemorySaver

    moa: Any = create_moa(
        proposers=["offline:words", Proposer(agent(), name="agent")],
        aggregator="offline:words",
        checkpointer=InMemorySaver(),
    )

    moa.invoke({"messages": [("user", "1 + 1")]}, THREAD, interrupt_before=["gate_1"])

    assert moa.get_state(THREAD, subgraphs=True).next == ("gate_1",)
    assert [name for name, _ in moa.get_subgraphs()] == ["layer_1/agent"]


def test_a_proposer_that_waits_for_a_person_shows_where() -> None:
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.types import Command, interrupt

    def ask(state: MessagesState) -> Any:
        return {"messages": [("ai", interrupt("which?"))]}

    builder: Any = StateGraph(MessagesState)
    asking = builder.add_node("ask", ask).add_edge(START, "ask").compile()
    moa: Any = create_moa(
        proposers=["offline:words", Proposer(asking, name="asking")],
        aggregator=ScriptedModel(script="done"),
        checkpointer=InMemorySaver(),
    )
    moa.invoke({"messages": [("user", "1 + 1")]}, THREAD)

    (task,) = [task for task in moa.get_state(THREAD, subgraphs=True).tasks if task.interrupts]
    done = moa.invoke(Command(resume="that one"), THREAD)

    assert task.state.next == ("ask",)
    assert [p["text"] for p in done["proposals"]][1] == "that one"


def test_a_chain_of_aggregators_is_not_drawn_as_one_of_them() -> None:
    moa = create_moa(proposers=THREE, aggregator=[agent(), "offline:words"])

    assert "aggregate" in moa.get_graph(xray=True).nodes


def test_a_gates_edges_can_be_copied() -> None:
    import copy

    branches = copy.deepcopy(create_moa(proposers=THREE, aggregator="offline:words", layers=3).builder.branches)

    ends = branches["gate_1"]["leave"].ends
    assert ends is not None
    assert {str(way) for way in ends} == {"agreed", "no agreement"}
