"""What a server answers to LangChain's own tests of chat models."""

import json
from typing import Any

from loopback import Reply
from reading import question_in


def answer(body: dict[str, Any]) -> Reply:
    """Call a tool where one is given and has not answered yet, with arguments that fit its schema."""
    last = body["messages"][-1]
    question = next(m for m in reversed(body["messages"]) if m["role"] == "user" and "$references" not in m["content"])
    if body.get("tools") and last["role"] != "tool":
        tools = {tool["function"]["name"]: tool["function"] for tool in body["tools"]}
        choice = body.get("tool_choice")
        name = choice["function"]["name"] if isinstance(choice, dict) else next(iter(tools))
        return Reply("", tool_calls=[(name, filled(tools[name].get("parameters", {}), body["messages"]))])
    if "JSON Schema" in json.dumps(last) or "response_format" in body:
        return Reply('{"setup": "Why do cats sit?", "punchline": "They can."}')
    return Reply(f"an answer to {question_in(text_in(question))}"[:60])


def filled(schema: dict[str, Any], messages: list[dict[str, Any]]) -> dict[str, Any]:
    question = question_in(next(text_in(m) for m in messages if m["role"] == "user"))
    kinds: dict[str, Any] = {"integer": 3, "number": 3.0, "boolean": True, "array": [], "object": {}}
    return {name: kinds.get(part.get("type"), question) for name, part in schema.get("properties", {}).items()}


def text_in(message: dict[str, Any]) -> str:
    """Return a message's text, which may be one of several parts."""
    parts = message["content"]
    return parts if isinstance(parts, str) else "".join(part.get("text", "") for part in parts)
