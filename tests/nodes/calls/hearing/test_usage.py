"""What is told again and again while a model streams is not added up; what is told in parts is."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_of
from langgraph_moa.nodes.calls.hearing import Hearing
from loopback import Loopback, Reply
from pydantic import SecretStr


def counts(read: int, written: int) -> Any:
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def stream(*usages: Any) -> Reply:
    """Be a stream that tells usage with each of its words."""
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    events = [{**head, "choices": [{"index": 0, "delta": {"content": "a "}}], "usage": usage} for usage in usages]
    end = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usages[-1]}
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in [*events, end])
    return Reply(body=f"{body}data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("usages", "total"),
    [
        ([counts(1000, n) for n in (1, 2, 3)], 1003),
        ([None, None, counts(1000, 3)], 1003),
        ([counts(713, 1)] * 4, None),  # how many there are in all, nobody can tell
    ],
)
async def test_usage_so_far_is_not_added_up(loopback: Loopback, usages: list[Any], total: int | None) -> None:
    loopback.say("m", stream(*usages))
    chat = ChatOpenAI(model="m", base_url=loopback.url, api_key=SecretStr("k"), streaming=True, stream_usage=True)
    heard = Hearing(seat_of(chat, Defaults(), role="aggregator"))

    message = await chat.ainvoke("Hi", {"callbacks": [heard]})

    usage: Any = heard.usage_of(message)
    assert message.usage_metadata
    assert message.usage_metadata["total_tokens"] > 1003
    assert (usage and usage["total_tokens"]) == total


class InParts(GenericFakeChatModel):
    """Tell the prompt's tokens first, and each piece's then."""

    async def _astream(self, messages: Any, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        for read, written in ((8, 1), (0, 1), (0, 2)):
            usage: Any = {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}
            yield ChatGenerationChunk(message=AIMessageChunk(content="a", usage_metadata=usage))


async def test_what_is_told_in_parts_is_added_up() -> None:
    model = InParts(messages=iter([]))
    heard = Hearing(seat_of(model, Defaults(), role="aggregator"))
    chunks = [c async for c in model.astream("Hi", {"callbacks": [heard]})]
    whole = chunks[0] + chunks[1:]

    assert heard.usage_of(whole) == {"input_tokens": 8, "output_tokens": 4, "total_tokens": 12}


def test_a_message_of_nobody_says_itself_what_it_cost() -> None:
    usage: Any = {"input_tokens": 8, "output_tokens": 4, "total_tokens": 12}

    heard = Hearing(seat_of("offline:words", Defaults(), role="aggregator"))

    assert heard.usage_of(AIMessage("a", usage_metadata=usage)) == usage
    assert heard.usage_of(AIMessage("a")) is None
