"""One client's lines on standard input and output, in and out."""

import asyncio
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from ...core.text import one_line, plain
from .inquiries import Inquiries

if TYPE_CHECKING:
    from anyio import AsyncFile
    from mcp.server import Server
    from mcp_types import JSONRPCError

    from .inquiries import Inquiries

_CHUNK = 65536


async def serve_client(server: "Server[Inquiries]") -> None:
    """Serve one client on standard input and output, until it ends or is gone."""
    from anyio import BrokenResourceError, ClosedResourceError
    from mcp.server.stdio import stdio_server
    from mcp.shared.message import SessionMessage

    async def refuse(why: "JSONRPCError") -> None:
        with suppress(ClosedResourceError, BrokenResourceError):  # the server ends
            await write.send(SessionMessage(why))

    messages = cast("AsyncFile[str]", _messages(_lines(sys.stdin.fileno()), refuse))
    try:
        async with stdio_server(stdin=messages) as (read, write):
            await server.run(read, write, server.create_initialization_options())
    except* ConnectionError:  # who is gone reads no answer; that ends this as the end of standard input does
        pass


async def _lines(file: int) -> AsyncIterator[str]:
    """Read lines in a thread that nobody waits for: the SDK would keep a stopped program until its client ends."""
    loop, chunks = asyncio.get_running_loop(), asyncio.Queue[bytes]()

    def read() -> None:
        with suppress(RuntimeError):  # the loop is closed: the program ends
            with suppress(OSError):  # some clients take sockets for pipes, and what they had not read breaks one off
                while chunk := os.read(file, _CHUNK):
                    loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            loop.call_soon_threadsafe(chunks.put_nowait, b"")

    threading.Thread(target=read, daemon=True).start()
    line: list[bytes] = []
    while chunk := await chunks.get():
        end, *begun = chunk.split(b"\n")
        line.append(end)
        for part in begun:
            yield b"".join(line).decode("utf-8", "replace")
            line = [part]


async def _messages(
    lines: AsyncIterator[str], refuse: Callable[["JSONRPCError"], Awaitable[None]]
) -> AsyncIterator[str]:
    """Pass on what is a message, and refuse all else, which the SDK drops: whoever sent it would wait for ever."""
    from mcp_types import jsonrpc_message_adapter

    async for line in lines:
        if not line.strip():
            continue
        try:
            jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError:
            await refuse(_refusal(line))
        else:
            yield line


def _refusal(line: str) -> "JSONRPCError":
    """Say that a line is no message, to whom it may concern: under the id of the request that it was meant to be."""
    from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError

    code, key = INVALID_REQUEST, None
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        code = PARSE_ERROR
    else:
        if isinstance(given, dict) and "method" in given:
            key = given.get("id")
    named = type(key) is int or (isinstance(key, str) and key == plain(key))
    why = f"found {one_line(plain(line), limit=80)}, expected a line of JSON-RPC 2.0, in whole characters of Unicode"
    return JSONRPCError(jsonrpc="2.0", id=key if named else None, error=ErrorData(code=code, message=why))
