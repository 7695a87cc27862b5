"""Read a call that was forced and came as text: some servers take a forced `tool_choice`, and do nothing about it.

Models then write the call as they were trained to, as one object with a name and arguments, or as the arguments alone.
What stands in a sentence is no call: a model that speaks of one has not made it.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from string import ascii_letters
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage, ToolCall
from langchain_core.messages.tool import tool_call

from ...core.errors import ConfigError
from ...core.json_schemas import NAMED_SCHEMAS, PLAIN_VALUES, REFERENCES, SchemaCheck

Tool = dict[str, Any]
"""A tool as OpenAI's API describes it, which is what LangChain converts every tool to."""

_WRAPPERS = (("```", "```"), ("<tool_call>", "</tool_call>"))
"""A code fence, and the tags that Hermes and Qwen are trained on, and their servers should have read."""
_ARGUMENTS = ("arguments", "parameters")
_ELSEWHERE = {"$ref", "allOf", "anyOf", "oneOf"}
"""Where a schema without properties at its top has them: the schema itself tells then."""
_AROUND = {"name", "type", "id", *_ARGUMENTS}
"""The keys of an object that is a call."""


def forced_of(tools: Sequence[Tool], choice: object) -> Sequence[Tool]:
    """Return the tools of which a `tool_choice` wants one called; none where words will do, or where nobody can check.

    Args:
        tools: Those that are offered.
        choice: The choice, in any spelling that LangChain knows.
    """
    if isinstance(choice, Mapping):
        choice = choice.get("function", choice).get("name") or choice.get("type")
    if choice is True or choice in ("any", "required"):
        return tools if all("function" in tool for tool in tools) else ()
    return [tool for tool in tools if tool.get("function", {}).get("name") == choice]


def calls_in(text: str, offered: Sequence[Tool]) -> Iterator[ToolCall]:
    """Yield what a text may be as a call, which is whole or nothing: the likelier reading first, none of them checked.

    Args:
        text: All that was said.
        offered: The tools of which one was to be called.
    """
    object_ = _object(text)
    if object_ is None:
        return
    functions = {str(tool["function"]["name"]): tool["function"] for tool in offered}
    inner = object_["function"] if "function" in object_ and object_.keys() <= {"type", "id", "function"} else object_
    if isinstance(inner, dict) and inner.keys() <= _AROUND and inner.get("name") in functions:
        args = next((inner[key] for key in _ARGUMENTS if key in inner), None)
        args = _read(args) if isinstance(args, str) else args
        if isinstance(args, dict):
            yield _called(str(inner["name"]), args)
    if len(functions) == 1:
        ((name, function),) = functions.items()
        if _may_be_arguments(object_, function.get("parameters") or {}):
            yield _called(name, object_)


def fits(call: ToolCall, offered: Sequence[Tool]) -> bool:
    """Tell whether a call is one that was offered: its name, and arguments as its schema has them."""
    for tool in offered:
        function = tool["function"]
        if function["name"] == call["name"]:
            try:
                return SchemaCheck(function.get("parameters") or {}).problem(call["args"]) is None
            except ConfigError:
                return False
    return False


def as_schema(offered: Sequence[Tool]) -> dict[str, Any]:
    """Describe a call of one of several tools as an object, for servers that hold an answer to a schema."""
    parameters = [tool["function"].get("parameters") or {"type": "object"} for tool in offered]
    if len(parameters) == 1:
        return dict(parameters[0])
    calls = [
        {
            "type": "object",
            "properties": {
                "name": {"const": tool["function"]["name"]},
                "arguments": _moved_to(f"#/anyOf/{number}/properties/arguments", schema),
            },
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for number, (tool, schema) in enumerate(zip(offered, parameters, strict=True))
    ]
    return {"anyOf": calls}


def _moved_to(place: str, schema: Any) -> Any:
    """Return a schema as it is written at a place inside of another: what it refers to has moved along."""
    if isinstance(schema, list):
        return [_moved_to(place, part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    moved: dict[str, Any] = {}
    for key, value in schema.items():
        if key in REFERENCES and isinstance(value, str) and (value == "#" or value.startswith("#/")):
            moved[key] = place + value[1:]
        elif key in NAMED_SCHEMAS and isinstance(value, dict):
            moved[key] = {name: _moved_to(place, part) for name, part in value.items()}
        else:
            moved[key] = value if key in PLAIN_VALUES else _moved_to(place, value)
    return moved


def with_call(message: AIMessage, call: ToolCall) -> AIMessage:
    """Return a message that makes the call which it gave as text."""
    return AIMessage(
        "",
        id=message.id,
        name=message.name,
        tool_calls=[call],
        additional_kwargs=message.additional_kwargs,
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
    )


def _called(name: str, args: dict[str, Any]) -> ToolCall:
    return tool_call(name=name, args=args, id=f"call_{uuid4().hex[:24]}")


def _object(text: str) -> dict[str, Any] | None:
    """Return the object that is all of a text, perhaps in one fence."""
    whole = text.strip()
    for opening, closing in _WRAPPERS:
        if whole.startswith(opening) and whole.endswith(closing):
            return _read(whole.removeprefix(opening).removesuffix(closing).lstrip(ascii_letters))
    return _read(whole)


def _read(text: str) -> dict[str, Any] | None:
    try:
        object_ = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return object_ if isinstance(object_, dict) else None


def _refuse(constant: str) -> None:
    raise ValueError(f"found {constant}, which is no JSON")


def _may_be_arguments(object_: Collection[str], parameters: Mapping[str, Any]) -> bool:
    """Tell arguments from an object about something else, as the call of another tool."""
    properties = parameters.get("properties", {})
    if not properties and _ELSEWHERE & parameters.keys():
        return True
    return bool(parameters.get("additionalProperties")) or all(key in properties for key in object_)
