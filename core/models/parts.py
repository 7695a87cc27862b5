"""What is inside a model: the tools that its graphs run, and the secrets that it holds."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable
from pydantic import SecretStr

from ..text import is_secret
from ..wire.connections import values_in

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_HANDOFF = "__handoff_destination"
"""What marks a tool that hands over to another agent, as langgraph-supervisor and langgraph-swarm make them."""


class NoContext(dict[str, Any]):
    """Be an empty context that counts as one: LangGraph takes what is false for none, and passes on its caller's."""

    def __bool__(self) -> bool:
        return True


def tools_of(model: Any) -> list["BaseTool"]:
    """Return the tools that graphs in a model run themselves; what is only bound to a chat model runs nowhere."""
    return [tool for part in _parts_in(model) for tool in getattr(part, "tools_by_name", {}).values()]


def may_write(tool: "BaseTool") -> bool:
    """Tell a tool that nobody calls read-only, in its metadata and in the word of the Model Context Protocol."""
    about = tool.metadata or {}
    return about.get("readOnlyHint") is not True and _HANDOFF not in about


_PARTS = ("bound", "runnable", "fallbacks", "steps", "steps__", "deps", "nodes", "subgraphs", "asks", "moa")


def secrets_of(model: Any) -> set[str]:
    """Return the secrets that a model and what it is made of hold, so that they can be struck from what is told."""
    parts = list(_parts_in(model))
    held = [value for part in parts for value in getattr(part, "__dict__", {}).values()]
    tables = [value.values() for value in held if isinstance(value, Mapping)]
    headers = [secret.get_secret_value() for table in tables for secret in table if isinstance(secret, SecretStr)]
    headers += [text for value in held for _, text in getattr(value, "sends_along", ())]
    alone = {value.get_secret_value() for value in held if isinstance(value, SecretStr)}
    queries = [part.query.get_secret_value() for part in parts if isinstance(getattr(part, "query", None), SecretStr)]
    queries += [value.asks_with for value in held if hasattr(value, "asks_with")]
    return alone | set(filter(is_secret, [*headers, *chain.from_iterable(map(values_in, queries))]))


def _parts_in(model: Any) -> Iterator[Any]:
    """Yield a model and all that it is made of: chains, graphs, their nodes, and what functions close over."""
    seen: set[int] = set()
    rest = [model]
    while rest:
        part = rest.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Mapping):
            rest += part.values()
        elif isinstance(part, list | tuple):
            rest += part
        elif isinstance(part, Runnable) or hasattr(part, "bound"):
            yield part
            rest += [getattr(part, name) for name in _PARTS if hasattr(part, name)]
