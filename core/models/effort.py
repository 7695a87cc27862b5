"""How much a model thinks before it answers, and whether it takes a temperature: by its profile, and on the wire."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import urlsplit

from ..errors import ConfigError, nearest
from .capabilities import (
    Model,
    bound_to,
    chat_model_of,
    endpoint_of,
    map_chat_models,
    profile_in,
    transport_of,
    without_bound,
)
from .openai_facts import takes_temperature

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Effort = Literal["off", "none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""A level by the name that providers give it; `off` is another word for `none`, which is what is sent."""
NO_THINKING = "none"
_FIELDS = ("reasoning_effort", "effort", "thinking_level")
"""What LangChain's packages call it: those of OpenAI's API, Anthropic's, Google's; Ollama's is `reasoning`."""
_OPENAI = "api.openai.com"


def check_effort(level: object, where: str = "") -> None:
    """Refuse what is no level of any model.

    Args:
        level: What was given.
        where: For whom, for the message.

    Raises:
        ConfigError: It is none.
    """
    if level is not None and level not in get_args(Effort):
        hint = nearest(level, list(get_args(Effort))) if isinstance(level, str) else f"expected one of {_list()}"
        raise ConfigError(f"found reasoning_effort={level!r:.60}{where}; {hint}; a server's own word is for extra_body")


def levels_of(profile: Mapping[str, Any]) -> Sequence[str] | None:
    """Return the levels that a model has: none where it does not think, and None where its profile does not say.

    Args:
        profile: What is known of it.
    """
    if levels := profile.get("reasoning_effort_levels"):
        return tuple(levels)
    return () if profile.get("reasoning_output") is False else None


def effort_for(model: Model, level: str, name: str, *, is_own: bool) -> str | None:
    """Return a level as a model's server is told it; None where there is nothing to tell, for it does not think.

    Args:
        model: The model.
        level: What was asked for.
        name: Whose model it is, for the message.
        is_own: Whether it was said of this model, and not of all in its mixture.

    Raises:
        ConfigError: The model has no such level.
    """
    levels, sent = levels_of(profile_in(model)), NO_THINKING if level == "off" else level
    if levels is None or sent in levels:
        return sent
    if levels:
        hint = "" if is_own else "; give it one of its own, Proposer(..., reasoning_effort=...)"
        raise ConfigError(
            f"found reasoning_effort={level!r} for {name!r}, expected a level that it has: {', '.join(levels)}{hint}"
        )
    if is_own and sent != NO_THINKING:
        raise ConfigError(
            f"found reasoning_effort={level!r} for {name!r}, a model that does not think, expected none; leave it out"
        )
    return None


def effort_in(model: Model) -> str | None:
    """Return the level that a model is asked with, as bound or as set; None where it is asked with none."""
    chat, bound = chat_model_of(model), bound_to(model)
    inside = getattr(chat, "reasoning", None)
    levels = [bound.get("reasoning_effort"), *(getattr(chat, field, None) for field in _FIELDS)]
    levels.append(inside.get("effort") if isinstance(inside, dict) else NO_THINKING if inside is False else inside)
    return next((level for level in levels if isinstance(level, str)), None)


def with_effort(model: Model, level: str | None) -> Model:
    """Return a model that is asked with a level, or with none, by the name that its package has for it.

    Args:
        model: The model; a level that it has already gives way.
        level: The level, as servers are told it.
    """

    def thinking(chat: "BaseChatModel") -> Model:
        inside, fields = getattr(chat, "reasoning", None), type(chat).model_fields
        if isinstance(inside, dict):  # what OpenAI's other API takes it in
            others = {key: value for key, value in inside.items() if key != "effort"}
            return chat.model_copy(update={"reasoning": {**others, "effort": level} if level else others or None})
        field = next((field for field in _FIELDS if field in fields), None)
        if field is None and "reasoning" in fields:
            return chat.model_copy(update={"reasoning": False if level == NO_THINKING else level})
        if field is None:
            return chat.bind(reasoning_effort=level) if level else chat
        return chat.model_copy(update={field: level})

    return map_chat_models(without_bound(model, {"reasoning_effort"}), thinking)


def temperature_in(model: Model) -> float | None:
    """Return the temperature that a model is asked with; None where it is asked with none."""
    value = bound_to(model).get("temperature", getattr(chat_model_of(model), "temperature", None))
    return value if isinstance(value, int | float) else None


def with_temperature(model: Model, temperature: float | None) -> Model:
    """Return a model that is asked with a temperature, or with none."""

    def set_to(chat: "BaseChatModel") -> Model:
        if "temperature" in type(chat).model_fields:
            return chat.model_copy(update={"temperature": temperature})
        return chat if temperature is None else chat.bind(temperature=temperature)

    return map_chat_models(without_bound(model, {"temperature"}), set_to)


def refuses_temperature(model: Model) -> bool:
    """Tell a chat model that is known to take no temperature; one that does not think, as it was told, may take one."""
    chat = chat_model_of(model)
    if chat is None or effort_in(model) == NO_THINKING:
        return False
    if transport_of(model) is None:
        return profile_in(model).get("temperature") is False
    host = urlsplit(endpoint_of(model) or "").hostname
    at_openai = f".{host}".endswith(f".{_OPENAI}")  # its regions have hosts of their own
    return not takes_temperature(str(getattr(chat, "model_name", "")), at_openai=at_openai)


def _list() -> str:
    return ", ".join(get_args(Effort))
