"""A mixture that an agent consults where it is unsure, and no more than once for a user's message.

The agent's model decides when; here it is a `ScriptedModel`, which wants to ask twice. What is counted is the agent's
messages, so that a run that is resumed counts on.
"""

from langchain.agents import create_agent
from langchain.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import as_tool, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel


def unsure(question: str) -> AIMessage:
    """Ask the panel, as a model does that calls a tool."""
    return AIMessage("", tool_calls=[{"name": "panel", "args": {"question": question}, "id": question}])


moa = create_moa(proposers=["offline:words", "offline:stems", "offline:phrases"], aggregator="offline:words")
panel = as_tool(moa, name="panel", description="Ask this where you are unsure.", max_uses=1)
model = ScriptedModel(script=[unsure("What is 17 * 24?"), unsure("What is 19 * 21?"), "408.", unsure("2 + 2?"), "4."])
agent = create_agent(model, tools=[panel], checkpointer=InMemorySaver())

print(panel.description)
for question in ("What is 17 * 24?", "And 2 + 2?"):
    result = agent.invoke({"messages": [HumanMessage(question)]}, {"configurable": {"thread_id": "1"}})
for message in result["messages"]:
    calls = [call["args"]["question"] for call in getattr(message, "tool_calls", [])]
    print(f"{message.type}: {calls or message.text}")
