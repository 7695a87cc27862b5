"""Add up what calls cost."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

from langchain_core.messages.ai import UsageMetadata, add_usage

from .instead import Missed
from .records import USABLE, Call, Cost, Spared

NOTHING = Cost(calls=0, tokens=0, usd=0.0)
"""What costs nothing."""


def cost_of(call: Call) -> Cost:
    """Return what a call has cost, at most where nobody counted."""
    bound = call["at_most"] or Cost(calls=None, tokens=0, usd=call["usd"])
    is_counted = call["usage"] and not (call["tried_s"] and call["at_most"])
    tokens = call["usage"]["total_tokens"] if call["usage"] and is_counted else bound["tokens"]
    return Cost(calls=call["calls"], tokens=tokens, usd=bound["usd"] if call["usd"] is None else call["usd"])


def largest(costs: Sequence[Cost]) -> Cost:
    """Bound whichever of several it is that will be spent; what is unknown of one is unknown."""

    def most(values: list[Any]) -> Any:
        return None if None in values else max(values)

    return Cost(
        calls=most([cost["calls"] for cost in costs]),
        tokens=most([cost["tokens"] for cost in costs]),
        usd=most([cost["usd"] for cost in costs]),
    )


def total(costs: Iterable[Cost], *, known_only: bool = False) -> Cost:
    """Add up costs; one that is unknown makes its sum unknown, unless only what is known is asked for."""
    listed = list(costs)

    def add(values: list[Any]) -> Any:
        counted = [value for value in values if value is not None]
        return sum(counted) if known_only or len(counted) == len(values) else None

    return Cost(
        calls=add([cost["calls"] for cost in listed]),
        tokens=add([cost["tokens"] for cost in listed]),
        usd=add([cost["usd"] for cost in listed]),
    )


def added_up(call: Call, other: Call) -> dict[str, Any]:
    """Return what changes in a call when another attempt at it is counted with it."""
    costs = [cost_of(call), cost_of(other)]
    spared = [each["spared"] for each in (call, other) if "spared" in each]
    return {
        "calls": call["calls"] + other["calls"],
        "usd": None if call["usd"] is None or other["usd"] is None else call["usd"] + other["usd"],
        "usage": add_usage(call["usage"], other["usage"]) if call["usage"] or other["usage"] else None,
        "at_most": total(costs) if call["at_most"] or other["at_most"] else None,
        "tried_s": call["tried_s"] + max(other["tried_s"] + other["waited"] + other["seconds"], 0.001),
        **({"spared": spared_by(spared)} if spared else {}),
    }


def spared_by(parts: Sequence[Spared]) -> Spared:
    """Add up what a cache spared, one call after the other."""
    return Spared(**total(parts), seconds=sum(part["seconds"] for part in parts))


def after_refusal(call: Call, refused: Call) -> Call:
    """Count in a request that was refused for its length: it was not worked on, and is no call."""
    return cast("Call", {**call, **added_up(call, cast("Call", {**refused, "calls": 0}))})


def with_more_room(first: Call, again: Call, limit: int) -> tuple[Call, bool]:
    """Join two attempts at an answer, the first of which thinking left no room for; the better one is what it comes to.

    Args:
        first: What came of the first.
        again: What came of the second.
        limit: The limit of the second.

    Returns:
        The call, and whether the second one's answer is its.
    """
    is_better = again["status"] == "ok" or first["status"] not in USABLE
    again = cast("Call", {**again, "windows": first["windows"], "unread": first["unread"]})
    why = f"{first['error']}; asked once more with {limit:,} tokens"
    if not is_better:
        why = f"{why}: {again['status']} ({again['error']})"
        return cast("Call", {**first, **added_up(first, again), "more_room": limit, "error": why}), False
    error = None if again["status"] == "ok" else f"{why}: {again['error']}"
    return cast("Call", {**again, **added_up(again, first), "more_room": limit, "error": error}), True


def in_place_of(failed: Call, call: Call) -> Call:
    """Return what came of asking somebody in the place of one who failed, whose cost is counted with it.

    Args:
        failed: What came of who was asked before.
        call: What came of who took the place; where that was not asked at all, the failure stays.
    """
    if call["status"] in ("skipped", "cancelled") and not call["calls"]:
        why = f"{failed['error'] or failed['status']}; {call['model']} was not asked instead: {call['error']}"
        return cast("Call", {**failed, "error": why})
    missed = Missed(model=failed["model"], status=failed["status"], error=failed["error"])
    changed: dict[str, Any] = {**added_up(call, failed), "instead_of": [*failed.get("instead_of", []), missed]}
    if call["status"] not in USABLE:
        changed["error"] = f"{call['error']}; before it {missed['model']}: {missed['status']} ({missed['error']})"
    return cast("Call", {**call, **changed})


class Spent(NamedTuple):
    """Sum up what a run asked one model."""

    model: str
    endpoint: str | None
    calls: int
    usage: UsageMetadata
    """What was counted."""
    uncounted: int
    """Calls whose tokens nobody counted."""
    usd: float | None
    """None where the price of one of them is not known."""
    at_least: float
    """The sum of those that are known."""


def spent_by_model(calls: Iterable[Call]) -> list[Spent]:
    """Sum up calls by the model that was asked, and where: the dearest first, and before it what nobody can price."""
    by_model: dict[tuple[str, str | None], list[Call]] = {}
    for call in calls:
        if call["calls"] or call["status"] != "skipped":
            by_model.setdefault((call["model"], call["endpoint"]), []).append(call)
    sums = [_spent(*asked_at, listed) for asked_at, listed in by_model.items()]
    return sorted(sums, key=lambda one: (one.usd is not None, -one.at_least, -one.usage["total_tokens"]))


def _spent(model: str, endpoint: str | None, calls: Sequence[Call]) -> Spent:
    usage: UsageMetadata | None = None
    for call in calls:
        usage = add_usage(usage, call["usage"])
    prices = [call["usd"] for call in calls if call["usd"] is not None]
    return Spent(
        model=model,
        endpoint=endpoint,
        calls=sum(call["calls"] for call in calls),
        usage=usage or UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0),
        uncounted=sum(call["usage"] is None and (call["calls"] > 0 and not call["cached"]) for call in calls),
        usd=sum(prices) if len(prices) == len(calls) else None,
        at_least=sum(prices),
    )
