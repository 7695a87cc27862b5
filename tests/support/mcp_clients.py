"""Clients of the server that `mcp` is, and mixtures behind it."""

import asyncio
import json
import subprocess
from typing import Any

import anyio
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph_moa import Proposer, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from mcp import Client
from mcp.types import CallToolResult, TextContent


def says(script: Any) -> ScriptedModel:
    return ScriptedModel(script=script)


def mixture() -> Any:
    return create_moa(proposers=[says("a"), says("b")], aggregator=says("c"))


class Slow:
    """A mixture that answers when it is let go on, and knows whether it was cut."""

    def __init__(self) -> None:
        self.goes_on, self.asked, self.cut = asyncio.Event(), asyncio.Event(), asyncio.Event()
        slow = Proposer(RunnableLambda(self._answer), name="slow")
        self.moa: Any = create_moa(proposers=[slow], aggregator=says("c"))

    async def _answer(self, _: Any) -> AIMessage:
        self.asked.set()
        try:
            await self.goes_on.wait()
        except asyncio.CancelledError:
            self.cut.set()
            raise
        return AIMessage("a")


async def cancelled(client: Client, tool: str, **arguments: str) -> bool:
    """Call a tool, and cancel the call as soon as it is told of."""
    with anyio.CancelScope() as scope:

        async def cancel(progress: float, total: float | None, message: str | None) -> None:
            scope.cancel()

        await client.call_tool(tool, arguments, progress_callback=cancel)
    return scope.cancelled_caught


def texts(result: CallToolResult) -> list[str]:
    return [part.text for part in result.content if isinstance(part, TextContent)]


START: list[dict[str, Any]] = [
    {
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    },
    {"method": "notifications/initialized"},
    {"id": 2, "method": "tools/call", "params": {"name": "ask", "arguments": {"question": "?"}}},
]


def lines(*messages: dict[str, Any]) -> str:
    return "".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages)


def send(process: "subprocess.Popen[str]", text: str) -> None:
    assert process.stdin
    process.stdin.write(text)
    process.stdin.flush()
