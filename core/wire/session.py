"""The connections: one pooled aiohttp session an event loop, through the proxy that the environment names."""

import asyncio
import socket
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import ConfigError
from ..per_loop import PerLoop
from .connections import is_address

if TYPE_CHECKING:
    import ssl

    from .sending import Address

KEEPALIVE_SECONDS = 30.0
CONNECT_SECONDS = 10.0
"""How long one attempt to connect may take, a TLS handshake included: with a server that speaks none it never ends."""
MAX_CONNECTIONS = 2000
"""More than 100 runs of a 12-wide layer have in flight."""
_LOCAL = {"127.0.0.1", "localhost", "::1"}
"""This machine: a proxy would look for what is asked here on a machine of its own."""
_BUFFER = 2**18
_RECEIVED = 2**16
"""Bytes that the system holds for a connection, which aiohttp reads at once: else it would read tens of thousands of
hints, or of chunks of a byte, before others have their turn."""


def _small_socket(info: Any) -> socket.socket:
    """Make a socket of which no more is read at once than others can wait for."""
    sock = socket.socket(*info[:3])
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVED)
    return sock


class Pool:
    """Be the connections of one event loop."""

    def __init__(self) -> None:
        import aiohttp

        # trust_env would read .netrc in a thread for each request: proxies are looked up here.
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MAX_CONNECTIONS, keepalive_timeout=KEEPALIVE_SECONDS, socket_factory=_small_socket
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=_BUFFER,
            auto_decompress=False,  # a few bytes may unpack to as much as there is memory: pieces.py does it in steps
            headers={
                "User-Agent": "langgraph-moa",
                "Accept": "application/json, text/event-stream",
                "Accept-Encoding": "gzip, deflate",
            },
        )
        self._proxies: dict[str, str | None] = {}

    def proxy_for(self, url: str) -> str | None:
        """Return the proxy on the way to an address, as the environment named it when it was first asked for.

        Raises:
            ConfigError: It is one that cannot be spoken to.
        """
        if url not in self._proxies:
            self._proxies[url] = proxy_for(url)
        return self._proxies[url]

    async def close(self) -> None:
        """Close them, and with them their requests."""
        await self.session.close()


POOLS = PerLoop(Pool, Pool.close)
"""The process's own."""


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for an address; what is asked on this machine goes through none.

    Raises:
        ConfigError: It is one that cannot be spoken to.
    """
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host = parts.hostname or ""
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or host in _LOCAL or proxy_bypass(host):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not is_address(proxy):
        raise ConfigError(f"found no address as the proxy on the way to {host}, expected one like http://proxy:3128")
    if not proxy.lower().startswith(("http://", "https://")):
        raise ConfigError(
            f"found a {proxy.partition('://')[0]} proxy in the environment, expected one that begins with http://; "
            f"name such a one, or except {host} from it with NO_PROXY"
        )
    return proxy


async def pool_for(url: str) -> Pool:
    """Return the running loop's connections; what they take is loaded at the first, in a thread, for it reads files."""
    is_prepared = "aiohttp" in sys.modules and (trusted.cache_info().currsize or not url.startswith("https:"))
    if not is_prepared:
        await asyncio.to_thread(_prepare, url)
    return await POOLS.get()


def _prepare(url: str) -> None:
    import aiohttp  # noqa: F401 - to have it

    if url.startswith("https:"):
        trusted()


@lru_cache(maxsize=1)
def trusted() -> "ssl.SSLContext":
    """Load the certificates that the system trusts, once: it takes long enough to be felt, and loops come and go."""
    import httpx2

    return httpx2.create_ssl_context()


@lru_cache(maxsize=256)
def request_options(address: "Address", kind: str | None = "application/json") -> dict[str, Any]:
    """Return how requests are sent there.

    Args:
        address: Where to.
        kind: The type of what is posted; None where its body says so itself.
    """
    import aiohttp

    headers = {"Authorization": f"Bearer {address.key}"} if address.key else {}
    headers |= {"Content-Type": kind} if kind else {}
    own = {name.lower() for name, _ in address.headers}
    return {
        "headers": {
            **{name: value for name, value in headers.items() if name.lower() not in own},
            **dict(address.headers),
        },
        "timeout": aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=address.seconds),
        "allow_redirects": False,
        "ssl": trusted() if address.url.startswith("https:") else True,
    }
