"""The agreed answer is one of the proposals, word for word, by every API."""

from typing import Any

from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import (
    EarlyStop,
    create_moa,
)
from panels import says
from reading import QUESTION, user
from running import THREAD
from solving import solvers

SIX = ["408"] * 6


async def test_the_agreed_answer_comes_by_every_api_and_is_kept() -> None:
    moa = create_moa(
        proposers=solvers(*SIX),
        aggregator=says("never", "last"),
        early_stop=EarlyStop(then="answer"),
        checkpointer=InMemorySaver(),
    )

    first = moa.invoke(QUESTION, THREAD)
    events = [
        part
        async for mode, part in moa.astream(user("And?"), THREAD, stream_mode=["custom", "values"])
        if mode == "custom"
    ]

    answer = first["messages"][-1]
    assert isinstance(answer, AIMessage)
    assert answer.response_metadata["moa"]["saved"] == 1
    assert answer.usage_metadata is not None
    last: Any = events[-1]
    assert last["moa"] == "verdict"
    assert last["agreement"]["reached"] is True
    assert len(moa.get_state(THREAD).values["messages"]) == 4


def test_a_paused_answer_is_not_lost_by_another_mixture() -> None:
    options: Any = {"proposers": solvers("1", "1", "1"), "aggregator": says("x", "z"), "checkpointer": InMemorySaver()}
    moa = create_moa(**options, early_stop=EarlyStop(then="answer"))
    moa.invoke(QUESTION, THREAD, interrupt_before=["answer"])

    assert "an agreed proposal" in moa.get_state(THREAD).values["run"]["mixture"]
    assert moa.invoke(None, THREAD)["run"]["stopped"] == "agreed"
