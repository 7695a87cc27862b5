"""Tell that no connection to a server came about, and why."""

import re
import socket
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import unquote_plus, urlsplit

from ..text import one_line

_DEPTH = 10
_PLAIN = re.compile(r"(?:[a-z]{1,10}://)?[\w.-]{0,100}(?::\d{1,5})?(?:/[\w./-]{0,200})?")
"""What is no address, and too plain for a password."""
_AT = re.compile("@|%(?:25)*40")
"""What ends a user or password, as it is or as an address spells it."""


def connection_problem(exc: BaseException, endpoint: str | None = None) -> str | None:
    """Say in words that no connection came about, and with whom; None where there was one.

    Args:
        exc: What asking raised.
        endpoint: Where it was sent, for clients that do not say.
    """
    chain = list(_chain(exc))
    if problem := next(filter(None, (getattr(cause, "problem", None) for cause in chain)), None):
        return str(problem)
    causes = [cause for cause in chain if isinstance(cause, OSError)]
    kinds = {kind.__name__ for cause in chain for kind in type(cause).__mro__}
    where = _address(chain, endpoint)
    if kinds & {"ClientProxyConnectionError", "ClientHttpProxyError", "ProxyError"}:  # of other clients
        return f"the proxy on the way to {where} refuses; correct HTTPS_PROXY, or name the host in NO_PROXY"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return f"the host {_host(where)} is not found; is its address right, and is there a network?"
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return f"the certificate of {where} is not trusted"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return f"{where} does not speak TLS; does its address begin with http:// and not https://?"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return f"nothing listens at {where}; is the server running?"
    # httpx says so as well of a connection that came about and was lost, where aiohttp is under it.
    is_certain = kinds & {"ClientConnectorError", "ConnectionTimeoutError"}
    if is_certain or (kinds & {"ConnectError", "ConnectTimeout"} and "ClientError" not in kinds):
        return f"no connection to {where} came about; is the server running, and its address right?"
    return None


def is_this_machine(host: str) -> bool:
    """Tell a host that is only this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_address(url: str) -> bool:
    """Tell an address with a host, and with a port that can be one."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def bare_url(url: str) -> str:
    """Return an address without what may be a secret: user and password, query and fragment.

    Of what is no address, only what can be none is shown.
    """
    if not is_address(url) or _is_nested(url):
        bare = url.partition("?")[0].partition("#")[0]
        if "@" in url:  # what stands before it may hold marks of its own
            bare = url.rpartition("@")[2] if bare == url else ""
        return bare if bare and _PLAIN.fullmatch(bare) else "(not shown)"
    parts = urlsplit(url)
    bare = f"{_AT.split(parts.netloc)[-1]}{parts.path}"
    return f"{parts.scheme}://{bare}" if parts.scheme else bare


def names_user(url: str) -> bool:
    """Tell what holds a user or password, however its address is written, or what could be one."""
    if not is_address(url):
        return "@" in url
    return bool(_AT.search(urlsplit(url).netloc)) or _is_nested(url)


def _is_nested(url: str) -> bool:
    """Tell an address that stands behind another's beginning, as a scheme does that is written twice."""
    path = urlsplit(url).path
    return "//" in path and bool(_AT.search(path))


def query_of(url: str) -> str:
    """Return the parameters of an address, as they are written."""
    return urlsplit(url).query


def values_in(query: str) -> list[str]:
    """Return the values of parameters, as they are written and as they are meant, each of which may be a key; and,
    for those that are too short to be looked for alone, each with its name, and all of them as an address ends.
    """
    parts = query.split("&") if query else []
    written = [value or name for name, _, value in (part.partition("=") for part in parts)]
    whole = [f"?{query}", *(part for part in parts if "=" in part)] if query else []
    return list(dict.fromkeys([*written, *map(unquote_plus, written), *whole]))


def full_url(url: str, path: str, query: str) -> str:
    """Return where a request goes: what comes after a base URL, and the parameters at the end."""
    return f"{url.rstrip('/')}{path}" + (f"{'&' if '?' in path else '?'}{query}" if query else "")


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what led to it, the last one first."""
    seen: list[BaseException] = []
    at: BaseException | None = exc
    while at is not None and len(seen) < _DEPTH and not any(at is earlier for earlier in seen):
        seen.append(at)
        yield at
        at = at.__cause__ or at.__context__


def _address(chain: list[BaseException], endpoint: str | None) -> str:
    """Return the base URL of the request that failed."""
    for exc in chain:
        try:
            url = str(getattr(exc, "url", None) or exc.request.url)  # type: ignore[attr-defined]
        except (AttributeError, RuntimeError):  # httpx raises where it knows of no request
            continue
        return _shown(url.removesuffix("/chat/completions"))
    return _shown(endpoint) if endpoint else "its server"


def _shown(url: str) -> str:
    return one_line(bare_url(url).rstrip("/"), limit=160) or "its server"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:  # what is no address at all
        return url
