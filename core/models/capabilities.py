"""What a model is made of: a chat model, perhaps wrapped or in a chain, or a graph."""

import json
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.runnables import Runnable, RunnableSequence, RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.runnables.retry import RunnableRetry
from langgraph.pregel import Pregel

from ..media.blocks import MediaKind
from ..text import tokens_at_most

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from ..wire.chat import ChatCompletions

Model = Runnable[Any, Any]
"""A chat model, a Runnable from messages to a message, or a compiled graph over `messages`."""
Transport = Literal["lean", "openai"]
"""How an OpenAI-compatible server is asked: by this package itself, or LangChain's packages on the openai package."""

_READS: dict[MediaKind, str] = {
    "image": "image_inputs",
    "image_url": "image_url_inputs",
    "pdf": "pdf_inputs",
    "audio": "audio_inputs",
    "video": "video_inputs",
    "file": "attachment",
}
"""What LangChain's profiles say of each kind of content."""


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


def without_bound(model: Model, names: Collection[str]) -> Model:
    """Copy a model with nothing bound by these names, however deep: what is bound further out would win."""
    match model:
        case RunnableBindingBase():
            kwargs = {key: value for key, value in model.kwargs.items() if key not in names}
            return model.model_copy(update={"bound": without_bound(model.bound, names), "kwargs": kwargs})
        case RunnableWithFallbacks():
            fallbacks = [without_bound(fallback, names) for fallback in model.fallbacks]
            return model.model_copy(update={"runnable": without_bound(model.runnable, names), "fallbacks": fallbacks})
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


def is_asked_directly(model: Model) -> bool:
    """Tell a chat model, wrapped or not, that asks a server itself: no chain or graph, and no mixture worn as one."""
    chat = chat_model_of(model)
    return chat is not None and not isinstance(getattr(chat, "moa", None), Pregel)


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

    def whole(chat: "BaseChatModel") -> Model:
        own = {"streaming": False} if getattr(chat, "streaming", None) else {}  # what some models have of their own
        return chat.model_copy(update={"disable_streaming": True, **own})

    return map_chat_models(model, whole)


def wire_of(model: Model) -> "ChatCompletions | None":
    """Return the chat model where it is one that this package asks itself."""
    from ..wire.chat import ChatCompletions

    chat = chat_model_of(model)
    return chat if isinstance(chat, ChatCompletions) else None


def transport_of(model: Model) -> Transport | None:
    """Return how an OpenAI-compatible model is asked, None for all others."""
    if wire_of(model):
        return "lean"
    return "openai" if getattr(chat_model_of(model), "root_async_client", None) is not None else None


def endpoint_of(model: Model) -> str | None:
    """Return the URL that an OpenAI-compatible model talks to, None for all others."""
    if chat := wire_of(model):
        return chat.base_url.rstrip("/") + "/"
    client = getattr(chat_model_of(model), "root_async_client", None)
    return str(client.base_url) if client is not None else None


def is_one_call(model: Model) -> bool:
    """Tell a chat model that is asked exactly once from anything that may ask several times, as a ChatMoA does."""
    from langchain_core.language_models import BaseChatModel

    while isinstance(model, RunnableBindingBase) and not isinstance(model, RunnableRetry):
        model = model.bound
    return isinstance(model, BaseChatModel) and is_asked_directly(model)


def takes_choices(model: Model) -> bool:
    """Tell a model that can be asked for several answers in one request, as OpenAI's chat completions take `n`.

    Whether its server takes it, only asking shows.
    """
    chat = chat_model_of(model)
    kinds = {kind.__name__ for kind in type(chat).__mro__}
    set_already = (
        getattr(chat, "form", None)
        or getattr(chat, "n", None)
        or getattr(chat, "use_responses_api", None)
        or "n" in bound_to(model)
    )
    return bool(kinds & {"BaseChatOpenAI", "ChatCompletions"}) and is_one_call(model) and not set_already


def slots_of(model: Model) -> int | None:
    """Return how many answers a model's server gives at a time, where it is known before anything is asked."""
    slots = (getattr(chat_model_of(model), "metadata", None) or {}).get("slots")
    return slots if isinstance(slots, int) else None


def provider_of(model: Model) -> str | None:
    """Return the provider of a chat model as its LangChain package is called, None for a chain or a graph."""
    chat = chat_model_of(model)
    if chat is None:
        return None
    if wire := wire_of(model):
        return wire.provider
    package = type(chat).__module__.partition(".")[0]
    return "offline" if package == __name__.partition(".")[0] else package.removeprefix("langchain_")


LIMIT_NAMES = ("max_tokens", "max_completion_tokens", "max_output_tokens")
"""What LangChain's packages call the limit of answer tokens."""


def limit_set(model: Model) -> tuple[str, int] | None:
    """Return the limit of answer tokens that a chat model is asked with, and its name: as bound, or as set."""
    chat, bound = chat_model_of(model), bound_to(model)
    for name in LIMIT_NAMES:
        for value in (bound.get(name), getattr(chat, name, None)):
            if isinstance(value, int):
                return name, value
    return None


def answer_limit_of(model: Model) -> int | None:
    """Return how many tokens a chat model may answer with, all its choices together: as bound, as set, or as its
    profile says.
    """
    choices = bound_to(model).get("n") or getattr(chat_model_of(model), "n", None) or 1
    limit = limit_set(model)
    most = limit[1] if limit else profile_in(model).get("max_output_tokens")
    return most * choices if most is not None else None


def bound_to(model: Model) -> dict[str, Any]:
    """Return what `.bind` and the like pass on to a model with every call."""
    bound: dict[str, Any] = {}
    while isinstance(model, RunnableBindingBase | RunnableWithFallbacks):
        if isinstance(model, RunnableBindingBase):
            bound = {**model.kwargs, **bound}
        model = model.bound if isinstance(model, RunnableBindingBase) else model.runnable
    return bound


def tool_tokens_of(model: Model) -> int:
    """Bound the tokens of the tools, functions and formats that are bound to a model."""
    described = {name: value for name, value in bound_to(model).items() if isinstance(value, list | dict)}
    return tokens_at_most(json.dumps(described, default=str)) if described else 0


def knows_tools(model: Model) -> bool:
    """Tell whether a model can be shown calls of tools as they are: it has tools itself, or is no bare chat model."""
    return not is_chat_model(model) or bool(bound_to(model).get("tools"))


def prompt_limit_of(model: Model) -> int | None:
    """Return how many tokens a chat model can read, as its profile says; None is unknown."""
    return profile_in(model).get("max_input_tokens")


def unread_by(model: Model) -> frozenset[MediaKind]:
    """Return which kinds of content a model cannot read, as its profile says; nothing where nobody knows.

    Of a model with fallbacks, it is what none of them can.
    """
    blind = _unread(profile_in(model))
    part = model
    while blind and isinstance(part, RunnableBindingBase | RunnableWithFallbacks):
        if isinstance(part, RunnableWithFallbacks):
            for fallback in part.fallbacks:
                blind &= unread_by(fallback)
        part = part.bound if isinstance(part, RunnableBindingBase) else part.runnable
    return blind


def _unread(profile: dict[str, Any]) -> frozenset[MediaKind]:
    blind = {kind for kind, name in _READS.items() if profile.get(name) is False}
    return frozenset(blind | {"image_url"} if "image" in blind else blind)


def profile_in(model: Model) -> dict[str, Any]:
    """Return what a chat model's profile says of it; nothing where it has none."""
    profile = getattr(chat_model_of(model), "profile", None)
    return dict(profile) if profile else {}
