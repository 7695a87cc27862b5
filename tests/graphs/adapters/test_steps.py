"""A call runs the whole mixture, or its aggregator alone; mixtures without a panel, or without an author, as ever."""

from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph_moa import Rank, Vote, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.graphs.adapters.steps import step_of, to_carry
from langgraph_moa.graphs.plan import plan_of
from langgraph_moa.nodes.prompting.request import Request
from panels import says
from parents import calls

CALL = calls("look", at="x")


def mixture(**options: Any) -> Any:
    return create_moa(**{"proposers": [says("a", "a"), says("b", "b")], "aggregator": says([CALL, "done"]), **options})


def after_one_call(moa: Any, **options: Any) -> tuple[Any, list[Any]]:
    """Return the first step of a turn, and the conversation that it makes."""
    step = step_of(moa, [HumanMessage("Which?")], request_of(moa), options.get("panel", "turn"))
    state = step.graph.invoke(step.given, context=step.request)
    answer = state["messages"][-1]
    panel = to_carry(state, answer, step.request)
    about = {"moa": {**answer.response_metadata["moa"], "panel": panel}}
    said = answer.model_copy(update={"response_metadata": about})
    return step, [HumanMessage("Which?"), said, ToolMessage("seen", tool_call_id="call of look")]


def request_of(moa: Any) -> Request:
    tools = [{"type": "function", "function": {"name": "look", "description": "Look."}}]
    return Request(of=plan_of(moa).rules, tools=tools)


def test_the_second_step_is_the_aggregators_alone_and_is_built_once() -> None:
    moa = mixture()
    first, messages = after_one_call(moa)

    second = step_of(moa, messages, request_of(moa), "turn")

    assert first.graph is moa
    assert [*second.graph.get_graph().nodes] == ["__start__", "aggregate", "__end__"]
    assert (second.graph.name, second.graph.config) == (moa.name, moa.config)
    assert step_of(moa, messages, request_of(moa), "turn").graph is second.graph
    assert all("panel" not in m.response_metadata.get("moa", {}) for m in second.given["messages"])
    state = second.graph.invoke(second.given, context=second.request)
    assert state["messages"][-1].text == "done"
    assert state["run"]["notes"] == ["what the panel proposed in call 1 of this turn was shown again"]
    assert state["run"]["panel"]["proposed_in"] == 1


def test_what_no_call_of_a_tool_follows_takes_nothing_along() -> None:
    moa = mixture(aggregator=says("done"))

    _, messages = after_one_call(moa)

    assert messages[1].response_metadata["moa"]["panel"].keys() == {
        "shown_again",
        "call",
        "proposed_in",
        "why",
        "turn",
        "of",
    }


def test_a_mixture_without_a_panel_or_an_author_is_run_as_it_is() -> None:
    last = ScriptedModel(script="x")
    for moa in (
        create_moa(proposers=[last], layers=1),
        mixture(aggregator=Rank(last)),
        mixture(proposers=[says("a"), says("b"), says("c")], aggregator=Vote()),
    ):
        request = Request(of=plan_of(moa).rules)
        step = step_of(moa, [HumanMessage("Which?"), AIMessage("No."), HumanMessage("Well?")], request, "turn")
        assert (step.graph, step.request) == (moa, request)


def test_references_of_the_last_layer_go_along_not_those_before() -> None:
    moa = mixture(proposers=[[says("a1", "a")], [says("a2", "a"), says("b2", "b")]], layers=None)

    _, messages = after_one_call(moa)

    assert messages[1].response_metadata["moa"]["panel"]["texts"] == ["a2", "b2"]
