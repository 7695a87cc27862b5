"""What tiers of service cost beside the list price, and what a batch may hold, from one dated data file."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

TIERS_FILE = Path(__file__).with_name("tiers.toml")
BATCH = "batch"
"""The tier of what a provider's batch answered."""
_SAME = {"fast": "priority"}
"""One tier by two names: OpenAI calls it `fast` since GPT-5.6, and takes both."""
_OTHERWISE = {"priority", "scale", "performance"}
"""Tiers that cost more than the list price, or are paid for beforehand."""
_USUAL = {None, "", "auto", "default", "standard", "standard_only", "on_demand"}
"""What servers call the tier that all know; what `auto` came to, only a reply says."""

Interface = Literal["files", "messages", "jobs"]
"""How batches are sent: OpenAI's files and batches, Anthropic's message batches, or something of a provider's own."""


@dataclass(frozen=True, kw_only=True)
class BatchLimits:
    """State what one batch of a provider may hold."""

    provider: str | None
    """None where its limits are not known: they are the strictest of all providers then."""
    requests: int
    bytes: int
    """Of its file, or of its body, in all."""
    models: int | None
    """How many models it may ask; None is any number."""
    windows: tuple[str, ...]
    """What may stand as `completion_window`, the usual one first."""
    purpose: str = "batch"
    """What its file is uploaded as."""
    api: Interface = "files"
    refused: frozenset[str] = frozenset()
    """Models that are not taken."""

    def __str__(self) -> str:
        """Say it in a line."""
        whose = self.provider or "the strictest provider, for this server's are not known"
        models = "any models" if self.models is None else "one model" if self.models == 1 else f"{self.models} models"
        size = f"{self.requests:,} requests and {self.bytes // 1_000_000:,} MB of {models}"
        return f"limits of {whose}: {size} a batch, within {self.windows[0]}"


def price_factor(provider: str | None, tier: str | None, model: str, *others: str) -> float | None:
    """Return what a tier costs, as a share of the list price; None where it is dearer, and nobody knows by how much.

    Servers, and tiers, that are not known are taken at the list price, but for tiers that cost more.

    Args:
        provider: Its name, or the URL that is asked.
        tier: `batch`, or what a server calls its tiers; None is the standard one.
        model: The model's id there.
        others: What else it may be called.
    """
    tier = _SAME.get(tier or "", tier)
    if is_usual(tier):
        return 1.0
    terms = _terms(provider, tier)
    for name in (model, *others):
        if (own := _own(terms.get("models", {}), name)) is not None:
            return own
    factor = terms.get("factor", None if tier in _OTHERWISE else 1.0)
    return None if factor is None else float(factor)


def is_usual(tier: str | None) -> bool:
    """Tell the tier that is asked for where nobody says any: its price is the list price."""
    return tier in _USUAL


def batch_limits(provider: str | None) -> BatchLimits:
    """Return what one batch may hold; the strictest limits of all where the provider is not known.

    Args:
        provider: Its name, or the URL that is asked.
    """
    strictest = _strictest()
    name = _seller(provider)
    terms = _terms(provider, BATCH)
    if not terms:
        return strictest
    most = sorted(seller[BATCH]["requests"] for seller in _sellers().values() if "requests" in seller.get(BATCH, {}))
    return BatchLimits(
        provider=name,
        requests=terms.get("requests", most[-1]),
        bytes=terms["bytes"],
        models=terms.get("models_a_file"),
        windows=tuple(terms["windows"]),
        purpose=terms.get("purpose", strictest.purpose),
        api=terms["api"],
        refused=frozenset(terms.get("refused", ())),
    )


def tiers_taken(provider: str | None) -> frozenset[str] | None:
    """Return which tiers a server can be asked for; None where nobody knows.

    Args:
        provider: Its name, or the URL that is asked.
    """
    name = _seller(provider)
    return None if name is None else frozenset(_sellers()[name].get("takes", ()))


def tier_seconds(provider: str | None, tier: str | None) -> float | None:
    """Return how long a tier's server may say nothing, as its provider advises; None where it does not.

    Args:
        provider: Its name, or the URL that is asked.
        tier: The tier that is asked for.
    """
    seconds: float | None = _terms(provider, tier).get("seconds")
    return seconds


@lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    import tomllib

    return tomllib.loads(TIERS_FILE.read_text(encoding="utf-8"))


def _sellers() -> dict[str, dict[str, Any]]:
    return {name: terms for name, terms in _file().items() if isinstance(terms, dict)}


@lru_cache(maxsize=1_000)
def _seller(provider: str | None) -> str | None:
    """Return who sells, as the file calls it: a server of one's own is nobody, whatever it speaks."""
    if not provider:
        return None
    host = urlsplit(provider).hostname if "://" in provider else None
    key, value = ("hosts", host) if "://" in provider else ("names", provider)
    return next((name for name, terms in _sellers().items() if value in terms[key]), None)


def _terms(provider: str | None, tier: str | None) -> dict[str, Any]:
    """Return what a provider says of a tier; nothing where it has none."""
    terms: dict[str, Any] = _sellers().get(_seller(provider) or "", {}).get(tier or "", {})
    return terms


def _own(models: dict[str, float], model: str) -> float | None:
    """Return the share of a model's own; one that is dated is its model's, as gpt-5-2025-08-07 is gpt-5."""
    stem = model
    while stem not in models and stem.rpartition("-")[2].isdigit():
        stem = stem.rpartition("-")[0]
    return models.get(stem)


@lru_cache(maxsize=1)
def _strictest() -> BatchLimits:
    batches = [terms[BATCH] for terms in _sellers().values() if BATCH in terms]
    return BatchLimits(
        provider=None,
        requests=min(terms["requests"] for terms in batches if "requests" in terms),
        bytes=min(terms["bytes"] for terms in batches),
        models=1,
        windows=("24h",),
    )
