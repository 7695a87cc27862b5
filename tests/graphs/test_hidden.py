"""Hidden texts stay hidden in a parent, in a stream and where a state is edited."""

import asyncio
from typing import Any

import pytest
from ingest import Ingest, traced
from langgraph.graph import START, MessagesState, StateGraph
from langgraph_moa import create_moa
from panels import panel, says
from running import THREAD

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


QUESTION: Any = {"messages": [("user", "Which sesquipedalian number?")]}


def test_hidden_texts_stay_hidden_in_a_parent_and_while_streaming(traces: Ingest) -> None:
    moa: Any = create_moa(proposers=panel("quincunx"), aggregator=says("borborygmus zeugma", "last"), hide_texts=True)

    async def node(state: MessagesState) -> Any:
        async for _ in moa.astream({"messages": [("user", "tmesis")]}, stream_mode="messages"):
            pass
        return {"messages": []}

    parent: Any = StateGraph(MessagesState).add_node("node", node).add_edge(START, "node").compile(name="parent")

    traced(traces, lambda: asyncio.run(parent.ainvoke({"messages": [("user", "the parent's own")]})))

    assert [w for w in ("quincunx", "borborygmus", "zeugma", "tmesis") if w in traces.posted] == []
    assert "the parent's own" in traces.posted
    (root,) = traces.roots
    assert "    moa [chain]" in traces.tree(root)


def test_an_edit_of_a_hidden_runs_state_is_not_traced(traces: Ingest) -> None:
    from langgraph.checkpoint.memory import InMemorySaver

    moa: Any = create_moa(
        proposers=panel("quincunx"), aggregator=says("z", "last"), hide_texts=True, checkpointer=InMemorySaver()
    )
    moa.invoke(QUESTION, THREAD, interrupt_before=["gate_1"])
    (mine,) = moa.get_state(THREAD).values["proposals"]

    def edit() -> None:
        moa.update_state(THREAD, {"proposals": [{**mine, "text": "zeugma"}]}, as_node="layer_1/a")
        asyncio.run(moa.aupdate_state(THREAD, {"proposals": [{**mine, "text": "tmesis"}]}, as_node="layer_1/a"))

    traced(traces, edit)

    assert traces.posted == ""
