"""Proposers with the tools of an MCP server, which is this file, started once more: theirs is what is marked read-only.

Needs langchain-mcp-adapters, in an environment of its own: it takes no mcp 2 yet, which the extra `mcp` here needs.
"""

import asyncio
import sys

from langchain.agents import create_agent
from langchain.messages import HumanMessage
from langchain_mcp_adapters.client import MultiServerMCPClient
from langgraph_moa import ConfigError, create_moa
from langgraph_moa.core.offline.model import OfflineModel
from mcp.server.fastmcp import FastMCP

shop = FastMCP("shop", log_level="ERROR")


@shop.tool(annotations={"readOnlyHint": True})
def get_price(item: str) -> str:
    """Tell the price of an item."""
    return f"A {item} costs 12 euros."


@shop.tool()
def order_item(item: str) -> str:
    """Order an item."""
    return f"A {item} was ordered."


async def main() -> None:
    """Ask a mixture of agents that have the server's tools."""
    server = {"transport": "stdio", "command": sys.executable, "args": [__file__, "serve"]}
    tools = await MultiServerMCPClient({"shop": server}).get_tools()
    for theirs in (tools, [tool for tool in tools if (tool.metadata or {}).get("readOnlyHint")]):
        agents = [create_agent(OfflineModel.of(name), tools=theirs, name=name) for name in ("words", "stems")]
        try:
            moa = create_moa(proposers=agents, aggregator="offline:words")
        except ConfigError as refused:
            print("refused:", refused)
    result = await moa.ainvoke({"messages": [HumanMessage("Get the price of the item 'lamp'.")]})
    print([(p["proposer"], p["calls"]) for p in result["proposals"]], result["messages"][-1].text)


shop.run("stdio") if "serve" in sys.argv else asyncio.run(main())
