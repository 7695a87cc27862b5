"""Fill a tool's arguments from what stands in a question."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from .tools import OfferedTool, beginnings, telling_words
from .words import stem

_NUMBER = re.compile(r"(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,15})?(?!\d)")
_QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^“”\n]+)”|`([^`\n]+)`|(?<!\w)['‘]([^'‘’\n]+)['’](?!\w)")
_EDGES = ".,;:!?…()[]{}\"“”'‘’`*"
_EMPTY: dict[str, Callable[[], Any]] = {"integer": int, "number": int, "boolean": bool, "array": list, "object": dict}
_DEEPEST = 5


class ArgumentForm:
    """Fill arguments from a question; each number and each quoted text is used once."""

    def __init__(self, question: str, tool: OfferedTool, *, forced: bool) -> None:
        self.question, self.tool, self.forced = question, tool, forced
        self.numbers = _NUMBER.findall(question)
        self.quotes = ["".join(groups) for groups in _QUOTED.findall(question)]
        self.spent: set[str] = set()

    def fill(self, schema: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
        """Fill an object: what it requires, and other choices and numbers that the question holds.

        Raises:
            LookupError: The question does not hold what is required.
        """
        fields = {name: self._resolved(each) for name, each in schema.get("properties", {}).items()}
        required = schema.get("required", ())
        filled = {}
        # Free text comes last: it is what the other arguments leave of the question.
        for name in sorted(fields, key=lambda name: (_has_text(self._one_of(fields[name])), name not in required)):
            kind = fields[name]
            if name in required:
                filled[name] = self._value(kind, depth)
            elif ("enum" in kind or _type_of(kind) in ("integer", "number")) and (values := self._values(kind, depth)):
                filled[name] = self._spend(values[0])
        return {name: filled[name] for name in fields if name in filled}

    def _value(self, schema: Mapping[str, Any], depth: int) -> Any:
        kind = self._one_of(schema)
        values = self._values(kind, depth) if depth < _DEEPEST else []
        if not values and self.forced:
            return (schema.get("enum") or [_EMPTY.get(_type_of(schema), str)()])[0]
        if not values:
            raise LookupError(f"found nothing in {self.question!r} that fits {schema!r}")
        if _type_of(schema) == "array":
            return [self._spend(each) for each in values]
        if _is_free(kind) and values[0] not in self.quotes:
            return " ".join(values)
        return self._spend(values[0])

    def _values(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        """Return all in the question that fits, in its order."""
        if "const" in schema:
            return [schema["const"]]
        if "enum" in schema:
            return [value for value in schema["enum"] if _says(self.question, str(value))]
        match _type_of(schema):
            case "integer":
                return [_number(text) for text in self.numbers if "." not in text]
            case "number":
                return [_number(text) for text in self.numbers]
            case "boolean":
                return [True]
            case "null":
                return [None]
            case "object":
                return [self.fill(schema, depth + 1)]
            case "array":
                return [self._value(schema, depth + 1)]
        # A description may give the very word as its example.
        phrases = self._phrases(self.tool.words) or self._phrases(self.tool.names)
        return list(self.quotes) or phrases or [text for text in [self.question.strip()] if text]

    def _phrases(self, own: Sequence[str]) -> list[str]:
        """Return what the question says beside the tool's own words, in one piece as far as it stands together."""
        phrases: list[list[str]] = [[]]
        own_stems = beginnings(own)
        for token in _QUOTED.sub(" , ", self.question).split():
            bare = re.sub(r"['’]\w{1,2}$", "", token.strip(_EDGES))
            new = [w for w in telling_words(bare) if w not in self.spent and stem(w) not in own_stems]
            if new and bare.lower() not in self.spent:
                phrases[-1].append(bare)
            if not new or token.endswith((",", ";")):
                phrases.append([])
        return [" ".join(phrase) for phrase in phrases if phrase]

    def _spend(self, value: Any) -> Any:
        if value in self.quotes:
            self.quotes.remove(value)
        if isinstance(value, str):
            self.spent.update(value.lower().split())
        elif not isinstance(value, bool) and (spent := next((n for n in self.numbers if _number(n) == value), None)):
            self.numbers.remove(spent)
            self.spent.add(spent)
        return value

    def _resolved(self, schema: Any) -> Mapping[str, Any]:
        for _ in range(_DEEPEST):
            if not isinstance(schema, Mapping):
                return {}
            options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
            if path := schema.get("$ref"):
                schema = reduce(lambda at, part: at.get(part, {}), path.removeprefix("#/").split("/"), self.tool.schema)
            elif options:
                schema = next((each for each in options if each != {"type": "null"}), {})
            else:
                return schema
        return {}

    def _one_of(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._resolved(schema.get("items", {})) if _type_of(schema) == "array" else schema


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type") or ("object" if "properties" in schema else "string")
    return next((each for each in kind if each != "null"), "null") if isinstance(kind, list) else str(kind)


def _has_text(schema: Mapping[str, Any]) -> bool:
    return _is_free(schema) or _type_of(schema) in ("array", "object")


def _is_free(schema: Mapping[str, Any]) -> bool:
    return _type_of(schema) == "string" and not {"enum", "const"} & schema.keys()


def _says(question: str, value: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", question, re.IGNORECASE) is not None


def _number(text: str) -> int | float:
    text = text.replace(",", "")
    return float(text) if "." in text else int(text)
