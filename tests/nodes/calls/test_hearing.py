"""Who watches a run sees the answer, and nothing of what was thought; the answer itself is the same."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableLambda
from langgraph_moa import ChatMoA, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.nodes.calls import hearing
from loopback import Loopback, Reply
from panels import says
from reading import QUESTION
from servers_say import BOTH, DONE, Makes, by_name, lean, piece, words

THOUGHT = "<think>\nSECRET, surely.\n</think>\n\nIt is 48, no less."
ANSWER = "It is 48, no less."


async def watched(moa: Any, **options: Any) -> tuple[list[AIMessageChunk], Any]:
    """Return what a run streams, and what it comes to."""
    chunks, state = [], None
    async for mode, part in moa.astream(QUESTION, stream_mode=["messages", "values"], **options):
        if mode == "values":
            state = part
        elif isinstance(part[0], AIMessageChunk):
            chunks.append(part[0])
    return chunks, state


def shown(chunks: list[AIMessageChunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


def thoughts(chunks: list[AIMessageChunk]) -> str:
    return "".join(chunk.additional_kwargs.get("reasoning_content", "") for chunk in chunks)


@BOTH
async def test_thinking_in_the_text_is_not_streamed(loopback: Loopback, model: Makes) -> None:
    loopback.say("last", THOUGHT)

    chunks, state = await watched(create_moa(proposers=[says("46")], aggregator=model(loopback, "last")))

    assert shown(chunks) == ANSWER
    assert len([chunk for chunk in chunks if chunk.text]) > 2
    assert "SECRET" not in repr(chunks)
    assert state["messages"][-1].content == ANSWER
    assert state["messages"][-1].id == chunks[0].id
    assert state["run"]["aggregators"][0]["reasoning"] == "SECRET, surely."
    assert "SECRET" not in repr(state["messages"])


@BOTH
async def test_thinking_is_streamed_where_it_is_asked_for(loopback: Loopback, model: Makes) -> None:
    loopback.say("last", THOUGHT)
    moa = create_moa(proposers=[says("46")], aggregator=model(loopback, "last"), stream_reasoning=True)

    chunks, state = await watched(moa)

    assert shown(chunks) == ANSWER
    assert "SECRET, surely." in thoughts(chunks)
    assert "SECRET" not in repr(state["messages"])
    assert state["run"]["aggregators"][0]["reasoning"] == "SECRET, surely."


async def test_what_was_thought_beside_the_text_is_not_streamed_either(loopback: Loopback) -> None:
    events = [
        piece({"reasoning_content": "SEC"}),
        piece({"reasoning_content": "RET"}),
        *words("It is 48, ", "no less."),
    ]
    loopback.say("last", Reply(events=[*events, piece({}, "stop"), DONE]))
    moa = create_moa(proposers=[says("46")], aggregator="last", resolve=by_name(loopback, lean))

    chunks, state = await watched(moa)

    assert shown(chunks) == ANSWER
    assert "SECRET" not in repr([*chunks, *state["messages"]])
    assert state["run"]["aggregators"][0]["reasoning"] == "SECRET"


@BOTH
async def test_a_mixture_worn_as_a_chat_model_tells_no_thinking(loopback: Loopback, model: Makes) -> None:
    loopback.say("last", THOUGHT)
    worn = ChatMoA(create_moa(proposers=[says("46")], aggregator=model(loopback, "last")))

    chunks = [chunk async for chunk in worn.astream("12 * 4?")]

    assert shown(chunks) == ANSWER
    assert "SECRET" not in repr(chunks)
    assert "SECRET" not in repr(await worn.ainvoke("12 * 4?"))


@BOTH
async def test_an_emoji_whose_halves_come_apart_is_shown_whole(loopback: Loopback, model: Makes) -> None:
    loopback.say("last", Reply(events=[*words("smile \ud83d", "\ude00 end"), piece({}, "stop"), DONE]))

    chunks, state = await watched(create_moa(proposers=[says("46")], aggregator=model(loopback, "last")))

    assert shown(chunks) == state["messages"][-1].content == "smile \U0001f600 end"
    assert all(chunk.text.encode() is not None for chunk in chunks)


@BOTH
async def test_a_model_whose_prompt_opens_the_thinking_is_known_the_second_time(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, model: Makes
) -> None:
    monkeypatch.setattr(hearing, "_OPENED", {})
    loopback.say("last", "SECRET, surely.\n</think>\n\nIt is 48, no less.")
    moa = create_moa(proposers=[says("46")], aggregator=model(loopback, "last"))

    _, first = await watched(moa)
    chunks, second = await watched(moa)

    assert first["messages"][-1].content == second["messages"][-1].content == shown(chunks) == ANSWER
    loopback.say("last", ANSWER)  # as a hybrid model answers, that was told not to think
    assert shown((await watched(moa))[0]) == ANSWER


@BOTH
async def test_a_model_whose_name_says_so_is_known_the_first_time(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, model: Makes
) -> None:
    monkeypatch.setattr(hearing, "_OPENED", {})
    loopback.say("qwen3-4b-thinking", "SECRET, surely.\n</think>\n\nIt is 48, no less.")
    moa = create_moa(proposers=[says("46")], aggregator=model(loopback, "qwen3-4b-thinking"))

    chunks, state = await watched(moa)

    assert shown(chunks) == state["messages"][-1].content == ANSWER
    loopback.say("qwen3-4b-thinking", ANSWER)  # its server has a parser, and it did not think this time
    assert [shown((await watched(moa))[0]) for _ in range(2)] == [ANSWER] * 2


class Whole(ScriptedModel):
    """Answer at once, however it is asked."""

    disable_streaming: Any = True


class Parts(ScriptedModel):
    """Stream parts, as Anthropic's models do."""

    async def _astream(self, *args: Any, **kwargs: Any) -> Any:
        for part in (
            {"type": "thinking", "thinking": "SECRET", "index": 0},
            {"type": "text", "text": "<think>SEC", "index": 1},
            {"type": "text", "text": "RET</think>It is 48,", "index": 1},
            {"type": "text", "text": " no less.", "index": 1},
        ):
            yield ChatGenerationChunk(message=AIMessageChunk(content=[part]))

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        message = AIMessage([{"type": "thinking", "thinking": "SECRET"}, {"type": "text", "text": THOUGHT}])
        return ChatResult(generations=[ChatGeneration(message=message)])


@pytest.mark.parametrize("aggregator", [Whole(script=THOUGHT), Parts()], ids=["whole", "parts"])
async def test_models_that_stream_otherwise(aggregator: Any) -> None:
    moa = create_moa(proposers=[says("46")], aggregator=aggregator)

    chunks, state = await watched(moa)
    asked = await moa.ainvoke(QUESTION)

    assert shown(chunks) in ("", ANSWER)
    assert state["messages"][-1].content == asked["messages"][-1].content == ANSWER
    assert "SECRET" in state["run"]["aggregators"][0]["reasoning"]
    assert "SECRET" not in repr([*chunks, *state["messages"], *asked["messages"]])


async def test_a_chain_keeps_its_own_stream_and_is_read_all_the_same() -> None:
    chain = says(THOUGHT) | RunnableLambda(lambda message: message)

    _, state = await watched(create_moa(proposers=[says("46")], aggregator=chain))

    assert state["messages"][-1].content == ANSWER


async def test_events_are_free_of_it_too(loopback: Loopback) -> None:
    loopback.say("last", THOUGHT)
    moa = create_moa(proposers=[says("46")], aggregator="last", resolve=loopback.resolve)

    events = [event async for event in moa.astream_events(QUESTION, version="v2")]

    streamed = [event["data"]["chunk"] for event in events if event["event"] == "on_chat_model_stream"]
    assert shown(streamed) == ANSWER


async def test_the_proposers_stream_without_it_as_well(loopback: Loopback) -> None:
    loopback.default = Reply(THOUGHT)
    moa = create_moa(proposers=["a", "b"], aggregator="last", resolve=loopback.resolve, stream_proposals=True)

    chunks, state = await watched(moa)

    assert "SECRET" not in shown(chunks)
    streamed = {c.id: shown([other for other in chunks if other.id == c.id]) for c in chunks}
    assert [*streamed.values()] == [ANSWER] * 3  # those of a layer come as they please
    assert [p["text"] for p in state["proposals"]] == [ANSWER] * 2
    assert all("SECRET" not in request.prompt for request in loopback.asked("last"))
