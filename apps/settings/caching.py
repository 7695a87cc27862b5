"""The cache of responses that settings name, opened once a process, and told of where it cannot be used."""

from functools import lru_cache
from typing import TYPE_CHECKING

from ..terminal import note

if TYPE_CHECKING:
    from ...nodes.calls.response_cache import ResponseCache


@lru_cache(maxsize=8)
def response_cache(address: str | None) -> "ResponseCache | None":
    """Return the cache at an address; None without one, and where it cannot be used, which is told and costs no answer.

    Args:
        address: A file, or a server of Redis.

    Raises:
        ConfigError: It is no such address.
        MissingExtra: Redis is asked for, and its package is not installed.
    """
    if address is None:
        return None
    from ...nodes.calls.response_cache import ResponseCache

    cache = ResponseCache(address)
    if why := cache.problem():
        note(f"the cache is not used: {why}")
        return None
    return cache
