"""Which tools an answer may call: those that were offered in this run, as its `tool_choice` has it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBindingBase

from ...core.models.capabilities import Model, bound_to, is_chat_model
from ...core.panel.seats import Seat
from ..prompting.request import Request, function_of

_LISTS = ("function_declarations", "functionDeclarations", "functions")
"""Where Google's packages put several tools into one."""


def allowed_calls(seat: Seat, request: Request | None) -> frozenset[str] | None:
    """Return the tools that an answer's author may call, by name; None where nobody can tell.

    Args:
        seat: Who is asked; only an aggregator may call any, those of the caller or its own.
        request: What the caller of the run asks for.
    """
    if seat.role != "aggregator":
        return frozenset()
    if request and request.form:
        return frozenset({request.form.name})
    if request and request.tools:
        return _chosen([function_of(tool)[0] for tool in request.tools], request.tool_choice)
    if not is_chat_model(seat.model):
        return None  # what a chain or a graph offers its model is its own
    return _own(seat.model)


def _own(model: Model) -> frozenset[str] | None:
    """Return what the tools that are bound to a model, and to those that stand in for it, let it call."""
    while isinstance(model, RunnableBindingBase) and not model.kwargs:
        model = model.bound
    if isinstance(model, RunnableWithFallbacks):
        each = [_own(one) for one in model.runnables]
        return None if None in each else frozenset[str]().union(*filter(None, each))
    bound = bound_to(model)
    names = _names_of(bound.get("tools") or bound.get("functions") or ())
    return None if names is None else _chosen(names, bound.get("tool_choice"))


def _chosen(names: Sequence[str], choice: object) -> frozenset[str]:
    """Return what a choice leaves of the tools, in any spelling that LangChain or a provider knows."""
    if isinstance(choice, Mapping) and choice.get("type") == "allowed_tools":
        some: Any = choice.get("allowed_tools", choice)
        return frozenset(names).intersection(_names_of(some.get("tools", ())) or ())
    if isinstance(choice, Mapping):
        choice = choice.get("function", choice).get("name") or choice.get("type")
    if choice == "none":
        return frozenset()
    return frozenset(name for name in names if name == choice) or frozenset(names)


def _names_of(tools: Any) -> list[str] | None:
    """Return the names of tools as a provider's package describes them; None where one has none that can be read."""
    names: list[str] = []
    for tool in tools if isinstance(tools, Iterable) else [None]:
        if not isinstance(tool, Mapping):
            return None
        inner = next((tool[key] for key in _LISTS if key in tool), None)
        some = [_name_of(tool)] if inner is None else _names_of(inner)
        if some is None or None in some:
            return None
        names += [name for name in some if name]
    return names


def _name_of(tool: Mapping[str, Any]) -> str | None:
    described = tool.get("function") or tool.get("custom") or tool.get("toolSpec") or tool
    name = described.get("name") if isinstance(described, Mapping) else None
    return name or tool.get("type")
