"""A mixture as a tool, or as a node of a graph with other keys: what goes in, what comes out, and what stays."""

from dataclasses import dataclass
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, RetryPolicy
from langgraph_moa import AllProposersFailed, ConfigError, Proposer, as_node, as_tool, create_moa
from panels import says
from parents import QUESTION, READ_ONLY, Asked, calls, looker, within
from pydantic import BaseModel
from reading import question_in
from running import APIS, THREAD, run


class Model(BaseModel):
    question: str
    answer: str = ""


@dataclass
class Data:
    question: str
    answer: str = ""


@APIS
@pytest.mark.parametrize("schema", [Asked, Model, Data])
async def test_a_key_is_read_and_a_key_is_written(schema: Any, api: str) -> None:
    asked = says("a")
    node = as_node(create_moa(proposers=[asked], aggregator=says("b")), read="question", write="answer")

    result = await run(within(node, schema), api, {"question": "Which?"})

    assert (result["question"], result["answer"]) == ("Which?", "b")
    assert asked.asked[0][0].text == "Which?"


@APIS
async def test_functions_read_and_write_whatever_they_like(api: str) -> None:
    asked = says("a")
    moa = create_moa(proposers=[asked], aggregator=says("b"))
    read = lambda state: [("system", "Be brief."), ("user", f"{state['question']}?")]  # noqa: E731
    node = as_node(moa, read=read, write=lambda r: {"answers": [r["messages"][-1].text, str(r["run"]["calls"])]})

    result = await run(within(node, Asked), api, {"question": "Which"})

    assert result["answers"] == ["b", "2"]
    assert [m.text for m in asked.asked[0]][:2] == ["Be brief.", "Which?"]


@pytest.mark.parametrize(
    ("read", "given", "expected"),
    [
        ("nothing", "Which?", "found no 'nothing' in the state, expected a question there"),
        ("question", None, "found None as the question, expected text or a list of messages"),
        ("question", 42, "found 42 as the question, expected text or a list of messages"),
        ("question", {"role": "user", "content": "Which?"}, "expected text or a list of messages"),
        ("question", HumanMessage("Which?"), "expected text or a list of messages"),
    ],
)
def test_what_is_no_question_is_refused_before_anybody_is_asked(read: str, given: Any, expected: str) -> None:
    asked = says("a")
    node = as_node(create_moa(proposers=[asked], aggregator=says("b")), read=read, write="answer")

    with pytest.raises(ConfigError, match=expected):
        within(node, Asked).invoke({"question": given})
    assert asked.asked == []


def test_an_empty_conversation_is_refused_too() -> None:
    node = as_node(create_moa(proposers=[says("a")], aggregator=says("b")), read="question", write="answer")

    with pytest.raises(ConfigError, match=r"found \[\] as the question, expected text or a list of messages"):
        within(node, Asked).invoke({"question": []})


def test_a_drawing_opens_the_mixture_in_a_node_of_another_state() -> None:
    moa = create_moa(proposers=["offline:words", "offline:stems"], aggregator="offline:words")
    parent = within(as_node(moa, read="question", write="answer"), Asked)

    assert set(parent.get_graph().nodes) == {"__start__", "moa", "__end__"}
    assert {"moa:layer_1/words", "moa:layer_1/stems", "moa:gate_1", "moa:aggregate"} <= set(
        parent.get_graph(xray=True).nodes
    )


AT_ONCE: Any = {"initial_interval": 0.0, "jitter": False, "max_attempts": 3}
RETRIES = [
    (RetryPolicy(**AT_ONCE), 1),
    (RetryPolicy(retry_on=RuntimeError, **AT_ONCE), 2),
    (RetryPolicy(retry_on=AllProposersFailed, **AT_ONCE), 2),
]


@APIS
@pytest.mark.parametrize("adapted", [True, False], ids=["as_node", "bare"])
@pytest.mark.parametrize(("policy", "times"), RETRIES, ids=["default", "its base", "named"])
async def test_a_parent_retries_a_mixture_that_failed_only_where_its_error_is_named(
    policy: RetryPolicy, times: int, adapted: bool, api: str
) -> None:
    asked = says([ConnectionError("down for a moment"), "up again"])
    moa = create_moa(proposers=[asked], aggregator=says("b"))
    node: Any = as_node(moa, read="question", write="answer") if adapted else moa
    parent: Any = StateGraph(Asked if adapted else MessagesState)
    graph = parent.add_node("moa", node, retry_policy=policy).add_edge(START, "moa").compile()
    given = {"question": "Which?"} if adapted else QUESTION

    if times == 1:
        with pytest.raises(AllProposersFailed):
            await run(graph, api, given)
    else:
        result = await run(graph, api, given)
        assert (result["answer"] if adapted else result["messages"][-1].text) == "b"
    assert len(asked.asked) == times


@APIS
async def test_a_tool_answers_the_agent_and_keeps_the_rest_in_its_artifact(api: str) -> None:
    brain = says([calls("panel", question="Which of them?"), "So it is c."])
    asked = says("a")
    moa = create_moa(proposers=[asked, says("b")], aggregator=says("c"))

    result = await run(create_agent(brain, tools=[as_tool(moa, name="panel")]), api, QUESTION)

    told = result["messages"][2]
    assert isinstance(told, ToolMessage)
    assert (told.content, result["messages"][-1].text) == ("c", "So it is c.")
    assert [p["text"] for p in told.artifact["proposals"]] == ["a", "b"]
    assert (told.artifact["run"]["calls"], "messages" in told.artifact) == (3, False)
    assert [m.text for m in brain.asked[1]] == ["Which?", "", "c"]
    assert asked.asked[0][0].text == "Which of them?"


async def test_several_calls_of_one_tool_in_one_step_do_not_mix() -> None:
    moa = create_moa(
        proposers=[says("a")], aggregator=says(lambda messages: f"answer to {question_in(messages[0].text)}")
    )
    several = AIMessage("", tool_calls=[{"name": "moa", "args": {"question": q}, "id": q} for q in "xyz"])
    agent = create_agent(says([several, "done"]), tools=[as_tool(moa)], checkpointer=InMemorySaver())

    result = await agent.ainvoke(QUESTION, THREAD)

    assert [m.text for m in result["messages"]][2:] == ["answer to x", "answer to y", "answer to z", "done"]


async def test_a_tools_progress_can_be_streamed() -> None:
    agent = create_agent(
        says([calls("moa", question="?"), "done"]),
        tools=[as_tool(create_moa(proposers=[says("a")], aggregator=says("c d")))],
    )
    parts = [p async for p in agent.astream(QUESTION, stream_mode=["custom", "messages"], subgraphs=True, version="v2")]

    events = [part["data"]["moa"] for part in parts if part["type"] == "custom"]
    tokens = [part["data"] for part in parts if part["type"] == "messages"]
    assert events == ["layer", "proposal", "verdict", "aggregating"]
    assert "".join(chunk.text for chunk, about in tokens if about.get("moa_role") == "aggregator") == "c d"


def test_a_person_can_review_inside_a_tool() -> None:
    moa = create_moa(proposers=[says("a"), says("b")], aggregator=says("c"), review=True)
    agent = create_agent(says([calls("moa", question="?"), "done"]), tools=[as_tool(moa)], checkpointer=InMemorySaver())

    waits = agent.invoke(QUESTION, THREAD)
    result = agent.invoke(Command(resume="accept"), THREAD)

    assert [p["text"] for p in waits["__interrupt__"][0].value["proposals"]] == ["a", "b"]
    assert [m.text for m in result["messages"]][2:] == ["c", "done"]


@pytest.mark.parametrize("wrong", [create_agent(says("x"), []), says("x"), None])
def test_what_is_no_mixture_is_refused(wrong: Any) -> None:
    for adapt in (as_tool, lambda graph: as_node(graph, read="question", write="answer")):
        with pytest.raises(ConfigError, match="is no mixture, expected what create_moa returned"):
            adapt(wrong)


@pytest.mark.parametrize(
    ("options", "reads_only"),
    [
        ({"proposers": [says("a")]}, True),
        ({"proposers": [looker(about=READ_ONLY)]}, True),
        ({"proposers": [Proposer(looker(), may_write=True)]}, False),
        ({"proposers": [says("a")], "aggregator": looker()}, False),
        pytest.param(
            {"proposers": [says("a")], "aggregator": [looker(), says("c")]},
            False,
        ),
        pytest.param(
            {"proposers": [Proposer(looker(checkpointer=False), may_write=True)]},
            False,
        ),
    ],
    ids=["models", "reader", "writer", "aggregator", "chain of aggregators", "no checkpoints"],
)
def test_a_mixture_as_a_tool_says_whether_it_only_reads(options: Any, reads_only: bool) -> None:
    assert as_tool(create_moa(**{"aggregator": says("c"), **options})).metadata == {"readOnlyHint": reads_only}


def test_a_mixture_as_a_tool_may_be_a_proposers() -> None:
    inner = as_tool(create_moa(proposers=[says("a")], aggregator=says("b")), name="panel")
    agent = create_agent(says([calls("panel", question="?"), "b, then"]), tools=[inner], name="agent")

    result = create_moa(proposers=[agent], aggregator=says("c")).invoke(QUESTION)

    assert [p["text"] for p in result["proposals"]] == ["b, then"]
