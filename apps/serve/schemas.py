"""JSON Schemas that strangers send: answers are checked with them here, so none may fetch anything or take for ever."""

from typing import Any

from ...core.errors import ConfigError
from ...core.json_schemas import NAMED_SCHEMAS, PLAIN_VALUES, SchemaCheck, check_size
from ...graphs.adapters.asking import sentence_of
from .refusals import Refusal

_NOT_CHECKED = ("pattern", "patternProperties")
"""A regular expression can be written so that a short answer keeps the whole server busy for years."""
_IDENTITY = ("$id", "$schema", "$anchor", "$dynamicAnchor")


def harmless(schema: dict[str, Any], param: str, *, checked: bool) -> tuple[dict[str, Any], bool]:
    """Return a schema without regular expressions, and whether it had some.

    Args:
        schema: What was sent.
        param: The field that it was sent in.
        checked: Whether answers will be checked with it.

    Raises:
        Refusal: It is too large, or refers to something outside of it; or answers cannot be checked with it.
    """
    dropped: list[str] = []
    try:
        check_size(schema)
        cleaned = _clean(schema, param, dropped)
        if checked:
            SchemaCheck(cleaned)
    except ConfigError as exc:
        raise Refusal(400, sentence_of(exc), param=param) from exc
    return cleaned, bool(dropped)


def _clean(node: Any, param: str, dropped: list[str]) -> Any:
    if isinstance(node, list):
        return [_clean(item, param, dropped) for item in node]
    if not isinstance(node, dict):
        return node
    for key in ("$ref", "$dynamicRef"):
        if key in node and not str(node[key]).startswith("#"):
            raise Refusal(
                400, f"found {key} to another document, expected one inside the schema, such as #/$defs/x", param=param
            )
    dropped += [key for key in _NOT_CHECKED if key in node]
    keys = [key for key in node if key not in _NOT_CHECKED and key not in _IDENTITY]
    return {key: _value(key, node[key], param, dropped) for key in keys}


def _value(key: str, value: Any, param: str, dropped: list[str]) -> Any:
    if key in PLAIN_VALUES:
        return value
    if key in NAMED_SCHEMAS and isinstance(value, dict):
        return {name: _clean(schema, param, dropped) for name, schema in value.items()}
    return _clean(value, param, dropped)
