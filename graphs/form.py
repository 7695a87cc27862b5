"""Answers that are objects: how a schema is told to a model, and how its answer is read and checked."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_core.utils.json import parse_json_markdown
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel

from ..core.errors import ConfigError, nearest
from ..core.request import Form, Method

_METHODS = ("function_calling", "json_schema", "json_mode")


def make_form(schema: dict[str, Any] | type, *, method: Method, strict: bool | None) -> Form:
    """Describe an object to models, and keep how it is checked.

    Raises:
        ConfigError: The schema is none, or the method is unknown.
    """
    if method not in _METHODS:
        raise ConfigError(f"unknown method {method!r}; {nearest(str(method), _METHODS)}")
    if strict is not None and method == "json_mode":
        raise ConfigError("found strict with method='json_mode', expected it with a method that can; leave it out")
    try:
        tool = convert_to_openai_tool(schema, strict=strict)
    except (ValueError, TypeError, AttributeError) as exc:
        raise ConfigError(f"found {schema!r:.80} as the schema, expected a class or a JSON Schema: {exc}") from exc
    parameters = tool["function"].get("parameters", {})
    check = _checker(schema, parameters)
    name = tool["function"]["name"]
    return Form(tool=tool, method=method, parse=lambda answer: check(_object_in(answer, name)))


def parsed(form: Form, answer: AIMessage) -> Any:
    """Return the object that an answer holds.

    Raises:
        OutputParserException: It holds none; what the mixture did about it is in the message's metadata.
    """
    try:
        return form.parse(answer)
    except Exception as exc:
        degraded = answer.response_metadata.get("moa", {}).get("degraded")
        why = f"found no {form.name} in the answer: {exc}" + (f" ({degraded})" if degraded else "")
        raise OutputParserException(why, llm_output=answer.text) from exc


def _object_in(answer: AIMessage, name: str) -> Any:
    """Return what a model gave as the object: the arguments of a call, or JSON in its text."""
    if answer.tool_calls:
        called = answer.tool_calls[0]
        if called["name"] != name:
            raise ValueError(f"found a call of {called['name']!r}, expected {name!r}")
        return called["args"]
    try:
        return parse_json_markdown(answer.text, parser=json.loads)
    except ValueError as exc:
        raise ValueError(f"found no JSON object, expected one and nothing else: {exc}") from exc


def _checker(schema: dict[str, Any] | type, parameters: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Return what checks an object: pydantic for its classes, else the JSON Schema itself."""
    if isinstance(schema, type) and is_basemodel_subclass(schema):
        older: Any = schema
        return schema.model_validate if issubclass(schema, BaseModel) else older.parse_obj

    def check(found: Any) -> Any:
        from jsonschema.exceptions import best_match
        from jsonschema.validators import validator_for

        if error := best_match(validator_for(dict(parameters))(dict(parameters)).iter_errors(found)):
            raise ValueError(f"{error.json_path}: {error.message}")
        return found

    return check
