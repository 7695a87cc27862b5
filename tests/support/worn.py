"""Mixtures worn as chat models."""

from collections.abc import Iterable
from typing import Any

from langgraph_moa import ChatMoA, create_moa
from loopback import Loopback


def worn(server: Loopback, **options: Any) -> ChatMoA:
    given = {"proposers": ["m0", "m1"], "aggregator": "aggregator", **options}
    return ChatMoA(moa=create_moa(resolve=server.resolve, **given))


def whole(chunks: Iterable[Any]) -> Any:
    """Put the chunks of one message together."""
    message, *others = chunks
    for chunk in others:
        message += chunk
    return message
