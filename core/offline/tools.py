"""How the offline models choose a tool by its words, and fill its arguments from the question.

Nothing is understood here: words are compared, and what stands in the question is passed on.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from hashlib import sha256
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, ToolCall
from langchain_core.messages.tool import tool_call
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from .arithmetic import work_out
from .library import key_words, stem

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBER = re.compile(r"(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,15})?(?!\d)")
_QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^”\n]+)”|`([^`\n]+)`|(?<!\w)['‘]([^'’\n]+)['’](?!\w)")
_EDGES = ".,;:!?…()[]{}\"“”'‘’`*"
_ASKING = frozenset("get give given know like many much need return returns tool use used using want".split())
"""Say nothing of what a tool is about, nor of what it is asked for."""
_EMPTY: dict[str, Callable[[], Any]] = {"integer": int, "number": int, "boolean": bool, "array": list, "object": dict}
_DEEPEST = 5


@dataclass(frozen=True)
class Tool:
    """Know a tool by what a model is told of it."""

    name: str
    description: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """Return the words that tell what it is about."""
        return self.names + _telling(self.description)

    @property
    def names(self) -> list[str]:
        """Return the words of its name and its parameters' names."""
        return _telling(_CAMEL.sub(" ", " ".join([self.name, *self.schema.get("properties", {})])))

    def shared_with(self, question: str) -> int:
        """Count the words of a question that are its own."""
        words = self.words
        return sum(_holds(words, word) for word in key_words(question) if not word.isdigit())


def offer_tools(
    self: BaseChatModel,
    tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
    *,
    tool_choice: Any = None,
    **kwargs: Any,
) -> Runnable[LanguageModelInput, AIMessage]:
    """Take tools as real models do: the `bind_tools` of models that need no provider."""
    return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], tool_choice=tool_choice, **kwargs)


def fitting(question: str, tools: Sequence[Tool]) -> Tool | None:
    """Return the tool that shares most words with a question; one word is too few where it is plain arithmetic."""
    best = max(tools, key=lambda tool: tool.shared_with(question), default=None)
    least = 2 if work_out(question) else 1
    return best if best and best.shared_with(question) >= least else None


def decide(question: str, bound: Sequence[Mapping[str, Any]], choice: Any, *, used: Collection[str]) -> ToolCall | None:
    """Return the call that answers a question, None where it is better answered in words.

    Args:
        question: What the user asked.
        bound: The tools, as OpenAI's API describes them; what only a provider could run is left out.
        choice: OpenAI's `tool_choice`, in any spelling that LangChain knows.
        used: Tools that were called for this question already: none is called twice, and others only where forced.
    """
    name, forced = _told_to(choice)
    functions = [tool["function"] for tool in bound if "function" in tool]
    tools = [Tool(f["name"], f.get("description") or "", f.get("parameters") or {}) for f in functions]
    tools = [tool for tool in tools if tool.name not in used]
    if choice == "none" or name in used or (used and not forced):
        return None
    best = max(tools, key=lambda tool: (tool.name == name, tool.shared_with(question)), default=None)
    tool = best if forced else fitting(question, tools)
    if tool is None:
        return None
    try:
        args = _Form(question, tool, forced=forced).fill(tool.schema)
    except LookupError:
        return None
    told = json.dumps([tool.name, args, question], sort_keys=True)
    return tool_call(name=tool.name, args=args, id=f"call_{sha256(told.encode()).hexdigest()[:12]}")


def _told_to(choice: Any) -> tuple[str | None, bool]:
    if isinstance(choice, Mapping):
        choice = choice.get("function", choice).get("name") or choice.get("type")
    if choice in (None, False, "auto", "none"):
        return None, False
    return (None if choice in (True, "any", "required") else str(choice)), True


def _telling(text: str) -> list[str]:
    return [word for word in key_words(text) if word not in _ASKING]


def _holds(words: Sequence[str], word: str) -> bool:
    return any(each.startswith(stem(word)) for each in words)


class _Form:
    """Fill arguments from a question; each number and each quoted text is used once."""

    def __init__(self, question: str, tool: Tool, *, forced: bool) -> None:
        self.question, self.tool, self.forced = question, tool, forced
        self.numbers = _NUMBER.findall(question)
        self.quotes = ["".join(found) for found in _QUOTED.findall(question)]
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
            elif ("enum" in kind or _type_of(kind) in ("integer", "number")) and (found := self._found(kind, depth)):
                filled[name] = self._spend(found[0])
        return {name: filled[name] for name in fields if name in filled}

    def _value(self, schema: Mapping[str, Any], depth: int) -> Any:
        kind = self._one_of(schema)
        found = self._found(kind, depth) if depth < _DEEPEST else []
        if not found and self.forced:
            return (schema.get("enum") or [_EMPTY.get(_type_of(schema), str)()])[0]
        if not found:
            raise LookupError(f"found nothing in {self.question!r} that fits {schema!r}")
        if _type_of(schema) == "array":
            return [self._spend(each) for each in found]
        if _is_free(kind) and found[0] not in self.quotes:
            return " ".join(found)
        return self._spend(found[0])

    def _found(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
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
        for token in _QUOTED.sub(" , ", self.question).split():
            bare = re.sub(r"['’]\w{1,2}$", "", token.strip(_EDGES))
            new = [w for w in _telling(bare) if w not in self.spent and not _holds(own, w)]
            if new and bare.lower() not in self.spent:
                phrases[-1].append(bare)
            if not new or token.endswith((",", ";")):
                phrases.append([])
        return [" ".join(phrase) for phrase in phrases if phrase]

    def _spend(self, value: Any) -> Any:
        if value in self.quotes:
            self.quotes.remove(value)
        if spent := next((n for n in self.numbers if not isinstance(value, bool) and _number(n) == value), None):
            self.numbers.remove(spent)
            self.spent.add(spent)
        elif isinstance(value, str):
            self.spent.update(value.lower().split())
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
    told = schema.get("type") or ("object" if "properties" in schema else "string")
    return next((each for each in told if each != "null"), "null") if isinstance(told, list) else str(told)


def _has_text(schema: Mapping[str, Any]) -> bool:
    return _is_free(schema) or _type_of(schema) in ("array", "object")


def _is_free(schema: Mapping[str, Any]) -> bool:
    return _type_of(schema) == "string" and not {"enum", "const"} & schema.keys()


def _says(question: str, value: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", question, re.IGNORECASE) is not None


def _number(text: str) -> int | float:
    text = text.replace(",", "")
    return float(text) if "." in text else int(text)
