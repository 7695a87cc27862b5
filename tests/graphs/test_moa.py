"""The graph as a user meets it, on scripted models."""

import asyncio
import pickle
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, RemoveMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph_moa import (
    AllProposersFailed,
    InputError,
    MissingExtra,
    Proposer,
    create_moa,
)
from panels import says
from reading import references_in, user
from running import THREAD
from syrupy.assertion import SnapshotAssertion
from typing_extensions import TypedDict

QUESTION = user("What is the capital of Peru?")


def without_clock(value: Any) -> Any:
    """Drop what differs from run to run: ids and times."""
    if isinstance(value, BaseMessage):
        value = value.model_dump(exclude={"id"})
    if isinstance(value, dict):
        return {
            k: without_clock(v) for k, v in value.items() if k not in ("turn", "id", "started", "waited", "seconds")
        }
    return [without_clock(v) for v in value] if isinstance(value, list) else value


def test_answers_with_the_aggregator_and_nothing_else_in_messages() -> None:
    moa = create_moa(proposers=[says("Lima"), says("Cusco")], aggregator=says("It is Lima."))

    result = moa.invoke(QUESTION)

    assert [m.text for m in result["messages"]] == ["What is the capital of Peru?", "It is Lima."]
    assert [(p["proposer"], p["text"]) for p in result["proposals"]] == [("scripted", "Lima"), ("scripted-2", "Cusco")]
    assert result["run"]["degraded"] is None
    assert (result["run"]["stopped"], result["run"]["layers"], result["run"]["calls"]) == ("completed", 2, 3)


async def test_four_apis_give_the_same_state() -> None:
    def moa() -> Any:
        return create_moa(
            proposers=[says("a"), says(ValueError("no")), Proposer(says(lambda m: f"{len(m)} seen"), samples=2)],
            aggregator=says("done"),
            layers=3,
        )

    invoked = await asyncio.to_thread(moa().invoke, QUESTION)
    streamed = (await asyncio.to_thread(lambda: list(moa().stream(QUESTION, stream_mode="values"))))[-1]
    ainvoked = await moa().ainvoke(QUESTION)
    astreamed = [state async for state in moa().astream(QUESTION, stream_mode="values")][-1]

    assert without_clock(invoked) == without_clock(ainvoked)
    assert without_clock(streamed) == without_clock(ainvoked) == without_clock(astreamed)


async def test_each_layer_sees_the_conversation_and_only_the_layer_before() -> None:
    one, two, last = says(["a1", "a2"], name="a"), says(["b1", "b2"], name="b"), says("end")

    await create_moa(proposers=[one, two], aggregator=last, layers=3).ainvoke(QUESTION)

    assert [references_in(messages[-1].text) for messages in one.asked] == [[], ["a1", "b1"]]
    assert references_in(last.asked[0][-1].text) == ["a2", "b2"]
    for messages in (*one.asked, *two.asked, *last.asked):
        assert [m.type for m in messages] == ["human"]
        assert messages[0].text.endswith("What is the capital of Peru?")


async def test_proposals_are_ordered_as_declared_however_they_arrive() -> None:
    slow_first = [says(str(n), delay=(12 - n) / 200) for n in range(12)]

    result = await create_moa(proposers=slow_first, aggregator=says("x")).ainvoke(QUESTION)

    assert [p["text"] for p in result["proposals"]] == [str(n) for n in range(12)]


@pytest.mark.parametrize("width", [8, 70])
async def test_proposers_of_a_layer_run_at_the_same_time(width: int) -> None:
    everyone_is_here = asyncio.Barrier(width)

    async def wait(messages: list[BaseMessage]) -> str:
        await everyone_is_here.wait()
        return "here"

    moa = create_moa(proposers=[RunnableLambda(wait)] * width, aggregator=says("all"), timeout=10)

    assert (await moa.ainvoke(QUESTION))["run"]["degraded"] is None


def test_a_wide_layer_runs_at_the_same_time_in_the_sync_api_too() -> None:
    everyone_is_here: list[asyncio.Barrier] = []

    async def wait(messages: list[BaseMessage]) -> str:
        if not everyone_is_here:
            everyone_is_here.append(asyncio.Barrier(24))
        await everyone_is_here[0].wait()
        return "here"

    moa = create_moa(proposers=[RunnableLambda(wait)] * 24, aggregator=says("all"), timeout=10)

    assert moa.invoke(QUESTION)["run"]["degraded"] is None


def test_lists_give_each_layer_its_own_proposers() -> None:
    first, second, last = says("f", name="first"), says("s", name="second"), says("l")

    result = create_moa(proposers=[[first, says("g")], [second]], aggregator=last).invoke(QUESTION)

    assert [(p["layer"], p["text"]) for p in result["proposals"]] == [(1, "f"), (1, "g"), (2, "s")]
    assert references_in(second.asked[0][-1].text) == ["f", "g"]
    assert references_in(last.asked[0][-1].text) == ["s"]


def test_samples_ask_one_model_several_times() -> None:
    model = says(["one", "two", "three"])

    result = create_moa(proposers=[model], aggregator=says("x"), samples=3).invoke(QUESTION)

    assert [(p["proposer"], p["sample"]) for p in result["proposals"]] == [
        ("scripted/1", 1),
        ("scripted/2", 2),
        ("scripted/3", 3),
    ]
    model.assert_complete()


def test_one_layer_is_one_model_alone() -> None:
    model = says("alone")

    result = create_moa(proposers=[model], layers=1).invoke(QUESTION)

    assert result["messages"][-1].text == "alone"
    assert result["run"]["calls"] == 1
    assert references_in(model.asked[0][-1].text) == []


def test_a_new_turn_starts_clean() -> None:
    proposer, last = says(["SECRET-1", "SECRET-2"]), says(["answer one", "answer two"])
    moa = create_moa(proposers=[proposer], aggregator=last, checkpointer=InMemorySaver())

    moa.invoke(user("one?"), THREAD)
    result = moa.invoke(user("two?"), THREAD)

    assert [m.text for m in result["messages"]] == ["one?", "answer one", "two?", "answer two"]
    assert [p["text"] for p in result["proposals"]] == ["SECRET-2"]
    assert [m.text for m in proposer.asked[1]] == ["one?", "answer one", "two?"]
    assert "SECRET-1" not in str(last.asked[1])
    assert result["run"]["calls"] == 2


def test_an_answer_made_again_does_not_meet_what_is_left_of_the_first() -> None:
    first, second, last = says(["a1", "a2"]), says(["b1", ValueError("down")]), says(["x", "y"])
    moa = create_moa(proposers=[[first], [second]], aggregator=last, checkpointer=InMemorySaver())

    answer = moa.invoke({"messages": [HumanMessage("one?", id="fixed")]}, THREAD)["messages"][-1]
    made_again: Any = {"messages": [RemoveMessage(answer.id)]}
    result = moa.invoke(made_again, THREAD)

    assert [references_in(messages[-1].text) for messages in last.asked] == [["b1"], ["a2"]]
    assert [m.text for m in result["messages"]] == ["one?", "y"]


@pytest.mark.parametrize("failure", [ValueError("secret trouble"), ""])
def test_a_failed_aggregator_costs_no_paid_answer(failure: Any) -> None:
    moa = create_moa(proposers=[says(ValueError("x")), says("the best"), says("c")], aggregator=says(failure))

    result = moa.invoke(QUESTION)

    answer = result["messages"][-1]
    assert answer.text == "the best"
    assert "aggregator scripted" in result["run"]["degraded"]
    assert "scripted-2, word for word" in result["run"]["degraded"]
    assert answer.response_metadata["moa"]["degraded"] == result["run"]["degraded"]


def test_the_best_proposal_is_a_whole_one() -> None:
    cut = AIMessage("cut of", response_metadata={"finish_reason": "length"})
    moa = create_moa(proposers=[says(cut), says("whole")], aggregator=says(ValueError("x")))

    result = moa.invoke(QUESTION)

    assert [p["status"] for p in result["proposals"]] == ["truncated", "ok"]
    assert result["messages"][-1].text == "whole"


def test_a_failed_turn_is_not_left_with_the_last_ones_report() -> None:
    moa = create_moa(proposers=[says(["a", ValueError("down")])], aggregator=says("x"), checkpointer=InMemorySaver())

    moa.invoke(user("one?"), THREAD)
    with pytest.raises(AllProposersFailed):
        moa.invoke(user("two?"), THREAD)

    assert moa.get_state(THREAD).values["run"]["stopped"] == "running"


@pytest.mark.filterwarnings("ignore:This API is in beta")
def test_schemas_are_there_for_studio_and_tools() -> None:
    moa = create_moa(proposers=[says("a")], aggregator=says("x"))

    assert set(moa.get_input_jsonschema()["properties"]) == {"messages"}
    keys = {"messages", "proposals", "verdicts", "run", "disagreement"}
    assert set(moa.get_output_jsonschema()["properties"]) == keys
    assert moa.as_tool(name="ask", description="Ask a mixture.").name == "ask"


def test_errors_survive_pickling() -> None:
    failed = AllProposersFailed([{"proposer": "a", "status": "error", "error": "x"}], usable=1, needed=2)

    for error in (failed, MissingExtra("a picture", "png")):
        again = pickle.loads(pickle.dumps(error))
        assert str(again) == str(error)
        assert vars(again) == vars(error)


def test_a_single_model_that_fails_raises() -> None:
    with pytest.raises(AllProposersFailed, match="boom"):
        create_moa(proposers=[says(ValueError("boom"))], layers=1).invoke(QUESTION)


def test_no_messages_is_refused() -> None:
    with pytest.raises(InputError, match="expected a conversation"):
        create_moa(proposers=[says("a")], aggregator=says("b")).invoke({"messages": []})


def test_the_answer_keeps_its_own_usage_and_carries_the_runs_total() -> None:
    result = create_moa(proposers=[says("a b"), says("c d")], aggregator=says("e f g")).invoke(QUESTION)

    answer = result["messages"][-1]
    assert answer.usage_metadata["output_tokens"] == 3
    assert result["run"]["usage"]["output_tokens"] == 7
    assert answer.response_metadata["moa"] == {
        key: result["run"][key]
        for key in ("stopped", "degraded", "truncated", "layers", "calls", "saved", "usage", "usd", "seconds")
    }


class Parent(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def test_as_a_node_beside_another_that_writes_messages() -> None:
    parent = StateGraph(Parent)
    parent.add_node("moa", create_moa(proposers=[says("a"), says("b")], aggregator=says("mixed"), layers=3))
    parent.add_node("other", lambda state: {"messages": [AIMessage("aside")]})
    parent.add_edge(START, "moa")
    parent.add_edge(START, "other")

    result = parent.compile().invoke(QUESTION)

    assert sorted(m.text for m in result["messages"]) == ["What is the capital of Peru?", "aside", "mixed"]
    assert set(result) == {"messages"}


SHAPES: dict[str, dict[str, Any]] = {
    "alone": {"proposers": ["offline:words"], "layers": 1},
    "two_layers": {"proposers": ["offline:words", "offline:stems"]},
    "three_layers": {"proposers": ["offline:words", "offline:stems"], "layers": 3},
    "samples": {"proposers": ["offline:words"], "samples": 3},
    "samples_three_layers": {"proposers": ["offline:words", Proposer("offline:stems", samples=2)], "layers": 3},
    "lists": {"proposers": [["offline:words", "offline:stems"], ["offline:phrases"]]},
    "lists_samples": {"proposers": [["offline:words"], ["offline:words", "offline:words"]], "samples": 2},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_drawing(shape: str, snapshot: SnapshotAssertion) -> None:
    options = SHAPES[shape]
    aggregator = None if options.get("layers") == 1 else "offline:headings"

    assert create_moa(**options, aggregator=aggregator).get_graph().draw_mermaid() == snapshot


A = says("a")


def test_names_are_unique_and_stable() -> None:
    proposers: list[Any] = [A, Proposer(A, name="scripted-2"), A, "offline:words", "offline:words"]

    nodes = create_moa(proposers=proposers, aggregator=A).get_graph().nodes

    assert [n for n in nodes if n.startswith("layer_1/")] == [
        "layer_1/scripted",
        "layer_1/scripted-2",
        "layer_1/scripted-3",
        "layer_1/words",
        "layer_1/words-2",
    ]
