"""What tokens cost: the caller's own prices first, then genai-prices' list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from langchain_core.messages.ai import UsageMetadata

from ..batches.tiers import price_factor
from ..clock import unix_time
from ..errors import ConfigError
from ..run.usage import TIERS, checked_usage

FREE_PROVIDERS = ("gguf", "offline")
"""What runs in this process."""
FREE_OF_CHARGE: dict[str, Any] = {"calls": 0, "usage": None, "usd": 0.0, "at_most": None, "retries": None}
"""What a call says of its cost where nothing was sent: it came from a cache, with another one, or was never made."""
_PRICE_LISTS = {"google_genai": "google", "google_vertexai": "google", "mistralai": "mistral", "xai": "x-ai"}
_MILLION = 1_000_000
_MOST_SHARE = {"batch": 1, "flex": 1, "priority": 100}


@dataclass(frozen=True, kw_only=True)
class Price:
    """State what a model costs, in US dollars a million tokens, and what its tiers cost beside that.

    create_moa(..., prices={"together:my-org/my-model": Price(input=0.2, output=0.6), "qwen3:8b": Price()})
    create_moa(..., prices={"my-org/my-model": Price(input=0.2, output=0.6, batch=0.6)})    # 60 % of it in a batch
    """

    input: float = 0.0
    output: float = 0.0
    batch: float | None = None
    """What a provider's batch costs, as a share of the price; None is what its provider is known to take."""
    flex: float | None = None
    """What the tier `flex` costs, as a share of the price; None is what its provider is known to take."""
    priority: float | None = None
    """What the tier `priority` costs, as a share of the price, mostly more than 1; None as above."""

    def share_of(self, tier: str | None) -> float | None:
        """Return which share of the price a tier costs, where that is said here."""
        return {"batch": self.batch, "flex": self.flex, "priority": self.priority, "fast": self.priority}.get(
            tier or ""
        )


Prices = Mapping[str, Price]
"""By `provider:model` as it is asked for, or by the id that the server says it served."""


def check_prices(prices: object) -> None:
    """Refuse anything but a price list.

    Raises:
        ConfigError: It is something else, or holds a negative price.
    """
    if not isinstance(prices, Mapping):
        raise ConfigError(f"found {type(prices).__name__} as prices, expected {{'provider:model': Price(...)}}")
    for model, price in prices.items():
        if not isinstance(price, Price) or not all(
            isinstance(usd, int | float) and usd >= 0 for usd in (price.input, price.output)
        ):
            raise ConfigError(
                f"found {price!r} as the price of {model!r}, expected Price(input=..., output=...) from 0, "
                "in US dollars a million tokens"
            )
        for tier in ("batch", "flex", "priority"):
            share = price.share_of(tier)
            if share is not None and not (isinstance(share, int | float) and 0 <= share <= _MOST_SHARE[tier]):
                raise ConfigError(
                    f"found {tier}={share!r} in the price of {model!r}, expected a share of it from 0 to "
                    f"{_MOST_SHARE[tier]}, such as 0.5 for half of it"
                )


@lru_cache(maxsize=1)
def load_prices() -> bool:
    """Import the price list, which takes a tenth of a second; graphs do it when they are built, not while they run."""
    try:
        import genai_prices  # noqa: F401
    except ImportError:
        return False
    return True


def price_of(
    usage: object,
    *,
    models: Iterable[object],
    provider: object,
    endpoint: str | None,
    own: Prices,
    tier: str | None = None,
) -> float | None:
    """Return the cost in US dollars, None where it is not known; what a reply says of itself may be anything.

    Args:
        usage: Tokens as whoever answered says that they were counted.
        models: Ids to look up, the served one first.
        provider: The provider as LangChain names it.
        endpoint: The URL the request went to; it decides before the provider's name, because a server of one's
            own that speaks OpenAI's protocol does not have OpenAI's prices.
        own: The caller's prices, which win over genai-prices' list (extra `prices`): list prices, of which a tier
            costs its share.
        tier: The tier of service that answered; None is the standard one.
    """
    names = [model for model in models if isinstance(model, str) and model]
    mine = next((own[model] for model in names if model in own), None)
    if mine is None and isinstance(provider, str) and provider in FREE_PROVIDERS:
        return 0.0
    counts = checked_usage(usage)
    if counts is None:
        return None
    seller = provider if isinstance(provider, str) else None
    if mine:
        usd = (counts["input_tokens"] * mine.input + counts["output_tokens"] * mine.output) / _MILLION
        share = mine.share_of(tier)
        if share is not None or not usd:
            return usd * (share or 0.0)
        return _at_tier(usd, tier, names, endpoint or seller)
    return _listed_price(counts, names, seller, endpoint, tier)


def _at_tier(usd: float, tier: str | None, models: Iterable[str], seller: str | None) -> float | None:
    """Return what a tier costs of a list price; None where nobody knows."""
    share = price_factor(seller, tier, *models)
    return None if share is None else usd * share


def sells_at(tier: str | None, *, models: Iterable[str], provider: str | None, endpoint: str | None) -> bool:
    """Tell whether genai-prices' list has a price of a model at a tier, which it is then sold at.

    Args:
        tier: The tier.
        models: Ids to look up.
        provider: The provider as LangChain names it.
        endpoint: The URL that requests go to.
    """
    if not load_prices() or not (provider or endpoint):
        return False
    from genai_prices.data_snapshot import get_snapshot

    seller = None if endpoint or provider is None else _PRICE_LISTS.get(provider, provider)
    model = _listed(tuple(models), seller, endpoint, get_snapshot().timestamp)
    return model is not None and _variant(model, seller, endpoint, tier) is not None


def _listed_price(
    usage: UsageMetadata, models: Sequence[str], provider: str | None, endpoint: str | None, tier: str | None
) -> float | None:
    """Return what genai-prices' list says that tokens cost, under the first id that it knows."""
    if not load_prices() or not (provider or endpoint):
        return None
    from genai_prices import Usage, calc_price
    from genai_prices.data_snapshot import get_snapshot

    seller = None if endpoint or provider is None else _PRICE_LISTS.get(provider, provider)
    model = _listed(tuple(models), seller, endpoint, get_snapshot().timestamp)
    if model is None:
        return None
    variant = _variant(model, seller, endpoint, tier)
    try:
        tokens = Usage(
            input_tokens=usage["input_tokens"],
            output_tokens=usage["output_tokens"],
            cache_read_tokens=_of_any_tier(usage, "cache_read"),
            cache_write_tokens=_of_any_tier(usage, "cache_creation"),
        )
        where: dict[str, Any] = {"provider_api_url": endpoint} if endpoint else {"provider_id": seller}
        if variant:
            where["price_context"] = variant
        usd = float(calc_price(tokens, model, **where).total_price)
    except Exception:  # noqa: BLE001 - whatever the list makes of counts costs no answer
        return None
    return usd if variant else _at_tier(usd, tier, (model,), endpoint or provider)


def _of_any_tier(usage: UsageMetadata, part: str) -> int | None:
    """Return how many tokens of a prompt were read from a cache, or written to one, however their tier is called."""
    details: Any = usage.get("input_token_details") or {}
    counts = [details[name] for name in (part, *(f"{tier}_{part}" for tier in TIERS)) if name in details]
    return sum(counts) if counts else None


def _variant(model: str, provider: str | None, endpoint: str | None, tier: str | None) -> dict[str, str] | None:
    """Return what the list calls a tier of a model; None where it has no price of it."""
    if tier is None:
        return None
    from genai_prices.data_snapshot import get_snapshot

    wanted = {"processing": tier} if tier == "batch" else {"service_tier": tier}
    try:
        _, listed = get_snapshot().find_provider_model(model, None, provider, endpoint)
        variants = getattr(listed, "price_variants", None) or ()
        is_sold = any(
            variant.when == wanted
            and (variant.constraint is None or variant.constraint.active(datetime.fromtimestamp(unix_time(), tz=UTC)))
            for variant in variants
        )
    except Exception:  # noqa: BLE001 - whatever the list holds costs no answer
        return None
    return wanted if is_sold else None


@lru_cache(maxsize=1_000)
def _listed(models: Sequence[str], provider: str | None, endpoint: str | None, of: datetime) -> str | None:
    """Return the first id that genai-prices' list knows; for one that it does not, it is searched from end to end.

    Args:
        models: The ids.
        provider: The provider as the list calls it; None where the endpoint decides.
        endpoint: The URL the request went to.
        of: When the list was made, which may be brought up to date while this runs.
    """
    from genai_prices.data_snapshot import get_snapshot

    for model in models:
        try:
            get_snapshot().find_provider_model(model, None, provider, endpoint)
        except Exception:  # noqa: BLE001, S112 - an id is a server's own word, and may be anything
            continue
        return model
    return None
