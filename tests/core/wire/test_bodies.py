"""A conversation is sent as the API takes it; tests/core/wire/chat holds it against what langchain-openai sends."""

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph_moa.core.wire.bodies import as_sent


def test_plain_text_is_sent_as_it_is() -> None:
    assert as_sent([HumanMessage("Hi"), AIMessage("Hello")]) == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
    ]


def test_what_providers_call_otherwise_is_converted() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "eA=="}}

    sent = as_sent([HumanMessage([{"type": "text", "text": "What?"}, picture])])

    assert sent[0]["content"][1] == {"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}}


def test_results_refer_to_their_calls_whether_those_could_be_read_or_not() -> None:
    call = {"name": "f", "args": "{", "id": "i", "error": "x"}

    sent = as_sent([AIMessage("", invalid_tool_calls=[call]), ToolMessage("no", tool_call_id="i")])

    assert sent[0]["tool_calls"][0]["id"] == sent[1]["tool_call_id"] == "i"
    assert sent[0]["content"] is None
