"""Tools and forms of an answer, as /chat/completions takes them; LangChain describes and reads them."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_function, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass

ToolLike = dict[str, Any] | type | Callable[..., Any] | BaseTool
Method = Literal["function_calling", "json_schema", "json_mode"]
"""How a form is asked for: as the arguments of a call, as a `response_format` with a schema, or in one's own words."""

_KINDS = ("object", "array", "string", "number", "integer", "boolean", "null")
"""JSON's types; a tool that a provider runs itself has another."""


def tool_options(tools: Sequence[ToolLike], tool_choice: Any, *, strict: bool | None) -> dict[str, Any]:
    """Return what a request says of tools.

    Args:
        tools: Whatever LangChain takes as a tool.
        tool_choice: `auto`, `none`, `any` or True for one of them, a tool's name, or what the API takes.
        strict: Whether arguments are to be held to the tools' schemas.
    """
    described = [convert_to_openai_tool(as_function(tool), strict=strict) for tool in tools]
    if tool_choice in (None, False):
        return {"tools": described}
    if tool_choice in ("any", True):
        tool_choice = "required"
    elif any(tool.get("function", {}).get("name") == tool_choice for tool in described):
        tool_choice = {"type": "function", "function": {"name": tool_choice}}
    return {"tools": described, "tool_choice": tool_choice}


def form_options(schema: dict[str, Any] | type, method: Method, *, strict: bool | None) -> dict[str, Any]:
    """Return what a request says of the form of its answer, for the ways that are no call.

    Args:
        schema: A pydantic class, a TypedDict, a JSON Schema or an OpenAI tool; or all of a `response_format`.
        method: How it is asked for.
        strict: Whether the answer is to be held to the schema; None does so for a class, which is meant to be built.
    """
    if method == "json_mode":
        return {"response_format": {"type": "json_object"}}
    if isinstance(schema, dict) and schema.get("type") == "json_schema" and "json_schema" in schema:
        return {"response_format": schema}
    strict = is_class(schema) if strict is None else strict
    function = convert_to_openai_function(as_function(schema), strict=strict)
    form = {"name": function["name"], "schema": function.get("parameters", {}), "strict": strict}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def reading(schema: dict[str, Any] | type, method: Method, *, include_raw: bool) -> Runnable[AIMessage, Any]:
    """Return what reads an answer that keeps to a form.

    Args:
        schema: The form.
        method: How it was asked for.
        include_raw: Return `{"raw": message, "parsed": object, "parsing_error": exception}`, and raise nothing.
    """
    parser = _parser(schema, method)
    if not include_raw:
        return parser

    def read(message: AIMessage) -> dict[str, Any]:
        try:
            return {"raw": message, "parsed": parser.invoke(message), "parsing_error": None}
        except Exception as exc:  # noqa: BLE001 - a schema's own validators may raise whatever they like
            return {"raw": message, "parsed": None, "parsing_error": exc}

    return RunnableLambda(read)


def form_name(schema: ToolLike) -> str:
    """Return what a form is called where it is a tool."""
    return str(convert_to_openai_tool(as_function(schema))["function"]["name"])


def as_function(schema: Any) -> Any:
    """Return a JSON Schema as the function whose arguments it describes; all else as it is.

    LangChain does so itself, but drops all of one without `properties` at its top, and stumbles over several types.
    Of what OpenAI's `response_format` holds, a name and a schema, and of a schema with a `name`, it keeps the name.

    Args:
        schema: Whatever LangChain takes as a tool.
    """
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "json_schema":
        schema = schema.get("json_schema", schema)
    if isinstance(schema, dict) and isinstance(inner := schema.get("schema"), dict) and "name" in schema:
        return {key: schema[key] for key in ("name", "description", "strict") if key in schema} | {"parameters": inner}
    if not isinstance(schema, dict):
        return schema
    name = schema.get("title", schema.get("name") if "properties" in schema else None)
    is_other = "toolSpec" in schema or ("name" in schema and "properties" not in schema)
    kind = schema.get("type", "object")
    parameters = {key: value for key, value in schema.items() if key not in ("title", "description", "name")}
    if name is None or is_other or not parameters or (isinstance(kind, str) and kind not in _KINDS):
        return schema
    about = {"description": schema["description"]} if "description" in schema else {}
    return {"name": name, **about, "parameters": parameters}


def is_class(schema: object) -> bool:
    """Tell a pydantic class from a description."""
    return isinstance(schema, type) and is_basemodel_subclass(schema)


def _parser(schema: Any, method: Method) -> Runnable[AIMessage, Any]:
    from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
    from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser

    if method != "function_calling":
        return PydanticOutputParser(pydantic_object=schema) if is_class(schema) else JsonOutputParser()
    if is_class(schema):
        return PydanticToolsParser(tools=[schema], first_tool_only=True)
    return JsonOutputKeyToolsParser(key_name=form_name(schema), first_tool_only=True)
