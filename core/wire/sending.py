"""Send one request, as often as it takes, and return what came back."""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ..deferral import Keep, deferral_for, keeping_failure
from ..text import one_line, redact
from .connections import bare_url, full_url, values_in
from .losses import lost
from .pieces import pieces_of
from .refusals import ServerError, ServerTimeout, UnreadableAnswer, may_pass, refusal
from .session import Pool, pool_for, request_options
from .sizes import AROUND, most_bytes, off_the_loop, too_large
from .waiting import LONGEST_ASKED, jitter, to_wait, waiting

if TYPE_CHECKING:
    import aiohttp

_T = TypeVar("_T")
Headers = tuple[tuple[str, str], ...]
_MOST_ERROR_BYTES = 2**20
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 8.0
"""Seconds before a request is sent again: the first time, and at most."""
_ENDING_SECONDS = 0.5
"""How long the end of a stream may come after the last that is said in it: its connection can be used again then."""
_CLOCK = 0.02
"""Seconds by which an end that the clock brings may come too soon."""
_pause = asyncio.sleep
_log = logging.getLogger(__name__)
_sent: ContextVar[list[str] | None] = ContextVar("langgraph_moa_requests_sent", default=None)
_ends: ContextVar[float | None] = ContextVar("langgraph_moa_call_ends", default=None)


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


@contextmanager
def ends_by(when: float | None) -> Iterator[None]:
    """Say until when a call of this context may take, so that nobody waits for what would come too late.

    Args:
        when: A time of the running loop; None sets no bound.
    """
    token = _ends.set(when)
    try:
        yield
    finally:
        _ends.reset(token)


def _seconds_left() -> float:
    """Return how long the call of this context may still take."""
    when = _ends.get()
    return math.inf if when is None else when - asyncio.get_running_loop().time()


def _longest_wait() -> float:
    """Return how long a server may ask to wait: the call may end sooner than that."""
    return min(LONGEST_ASKED, max(_seconds_left(), 0.0))


@dataclass(frozen=True)
class Address:
    """Say where requests go, and with what; never shown, for key and headers are secrets."""

    url: str
    """The base URL, without its query."""
    key: str = field(repr=False)
    headers: Headers = field(default=(), repr=False)
    seconds: float | None = 600.0
    """How long the server may say nothing; None is no limit."""
    attempts: int = 3
    query: str = field(default="", repr=False)
    """Parameters of each request."""

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
        values = [self.key, *(value for _, value in self.headers), *values_in(self.query)]
        return [*values, *(value.rpartition(" ")[2] for value in values if " " in value)]  # without "Bearer"


async def fetch(address: Address, path: str, body: bytes | None = None, *, most: int | None = None) -> bytes:
    """Send a request and return the whole of its answer; one that is lost in the middle is asked for again.

    Args:
        address: Where to.
        path: What comes after the base URL.
        body: What is posted; None gets.
        most: How many bytes are read; None reads as many as an answer of this context may have.

    Raises:
        ServerError: There was no answer.
    """
    return await fetch_as(bytes, address, path, body, most=most)


async def fetch_as(
    read: Callable[[bytes], _T], address: Address, path: str, body: bytes | None = None, *, most: int | None = None
) -> _T:
    """Send a request and return its answer as it is read; an error that came with success is one, and sent again.

    Args:
        read: What reads an answer.
        address: Where to.
        path: What comes after the base URL.
        body: What is posted; None gets.
        most: How many bytes are read; None reads as many as an answer of this context may have.

    Raises:
        ServerError: There was no answer.
    """
    keep: Keep | None = None
    if body is not None and (deferral := deferral_for(path)):
        answer_or_keep = deferral.answer_to(address, body)
        if isinstance(answer_or_keep, bytes):
            return await off_the_loop(read, answer_or_keep)
        keep = answer_or_keep
    bound = most_bytes() if most is None else most

    async def whole() -> _T:
        pool = await pool_for(address.url)
        with lost(address, proxied=pool.proxy_for(address.url) is not None):
            async with _request(pool, address, path, body) as response:
                await check_success(response, address)
                size = response.content_length
                if size is not None and size > bound:
                    raise too_large(f"more than {bound:,} bytes ({size:,} announced)", address.bare)
                if size is not None and "Content-Encoding" not in response.headers:
                    answer = bytes(await response.read())
                else:
                    answer = b"".join([piece async for piece in pieces_of(address, response, bound)])
                with waiting(response.headers, _longest_wait()):
                    value = await off_the_loop(read, answer)
                if keep:
                    keep.answered(answer)
                return value

    with keeping_failure(keep, is_late=lambda: _seconds_left() <= _CLOCK):
        return await _repeated(address, whole)


@asynccontextmanager
async def stream(
    read: Callable[[AsyncIterator[bytes]], AsyncGenerator[_T]], address: Address, path: str, body: bytes | None
) -> AsyncIterator[AsyncIterator[_T]]:
    """Send a request and yield its answer as it comes; once some of it was read it is not asked for again.

    Args:
        read: What reads an answer of the pieces that come. An error of its own status that it finds before anything
            else is one as if it had come in the answer's place.
        address: Where to.
        path: What comes after the base URL.
        body: What is posted; None gets.

    Raises:
        ServerError: There was no answer, or it broke off.
    """
    first, rest, until_read = await _repeated(address, partial(_opened, read, address, path, body))
    async with until_read, aclosing(_all(first, rest)) as items:
        yield items


async def _all(first: list[_T] | ServerError, rest: AsyncIterator[_T]) -> AsyncGenerator[_T]:
    """Yield what is read of an answer whose first is read already."""
    if isinstance(first, ServerError):
        raise first
    for item in first:
        yield item
    async for item in rest:
        yield item


async def _opened(
    read: Callable[[AsyncIterator[bytes]], AsyncGenerator[_T]], address: Address, path: str, body: bytes | None
) -> tuple[list[_T] | ServerError, AsyncGenerator[_T], AsyncExitStack]:
    """Send a request once, and read until its answer begins, or turns out to be none that asking again would mend."""
    pool = await pool_for(address.url)
    async with AsyncExitStack() as until_read:
        with lost(address, proxied=pool.proxy_for(address.url) is not None):
            response = await until_read.enter_async_context(_request(pool, address, path, body))
            await check_success(response, address)
        pieces = await until_read.enter_async_context(aclosing(pieces_of(address, response, AROUND * most_bytes())))
        until_read.push_async_exit(partial(_to_the_end, pieces))
        rest = await until_read.enter_async_context(aclosing(read(pieces)))
        first: list[_T] | ServerError = []
        try:
            with waiting(response.headers, _longest_wait()), suppress(StopAsyncIteration):
                first = [await anext(rest)]
        except ServerError as failure:
            failure.url = address.bare
            if failure.status_code is not None and failure.is_retryable:
                raise
            first = failure
        return first, rest, until_read.pop_all()


async def _to_the_end(pieces: AsyncIterator[bytes], failure: type[BaseException] | None, *_: Any) -> None:
    """Read what comes after an answer, so that its connection can be used again."""
    if failure is not None:
        return
    with suppress(ServerError, TimeoutError):  # a connection that does not come to an end is closed
        async with asyncio.timeout(_ENDING_SECONDS):
            async for _piece in pieces:
                pass


async def _repeated(address: Address, ask: Callable[[], Awaitable[_T]]) -> _T:
    """Ask until there is an answer, or a failure that would come again, or later than anybody waits."""
    for attempt in range(address.attempts - 1):
        try:
            return await ask()
        except ServerError as failure:
            if not failure.is_retryable or isinstance(failure, ServerTimeout):  # which may have been worked on
                raise
            backoff = min(_FIRST_WAIT * 2**attempt, _LONGEST_WAIT)
            seconds = failure.retry_after or backoff * jitter()
            if seconds >= _seconds_left():
                raise
            if _log.isEnabledFor(logging.DEBUG):
                _tell(address, failure, seconds, attempt + 1)
        await _pause(seconds)
    return await ask()


def _tell(address: Address, failure: ServerError, seconds: float, attempt: int) -> None:
    why = one_line(redact(str(failure), address.secrets))
    _log.debug("%s: try %d of %d failed: %s; again in %.1f s", address.bare, attempt, address.attempts, why, seconds)


def _request(pool: Pool, address: Address, path: str, body: bytes | None) -> Any:
    """Send a request once; no redirect is followed, so that key and prompt go to nobody else."""
    note_sent(address.host)
    url, method = full_url(address.url, path, address.query), "GET" if body is None else "POST"
    return pool.session.request(method, url, data=body, proxy=pool.proxy_for(address.url), **request_options(address))


async def check_success(response: "aiohttp.ClientResponse", address: Address) -> None:
    """Raise what a refused request stands for.

    Raises:
        ServerError: It was refused.
    """
    if response.status >= 300:
        raise await _refused(response, address)


async def _refused(response: "aiohttp.ClientResponse", address: Address) -> ServerError:
    body = b""
    with suppress(UnreadableAnswer):  # what is longer than any error is told as far as it was read
        async for piece in pieces_of(address, response, _MOST_ERROR_BYTES):
            body += piece
    location = response.headers.get("location")
    about: Any = {"url": address.url, "location": location, "secrets": address.secrets}
    try:
        failure = await off_the_loop(partial(refusal, response.status, **about), body)
    except UnreadableAnswer:  # its words cannot be read, its status can
        failure = refusal(response.status, b"", **about)
    advice = response.headers.get("x-should-retry")
    failure.is_retryable = advice == "true" or (advice != "false" and may_pass(response.status, str(failure)))
    return to_wait(failure, response.headers, _longest_wait())
