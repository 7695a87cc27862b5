"""Send an answer while it is written: comments keep the line open, and a reader who is gone ends the run."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress

from aiohttp import web
from langchain_core.messages import AIMessage

from .door import Door
from .refusals import Refusal, refusal_of
from .replies import STILL_HERE, WrittenAnswer, as_event

_AHEAD = 64
"""Pieces that a run may be ahead of its reader."""
STALLED_S = 60.0
"""How long a reader may take nothing."""
STOPPING = "this server is stopping; ask again, or ask another"
StreamPart = str | AIMessage | Exception


class Pump:
    """Run an answer ahead of its reader, and hold what was not read yet.

    Args:
        parts: The answer.
        at_end: What is done with its last message, before a reader knows of it.
        door: What it waits at before it begins.

    Attributes:
        run: The task; whoever cancels it ends the answer with a refusal.
    """

    def __init__(self, parts: AsyncGenerator[str | AIMessage], at_end: Callable[[AIMessage], None], door: Door) -> None:
        self._at_end, self._door = at_end, door
        self._queue: asyncio.Queue[StreamPart] = asyncio.Queue(_AHEAD)
        self.run = asyncio.create_task(self._run(parts))

    async def _run(self, parts: AsyncGenerator[str | AIMessage]) -> None:
        try:
            async with self._door.passed(), aclosing(parts):
                async for part in parts:
                    if isinstance(part, AIMessage):
                        self._at_end(part)
                    await self._queue.put(part)
        except asyncio.CancelledError:
            if self._queue.full():
                self._queue.get_nowait()
            self._queue.put_nowait(Refusal(503, STOPPING, code="stopping", kind="server_error", again_s=1))
            raise
        except Exception as exc:  # noqa: BLE001 - whatever happens, the reader is told
            await self._queue.put(exc)

    async def parts(self, seconds: float | None) -> list[StreamPart]:
        """Return what is there, or comes within some time; nothing where nothing does."""
        parts: list[StreamPart] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                parts.append(await self._queue.get())
        while not self._queue.empty():
            parts.append(self._queue.get_nowait())
        return parts

    async def close(self) -> None:
        """End the run, and wait until its requests are closed."""
        self.run.cancel()
        await asyncio.gather(self.run, return_exceptions=True)


async def send_stream(
    http: web.Request,
    pump: Pump,
    reply: WrittenAnswer,
    headers: dict[str, str],
    *,
    include_usage: bool,
    keep_alive_s: float | None,
) -> tuple[web.StreamResponse, AIMessage | Exception]:
    """Send an answer as it comes; what fails before anything was sent is still told by the status.

    Args:
        http: The request.
        pump: The answer.
        reply: How it is written.
        headers: What is sent along.
        include_usage: Whether the client asked for the usage.
        keep_alive_s: How long nothing may be sent; None is as long as it takes.

    Raises:
        Refusal: It failed before anything was sent.
    """
    parts = await pump.parts(keep_alive_s)
    if parts and isinstance(parts[0], Exception):
        raise parts[0]
    response = web.StreamResponse(headers={**headers, **_HEADERS})
    await response.prepare(http)
    await _write(http, response, reply.begin())
    while True:
        data: bytes = b""
        end: AIMessage | Exception | None = None
        for part in parts:
            if isinstance(part, str):
                data += reply.text(part)
            else:
                end = part
        if isinstance(end, AIMessage):
            data += reply.end(end, include_usage=include_usage)
        elif end:
            data += as_event(refusal_of(end).body)
        await _write(http, response, data or STILL_HERE)
        if end:
            await response.write_eof()
            return response, end
        parts = await pump.parts(keep_alive_s)


_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""The last one keeps nginx from collecting what comes."""


async def _write(http: web.Request, response: web.StreamResponse, data: bytes) -> None:
    try:
        async with asyncio.timeout(STALLED_S):
            await response.write(data)
    except TimeoutError:
        if http.transport:
            http.transport.abort()
        raise ConnectionResetError("the reader took nothing any more") from None
