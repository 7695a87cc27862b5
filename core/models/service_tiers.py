"""At which tier of service a model is asked, and was answered: cheaper and later, or dearer and sooner."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

from ..batches.tiers import BATCH, is_usual, tier_seconds, tiers_taken
from ..errors import ConfigError, nearest
from ..text import one_line, plain
from .capabilities import Model, bound_to, chat_model_of, endpoint_of, map_chat_models, transport_of, without_bound
from .obstacles import error_text, http_status_of
from .prices import FREE_PROVIDERS

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Tier = Literal["flex", "flex-or-default", "priority", "default", "auto"]
"""What a model is asked for: `flex` costs half and waits; `flex-or-default` is asked at the usual tier where flex has
no room; `priority` costs more; `default` is the usual tier, and `auto` what is set at the provider."""
FLEX, STANDARD = "flex", "default"
FLEX_OR_STANDARD: Tier = "flex-or-default"
_FIELD = "service_tier"
_FLEX_SECONDS = 900.0
"""How long flex may take where its provider does not say."""
_HOLDERS = ("extra_body", "model_kwargs")
"""Where users of LangChain's packages put fields that their model does not know."""
_NO_ROOM = (429, 498, 503)
_NO_ROOM_WORDS = ("resource_unavailable", "resource unavailable", "capacity_exceeded", "capacity exceeded")
"""How OpenAI and Groq say that there is no room at flex; nothing is charged then."""
_LONGEST = 40
"""Characters of a tier's name."""


def check_tier(tier: object, where: str = "") -> None:
    """Refuse what is no tier.

    Args:
        tier: What was given.
        where: For whom, for the message.

    Raises:
        ConfigError: It is none.
    """
    if tier is not None and tier not in get_args(Tier):
        listed = ", ".join(get_args(Tier))
        hint = nearest(tier, list(get_args(Tier))) if isinstance(tier, str) else f"expected one of {listed}"
        batch = "; a provider's batches are asked for with --provider-batch" if tier == BATCH else ""
        raise ConfigError(f"found tier={tier!r:.60}{where}; {hint}{batch}; a server's own word is for extra_body")


def sent_as(tier: Tier) -> str:
    """Return a tier as servers are told it."""
    return FLEX if tier == FLEX_OR_STANDARD else tier


def takes_tier(model: Model, tier: Tier, provider: str | None) -> bool:
    """Tell whether a model's server is sent a tier; of a server that nobody knows, only asking shows.

    Args:
        model: The model.
        tier: What it is to be asked for.
        provider: Whose it is.
    """
    if transport_of(model) is None or provider in FREE_PROVIDERS:
        return False
    endpoint = endpoint_of(model)
    taken = tiers_taken(endpoint)
    return sent_as(tier) in taken if taken is not None else True


def tier_in(model: Model) -> str | None:
    """Return the tier that a model is asked for, as bound or as set; None where it is asked for none."""
    chat, bound = chat_model_of(model), bound_to(model)
    inside = [getattr(chat, holder, None) or {} for holder in _HOLDERS]
    first = [bound.get(_FIELD), (bound.get("extra_body") or {}).get(_FIELD)]
    # What stands in an extra body wins over the field beside it.
    inner = [each.get(_FIELD) for each in inside if isinstance(each, Mapping)]
    tiers = [*first, *inner, getattr(chat, _FIELD, None)]
    return next((tier for tier in tiers if isinstance(tier, str)), None)


def with_tier(model: Model, tier: str | None) -> Model:
    """Return a model that is asked for a tier, or for none.

    Args:
        model: The model; a tier that it is asked for already gives way.
        tier: The tier, as servers are told it.
    """

    def tiered(chat: "BaseChatModel") -> Model:
        fields = type(chat).model_fields
        insides = {holder: getattr(chat, holder, None) for holder in _HOLDERS}
        changed: dict[str, Any] = {
            holder: {name: value for name, value in inside.items() if name != _FIELD}
            for holder, inside in insides.items()
            if isinstance(inside, Mapping) and _FIELD in inside
        }
        if _FIELD in fields:
            changed[_FIELD] = tier
        if tier == FLEX and "request_timeout" in fields and getattr(chat, "request_timeout", None) is None:
            changed["request_timeout"] = _FLEX_SECONDS
        copied = chat.model_copy(update=changed) if changed else chat
        return copied.bind(service_tier=tier) if tier and _FIELD not in fields else copied

    return map_chat_models(without_bound(model, {_FIELD}), tiered)


def patience_at(tier: str | None, endpoint: str | None) -> float:
    """Return how many seconds a call at a tier may take, as its provider advises; 0 where it takes no longer.

    Args:
        tier: What it is asked for.
        endpoint: Where.
    """
    return (tier_seconds(endpoint, FLEX) or _FLEX_SECONDS) if tier in (FLEX, FLEX_OR_STANDARD) else 0.0


def answered_tier(about: Mapping[str, Any]) -> str | None:
    """Return the tier that a server says it answered at; None where it does not.

    Args:
        about: A reply's metadata, which hold a server's own words.
    """
    usage = about.get("usage")
    words = (about.get(_FIELD), usage.get(_FIELD) if isinstance(usage, Mapping) else None)
    name = next((each for each in words if isinstance(each, str) and each.strip()), None)
    return None if name is None else one_line(plain(name), limit=_LONGEST).lower()[:_LONGEST]


def is_reported(wanted: str | None, tier: str | None) -> bool:
    """Tell whether a report says at which tier a call was answered: at another than the usual one, or asked for such.

    Args:
        wanted: What was asked for.
        tier: What answered.
    """
    return not (is_usual(wanted) and is_usual(tier))


def lacks_room(exc: BaseException) -> bool:
    """Tell that a server has no room at a tier just now: it charges nothing, and may have some later.

    Args:
        exc: What asking raised.
    """
    return http_status_of(exc) in _NO_ROOM and any(words in error_text(exc) for words in _NO_ROOM_WORDS)
