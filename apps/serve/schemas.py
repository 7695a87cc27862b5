"""JSON Schemas that strangers send: answers are checked with them here, so none may fetch anything or take for ever."""

from typing import Any

from .refusals import Refusal

_DEEPEST = 60
_NOT_CHECKED = ("pattern", "patternProperties")
"""A regular expression can be written so that a short answer keeps the whole server busy for years."""
_NAMES = ("properties", "$defs", "definitions", "dependentSchemas")
"""Keys whose own keys are names that somebody chose."""
_VALUES = ("const", "enum", "default", "examples")
_IDENTITY = ("$id", "$schema", "$anchor", "$dynamicAnchor")


def harmless(schema: dict[str, Any], param: str) -> tuple[dict[str, Any], bool]:
    """Return a schema without regular expressions, and whether it had some.

    Args:
        schema: What was sent.
        param: The field that it was sent in.

    Raises:
        Refusal: It refers to something outside of it, or is nested too deeply.
    """
    dropped: list[str] = []
    return _clean(schema, param, dropped, 0), bool(dropped)


def _clean(node: Any, param: str, dropped: list[str], depth: int) -> Any:
    if depth > _DEEPEST:
        raise Refusal(400, f"found a schema of more than {_DEEPEST} levels, expected a flatter one", param=param)
    if isinstance(node, list):
        return [_clean(item, param, dropped, depth + 1) for item in node]
    if not isinstance(node, dict):
        return node
    for key in ("$ref", "$dynamicRef"):
        if key in node and not str(node[key]).startswith("#"):
            raise Refusal(
                400, f"found {key} to another document, expected one inside the schema, such as #/$defs/x", param=param
            )
    dropped += [key for key in _NOT_CHECKED if key in node]
    keys = [key for key in node if key not in _NOT_CHECKED and key not in _IDENTITY]
    return {key: _value(key, node[key], param, dropped, depth) for key in keys}


def _value(key: str, value: Any, param: str, dropped: list[str], depth: int) -> Any:
    if key in _VALUES:
        return value
    if key in _NAMES and isinstance(value, dict):
        return {name: _clean(schema, param, dropped, depth + 1) for name, schema in value.items()}
    return _clean(value, param, dropped, depth + 1)
