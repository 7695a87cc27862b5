"""Mixtures worn as chat models."""

from collections.abc import Iterable
from typing import Any

from langgraph_moa import (
    ChatMoA,
    create_moa,
)
from loopback import Loopback, Reply


def worn(server: Loopback, **options: Any) -> ChatMoA:
    given = {"proposers": ["m0", "m1"], "aggregator": "aggregator", **options}
    return ChatMoA(moa=create_moa(resolve=server.resolve, **given))


def whole(chunks: Iterable[Any]) -> Any:
    """Put the chunks of one message together."""
    message, *others = chunks
    for chunk in others:
        message += chunk
    return message


def weather_station(body: dict[str, Any]) -> Reply:
    """Call the weather tool, then answer from its result."""
    last = body["messages"][-1]
    results = [m for m in body["messages"] if m["role"] == "tool"]
    if results:
        return Reply(f"It has {results[-1]['content'][:10]} there.")
    return Reply("", tool_calls=[("get_weather", {"city": "Rome"})]) if body.get("tools") else Reply(str(last))
