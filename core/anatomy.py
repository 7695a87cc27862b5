"""What a model is made of: a chat model, perhaps wrapped or in a chain, or a graph."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable, RunnableSequence, RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBindingBase
from langgraph.pregel import Pregel
from pydantic import SecretStr

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Model = Runnable[Any, Any]
"""A chat model, a Runnable from messages to a message, or a compiled graph over `messages`."""


def map_chat_models(model: Model, change: "Callable[[BaseChatModel], Model]") -> Model:
    """Copy a model with every chat model in it changed: under `.bind`, `.with_retry`, fallbacks, and in a chain."""
    from langchain_core.language_models import BaseChatModel

    def inside(part: Model) -> Model:
        return map_chat_models(part, change)

    match model:
        case BaseChatModel():
            return change(model)
        case RunnableBindingBase():
            return model.model_copy(update={"bound": inside(model.bound)})
        case RunnableWithFallbacks():
            fallbacks = [inside(fallback) for fallback in model.fallbacks]
            return model.model_copy(update={"runnable": inside(model.runnable), "fallbacks": fallbacks})
        case RunnableSequence():
            ends = {"first": inside(model.first), "last": inside(model.last)}
            return model.model_copy(update={**ends, "middle": [inside(step) for step in model.middle]})
    return model


def unwrapped(model: Model) -> Model:
    """Return what is under any `.bind`, `.with_retry`, `.with_config` or `.with_fallbacks`."""
    while isinstance(model, RunnableBindingBase | RunnableWithFallbacks):
        model = model.bound if isinstance(model, RunnableBindingBase) else model.runnable
    return model


def chat_model_of(model: Model) -> "BaseChatModel | None":
    """Return the chat model that is asked first, None where the model is a chain or a graph."""
    from langchain_core.language_models import BaseChatModel

    inner = unwrapped(model)
    return inner if isinstance(inner, BaseChatModel) else None


def is_chat_model(model: Model) -> bool:
    """Tell a chat model, wrapped or not, from a chain or a graph."""
    return chat_model_of(model) is not None


def is_graph(model: Model) -> bool:
    """Tell a compiled graph, which takes `{"messages": [...]}`, from what takes a list of messages."""
    return isinstance(unwrapped(model), Pregel)


def without_streaming(model: Model) -> Model:
    """Return the model asked for whole answers: streaming them costs four times the CPU and nobody watches.

    What a graph or a function calls inside cannot be reached; its tokens are hidden all the same.
    """
    return map_chat_models(model, lambda chat: chat.model_copy(update={"disable_streaming": True}))


def endpoint_of(model: Model) -> str | None:
    """Return the URL that an OpenAI-compatible model talks to, None for all others."""
    client = getattr(chat_model_of(model), "root_async_client", None)
    return str(client.base_url) if client is not None else None


_PARTS = ("bound", "runnable", "fallbacks", "steps", "steps__", "deps", "nodes")


def secrets_of(model: Any) -> set[str]:
    """Return the secrets that a model and what it is made of hold, so that they can be struck from what is told."""
    found: set[str] = set()
    seen: set[int] = set()
    left = [model]
    while left:
        part = left.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, dict):
            left += part.values()
        elif isinstance(part, list | tuple):
            left += part
        elif isinstance(part, Runnable) or hasattr(part, "bound"):
            held = getattr(part, "__dict__", {}).values()
            found |= {value.get_secret_value() for value in held if isinstance(value, SecretStr)}
            left += [getattr(part, name) for name in _PARTS if hasattr(part, name)]
    return found
