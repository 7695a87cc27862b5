"""Send one request, as often as it takes, and return what came back."""

import asyncio
import email.utils
import math
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from .connections import bare_url, connection_problem
from .refusals import ServerError, ServerTimeout, ServerUnreachable, UnreadableAnswer, refusal
from .session import CONNECT_SECONDS, Pool, pool_for, trusted

if TYPE_CHECKING:
    import aiohttp

_T = TypeVar("_T")
Headers = tuple[tuple[str, str], ...]
MOST_BYTES = 64 * 2**20
"""An answer is read so far: more than any model writes."""
_MOST_ERROR_BYTES = 2**20
_FIRST_WAIT, _LONGEST_WAIT, _LONGEST_ASKED = 0.5, 8.0, 120.0
"""Seconds before a request is sent again: the first time, at most, and the most that a server may ask for."""
_PASSING = {408, 409, 429}
"""Statuses below 500 after which the same request may do."""
_ENDING_SECONDS = 0.5
"""How long the end of a stream may come after the last that is said in it: its connection can be used again then."""
_pause = asyncio.sleep
_sent: ContextVar[list[str] | None] = ContextVar("langgraph_moa_requests_sent", default=None)


@contextmanager
def requests_sent() -> Iterator[list[str]]:
    """Collect the hosts of the requests that go out in this context, those sent again included."""
    sent: list[str] = []
    token = _sent.set(sent)
    try:
        yield sent
    finally:
        _sent.reset(token)


def note_sent(host: str) -> None:
    """Note that a request goes out."""
    if (sent := _sent.get()) is not None:
        sent.append(host)


@dataclass(frozen=True)
class Address:
    """Say where requests go, and with what; never shown, for key and headers are secrets."""

    url: str
    """The base URL."""
    key: str = field(repr=False)
    headers: Headers = field(default=(), repr=False)
    seconds: float | None = 600.0
    """How long the server may say nothing; None is no limit."""
    attempts: int = 3

    @property
    def bare(self) -> str:
        """Return the base URL as it may be shown."""
        return bare_url(self.url)

    @property
    def host(self) -> str:
        """Return whom it asks."""
        return urlsplit(self.url).netloc

    @property
    def secrets(self) -> list[str]:
        """Return what errors may not repeat."""
        values = [self.key, *(value for _, value in self.headers)]
        return [*values, *(value.rpartition(" ")[2] for value in values if " " in value)]  # without "Bearer"


async def fetch(address: Address, path: str, body: bytes | None = None, *, most: int = MOST_BYTES) -> bytes:
    """Send a request and return the whole of its answer; one that is lost in the middle is asked for again.

    Args:
        address: Where to.
        path: What comes after the base URL.
        body: What is posted; None gets.
        most: How many bytes are read.

    Raises:
        ServerError: There was no answer.
    """

    async def whole() -> bytes:
        pool = await pool_for(address.url)
        with _lost(address, proxied=pool.proxy_for(address.url) is not None):
            async with _request(pool, address, path, body) as response:
                await _check(response, address)
                size = response.content_length
                if size is not None and size <= most and "Content-Encoding" not in response.headers:
                    return bytes(await response.read())
                return b"".join([piece async for piece in _pieces(address, response, most)])

    return await _repeated(address, whole)


@asynccontextmanager
async def stream(address: Address, path: str, body: bytes) -> AsyncIterator[AsyncIterator[bytes]]:
    """Send a request and yield its answer as it comes; once it has begun it is not asked for again.

    Raises:
        ServerError: There was no answer, or it broke off.
    """

    async def opened() -> "aiohttp.ClientResponse":
        pool = await pool_for(address.url)
        with _lost(address, proxied=pool.proxy_for(address.url) is not None):
            async with AsyncExitStack() as until_open:
                response: aiohttp.ClientResponse = await until_open.enter_async_context(
                    _request(pool, address, path, body)
                )
                await _check(response, address)
                until_open.pop_all()
                return response

    async with await _repeated(address, opened) as response, aclosing(_pieces(address, response, MOST_BYTES)) as pieces:
        yield pieces
        with suppress(ServerError, TimeoutError):  # a connection that does not come to an end is closed
            async with asyncio.timeout(_ENDING_SECONDS):
                async for _ in pieces:
                    pass


async def _repeated(address: Address, ask: Callable[[], Awaitable[_T]]) -> _T:
    """Ask until there is an answer, or a failure that would come again."""
    for attempt in range(address.attempts - 1):
        try:
            return await ask()
        except ServerError as failure:
            if not failure.is_retryable or isinstance(failure, ServerTimeout):  # which may have been worked on
                raise
            backoff = min(_FIRST_WAIT * 2**attempt, _LONGEST_WAIT)
            seconds = failure.retry_after or backoff * (1 - random.random() / 4)  # noqa: S311 - no secret
        await _pause(seconds)
    return await ask()


def _request(pool: Pool, address: Address, path: str, body: bytes | None) -> Any:
    """Send a request once; no redirect is followed, so that key and prompt go to nobody else."""
    note_sent(address.host)
    url, method = address.url.rstrip("/") + path, "GET" if body is None else "POST"
    return pool.session.request(method, url, data=body, proxy=pool.proxy_for(address.url), **_options(address))


async def _pieces(address: Address, response: "aiohttp.ClientResponse", most: int) -> AsyncGenerator[bytes]:
    count = 0
    with _lost(address):
        async for piece in response.content.iter_any():
            count += len(piece)
            if count > most:
                raise UnreadableAnswer(f"found more than {most:,} bytes from {address.bare}, expected an answer")
            yield piece


@lru_cache(maxsize=256)
def _options(address: Address) -> dict[str, Any]:
    """Return how requests are sent there."""
    import aiohttp

    headers = {"Authorization": f"Bearer {address.key}", "Content-Type": "application/json"}
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


async def _check(response: "aiohttp.ClientResponse", address: Address) -> None:
    """Raise what a refused request stands for."""
    if response.status >= 300:
        raise await _refused(response, address)


async def _refused(response: "aiohttp.ClientResponse", address: Address) -> ServerError:
    body = b""
    with suppress(UnreadableAnswer):  # what is longer than any error is told as far as it was read
        async for piece in _pieces(address, response, _MOST_ERROR_BYTES):
            body += piece
    location = response.headers.get("location")
    failure = refusal(response.status, body, url=address.url, location=location, secrets=address.secrets)
    failure.is_retryable, failure.retry_after = _may_ask_again(response)
    return failure


@contextmanager
def _lost(address: Address, *, proxied: bool = False) -> Iterator[None]:
    """Say of a connection that does not come about, or is lost, with whom."""
    import aiohttp

    try:
        yield
    except ServerError as failure:
        failure.url = address.bare
        raise
    except (aiohttp.ClientError, OSError) as exc:
        lost = _failure(exc, address, proxied=proxied)
        lost.url = address.bare
        # What comes of a proxy is told with the proxy's password: no traceback, which is traced, may show it.
        raise lost from (None if proxied else exc)


def _failure(exc: Exception, address: Address, *, proxied: bool) -> ServerError:
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
    if isinstance(exc, TimeoutError):
        seconds = f" for {address.seconds:g} s" if address.seconds else ""
        return ServerTimeout(f"{address.bare} said nothing{seconds}; ask for less, or wait longer")
    return ServerUnreachable(f"the connection to {address.bare} was lost ({type(exc).__name__})")


def _no_connection(problem: str) -> ServerUnreachable:
    failure = ServerUnreachable(problem)
    failure.problem = problem
    return failure


def _may_ask_again(response: "aiohttp.ClientResponse") -> tuple[bool, float | None]:
    """Tell whether a refused request may be sent again, and after how many seconds, as far as the server says so."""
    seconds = _retry_after(response.headers)
    if seconds is not None and seconds > _LONGEST_ASKED:
        return False, None
    advice = response.headers.get("x-should-retry")
    again = advice == "true" or (advice != "false" and (response.status in _PASSING or response.status >= 500))
    return again, seconds if seconds is not None and seconds > 0 else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how long a server asks to wait, in milliseconds, seconds or as a date (RFC 9110, section 10.2.3)."""
    for name, divisor in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers.get(name, "")) / divisor
        except ValueError:
            continue
        return None if math.isnan(seconds) else seconds
    try:
        date = email.utils.parsedate_tz(headers.get("retry-after", ""))
        return email.utils.mktime_tz(date) - time.time() if date else None
    except (ValueError, OverflowError):  # a date that no calendar has
        return None
