"""Answers that are objects: how a schema is told to a model, and how its answer is read and checked."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_core.utils.json import parse_json_markdown
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import (
    BaseModel,
    PydanticSchemaGenerationError,
    PydanticUserError,
    RootModel,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import is_typeddict

from ...core.errors import ConfigError, nearest
from ...core.json_schemas import SchemaCheck
from ...core.run.state import Graph
from ...core.text import one_line
from ...core.wire.structured import Method, as_function
from ...nodes.prompting.forced import Tool, calls_in, forced_of
from ...nodes.prompting.request import Form, Request, said_of, told_as_text
from .requests import check_request

_METHODS = ("function_calling", "json_schema", "json_mode")
_IN_WORDS = {"$ref", "anyOf", "oneOf", "allOf", "not", "enum", "const"}
"""What OpenAI's API takes at the top of no tool's schema."""


class UnfitAnswer(OutputParserException):
    """Tell that no answer fits a form: LangChain's own error adds where to read about it, which is for developers.

    Attributes:
        form: What the form is called.
        reason: What the mixture did about it, or what is wrong with the answer.
    """

    def __init__(self, form: str, reason: str, llm_output: str | None = None) -> None:
        super().__init__(reason, llm_output=llm_output)
        self.form, self.reason = form, reason

    def __str__(self) -> str:
        return f"no answer fits {self.form!r}: {self.reason}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.form, self.reason, self.llm_output)


def make_form(schema: dict[str, Any] | type, *, method: Method, strict: bool | None) -> Form:
    """Describe an object to models, and keep how it is checked.

    Raises:
        ConfigError: The schema is none, or the method is unknown.
    """
    if method not in _METHODS:
        raise ConfigError(f"unknown method {method!r}; {nearest(str(method), _METHODS)}")
    if strict is not None and method == "json_mode":
        raise ConfigError("found strict with method='json_mode', expected it with a method that can; leave it out")
    tool = _described(schema, strict=strict, what="the schema")
    if "function" not in tool:
        raise ConfigError(f"found {schema!r:.80} as the schema, which a provider runs itself, expected a JSON Schema")
    _check_object(schema)
    check = _checker(schema, dict(tool["function"].get("parameters", {})))
    if isinstance(check, _ObjectCheck):
        tool = {**tool, "function": {**tool["function"], "parameters": check.parameters}}
    name = tool["function"]["name"]
    if method == "function_calling":
        return Form(tool=tool, method=method, parse=lambda answer: _checked_call(answer, tool, check))
    return Form(tool=tool, method=method, parse=lambda answer: check(_object_in(answer, name)))


def best_form(moa: Graph, schema: dict[str, Any] | type, *, strict: bool | None = None) -> Form:
    """Describe an object as a mixture is asked for it best: by a call where its aggregators can, else in words.

    Args:
        moa: The mixture.
        schema: A JSON Schema, a pydantic class or a TypedDict.
        strict: Whether the provider is to hold the answer to it.

    Raises:
        ConfigError: The schema is none, or the mixture writes no answers.
    """
    form = make_form(schema, method="function_calling", strict=strict)
    try:
        check_request(moa, Request(of=None, form=form))
        if strict is not None or not _IN_WORDS & form.schema.keys():
            return form
    except ConfigError:
        pass
    form = make_form(schema, method="json_mode", strict=strict)
    check_request(moa, Request(of=None, form=form))
    return form


def described_tools(tools: Any, *, strict: bool | None, choice: Any = None) -> list[Tool]:
    """Describe tools as OpenAI's API does; those that a provider runs itself stay as they are.

    Args:
        tools: Whatever LangChain takes as tools.
        strict: Whether the provider is to hold arguments to their schemas.
        choice: The `tool_choice`.

    Raises:
        ConfigError: One is no tool, or is to be called and no call could be checked.
    """
    if not isinstance(tools, Sequence) or isinstance(tools, str):
        raise ConfigError(f"found {type(tools).__name__} as tools, expected a list of tools")
    described = [tool if _is_providers(tool) else _described(tool, strict=strict, what="a tool") for tool in tools]
    for tool in forced_of(described, choice) if choice else ():
        SchemaCheck(tool["function"].get("parameters") or {})
    return described


def _is_providers(tool: object) -> bool:
    if not isinstance(tool, dict):
        return False
    kind = tool.get("type")
    return kind not in ("function", "object") if kind else not {"name", "title", "function", "toolSpec"} & tool.keys()


def _described(schema: Any, *, strict: bool | None, what: str) -> Tool:
    if isinstance(schema, dict) and isinstance(schema.get("type"), list) and "title" not in schema:
        raise ConfigError(f"found {schema!r:.80} as {what}, expected a JSON Schema with a title, its name; add one")
    try:
        return convert_to_openai_tool(as_function(schema), strict=strict)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError, PydanticUserError) as exc:
        why = one_line(str(exc))
        raise ConfigError(
            f"found {schema!r:.80} as {what}, expected a class, a function or a JSON Schema: {why}"
        ) from exc


def _check_object(schema: Any) -> None:
    """Refuse, before anything is paid for, a class whose answers are no objects."""
    if isinstance(schema, type) and issubclass(schema, RootModel):
        try:
            _ = SchemaCheck(schema.model_json_schema()).as_object
        except ConfigError as exc:
            raise ConfigError(f"found {schema.__name__!r:.80} as the schema: {exc}") from exc


def read(form: Form, answer: AIMessage) -> dict[str, Any]:
    """Return an answer with the object that it holds, or with why it holds none."""
    try:
        return {"raw": answer, "parsed": parsed(form, answer), "parsing_error": None}
    except UnfitAnswer as exc:
        return {"raw": answer, "parsed": None, "parsing_error": exc}


def parsed(form: Form, answer: AIMessage) -> Any:
    """Return the object that an answer holds.

    Raises:
        UnfitAnswer: It holds none; what the mixture did about it is in the message's metadata.
    """
    try:
        return form.parse(answer)
    except Exception as exc:
        degraded = answer.response_metadata.get("moa", {}).get("degraded")
        raise UnfitAnswer(form.name, degraded or said_of(exc), answer.text) from exc


def _checked_call(answer: AIMessage, tool: Tool, check: Callable[[Any], Any]) -> Any:
    """Return the object that a call holds, also where the call came as text, which is read as a whole or not at all."""
    name = tool["function"]["name"]
    if not told_as_text(answer):
        return check(_object_in(answer, name))
    problem: Exception = ValueError(f"found text, expected a call of {name!r}, or its JSON object and nothing else")
    for call in calls_in(answer.text, [tool]):
        try:
            return check(call["args"])
        except Exception as exc:  # noqa: BLE001 - a schema's own validators may raise whatever they like
            problem = exc
    raise problem


def _object_in(answer: AIMessage, name: str) -> Any:
    """Return what a model gave as the object: the arguments of a call, or JSON in its text."""
    if answer.invalid_tool_calls and not answer.tool_calls:
        raise ValueError(f"found arguments that are no JSON: {answer.invalid_tool_calls[0]['error'] or 'cut short'}")
    if answer.tool_calls:
        called = answer.tool_calls[0]
        if called["name"] != name:
            raise ValueError(f"found a call of {called['name']!r}, expected {name!r}")
        return called["args"]
    try:
        return parse_json_markdown(answer.text, parser=json.loads)
    except ValueError as exc:
        raise ValueError(f"found no JSON object, expected one and nothing else: {exc}") from exc


class _ObjectCheck:
    """Check an object with a JSON Schema."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._check = SchemaCheck(parameters)
        self.parameters = self._check.as_object

    def __call__(self, value: Any) -> Any:
        problem = self._check.problem(value)
        if problem is None and not isinstance(value, dict):
            problem = f"found {type(value).__name__}, expected an object"
        if problem:
            raise ValueError(problem)
        return value


def _checker(schema: dict[str, Any] | type, parameters: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Return what checks an object: pydantic for its classes, else the JSON Schema itself."""
    if isinstance(schema, type) and is_basemodel_subclass(schema):
        older: Any = schema
        return schema.model_validate if issubclass(schema, BaseModel) else older.parse_obj

    if is_typeddict(schema):
        with suppress(PydanticUserError, PydanticSchemaGenerationError):
            return _checked_by(TypeAdapter(cast("Any", schema)), parameters.get("required", ()))

    return _ObjectCheck(parameters)


def _checked_by(adapter: TypeAdapter[Any], required: Collection[str]) -> Callable[[Any], Any]:
    """Check against the annotations themselves: LangChain's JSON Schema of a TypedDict forgets what may be null.

    Args:
        adapter: Knows the annotations.
        required: What models were told to give; LangChain's defaults are no part of the annotations.
    """

    def check(value: Any) -> Any:
        try:
            adapter.validate_python(value)
        except ValidationError as exc:
            left_out = [e for e in exc.errors() if e["type"] == "missing" and e["loc"][0] not in required]
            if len(left_out) < exc.error_count():
                raise
        return value

    return check
