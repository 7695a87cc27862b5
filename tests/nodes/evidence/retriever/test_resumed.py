"""A run that goes on searches for nothing that was found."""

import asyncio
from typing import Any

import pytest
from lamps import GREEN, QUESTION, Ears, finds, ids, searching
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import (
    AllProposersFailed,
    InputError,
    Retriever,
)
from loopback import Loopback, Reply
from panels import says
from running import APIS, THREAD, pending_proposals, run


@APIS
@pytest.mark.parametrize("before", ["layer_1/p", "gate_1", "aggregate", "citations"])
async def test_a_resumed_run_does_not_search_again(before: str, api: str) -> None:
    ears, rewriter = Ears(), says(["q"], "rewriter")
    moa = searching(ears, rewriter=rewriter, checkpointer=InMemorySaver())

    await asyncio.to_thread(moa.invoke, QUESTION, THREAD, interrupt_before=[before])
    result = await run(moa, api, None, THREAD)

    assert sorted(ears.queries) == ["What colour is the lamp?", "q"]
    assert result["messages"][-1].text == "It is green [E1]."
    assert [c["problem"] for c in result["citations"]] == [None]
    assert result["run"]["calls"] == 3


async def test_after_a_crash_in_retrieval_only_who_had_not_found_anything_searches_again() -> None:
    ears, slow, saver = Ears(), Ears(), InMemorySaver()

    async def hangs_once(query: str) -> list[str]:
        slow(query)
        if len(slow.queries) == 1:
            await asyncio.Event().wait()
        return [GREEN]

    moa = searching(ears, hangs_once, checkpointer=saver)
    first = asyncio.create_task(moa.ainvoke(QUESTION, THREAD, durability="sync"))
    async with asyncio.timeout(60):
        while True:
            if slow.queries and await pending_proposals(saver):
                break
            await asyncio.sleep(0.02)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)

    result = await moa.ainvoke(None, THREAD)

    assert (len(ears.queries), len(slow.queries)) == (1, 2)
    assert result["run"]["degraded"] is None


@pytest.mark.parametrize("rewriter", [None, "rewriter"])
async def test_after_a_failed_layer_only_who_failed_is_asked_again(loopback: Loopback, rewriter: str | None) -> None:
    found, nothing, failed = Ears(), Ears(), Ears()

    def finds_nothing(query: str) -> list[str]:
        return nothing(query)[:0]

    def fails_once(query: str) -> list[str]:
        failed(query)
        if len(failed.queries) <= (2 if rewriter else 1):
            raise ConnectionError("down")
        return [GREEN]

    loopback.say("b", Reply(status=500))
    resolve = loopback.resolve
    panel: Any = {"proposers": ["a", "b"], "aggregator": "last", "resolve": resolve, "min_proposals": 2}
    moa = searching(found, finds_nothing, fails_once, rewriter=rewriter, checkpointer=InMemorySaver(), **panel)
    with pytest.raises(AllProposersFailed):
        await moa.ainvoke(QUESTION, THREAD)
    loopback.scripts.clear()

    again = {"messages": (await moa.aget_state(THREAD)).values["messages"]}
    result = await moa.ainvoke(again, THREAD)

    queries = 2 if rewriter else 1
    assert [len(ears.queries) for ears in (found, nothing, failed)] == [queries, queries, 2 * queries]
    asked = {model: len(loopback.asked(model)) for model in ("rewriter", "a", "b", "last")}
    assert asked == {"rewriter": queries - 1, "a": 1, "b": 2, "last": 1}
    assert GREEN in [text for _, text in ids(result)]
    assert result["run"]["degraded"] == "no citation in the answer was found to be right"


@pytest.mark.parametrize("before", ["layer_1/p", "aggregate"])
def test_a_run_is_not_resumed_with_other_retrievers(before: str) -> None:
    saver = InMemorySaver()
    searching(Retriever(finds(GREEN), name="old"), checkpointer=saver).invoke(
        QUESTION, THREAD, interrupt_before=[before]
    )

    with pytest.raises(InputError, match="found a run of another mixture"):
        searching(Retriever(finds(GREEN), name="new"), checkpointer=saver).invoke(None, THREAD)
