"""A tool that may be used so often counts in the agent's messages, whatever runs in parallel or is resumed."""

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import ConfigError, InputError, as_tool, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from panels import says
from reading import user
from running import APIS, THREAD, run
from tables import each


def wants(*ids: str) -> AIMessage:
    """Ask the panel once or several times at once."""
    return AIMessage("", tool_calls=[{"name": "panel", "args": {"question": f"Q{id_}"}, "id": id_} for id_ in ids])


def consulting(*script: Any, asked: ScriptedModel, most: Any = 2, **options: Any) -> Any:
    panel = as_tool(create_moa(proposers=[asked], aggregator=says("408")), name="panel", max_uses=most)
    return create_agent(says([*script, "done"]), tools=[panel], **options)


def results(state: Any) -> list[str]:
    return [m.text for m in state["messages"] if isinstance(m, ToolMessage)]


@APIS
async def test_after_so_many_uses_it_says_so_and_asks_nobody(api: str) -> None:
    asked = says("a")

    state = await run(consulting(wants("1"), wants("2"), wants("3"), asked=asked), api, user("Which?"))

    first, second, third = results(state)
    assert (first, second, len(asked.asked)) == ("408", "408", 2)
    assert third == (
        "Nobody was asked: panel was used 2 times for this message of the user, which is all there is. Go on with what "
        "you know."
    )
    assert state["messages"][-2].artifact == {"use": 3, "max_uses": 2}
    assert state["messages"][2].artifact["run"]["calls"] == 2


@APIS
async def test_of_calls_in_parallel_the_first_ones_are_answered(api: str) -> None:
    asked = says("a")

    state = await run(consulting(wants("1", "2", "3", "4"), asked=asked), api, user("Which?"))

    assert [text == "408" for text in results(state)] == [True, True, False, False]
    assert len(asked.asked) == 2


async def test_another_message_counts_anew_and_a_resumed_run_counts_on() -> None:
    asked, saver = says("a"), InMemorySaver()
    script = [wants("1"), wants("2"), wants("3"), "done", wants("4")]
    before = consulting(*script[:2], asked=asked, checkpointer=saver)
    await before.ainvoke(user("Which?"), THREAD, interrupt_before=["tools"])
    await before.ainvoke(None, THREAD, interrupt_before=["tools"])

    after = consulting(*script[2:], asked=asked, checkpointer=saver)
    await after.ainvoke(None, THREAD)
    state = await after.ainvoke(user("Which?"), THREAD)

    assert [text == "408" for text in results(state)] == [True, True, False, True]


async def test_the_description_tells_the_model_how_often() -> None:
    moa = create_moa(proposers=[says("a")], aggregator=says("b"))

    assert as_tool(moa, max_uses=3).description.endswith("At most 3 uses for one message of the user.")
    assert as_tool(moa, max_uses=3).args.keys() == as_tool(moa).args.keys() == {"question"}


async def test_where_nothing_can_be_counted_nobody_is_asked() -> None:
    asked = says("a")
    panel = as_tool(create_moa(proposers=[asked], aggregator=says("b")), max_uses=1)

    for call in (panel.ainvoke({"question": "Which?"}), panel.ainvoke({**wants("1").tool_calls[0], "name": "moa"})):
        with pytest.raises(InputError, match="without an agent's messages, expected them, for max_uses"):
            await call
    assert asked.asked == []


@each("most", [0, -1, 1.5, "2", True])
def test_what_is_no_number_of_uses_is_refused(most: Any) -> None:
    with pytest.raises(ConfigError, match="expected a whole number from 1"):
        consulting(asked=says("a"), most=most)
