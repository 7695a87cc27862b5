"""JSON Schemas that strangers send: answers are checked with them here, so none may fetch anything or take for ever."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import ConfigError
from ...core.json_schemas import NAMED_SCHEMAS, PLAIN_VALUES, REFERENCES, SchemaCheck, check_size
from ...graphs.adapters.asking import sentence_of
from .amounts import every_value, parts_inside
from .refusals import Refusal

_MOST_CHECKED = 3_000
"""Values in all schemas of a request that answers are checked with: reading them takes the half of a second."""
_COMPARED = 100
"""Comparisons that take as long as a value."""
_NOT_CHECKED = {"pattern", "patternProperties"}
"""A regular expression can be written so that a short answer keeps the whole server busy for years."""
_WHAT_IS_LEFT = {"unevaluatedProperties", "unevaluatedItems"}
"""What is about all that other schemas, perhaps dropped ones, say nothing of."""
_TURNED: dict[str, tuple[str, ...]] = {
    "not": (),
    "if": ("then", "else"),
    "contains": ("minContains", "maxContains"),
    "oneOf": (),
}
"""What fits less where a schema in it fits more, and what says nothing without it."""


def check_amount(schemas: Sequence[Mapping[str, Any]], param: str) -> None:
    """Refuse more than can be read at once, before any is.

    Args:
        schemas: All that answers to one request will be checked with.
        param: The field that they were sent in.

    Raises:
        Refusal: They are too much.
    """
    if (count := sum(map(_weight, schemas))) > _MOST_CHECKED:
        why = (
            f"found {count:,} values in schemas that answers are to be checked with, expected {_MOST_CHECKED:,} at most"
        )
        raise Refusal(400, f"{why}; send fewer, or let the model choose its tool", param=param)


def harmless(schema: dict[str, Any], param: str, *, checked: bool) -> tuple[dict[str, Any], list[str]]:
    """Return a schema without regular expressions, which takes whatever it took with them, and the keys that it lost.

    Args:
        schema: What was sent.
        param: The field that it was sent in.
        checked: Whether answers will be checked with it; where they are not, nothing is left out.

    Raises:
        Refusal: It is too large, or refers to something outside of it; or answers cannot be checked with it.
    """
    lost: set[str] = set()
    try:
        check_size(schema)
        if not checked:
            return schema, []
        cleaned = _Cleaning(_NOT_CHECKED, lost).of(schema)
        if lost - {"pattern"}:
            cleaned = _Cleaning(_NOT_CHECKED | _WHAT_IS_LEFT, lost).of(schema)
        if isinstance(schema.get("$schema"), str):
            cleaned = {"$schema": schema["$schema"], **cleaned}
        SchemaCheck(cleaned)
    except ConfigError as exc:
        raise Refusal(400, sentence_of(exc), param=param) from exc
    return cleaned, sorted(lost)


def _weight(schema: Mapping[str, Any]) -> int:
    """Count the values of a schema; of older drafts, jsonschema compares objects in lists with each other."""
    weight = 0
    for value in every_value(schema):
        objects = [part for part in value if isinstance(part, dict | list)] if isinstance(value, list) else []
        weight += 1 + len(objects) ** 2 // _COMPARED
    return weight


class _Cleaning:
    """Leave keys out of a schema, and with them whatever would fit less without them."""

    def __init__(self, keys: set[str], lost: set[str]) -> None:
        self._keys, self._lost = keys, lost
        self._any = False

    def of(self, schema: dict[str, Any]) -> dict[str, Any]:
        self._any = self._holds(schema, self._keys)
        cleaned: dict[str, Any] = self._clean(schema)
        return cleaned

    def _holds(self, node: Any, keys: set[str]) -> bool:
        if isinstance(node, list):
            return any(self._holds(part, keys) for part in node)
        if not isinstance(node, dict):
            return False
        return bool(keys & node.keys()) or any(
            self._holds(list(parts_inside(value)) if key in NAMED_SCHEMAS else value, keys)
            for key, value in node.items()
            if key not in PLAIN_VALUES
        )

    def _clean(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._clean(part) for part in node]
        if not isinstance(node, dict):
            return node
        gone = {"$schema", *self._gone_from(node)}
        cleaned = {key: self._value(key, value) for key, value in node.items() if key not in gone}
        if "oneOf" in gone and "anyOf" not in node:  # several may fit now
            cleaned["anyOf"] = self._clean(node["oneOf"])
        return cleaned

    def _gone_from(self, node: dict[str, Any]) -> set[str]:
        gone = self._keys & node.keys()
        if "patternProperties" in gone:
            gone |= {"additionalProperties"} & node.keys()
        if self._any:  # what is referred to may hold some, too
            turned = [key for key in _TURNED if key in node and self._holds(node[key], {*self._keys, *REFERENCES})]
            gone = gone.union(turned, *(_TURNED[key] for key in turned)) & node.keys()
        self._lost |= gone
        return gone

    def _value(self, key: str, value: Any) -> Any:
        if key in PLAIN_VALUES:
            return value
        if key in NAMED_SCHEMAS and isinstance(value, dict):
            return {name: self._clean(schema) for name, schema in value.items()}
        return self._clean(value)
