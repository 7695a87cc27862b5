"""Say of a connection that does not come about, or is lost, with whom."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .connections import connection_problem
from .refusals import ServerError, ServerTimeout, ServerUnreachable, UnreadableAnswer

if TYPE_CHECKING:
    from .sending import Address

_TOO_MUCH = ("Too many headers", "Got more than")
"""What aiohttp says of headers that are more, or longer, than it takes."""


@contextmanager
def lost(address: "Address", *, proxied: bool = False) -> Iterator[None]:
    """Raise what becomes of a connection as a server's failure, with its address.

    Args:
        address: Who is asked.
        proxied: Whether a proxy stands on the way.
    """
    import aiohttp

    try:
        yield
    except ServerError as failure:
        failure.url = address.bare
        raise
    except (aiohttp.ClientError, OSError) as exc:
        loss = _failure(exc, address, proxied=proxied)
        loss.url = address.bare
        # What comes of a proxy is told with the proxy's password: no traceback, which is traced, may show it.
        raise loss from (None if proxied else exc)


def _failure(exc: Exception, address: "Address", *, proxied: bool) -> ServerError:
    import aiohttp

    if proxied and isinstance(exc, aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError):
        return _no_connection(
            f"the proxy on the way to {address.bare} cannot be reached, or refuses; correct the proxy in the "
            "environment, or name the host in NO_PROXY"
        )
    if isinstance(exc, aiohttp.InvalidURL):
        return ServerError(f"found {address.bare!r} as a base URL, expected one like http://localhost:8080/v1")
    if problem := connection_problem(exc, address.url):
        return _no_connection(problem)
    if isinstance(exc, aiohttp.ClientResponseError) and any(words in exc.message for words in _TOO_MUCH):
        return UnreadableAnswer(
            f"found more headers from {address.bare}, or longer ones, than any answer has, expected at most 128 of "
            "8,190 bytes; it was not read on, and is not asked for again: is the base URL right?"
        )
    if isinstance(exc, TimeoutError):
        seconds = f" for {address.seconds:g} s" if address.seconds else ""
        return ServerTimeout(f"{address.bare} said nothing{seconds}; ask for less, or wait longer")
    return ServerUnreachable(f"the connection to {address.bare} was lost ({type(exc).__name__})")


def _no_connection(problem: str) -> ServerUnreachable:
    failure = ServerUnreachable(problem)
    failure.problem = problem
    return failure
