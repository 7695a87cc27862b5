"""An agent that looks things up in documents through a mixture, and reads an answer whose citations were checked.

The passages and the citations are the tool message's `artifact`, for the program around the agent to show.
"""

from langchain.agents import create_agent
from langchain.messages import HumanMessage
from langgraph_moa import DocsRetriever, as_tool, create_rag_moa
from langgraph_moa.core.offline.model import OfflineModel

rag = create_rag_moa(
    retrievers=[DocsRetriever(variant="words", k=2)],
    proposers=["offline:words", "offline:stems", "offline:phrases"],
    aggregator="offline:words",
)
handbook = as_tool(rag, name="handbook", description="Look something up in the handbook.")
agent = create_agent(OfflineModel.of("words"), tools=[handbook])

result = agent.invoke({"messages": [HumanMessage("Look up in the handbook: 'How are layers counted in the paper?'")]})

_, called, passages, _ = result["messages"]
print("asked:", called.tool_calls[0]["args"])
print("found:", passages.text)
print("cited:", [(citation["id"], citation["source"]) for citation in passages.artifact["citations"]])
