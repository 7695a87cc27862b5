"""The HTTP client that all OpenAI-compatible models built from strings share.

One aiohttp-backed client per event loop: a wide fan-out then costs half the CPU of the default transport, keeps its
connections between runs, and is closed with its loop. The openai package ships that transport.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..text import is_secret

if TYPE_CHECKING:
    import ssl

    import httpx2
    import openai

KEEPALIVE_SECONDS = 30.0
CONNECT_SECONDS = 10.0
"""How long one attempt to connect may take; the client makes three."""
MAX_CONNECTIONS = 2000
"""More than 100 runs of a 12-wide layer have in flight; the openai package's own limit is 1,000."""
DIRECT = ("all://127.0.0.1", "all://localhost", "all://[::1]")
"""This machine: what is asked here goes through no proxy, which would look for it on a machine of its own."""

_open: "WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[httpx2.AsyncClient, AsyncGenerator[httpx2.AsyncClient]]]" = (
    WeakKeyDictionary()
)
Headers = tuple[tuple[str, str], ...]
_HEADERS = 256
"""How many sets of headers have a client of their own; each is small, and opens nothing."""
_sent: ContextVar[list[str] | None] = ContextVar("langgraph_moa_requests_sent", default=None)


@contextmanager
def requests_sent() -> Iterator[list[str]]:
    """Collect the hosts of the requests that go out in this context, retries included."""
    sent: list[str] = []
    token = _sent.set(sent)
    try:
        yield sent
    finally:
        _sent.reset(token)


@lru_cache(maxsize=1)
def _trusted() -> "ssl.SSLContext":
    """Load the trusted certificates once: it takes long enough to be felt, and loops come and go."""
    import httpx2

    return httpx2.create_ssl_context()


@lru_cache(maxsize=_HEADERS)
def shared_async_client(headers: Headers = ()) -> "httpx2.AsyncClient":
    """Return the client to hand to every model: it sends each request through the running loop's own.

    Args:
        headers: What it sends along. They are the client's and not the model's, for they may be secrets, and what a
            model was made of is shown in traces.
    """
    import openai

    class LoopClient(openai.DefaultAioHttpClient):  # type: ignore[misc, unused-ignore]
        sends_along = headers

        async def send(self, request: "httpx2.Request", **kwargs: Any) -> "httpx2.Response":
            if (sent := _sent.get()) is not None:
                sent.append(request.url.host)
            request.headers.update(dict(headers))
            _bound_connecting(request)
            client = await _client_of_running_loop()
            return await _without_secrets(request, await client.send(request, **kwargs), headers)

    return LoopClient(verify=_trusted())


@lru_cache(maxsize=_HEADERS)
def shared_sync_client(headers: Headers = ()) -> "openai.DefaultHttpxClient":
    """Return one client for the sync half that models insist on; our graphs never send through it.

    Args:
        headers: What it sends along.
    """
    import openai

    def send_along(request: Any) -> None:
        request.headers.update(dict(headers))

    return openai.DefaultHttpxClient(event_hooks={"request": [send_along]}, mounts=dict.fromkeys(DIRECT))


def sent_along(model: object) -> Headers:
    """Return the headers that a model's client sends along with each request."""
    headers: Headers = getattr(getattr(model, "http_async_client", None), "sends_along", ())
    return headers


def _bound_connecting(request: "httpx2.Request") -> None:
    """Give up where no connection comes about: a TLS handshake with a server that speaks none takes for ever."""
    timeout = dict(request.extensions.get("timeout") or {})
    if timeout.get("connect") is None:
        request.extensions["timeout"] = {**timeout, "connect": CONNECT_SECONDS}


async def _client_of_running_loop() -> "httpx2.AsyncClient":
    loop = asyncio.get_running_loop()
    if loop not in _open:
        for ended in [other for other in _open if other.is_closed()]:  # closed without shutdown_asyncgens()
            _open.pop(ended)
        keeper = _keep_open(loop)
        _open[loop] = (await anext(keeper), keeper)
    return _open[loop][0]


async def _keep_open(loop: asyncio.AbstractEventLoop) -> "AsyncGenerator[httpx2.AsyncClient]":
    # Suspended at its yield, this generator is what the loop ends in shutdown_asyncgens(): the only notice of its
    # end that every runner (asyncio.run, anyio, uvicorn) gives.
    import httpx2
    import openai

    limits = httpx2.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEPALIVE_SECONDS)
    client = openai.DefaultAioHttpClient(limits=limits, verify=_trusted(), mounts=dict.fromkeys(DIRECT))
    try:
        yield client
    finally:
        _open.pop(loop, None)
        await client.aclose()


def close_clients(seconds: float) -> None:
    """Close the clients of loops that run in other threads, and with them their requests; for a process that ends.

    Args:
        seconds: How long that may take.
    """
    closing = [
        asyncio.run_coroutine_threadsafe(client.aclose(), loop)
        for loop, (client, _) in list(_open.items())
        if loop.is_running()
    ]
    wait(closing, seconds)


async def _without_secrets(
    request: "httpx2.Request", response: "httpx2.Response", headers: Headers
) -> "httpx2.Response":
    """Take key and headers out of an error that repeats them, before it gets logged and traced; answers stay whole."""
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    secrets = [value.encode() for value in (key, *(value for _, value in headers)) if is_secret(value)]
    is_refused = response.status_code >= 400
    is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
    if not secrets or (is_stream and not is_refused):
        return response
    body = cleaned = await response.aread()
    for secret in secrets:
        cleaned = cleaned.replace(secret, b"[redacted]")
    if cleaned == body or not (is_refused or _is_error(body)):
        return response
    dropped = ("content-length", "content-encoding")
    others = {name: value for name, value in response.headers.items() if name not in dropped}
    return type(response)(response.status_code, headers=others, content=cleaned, request=request)


def _is_error(body: bytes) -> bool:
    """Tell what nobody can take for an answer, whatever its status says."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return True
    return not isinstance(parsed, dict) or bool(parsed.get("error"))
