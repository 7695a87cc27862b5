"""Web search in proposers: each searches for itself, and the sources of what it read go along with its proposal."""

from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentState, after_agent
from langchain.messages import HumanMessage, ToolMessage
from langchain.tools import tool
from langgraph_moa import DocsRetriever, create_moa
from langgraph_moa.core.offline.model import OfflineModel

pages = DocsRetriever(variant="stems", k=2)


def search(query: str) -> list[dict[str, str]]:
    """Search this package's pages; a search engine's client, such as Tavily's, goes here instead."""
    return [{"url": page.metadata["source"], "content": page.page_content} for page in pages.invoke(query)]


@tool(response_format="content_and_artifact")
def web_search(query: str) -> tuple[str, list[str]]:
    """Search the web."""
    hits = search(query)
    return "\n\n".join(hit["content"] for hit in hits), [hit["url"] for hit in hits]


@after_agent
def add_sources(state: AgentState[Any], runtime: object) -> dict[str, Any] | None:
    """End an agent's answer with the sources of what it read."""
    read = [url for message in state["messages"] if isinstance(message, ToolMessage) for url in message.artifact or ()]
    answer = state["messages"][-1]
    text = f"{answer.text}\n\nSources: {'; '.join(dict.fromkeys(read))}"
    return {"messages": [answer.model_copy(update={"content": text})]} if read else None


web_search.metadata = {"readOnlyHint": True}  # each proposer may call it
searchers = [
    create_agent(OfflineModel.of(name), tools=[web_search], middleware=[add_sources], name=name)
    for name in ("words", "stems")
]
moa = create_moa(proposers=searchers, aggregator="offline:words")
result = moa.invoke({"messages": [HumanMessage("Search the web: 'How are layers counted in the paper?'")]})
print([(p["proposer"], p["calls"], p["text"].splitlines()[-1]) for p in result["proposals"]])
print(result["messages"][-1].text)
