"""The cache of responses that settings name, opened once a process, and told of where it cannot be used."""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import ConfigError
from ...core.wire.connections import bare_url
from ..terminal import note

if TYPE_CHECKING:
    from ...nodes.calls.response_cache import ResponseCache

_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]{0,63})\}?")


def cache_variable(written: str) -> str | None:
    """Return the environment variable that holds a cache's address; None where the address itself is written."""
    named = _VARIABLE.fullmatch(written)
    return named[1] if named else None


def cache_address(written: str | None) -> str | None:
    """Return where a cache is.

    Args:
        written: A file, a server of Redis, or `$NAME`, which stands for what the variable holds.

    Raises:
        ConfigError: The variable is not set.
    """
    if written is None or (name := cache_variable(written)) is None:
        return written
    if not (address := os.environ.get(name)):
        raise ConfigError(f"the cache needs {name}, which is not set; set it to the cache's address, or drop --cache")
    return address


def cache_for_all(written: str, *, joined: bool) -> str:
    """Return what is said of a cache to the actors of a cluster, in whose tasks anybody can read it.

    Args:
        written: A file, a server of Redis, or `$NAME`, which each machine looks up for itself.
        joined: Whether the actors may be on other machines.

    Raises:
        ConfigError: The address holds what may be a secret, or is a file of this machine alone.
    """
    address = cache_address(written) or written
    is_file = "://" not in address or address.startswith("unix:")
    if joined and is_file:
        raise ConfigError(
            f"found {bare_url(address) if '://' in address else address} as the cache of a cluster that was joined, "
            "expected one that all of its machines reach; name a server of Redis, such as redis://HOST:PORT/0, or drop "
            "--cache"
        )
    if cache_variable(written):
        return written
    if "://" in address and bare_url(address) != address:
        raise ConfigError(
            "found a user, a password or what follows ? in the address of the cache, expected none on a cluster, where "
            "all could read it; write $NAME for the address, and set NAME on each machine"
        )
    return address if "://" in address else str(Path(address).absolute())


def response_cache(written: str | None) -> "ResponseCache | None":
    """Return the cache that settings name; None without one, and where it cannot be used, which costs no answer.

    Args:
        written: A file, a server of Redis, or `$NAME`.

    Raises:
        ConfigError: It is no such address, or its variable is not set.
        MissingExtra: The package of SQLite's cache, or of Redis, is not installed.
    """
    return _opened(cache_address(written))


@lru_cache(maxsize=8)
def _opened(address: str | None) -> "ResponseCache | None":
    """Open it once a process, and tell of one that cannot be used."""
    if address is None:
        return None
    from ...nodes.calls.response_cache import ResponseCache

    cache = ResponseCache(address)
    if why := cache.problem():
        note(f"the cache is not used: {why}")
        return None
    return cache
