"""An agent proposes: what it does on the way stays out of the answer, and a tool that may write is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph_moa import ConfigError, Proposer, create_moa
from panels import says
from parents import QUESTION, READ_ONLY, looker, within
from running import APIS, run


@APIS
async def test_what_agents_do_stays_out_of_the_parents_messages(api: str) -> None:
    last = says("Warm.")
    agent = looker(about=READ_ONLY)

    result = await run(within(create_moa(proposers=[agent, says("b")], aggregator=last)), api, QUESTION)

    assert [(m.type, m.text) for m in result["messages"]] == [("human", "Which?"), ("ai", "Warm.")]
    assert "18 degrees." in last.asked[0][-1].text
    assert "Rome" not in str(last.asked)


@pytest.mark.parametrize("nested", [False, True])
async def test_what_agents_do_stays_out_of_the_tokens(nested: bool) -> None:
    moa: Any = create_moa(proposers=[looker(about=READ_ONLY)], aggregator=says("It is warm."))
    graph = within(moa) if nested else moa

    parts = [p async for p in graph.astream(QUESTION, stream_mode="messages", subgraphs=nested, version="v2")]

    # With `subgraphs=True` LangGraph tells the messages of inner states whole, whatever their tags say.
    heard = [message for part in parts for message, about in [part["data"]] if about["moa_role"] == "aggregator"]
    advice = [message for part in parts for message, about in [part["data"]] if about["moa_role"] == "proposer"]
    assert "".join(message.text for message in heard) == "It is warm."
    assert not [message for message in advice if isinstance(message, AIMessage) and type(message) is not AIMessage]
    assert nested or not advice


def inside(agent: Any) -> Any:
    return within(agent, name="outer")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda agent: agent,
        lambda agent: agent.with_config(tags=["x"]),
        lambda agent: agent.with_retry(),
        inside,
        lambda agent: inside(inside(agent)),
        pytest.param(
            lambda agent: create_agent(says("x")).with_fallbacks([agent]),
        ),
        pytest.param(
            lambda agent: RunnableLambda(lambda m: {"messages": m}) | agent | (lambda state: state["messages"][-1]),
        ),
    ],
    ids=["bare", "config", "retry", "inside", "deep inside", "fallback", "chain"],
)
def test_a_tool_that_may_write_is_refused_unless_it_is_allowed(wrap: Callable[[Any], Any]) -> None:
    agent = wrap(looker())
    with pytest.raises(ConfigError, match=r"found the tool 'look' of '.*', not marked read-only") as told:
        create_moa(proposers=[agent, says("b")], aggregator=says("c"))
    assert "\n" not in str(told.value)

    create_moa(proposers=[Proposer(agent, may_write=True)], aggregator=says("c"))
    create_moa(proposers=[wrap(looker(about=READ_ONLY))], aggregator=says("c"))
    create_moa(proposers=[says("b")], aggregator=agent)


@pytest.mark.parametrize("hint", [False, None, "yes", 1])
def test_only_true_marks_a_tool_read_only(hint: Any) -> None:
    with pytest.raises(ConfigError, match="'look'"):
        create_moa(proposers=[looker(about={"readOnlyHint": hint})], aggregator=says("c"))
