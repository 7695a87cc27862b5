"""Bound what a run may spend: counted where servers counted, at most where they did not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.messages.ai import UsageMetadata

from ..batches.tiers import BATCH
from ..deferral import deferral_for
from ..errors import ConfigError
from ..media.blocks import media_of
from ..media.sizes import media_tokens
from ..models.prices import price_of, sells_at
from ..models.service_tiers import FLEX, FLEX_OR_STANDARD
from ..panel.habits import HABITS
from ..panel.seats import Seat
from ..run.records import Cost
from ..text import text_in, tokens_at_most

_NO_TEXT = 2_000
"""Tokens that a block is taken for which is no text, and nothing that anybody knows."""
_BOUND = 2
"""Bytes a token that no tokenizer goes below, but for what `tokens_at_most` names."""
_MESSAGE = 8
"""Tokens of a chat template around each message."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Bound a run; whatever is not given is not bounded.

    Budget(calls=20, seconds=60)
    Budget(usd=0.05)

    Before each layer, and before each aggregator, what is spent and what the step takes at most are held against it.
    A step that does not fit is not started: the run goes on to the aggregator, or to the best proposal where even
    that does not fit. A layer also leaves enough for the aggregator after it, but for the first one.
    """

    calls: int | None = None
    """Model calls; the client's retries of one call are not calls."""
    tokens: int | None = None
    """Tokens read and written. A prompt is taken for a token every two bytes, an answer for its `max_tokens`."""
    usd: float | None = None
    """US dollars."""
    seconds: float | None = None
    """Seconds of work; calls in flight are cut at the end. Time between a crash and its resumption does not count."""
    strict: bool = True
    """Refuse, when the graph is built, what cannot be bounded: a model without a price or a `max_tokens`, and an agent
    or chain. False counts what those spent when they have spent it."""

    def misfit(self, spent: Cost, step: Cost, seconds: float, *, has_begun: bool = False) -> str | None:
        """Say which limit a step does not fit in, with both numbers; None where it fits.

        Args:
            spent: What the run has cost so far.
            step: What the step costs at most.
            seconds: How long the run has worked so far.
            has_begun: Whether the step has: what was spent is then what was spent before it.
        """
        words = (
            "were spent before this step, which may take {} in all" if has_begun else "are spent, the step may take {}"
        )
        if self.seconds is not None and seconds >= self.seconds:
            return f"Budget(seconds={self.seconds:g}) is spent: {seconds:.1f} s"
        for what, limit, gone, more in (
            ("calls", self.calls, spent["calls"], step["calls"]),
            ("tokens", self.tokens, spent["tokens"], step["tokens"]),
            ("usd", self.usd, spent["usd"], step["usd"]),
        ):
            if limit is not None and (gone or 0) + (more or 0) > limit:
                return f"Budget({what}={limit:,}): {_short(gone)} {words.format(_short(more))}"
        return None

    def left(self, seconds: float) -> float | None:
        """Return the seconds that are left, None where they are not bounded."""
        return None if self.seconds is None else max(self.seconds - seconds, 0.0)


def _short(number: float | None) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number or 0:.4g}"


def check_bounded(budget: Budget | None, seats: Iterable[Seat]) -> None:
    """Refuse a strict budget over models that cannot be bounded.

    Raises:
        ConfigError: One cannot; it is named, and so is what would bound it.
    """
    if budget is None:
        return
    counted = {"calls": budget.calls, "tokens": budget.tokens, "usd": budget.usd}
    limits = [name for name, value in counted.items() if value is not None]
    if not budget.strict or not limits:
        return
    for seat in seats:
        bound = call_at_most(seat, [])
        opening = f"found Budget({limits[0]}=...) over {seat.label}"
        if bound["calls"] is None:
            raise ConfigError(
                f"{opening}, a chain or graph whose calls nobody can count beforehand, expected chat models; "
                "set strict=False for the budget to count it afterwards"
            )
        if bound["tokens"] is None and limits != ["calls"]:
            raise ConfigError(
                f"{opening.replace(limits[0], limits[-1])} without a limit of its answer, expected max_tokens; set it "
                "for the mixture or for this model, or strict=False for the budget"
            )
        if bound["usd"] is None and budget.usd is not None and seat.tier and _has_price(seat):
            raise ConfigError(
                f"found Budget(usd=...) over {seat.label} at the tier {seat.tier!r}, whose price is unknown, expected "
                f"one; ask it at another tier, say its share, Price(..., {seat.tier}=2.0), or set strict=False"
            )
        if bound["usd"] is None and budget.usd is not None:
            raise ConfigError(
                f"found Budget(usd=...) over {seat.label}, whose price is unknown, expected a price; give it under "
                f"prices by {seat.label!r}, install the extra 'prices', or set strict=False for the budget"
            )


def _has_price(seat: Seat) -> bool:
    """Tell whether a seat's model has a price at the usual tier."""
    return call_at_most(replace(seat, tier=None), [])["usd"] is not None


def prompt_at_most(messages: Sequence[BaseMessage], *, rate: int = _BOUND, model: str = "") -> int:
    """Count the tokens of a prompt by its bytes, and of pictures, files and sound by their sizes.

    Args:
        messages: The prompt.
        rate: Bytes a token; 2 is a bound for whichever model reads it, and more what a prompt mostly comes to.
        model: Who reads it, as `provider:model`.
    """
    return sum(_MESSAGE + _content_at_most(message, rate, model) for message in messages)


def _content_at_most(message: BaseMessage, rate: int, model: str) -> int:
    calls = "".join(str(getattr(message, field, "") or "") for field in ("tool_calls", "invalid_tool_calls"))
    others = [] if isinstance(message.content, str) else [b for b in message.content if _is_no_text(b)]
    tokens = tokens_at_most(text_in(message), rate=rate) + tokens_at_most(calls, rate=rate)
    return tokens + sum(_block_at_most(block, rate, model) for block in others)


def _is_no_text(block: object) -> bool:
    return isinstance(block, dict) and block.get("type") != "text"


def _block_at_most(block: object, rate: int, model: str) -> int:
    media = media_of(block)
    return media_tokens(media, model=model, usual=rate > _BOUND) if media else _NO_TEXT


def call_at_most(seat: Seat, messages: Sequence[BaseMessage], *, more: int | None = 0) -> Cost:
    """Bound one call.

    Args:
        seat: Whom it asks.
        messages: Its prompt, as far as it is known.
        more: Tokens that will be added to the prompt; None where they cannot be bounded.
    """
    if not seat.one_call:
        return Cost(calls=None, tokens=None, usd=None)
    if seat.max_tokens is None or more is None:
        return Cost(calls=1, tokens=None, usd=None)
    read, written = prompt_at_most(messages, model=seat.label) + seat.tool_tokens + more, seat.max_tokens
    prompt = max(read, 1)
    usage = UsageMetadata(input_tokens=prompt, output_tokens=written, total_tokens=prompt + written)
    names = (seat.label, seat.label.partition(":")[2])
    where: Any = {"models": names, "provider": seat.provider, "endpoint": seat.endpoint}
    usd = price_of(usage, own=seat.prices, tier=_dearest_tier(seat, where), **where)
    return Cost(calls=1, tokens=read + written, usd=usd)


def _dearest_tier(seat: Seat, where: dict[str, Any]) -> str | None:
    """Return the tier at which a call costs most of those that it may be answered at; None is the usual one.

    A model that is sold at flex has no room there, or answers; one that is not may be asked at the usual tier instead.
    """
    if (deferral := deferral_for()) and not deferral.asks_now and seat.transport == "lean":
        return BATCH
    if "service_tier" in HABITS.refused(seat):
        return None
    own = next((seat.prices[name] for name in where["models"] if name in seat.prices), None)
    if seat.tier == FLEX:
        return FLEX if (own and own.flex is not None) or sells_at(FLEX, **where) else None
    return None if seat.tier == FLEX_OR_STANDARD else seat.tier
