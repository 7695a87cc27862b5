"""Add up what a run did, and what it cost."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from langchain_core.messages.ai import UsageMetadata, add_usage

from .state import USABLE, Call, Proposal, Report, Verdict

FREE_PROVIDER = "offline"
_PRICE_LISTS = {"google_genai": "google", "google_vertexai": "google", "mistralai": "mistral", "xai": "x-ai"}


@lru_cache(maxsize=1)
def load_prices() -> bool:
    """Import the price list, which takes a tenth of a second; graphs do it when they are built, not while they run."""
    try:
        import genai_prices  # noqa: F401
    except ImportError:
        return False
    return True


def price(
    usage: UsageMetadata | None, *, models: Iterable[str | None], provider: str | None, endpoint: str | None
) -> float | None:
    """Return the cost in US dollars by genai-prices' list (extra `prices`), None where it is not known.

    Args:
        usage: Tokens as the server counted them.
        models: Ids to look up, the served one first.
        provider: The provider as LangChain names it.
        endpoint: The URL the request went to; it decides before the provider's name, because a server of one's
            own that speaks OpenAI's protocol does not have OpenAI's prices.
    """
    if provider == FREE_PROVIDER:
        return 0.0
    if not usage or not usage.get("input_tokens"):  # no prompt is empty: that server did not count
        return None
    if not load_prices():
        return None
    from genai_prices import Usage, calc_price

    details = usage.get("input_token_details") or {}
    for model in filter(None, models):
        try:
            tokens = Usage(
                input_tokens=usage["input_tokens"],
                output_tokens=usage["output_tokens"],
                cache_read_tokens=details.get("cache_read"),
            )
            if endpoint:
                return float(calc_price(tokens, model, provider_api_url=endpoint).total_price)
            if provider:
                return float(calc_price(tokens, model, provider_id=_PRICE_LISTS.get(provider, provider)).total_price)
        except (LookupError, ValueError):  # a model that is not listed, or counts that make no sense
            continue
    return None


def make_report(
    proposals: Sequence[Proposal],
    verdicts: Sequence[Verdict],
    *,
    turn: str,
    aggregator: Call | None = None,
    degraded: Sequence[str] = (),
) -> Report:
    """Sum up one turn so far.

    Args:
        proposals: This turn's proposals, all layers.
        verdicts: This turn's verdicts, in order.
        turn: The turn's id.
        aggregator: The aggregator's call, once made.
        degraded: Reasons that only the caller knows; failed proposals are found here.
    """
    layers = sorted({p["layer"] for p in proposals})
    calls: list[Call] = [*proposals, *([aggregator] if aggregator else [])]
    usage: UsageMetadata | None = None
    for call in calls:
        usage = add_usage(usage, call["usage"])
    prices = [call["usd"] for call in calls if call["status"] != "skipped"]
    known = [usd for usd in prices if usd is not None]
    losses = [loss for layer in layers if (loss := _loss(layer, [p for p in proposals if p["layer"] == layer]))]
    fell_back = any(v["source"] != v["layer"] for v in verdicts)
    return Report(
        turn=turn,
        stopped="running" if aggregator is None else "fell_back" if fell_back else "completed",
        layers=len(layers) + (aggregator is not None),
        calls=sum(call["calls"] for call in calls),
        usage=usage or UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0),
        usd=sum(known) if len(known) == len(prices) else None,
        seconds=round(
            sum(_span([p for p in proposals if p["layer"] == n]) for n in layers)
            + (aggregator["seconds"] if aggregator else 0.0),
            3,
        ),
        degraded="; ".join([*losses, *degraded]) or None,
        aggregator=aggregator,
    )


def _span(calls: Sequence[Call]) -> float:
    return max(c["started"] + c["seconds"] for c in calls) - min(c["started"] for c in calls)


def _loss(layer: int, proposals: Sequence[Proposal]) -> str | None:
    lost = [p for p in proposals if p["status"] not in USABLE | {"cancelled", "skipped"}]
    if not lost:
        return None
    named = ", ".join(f"{p['proposer']}: {p['status']}" for p in lost)
    return f"{len(lost)} of {len(proposals)} proposals of layer {layer} are missing ({named})"
