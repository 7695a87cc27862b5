"""A mixture as a tool: an agent asks it what is hard, and answers the rest alone.

The agent's model reads the answer only; every proposal, and the report, are the tool message's `artifact`.
"""

from langchain.agents import create_agent
from langchain.messages import HumanMessage
from langgraph_moa import as_tool, create_moa
from langgraph_moa.core.offline.model import OfflineModel

moa = create_moa(proposers=["offline:words", "offline:stems", "offline:phrases"], aggregator="offline:words")
agent = create_agent(OfflineModel.of("words"), tools=[as_tool(moa, name="panel")])

result = agent.invoke({"messages": [HumanMessage("Ask the panel: 'What is 17 * 24?'")]})

for message in result["messages"]:
    calls = [(call["name"], call["args"]) for call in getattr(message, "tool_calls", [])]
    print(f"{message.type}: {calls or message.text}")
artifact = result["messages"][2].artifact
print("proposals:", [(proposal["proposer"], proposal["text"]) for proposal in artifact["proposals"]])
print("calls:", artifact["run"]["calls"])
