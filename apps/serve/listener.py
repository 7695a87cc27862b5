"""Listen for requests, and answer what is no HTTP: aiohttp would repeat what was sent, to its client and to the log."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import orjson
from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import ContentEncodingError

from .refusals import Refusal, refusal_of

_BACKLOG = 1024
_SLOWEST_HEADERS_S = 20.0
_IDLE_S = 75.0
"""How long a connection is kept for the next request; aiohttp would keep it for an hour."""
_NO_HTTP = "found what is no HTTP request, expected its line, its headers, and a body as long as they say"
_ENCODED = "found a Content-Encoding that is not read here, expected gzip, deflate, or none"


@asynccontextmanager
async def listening(
    app: web.Application,
    host: str,
    port: int,
    log: Callable[[str], None],
    *,
    shutdown_s: float = 1.0,
    headers_s: float = _SLOWEST_HEADERS_S,
) -> AsyncIterator[int]:
    """Listen for as long as the block lasts, at the port that is yielded.

    Args:
        app: What answers.
        host: The address.
        port: The port; 0 takes a free one.
        log: Who is told of what is no request.
        shutdown_s: How long connections may take to close.
        headers_s: How long a request's headers may take to come.

    Raises:
        OSError: Nobody can listen there.
    """
    loop = asyncio.get_running_loop()
    app.middlewares.insert(0, _begun)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=shutdown_s)
    await runner.setup()
    server: asyncio.Server | None = None
    try:
        server = await loop.create_server(
            lambda: _Connection(runner.server, log, headers_s), host, port, backlog=_BACKLOG
        )
        yield server.sockets[0].getsockname()[1]
    finally:
        if server:
            server.close()
        await runner.cleanup()


def response_of(refusal: Refusal) -> web.Response:
    """Return a refusal as it is sent."""
    body = orjson.dumps(refusal.body)
    headers = {"Server": "langgraph-moa", **refusal.headers}
    return web.Response(body=body, status=refusal.status, headers=headers, content_type="application/json")


async def expected_later(http: web.Request) -> None:
    """Leave it to who reads a body to have it sent: who has no key, or sends too much, need not."""


async def wanted(http: web.Request) -> None:
    """Have a body sent whose client waits until it may."""
    if "Expect" in http.headers and http.version == HttpVersion11:
        await http.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        http.writer.output_size = 0  # or what is refused from here on would pass for half an answer


def failure_as_told(context: Mapping[str, Any]) -> str:
    """Say what failed beside all requests, by the error's class: its words may hold a question.

    Args:
        context: What asyncio knows of it.
    """
    return f"a task failed: {type(context.get('exception')).__name__}"


@web.middleware
async def _begun(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    connection: Any = request.protocol
    with connection.answering():
        return await handler(request)


class _Connection(web.RequestHandler):
    """Be a connection that says what went wrong by the error's class only: its words hold what was sent.

    It closes where headers do not come to their end: whoever sends them slowly needs no key to take one of few.
    """

    __slots__ = ("_answering", "_headers_s", "_late", "_tell")

    def __init__(self, server: Any, log: Callable[[str], None], headers_s: float) -> None:
        quiet: Any = {"access_log": None, "keepalive_timeout": _IDLE_S}
        super().__init__(server, loop=asyncio.get_running_loop(), **quiet)
        self._tell, self._headers_s = log, headers_s
        self._answering = False
        self._late: asyncio.TimerHandle | None = None

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Wait for no headers for as long as a request is answered."""
        self._answering = True
        self._stop_waiting()
        try:
            yield
        finally:
            self._answering = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait_for_headers()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_headers(self) -> None:
        if not self._answering and self._late is None:
            self._late = asyncio.get_running_loop().call_later(self._headers_s, self.force_close)

    def _stop_waiting(self) -> None:
        if self._late:
            self._late.cancel()
        self._late = None

    def handle_error(
        self, request: Any, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        self.log_exception(exc_info=exc)
        if request.writer.output_size:
            raise ConnectionError("a part of an answer is sent already")
        if isinstance(exc, ContentEncodingError):
            refusal = Refusal(415, _ENCODED)
        else:
            refusal = Refusal(400, _NO_HTTP) if status == 400 else refusal_of(RuntimeError())
        response = response_of(refusal)
        response.force_close()
        return response

    def log_exception(self, *args: Any, exc_info: Any = None, **more: Any) -> None:
        self._tell(f"a connection failed: {type(exc_info).__name__}")

    def log_debug(self, *args: Any, **more: Any) -> None:
        """Say nothing: it may hold what was sent."""
