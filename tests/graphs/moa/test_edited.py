"""What a thread holds belongs to the conversation that it answers; the id of a message is a name, and no more."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import AllProposersFailed, InputError, Moderator, Proposer, Retriever, create_moa, create_rag_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from running import APIS, THREAD, run

PARIS, WATER = "Capital of France?", "Boiling point of water?"
IMAGE: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
ASKED = [SystemMessage("Be brief.", id="s"), HumanMessage("Hello.", id="h"), AIMessage("Hi.", id="a")]
QUESTION = HumanMessage(PARIS, id="u1")


def of_question(messages: Any) -> str:
    """Answer with all that was asked, so that an answer shows its conversation."""
    if "<reference-" in str(messages):
        return "later"
    return " | ".join(m.text.partition("\n")[0][:30] + " (a picture)" * ("base64" in str(m.content)) for m in messages)


def model(name: str, script: Any = of_question, **options: Any) -> Any:
    return ScriptedModel(script=script, name_of_model=name, **options)


def proposers() -> list[Any]:
    return [Proposer(model("a"), name="a"), Proposer(model("b"), name="b")]


EDITS: dict[str, list[Any]] = {
    "another question": [HumanMessage(WATER, id="u1")],
    "one more image": [HumanMessage([PARIS, IMAGE], id="u1")],
    "another system message": [SystemMessage("Be long.", id="s"), QUESTION],
    "an earlier question": [HumanMessage("Good day.", id="h"), QUESTION],
    "an earlier answer": [AIMessage("Go away.", id="a"), QUESTION],
}
SAME: dict[str, list[Any]] = {
    "the same again": [QUESTION],
    "the same as a part": [HumanMessage([{"type": "text", "text": PARIS}], id="u1")],
    "all of it again": [*ASKED, QUESTION],
}


@APIS
@pytest.mark.parametrize("edit", [*EDITS, *SAME])
@pytest.mark.parametrize("layers", [2, 3])
async def test_an_edited_conversation_is_another_turn(edit: str, layers: int, api: str) -> None:
    panel = proposers()
    moa: Any = create_moa(
        proposers=panel, aggregator=model("g", "answer"), layers=layers, early_stop=None, checkpointer=InMemorySaver()
    )
    await moa.ainvoke({"messages": [*ASKED, QUESTION]}, THREAD, interrupt_before=["aggregate"])

    result = await run(moa, api, {"messages": {**EDITS, **SAME}[edit]}, THREAD)

    expected = of_question(result["messages"][:-1])
    first = [p["text"] for p in result["proposals"] if p["layer"] == 1]
    assert first == [expected, expected]
    assert all(p["turn"] == result["run"]["turn"] for p in [*result["proposals"], *result["verdicts"]])
    assert [len(p.model.asked) for p in panel] == [(layers - 1) * (1 if edit in SAME else 2)] * 2
    assert (result["run"]["degraded"], result["run"]["calls"]) == (None, 2 * layers - 1)


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
async def test_a_question_edited_while_the_aggregator_writes(durability: Any) -> None:
    saver, slow = InMemorySaver(), model("g", "answer", delay=60)
    slower, moa = (
        create_moa(proposers=proposers(), aggregator=last, early_stop=None, checkpointer=saver)
        for last in (slow, model("g", "answer"))
    )
    events: Any = slower.astream({"messages": [QUESTION]}, THREAD, stream_mode="custom", durability=durability)
    async for event in events:
        if event["moa"] == "aggregating":
            break
    await events.aclose()

    result = await moa.ainvoke({"messages": [HumanMessage(WATER, id="u1")]}, THREAD)

    assert {p["text"] for p in result["proposals"]} == {WATER}
    assert (result["run"]["calls"], result["run"]["notes"]) == (3, [])


def failing_once() -> Any:
    tries: list[Any] = []

    def script(messages: Any) -> str:
        tries.append(messages)
        if len(tries) == 1:
            raise RuntimeError("not now")
        return of_question(messages)

    return model("b", script)


@pytest.mark.parametrize("edit", [*EDITS, *SAME])
async def test_after_a_failed_layer_too(edit: str) -> None:
    good = model("a")
    moa: Any = create_moa(
        proposers=[good, failing_once()],
        aggregator=model("g", "answer"),
        min_proposals=2,
        early_stop=None,
        checkpointer=InMemorySaver(),
    )
    with pytest.raises(AllProposersFailed):
        await moa.ainvoke({"messages": [*ASKED, QUESTION]}, THREAD)

    result = await moa.ainvoke({"messages": {**EDITS, **SAME}[edit]}, THREAD)

    assert {p["text"] for p in result["proposals"]} == {of_question(result["messages"][:-1])}
    assert len(good.asked) == (1 if edit in SAME else 2)


async def test_at_a_review_too() -> None:
    moa: Any = create_moa(
        proposers=proposers(),
        aggregator=model("g", "answer"),
        early_stop=None,
        review=True,
        checkpointer=InMemorySaver(),
    )
    await moa.ainvoke({"messages": [QUESTION]}, THREAD)

    state = await moa.ainvoke({"messages": [HumanMessage(WATER, id="u1")]}, THREAD)

    (waits,) = state["__interrupt__"]
    assert [p["text"] for p in waits.value["proposals"]] == [WATER] * 2


def rag(look: Any, rewriter: Any = None, **options: Any) -> Any:
    return create_rag_moa(
        retrievers=[Retriever(look, name="wiki")],
        rewriter=rewriter,
        proposers=proposers(),
        aggregator=model("g", "It is so [E3]."),
        early_stop=None,
        checkpointer=InMemorySaver(),
        **options,
    )


@pytest.mark.parametrize("before", ["layer_1/a", "gate_1", "aggregate"])
async def test_evidence_and_rewritten_queries_are_looked_for_anew(before: str) -> None:
    queries: list[str] = []

    def look(query: str) -> list[str]:
        queries.append(query)
        return [f"About: {query}"]

    rewriter = model("rewriter", lambda messages: f"rewritten: {WATER if WATER in str(messages) else PARIS}")
    moa = rag(look, rewriter)
    await moa.ainvoke({"messages": [QUESTION]}, THREAD, interrupt_before=[before])

    result = await moa.ainvoke({"messages": [HumanMessage(WATER, id="u1")]}, THREAD)

    assert sorted(queries) == sorted(f"{how}{what}" for what in (PARIS, WATER) for how in ("", "rewritten: "))
    assert {e["text"] for e in result["evidence"]} == {f"About: {WATER}", f"About: rewritten: {WATER}"}
    assert [c["problem"] for c in result["citations"]] == [None]


async def test_an_edit_by_hand_begins_anew_where_it_says_so_and_is_refused_elsewhere() -> None:
    async def stopped(moa: Any) -> None:
        await moa.ainvoke({"messages": [QUESTION]}, THREAD, interrupt_before=["layer_1/a"])

    edit = {"messages": [HumanMessage(WATER, id="u1")]}
    at_start, midway = (rag(lambda query: [f"About: {query}"]) for _ in range(2))
    for moa, node in ((at_start, "__start__"), (midway, "evidence")):
        await stopped(moa)
        await moa.aupdate_state(THREAD, edit, as_node=node)

    result = await at_start.ainvoke(None, THREAD)
    assert [e["text"] for e in result["evidence"]] == [f"About: {WATER}"]
    with pytest.raises(InputError, match="found a conversation that is not the one that this run began with"):
        await midway.ainvoke(None, THREAD)


async def test_waves_and_moderation_belong_to_it_too() -> None:
    choice = model("m", '{"best": [1], "stop": false}')
    panel = [Proposer(model(name), name=name) for name in "abc"]
    moa: Any = create_moa(
        proposers=panel,
        aggregator=model("g", "answer"),
        waves=[2],
        moderator=Moderator(choice, keep=1),
        mark_answers=False,
        layers=3,
        checkpointer=InMemorySaver(),
    )
    await moa.ainvoke({"messages": [QUESTION]}, THREAD, interrupt_before=["layer_2/a"])
    before = len(choice.asked)

    result = await moa.ainvoke({"messages": [HumanMessage(WATER, id="u1")]}, THREAD)

    assert (before, len(choice.asked)) == (1, 3)
    assert len({v["turn"] for v in result["verdicts"]}) == 1
    assert {p["text"] for p in result["proposals"] if p["layer"] == 1} == {WATER}
