"""The best proposal so far is told at once, seldom, and nowhere but in the custom stream."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph_moa import AllProposersFailed, ChatMoA, Proposer, create_moa, create_self_moa, create_self_moa_seq
from langgraph_moa.nodes.drafts import Drafts
from loopback import Loopback, Reply
from panels import panel, says
from reading import QUESTION
from running import THREAD

MODES: Any = ["custom", "messages", "values"]
ANSWERS: list[tuple[list[tuple[str, str, bool]], list[tuple[str, int]]]] = [
    ([("a", "It is long.", True), ("b", "It is short.", True)], [("a", 1)]),
    ([("a", "Final answer: 1", True), ("b", "Final answer: 2", True), ("c", "Final answer: 2", True)],
     [("a", 1), ("c", 2)]),
    ([("a", "Final answer: 1", True), ("b", "Final answer: 1", True), ("c", "Final answer: 2", True),
      ("d", "Final answer: 2", True)], [("a", 1)]),
    ([("a", "Final answer: 1", True), ("b", "Final answer: 2", True), ("c", "Final answer: 2", True),
      ("d", "Final answer: 1", True), ("e", "Final answer: 1", True)], [("a", 1), ("c", 2), ("e", 3)]),
    ([("a", "It is lo", False), ("b", "It is short.", True), ("c", "It is.", True)], [("a", 1), ("b", 1)]),
    ([("a", "Final answer: 1", True), ("b", "Final answer: 2", False), ("c", "Final answer: 2", True)], [("a", 1)]),
    ([("a", "x" * 50_000, True), ("b", "Final answer: 2", True), ("c", "Final answer: 2", True)], [("a", 1)]),
]  # fmt: skip


def drafts_of(moa: Any, given: Any = QUESTION, config: Any = None, **options: Any) -> list[tuple[int, str, str, int]]:
    parts = moa.stream(given, config, stream_mode="custom", **options)
    events = [part[-1] if isinstance(part, tuple) else part for part in parts]
    return [(e["layer"], e["proposer"], e["text"], e["agree"]) for e in events if e["moa"] == "draft"]


@pytest.mark.parametrize(("answers", "shown"), ANSWERS)
def test_few_are_shown_each_better_than_the_one_before(
    answers: list[tuple[str, str, bool]], shown: list[tuple[str, int]]
) -> None:
    drafts = Drafts()
    agreeing = [(title, drafts.take(title, text, whole=whole)) for title, text, whole in answers]

    assert [(title, agree) for title, agree in agreeing if agree] == shown


async def test_the_first_is_told_while_others_still_answer() -> None:
    is_told = asyncio.Event()

    async def wait(messages: Any) -> AIMessage:
        await is_told.wait()
        return AIMessage("Nobody can tell before all of them have answered.")

    late = [Proposer(RunnableLambda(wait), name=name) for name in "bc"]
    moa = create_moa(proposers=[*late, *panel("It is early.")], aggregator=says("It is.", "last"), draft=True)
    told: list[str] = []
    tokens, result = "", cast("Any", None)
    async for mode, part in cast("AsyncIterator[tuple[str, Any]]", moa.astream(QUESTION, stream_mode=MODES)):
        if mode == "custom":
            told.append(part["moa"])
            if part["moa"] == "draft":
                is_told.set()
        elif mode == "messages":
            tokens += part[0].text
        else:
            result = part

    assert told == ["layer", "draft", *["proposal"] * 3, "verdict", "aggregating"]
    assert tokens == "It is."
    assert [message.text for message in result["messages"]] == ["Which?", "It is."]


def test_it_is_off_by_default_and_changes_no_prompt_and_no_call() -> None:
    models = [says("Final answer: 1", name) for name in "abc"]
    shown, hidden = (create_moa(proposers=models, aggregator=models[0], draft=draft) for draft in (True, False))

    assert drafts_of(hidden) == []
    asked = [[m.text for m in model.asked[0]] for model in models]
    assert drafts_of(shown) == [(1, "a", "Final answer: 1", 1)]
    assert [[m.text for m in model.asked[-1]] for model in models[1:]] == asked[1:]
    assert [len(model.asked) for model in models] == [4, 2, 2]


def test_failures_are_none_and_each_later_layer_begins_anew() -> None:
    models = panel(TimeoutError("no"), "It is long.")
    moa = create_moa(proposers=models, aggregator=says("x"), layers=3, draft=True)

    assert drafts_of(moa) == [(1, "b", "It is long.", 1), (2, "b", "It is long.", 1)]


def test_a_second_wave_is_held_against_the_first_one() -> None:
    first, second, third = panel("Final answer: 1", "Final answer: 2", "Final answer: 2")
    later = replace(second, model=says("Final answer: 2", delay=0.02))  # by the clocks, too, after the first one
    moa = create_moa(proposers=[first, later, third], aggregator=says("x"), waves=(2,), draft=True)

    assert [(agree, text) for _, _, text, agree in drafts_of(moa)] == [(1, "Final answer: 1"), (2, "Final answer: 2")]


def test_each_of_many_samples_is_told_at_once_and_those_beside_the_best_so_far_are_none(loopback: Loopback) -> None:
    loopback.refuses_n = 400
    options: Any = {"model": "m", "samples": 3, "resolve": loopback.resolve, "draft": True}

    assert [text for _, _, text, _ in drafts_of(create_self_moa(**options))] == ["answer of m"]
    window = create_self_moa_seq(window=2, **options)
    assert [(layer, proposer) for layer, proposer, _, _ in drafts_of(window)][1:] == [(2, "best")]


@pytest.mark.parametrize("tokens", [True, False])
def test_a_chat_model_tells_none_of_it(tokens: bool) -> None:
    moa = create_moa(proposers=panel("one", "two"), aggregator=says("the answer"), draft=True, stream_proposals=tokens)

    assert "".join(chunk.text for chunk in ChatMoA(moa).stream("Why?")) == "the answer"


def test_it_comes_out_of_a_graph_around_it() -> None:
    moa = create_moa(proposers=panel("one"), aggregator=says("the answer"), draft=True)
    parent = StateGraph(MessagesState).add_node("panel", moa).add_edge(START, "panel").compile()

    assert drafts_of(parent, subgraphs=True) == [(1, "a", "one", 1)]
    assert drafts_of(parent) == []


def test_a_resumed_run_tells_what_was_answered_before_it_stopped() -> None:
    models = panel("one", [TimeoutError("no"), "two"])
    moa = create_moa(proposers=models, aggregator=says("x"), min_proposals=2, draft=True, checkpointer=InMemorySaver())
    with pytest.raises(AllProposersFailed):
        moa.invoke(QUESTION, THREAD)

    assert [text for _, _, text, _ in drafts_of(moa, None, THREAD)] == ["one"]


async def test_an_answer_that_was_cut_is_better_than_none(loopback: Loopback) -> None:
    loopback.say("a", Reply("It is lo", finish_reason="length"))
    moa = create_moa(proposers=["a"], aggregator="b", resolve=loopback.resolve, draft=True)

    assert drafts_of(moa) == [(1, "a", "It is lo", 1)]
