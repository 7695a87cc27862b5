"""A server is sent the same, and the same is read, as with LangChain's own models on the openai package."""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langgraph_moa import resolve_model
from langgraph_moa.core.models.openai_facts import profile_of
from loopback import Loopback, Reply
from pydantic import BaseModel

PIXEL = "iVBORw0KGgo="


@tool
def look(word: str, times: int = 1) -> str:
    """Look a word up."""
    return word * times


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int | None = None


CALL: Any = {"name": "look", "args": {"word": "grün", "times": 2}, "id": "c1", "type": "tool_call"}
BROKEN: Any = {"name": "look", "args": '{"word": ', "id": "c2", "error": "x", "type": "invalid_tool_call"}
PICTURE: Any = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
CONVERSATIONS: dict[str, list[BaseMessage]] = {
    "words": [
        SystemMessage("Be brief."),
        HumanMessage("Hi", name="ann"),
        AIMessage("Hello", name="bob"),
        HumanMessage("?"),
    ],
    "calls": [
        HumanMessage("Hi"),
        AIMessage("", tool_calls=[CALL]),
        ToolMessage("x", tool_call_id="c1"),
        HumanMessage("So?"),
    ],
    "words and a call": [
        AIMessage("I look it up.", tool_calls=[CALL]),
        ToolMessage("x", tool_call_id="c1", name="look"),
    ],
    "a call that nobody could read": [AIMessage("", invalid_tool_calls=[BROKEN]), ToolMessage("no", tool_call_id="c2")],
    "a picture": [HumanMessage([{"type": "text", "text": "What is it?"}, PICTURE])],
    "a standard picture": [HumanMessage([{"type": "image", "base64": PIXEL, "mime_type": "image/png"}])],
    "a picture's address": [HumanMessage([{"type": "image", "url": "https://example.org/a.png"}])],
    "a file": [HumanMessage([{"type": "file", "base64": PIXEL, "mime_type": "application/pdf", "filename": "a.pdf"}])],
    "a voice": [HumanMessage([{"type": "audio", "base64": PIXEL, "mime_type": "audio/wav"}])],
    "parts with marks of a cache": [
        HumanMessage([{"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}])
    ],
    "a thought": [
        AIMessage([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "x"}]),
        HumanMessage("?"),
    ],
    "a result in parts": [
        AIMessage("", tool_calls=[CALL]),
        ToolMessage([{"type": "text", "text": "x"}], tool_call_id="c1"),
    ],
    "a developer": [SystemMessage("Be brief.", additional_kwargs={"__openai_role__": "developer"}), HumanMessage("Hi")],
    "no characters of any language": [HumanMessage('tab\tline\nquote"back\\slash 🙂 \u2028')],
}
OPTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "all": {"temperature": 0.5, "max_tokens": 9, "top_p": 0.9, "seed": 7, "stop": ["END"]},
    "its server's own": {"extra_body": {"top_k": 3, "chat_template_kwargs": {"enable_thinking": False}}},
}
BOUND: dict[str, Any] = {
    "a limit": lambda chat: chat.bind(max_tokens=5, temperature=0.1),
    "texts that end it": lambda chat: chat.bind(stop=["x"]),
    "choices": lambda chat: chat.bind(n=3),
    "effort": lambda chat: chat.bind(reasoning_effort="low"),
    "a tool": lambda chat: chat.bind_tools([look]),
    "any tool": lambda chat: chat.bind_tools([look], tool_choice="any"),
    "one tool": lambda chat: chat.bind_tools([look], tool_choice="look", parallel_tool_calls=False, strict=True),
    "no tool": lambda chat: chat.bind_tools([look], tool_choice="none"),
    "a form": lambda chat: chat.bind(response_format={"type": "json_object"}),
}


async def bodies(server: Loopback, conversation: Any, change: Any = None, **options: Any) -> list[dict[str, Any]]:
    """Return what a server is sent, by either transport."""
    for transport in ("lean", "openai"):
        chat = resolve_model("m", base_url=server.url, transport=transport, **options)
        await (change(chat) if change else chat).ainvoke(conversation)
    return [request.body for request in server.requests]


def without_defaults(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if (name, value) != ("stream", False)}


@pytest.mark.parametrize("case", CONVERSATIONS)
async def test_conversations_are_sent_alike(loopback: Loopback, case: str) -> None:
    ours, theirs = await bodies(loopback, CONVERSATIONS[case])

    assert read_calls(ours["messages"]) == read_calls(theirs["messages"])


@pytest.mark.parametrize("case", OPTIONS)
async def test_options_are_sent_alike(loopback: Loopback, case: str) -> None:
    ours, theirs = await bodies(loopback, "Hi", **OPTIONS[case])

    assert ours == without_defaults(theirs)


@pytest.mark.parametrize("case", BOUND)
async def test_what_is_bound_is_sent_alike(loopback: Loopback, case: str) -> None:
    ours, theirs = await bodies(loopback, "Hi", BOUND[case], max_tokens=9)

    assert ours == without_defaults(theirs)


@pytest.mark.parametrize("method", ["function_calling", "json_mode"])
@pytest.mark.parametrize("schema", [Person, Person.model_json_schema()])
async def test_forms_are_asked_for_alike(loopback: Loopback, schema: Any, method: Any) -> None:
    reply = (
        Reply("", tool_calls=[("Person", {"name": "Ann"})])
        if method == "function_calling"
        else Reply('{"name": "Ann"}')
    )
    loopback.say("m", reply)
    persons = []
    for transport in ("lean", "openai"):
        chat: Any = resolve_model("m", base_url=loopback.url, transport=transport)
        persons.append(await chat.with_structured_output(schema, method=method).ainvoke("Who? JSON"))

    ours, theirs = (request.body for request in loopback.requests)
    assert json.dumps(ours, sort_keys=True) == json.dumps(without_defaults(theirs), sort_keys=True)
    assert persons[0] == persons[1]


REPLIES: dict[str, Reply] = {
    "words": Reply("an answer"),
    "words of all kinds": Reply('tab\t "quoted" 🙂 \u2028 <|im_end|>'),
    "a refusal": Reply("", refusal="no"),
    "a cut answer": Reply("half of", finish_reason="length"),
    "calls": Reply("", tool_calls=[("look", {"word": "x"}), ("look", {})]),
    "no count": Reply("x", usage=None),
    "details": Reply(
        "x",
        usage={
            "prompt_tokens": 7,
            "completion_tokens": 3,
            "total_tokens": 10,
            "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    ),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("case", REPLIES)
async def test_answers_are_read_alike(loopback: Loopback, case: str, *, stream: bool) -> None:
    loopback.say("m", REPLIES[case])
    answers = []
    for transport in ("lean", "openai"):
        chat = resolve_model("m", base_url=loopback.url, transport=transport)
        answers.append(await chat.ainvoke("Hi", stream=True) if stream else await chat.ainvoke("Hi"))

    ours, theirs = map(facts, answers)
    assert ours == theirs


def facts(answer: AIMessage) -> dict[str, Any]:
    """Return what an answer says of itself, but for what the openai package invents."""
    usage: Any = {**(answer.usage_metadata or {})}
    for name in ("input_token_details", "output_token_details"):
        usage[name] = {detail: count for detail, count in usage.get(name, {}).items() if count}
    metadata = {name: answer.response_metadata.get(name) for name in ("finish_reason", "model_name", "model_provider")}
    return {"text": answer.text, "calls": answer.tool_calls, "usage": usage, **metadata}


def read_calls(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return messages with the arguments of calls read: how JSON is spaced says nothing."""
    for message in messages:
        if message["role"] == "assistant" and isinstance(message["content"], list):  # which few servers read
            message["content"] = "".join(part["text"] for part in message["content"])
        for call in message.get("tool_calls") or []:
            try:
                call["function"]["arguments"] = json.loads(call["function"]["arguments"])
            except ValueError:
                continue
    return messages


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-5", "o3", "gpt-4.1-mini", "a-model-of-ones-own"])
def test_windows_and_limits_are_the_same(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    ours, theirs = (resolve_model(f"openai:{name}", transport=t) for t in ("lean", "openai"))

    assert profile_of(name) == vars(ours)["profile"]
    for limit in ("max_input_tokens", "max_output_tokens", "image_inputs", "reasoning_output"):
        assert (vars(ours)["profile"] or {}).get(limit) == (vars(theirs)["profile"] or {}).get(limit)
