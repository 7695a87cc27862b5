"""A mixture as an MCP server: a tool that asks, and one for answers that take longer than a call may."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ...core.errors import InputError
from ...core.models.parts import may_write, tools_of
from ...core.run.state import Graph
from ...core.text import one_line, plain
from ...graphs.adapters.asking import as_answer, check_asked, sentence_of
from ...graphs.adapters.tool_and_node import WHEN_TO_ASK
from ..ask.lines import run_summary, sources
from .inquiries import Inquiries, Inquiry

if TYPE_CHECKING:
    from mcp.server import Server
    from mcp.server.context import ServerRequestContext
    from mcp.types import CallToolResult, Tool

WAIT_S = 20.0
"""Clients give a call ten seconds to minutes, and coming back for an answer costs one more call and no model."""
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

    check_asked(moa)
    tools = _tools(moa, docs, wait_s)
    arguments = {tool.name: tool.input_schema["required"][0] for tool in tools}

    async def list_tools(context: Any, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=tools)

    async def call_tool(
        context: "ServerRequestContext[Inquiries]", params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        return await _call(context, params.name, params.arguments or {}, arguments, wait_s)

    return Server(
        "langgraph-moa",
        version=version("langgraph-moa"),
        lifespan=lambda _: _inquiries(moa),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _call(
    context: "ServerRequestContext[Inquiries]",
    tool: str,
    given: Mapping[str, Any],
    arguments: Mapping[str, str],
    wait_s: float,
) -> "CallToolResult":
    """Answer one call, whatever happens: but for a tool that there is not, which is the client's own fault."""
    from mcp.shared.exceptions import MCPError
    from mcp.types import INVALID_PARAMS

    if tool not in arguments:
        raise MCPError(INVALID_PARAMS, f"found no tool {tool!r:.80}, expected {' or '.join(arguments)}")
    try:
        argument = _argument(given, arguments[tool])
        return await (_ask if tool == "ask" else _get_answer)(context, argument, wait_s)
    except Exception as exc:  # noqa: BLE001 - whatever happens, the client gets a sentence
        return _result(None, sentence_of(exc))


@asynccontextmanager
async def _inquiries(moa: Graph) -> AsyncIterator[Inquiries]:
    inquiries = Inquiries(moa)
    try:
        yield inquiries
    finally:
        await inquiries.close()


async def _ask(context: "ServerRequestContext[Inquiries]", question: str, wait_s: float) -> "CallToolResult":
    inquiries = context.lifespan_context
    inquiry = inquiries.start(question)
    try:
        is_over = await inquiry.wait(wait_s, context.session.report_progress)
    except asyncio.CancelledError:
        inquiries.end(inquiry)  # nobody has its id
        raise
    if is_over:
        inquiries.end(inquiry)
    return _state_of(inquiry, is_over=is_over)


async def _get_answer(context: "ServerRequestContext[Inquiries]", key: str, wait_s: float) -> "CallToolResult":
    inquiry = context.lifespan_context.find(key)
    return _state_of(inquiry, is_over=await inquiry.wait(wait_s, context.session.report_progress))


def _state_of(inquiry: Inquiry, *, is_over: bool) -> "CallToolResult":
    if not is_over:
        return _result(_running(inquiry), _not_yet(inquiry))
    answer = _answered(inquiry.result)
    return _result(answer, answer["answer"], run_summary(inquiry.result["run"]), answer["sources"])


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
    answer = as_answer(result)
    cited = sources(answer["sources"], result.get("evidence", []))
    figures = {name: answer[name] for name in ("answer", "missing", "usd", "calls", "tokens", "seconds")}
    return {
        "status": "answered",
        "id": None,
        **figures,
        "answer": plain(answer["answer"]),
        "sources": plain(cited) or None,
    }


def _result(structured: dict[str, Any] | None, *texts: str | None) -> "CallToolResult":
    """Return a tool's result, as data and as text; without data it is an error."""
    from mcp.types import CallToolResult, ContentBlock, TextContent

    content: list[ContentBlock] = [TextContent(text=text) for text in texts if text]
    return CallToolResult(content=content, structured_content=structured, is_error=structured is None)
