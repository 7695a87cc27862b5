"""The command `mcp`: a mixture as a tool for clients of the Model Context Protocol, on standard input and output."""

import asyncio
import json
import math
import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ...core.errors import ConfigError, InputError, MissingExtra
from ...core.models.capabilities import may_write, tools_of
from ...core.text import one_line, plain
from ...graphs.adapters.asking import answered, check_asked, sentence_of
from ...graphs.adapters.tool_and_node import WHEN_TO_ASK
from ..ask.view import sources, summary
from ..settings.flags import with_mixture
from ..settings.settings import Graph, Settings
from ..terminal import TERMINATED, note, sigterm_as_ctrl_c
from .inquiries import Inquiries, Inquiry

if TYPE_CHECKING:
    from anyio import AsyncFile
    from mcp.server import Server
    from mcp.server.context import ServerRequestContext
    from mcp.types import CallToolResult, Tool
    from mcp_types import JSONRPCError

WAIT_S = 20.0
"""Clients give a call ten seconds to minutes, and coming back for an answer costs one more call and no model."""
_CHUNK = 65536
_GIVES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["answered", "running"]},
        "id": {"type": ["string", "null"], "description": "What get_answer takes, where it is running."},
        "answer": {"type": ["string", "null"]},
        "missing": {"type": ["string", "null"], "description": "What is missing from the answer; null for a full one."},
        "usd": {"type": ["number", "null"], "description": "What it cost; null where that is unknown."},
        "calls": {"type": ["integer", "null"]},
        "tokens": {"type": ["integer", "null"]},
        "seconds": {"type": ["number", "null"]},
        "sources": {"type": ["string", "null"], "description": "Where what the answer cites comes from, a line each."},
    },
}
_GIVES["required"] = list(_GIVES["properties"])
"""Without references, which some clients cannot follow."""


@with_mixture
def mcp(
    settings: Settings,
    *,
    wait: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="How long a call may take; then the answer is to be asked for by an id, which costs no model. "
            "Stay below what your client gives a call (10 seconds to minutes): one that gives up ends its question.",
        ),
    ] = WAIT_S,
) -> None:
    """Serve the mixture as a tool to an MCP client, on standard input and output (extra: mcp)."""
    if not 0 < wait < math.inf:
        raise ConfigError(f"found {wait:g} for --wait, expected a number of seconds that is above 0 and finite")
    try:
        import mcp_types  # noqa: F401 - the SDK's first version, which is another, has none
        from mcp.server.stdio import stdio_server  # noqa: F401
    except ImportError as exc:
        raise MissingExtra("an MCP server", "mcp") from exc
    for stream, name in ((sys.stdin, "standard input"), (sys.stdout, "standard output")):
        if stream is None:
            raise ConfigError(f"found {name} closed, expected an MCP client there; let one start this command")
    chosen, why = settings.choose()
    note(why)
    server = mcp_server(chosen.build(), docs=settings.docs, wait_s=wait)
    if sys.stdin.isatty():
        note("waiting for an MCP client on standard input; Ctrl-C ends")

    try:
        with sigterm_as_ctrl_c() as ending:
            ending.run(_serve(server))
    except KeyboardInterrupt:
        if ending.terminated:
            raise typer.Exit(TERMINATED) from None
        raise


async def _serve(server: "Server[Inquiries]") -> None:
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


def mcp_server(moa: Graph, *, docs: Sequence[str] = (), wait_s: float = WAIT_S) -> "Server[Inquiries]":
    """Make an MCP server of a mixture, with a tool that asks, and one for answers that take longer than a call may.

    Args:
        moa: The mixture.
        docs: The documents that it answers from.
        wait_s: How long a call may take.

    Raises:
        ConfigError: The mixture shows its proposals to a person.
    """
    from mcp import types
    from mcp.server import Server
    from mcp.shared.exceptions import MCPError

    check_asked(moa)
    tools = _tools(moa, docs, wait_s)
    arguments = {tool.name: tool.input_schema["required"][0] for tool in tools}

    async def list_tools(context: Any, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=tools)

    async def call_tool(
        context: "ServerRequestContext[Inquiries]", params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        if params.name not in arguments:
            raise MCPError(
                types.INVALID_PARAMS, f"found no tool {params.name!r:.80}, expected {' or '.join(arguments)}"
            )
        try:
            given = _argument(params.arguments or {}, arguments[params.name])
            inquiries, asks = context.lifespan_context, params.name == "ask"
            inquiry = inquiries.start(given) if asks else inquiries.find(given)
            try:
                over = await inquiry.wait(wait_s, context.session.report_progress)
            except asyncio.CancelledError:
                if asks:  # nobody has its id
                    inquiries.end(inquiry)
                raise
            if not over:
                return _result(_running(inquiry), _not_yet(inquiry))
            if asks:
                inquiries.end(inquiry)
            answer = _answered(inquiry.result)
            return _result(answer, answer["answer"], summary(inquiry.result["run"]), answer["sources"])
        except Exception as exc:  # noqa: BLE001 - whatever happens, the client gets a sentence
            return _result(None, sentence_of(exc))

    @asynccontextmanager
    async def lifespan(_: "Server[Inquiries]") -> AsyncIterator[Inquiries]:
        inquiries = Inquiries(moa)
        try:
            yield inquiries
        finally:
            await inquiries.close()

    return Server(
        "langgraph-moa",
        version=version("langgraph-moa"),
        lifespan=lifespan,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _tools(moa: Graph, docs: Sequence[str], wait_s: float) -> "list[Tool]":
    from mcp.types import Tool, ToolAnnotations

    about = f"{WHEN_TO_ASK} It answers from {', '.join(docs)}, and cites them." if docs else WHEN_TO_ASK
    reads_only = not any(map(may_write, tools_of(moa)))
    return [
        Tool(
            name="ask",
            title="Ask a mixture of models",
            description=f"{about} Where it takes longer than {wait_s:g} seconds, the answer comes from get_answer.",
            input_schema=_takes("question", "The question, with all that is needed to answer it."),
            output_schema=_GIVES,
            annotations=ToolAnnotations(read_only_hint=reads_only, open_world_hint=True),
        ),
        Tool(
            name="get_answer",
            title="Get the answer to a question that took longer",
            description="Wait for the answer to a question that ask gave an id for; call it again while it is running.",
            input_schema=_takes("id", "The id that ask gave."),
            output_schema=_GIVES,
            annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
        ),
    ]


def _takes(name: str, description: str) -> dict[str, Any]:
    argument = {"type": "string", "description": description}
    return {"type": "object", "properties": {name: argument}, "required": [name]}


def _argument(given: Mapping[str, Any], name: str) -> str:
    """Read the one argument of a tool; what is with it was put there by a client, such as its own id of the call."""
    if not isinstance(given.get(name), str):
        raise InputError(f"found the arguments {one_line(str(dict(given)), limit=80)}, expected {name!r}, as text")
    return str(given[name])


def _running(inquiry: Inquiry) -> dict[str, Any]:
    return {**dict.fromkeys(_GIVES["required"]), "status": "running", "id": inquiry.id}


def _not_yet(inquiry: Inquiry) -> str:
    news = inquiry.news[-1][1] if inquiry.news else "starting"
    steps = f"{inquiry.done} of at most {inquiry.steps} steps done ({news})"
    return f"not answered yet, {steps}; call get_answer with the id {inquiry.id}"


def _answered(result: dict[str, Any]) -> dict[str, Any]:
    answer = answered(result)
    cited = sources(answer["sources"], result.get("evidence", []))
    told = {name: answer[name] for name in ("answer", "missing", "usd", "calls", "tokens", "seconds")}
    return {
        "status": "answered",
        "id": None,
        **told,
        "answer": plain(answer["answer"]),
        "sources": plain(cited) or None,
    }


def _result(told: dict[str, Any] | None, *texts: str | None) -> "CallToolResult":
    """Return what was told, as data and as text; without data it is an error."""
    from mcp.types import CallToolResult, ContentBlock, TextContent

    content: list[ContentBlock] = [TextContent(text=text) for text in texts if text]
    return CallToolResult(content=content, structured_content=told, is_error=told is None)
