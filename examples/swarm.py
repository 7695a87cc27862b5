"""A mixture in a swarm: an agent whose model is a mixture also decides by it whom to hand over to.

The agent that it hands over to is a `ScriptedModel`, which stands for any model. Needs langgraph-swarm.
"""

from langchain.agents import create_agent
from langchain.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import ChatMoA, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_swarm import create_handoff_tool, create_swarm

moa = create_moa(proposers=["offline:words", "offline:stems", "offline:phrases"], aggregator="offline:words")
to_clerk = create_handoff_tool(agent_name="clerk", description="Let the clerk book a flight.")
panel = create_agent(ChatMoA(moa), tools=[to_clerk], name="panel")
clerk = create_agent(ScriptedModel(script=["Where to?", "Booked."]), name="clerk")

graph = create_swarm([panel, clerk], default_active_agent="panel").compile(checkpointer=InMemorySaver())

for question in ("What is 17 * 24?", "Please book a flight.", "To Rome."):
    result = graph.invoke({"messages": [HumanMessage(question)]}, {"configurable": {"thread_id": "1"}})
    answer = result["messages"][-1]
    print(f"{question} {answer.name}: {answer.text}")
print([message.type for message in result["messages"]])
