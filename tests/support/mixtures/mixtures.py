"""Mixtures of models on the loopback server."""

from typing import Any

from langgraph_moa import create_moa
from loopback import Loopback

GOOD = ["m0", "m1", "m2", "m3", "m4"]


def mixture(server: Loopback, *proposers: Any, **options: Any) -> Any:
    """Return a mixture of these proposers."""
    return create_moa(**{"aggregator": "aggregator", **options}, proposers=list(proposers), resolve=server.resolve)


def chain_of(server: Loopback, *aggregators: Any, **options: Any) -> Any:
    """Return a mixture of two proposers, whose aggregators are tried in this order."""
    return mixture(server, "m0", "m1", aggregator=list(aggregators), **options)
