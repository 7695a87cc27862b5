"""Tools as the offline models know them: by their words, for nothing is understood here."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from .words import LONGEST_STEM, key_words, stem

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ASKING = frozenset("get give given know like many much need return returns tool use used using want".split())
"""Say nothing of what a tool is about, nor of what it is asked for."""


@dataclass(frozen=True)
class OfferedTool:
    """Know a tool by what a model is told of it."""

    name: str
    description: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """Return the words that tell what it is about."""
        return self.names + telling_words(self.description)

    @property
    def names(self) -> list[str]:
        """Return the words of its name and its parameters' names."""
        return telling_words(_CAMEL.sub(" ", " ".join([self.name, *self.schema.get("properties", {})])))

    def shared_with(self, question: str) -> int:
        """Count the words of a question that are its own."""
        own = beginnings(self.words)
        return sum(stem(word) in own for word in key_words(question) if not word.isdigit())


def offer_tools(
    self: BaseChatModel,
    tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
    *,
    tool_choice: Any = None,
    **kwargs: Any,
) -> Runnable[LanguageModelInput, AIMessage]:
    """Take tools as real models do: the `bind_tools` of models that need no provider."""
    return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], tool_choice=tool_choice, **kwargs)


def telling_words(text: str) -> list[str]:
    """Return the words of a text that tell what a tool is about, or what is asked of it."""
    return [word for word in key_words(text) if word not in _ASKING]


def beginnings(words: Iterable[str]) -> set[str]:
    """Return how words begin: the `stem` of one is among them, if it is one of those words in any of its forms."""
    return {word[:length] for word in words for length in range(1, LONGEST_STEM + 1)}
