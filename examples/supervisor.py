"""A mixture as one of a supervisor's agents: the supervisor decides who works, the mixture answers what is hard.

The supervisor is a `ScriptedModel`: an offline model cannot decide whom to hand over to. Needs langgraph-supervisor.
"""

from langchain.agents import create_agent
from langchain.messages import AIMessage, HumanMessage
from langgraph_moa import ChatMoA, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_supervisor import create_supervisor


def get_price(item: str) -> str:
    """Look up the price of an item."""
    return f"one {item} costs 24"


def hand_over(agent: str) -> AIMessage:
    """Call the tool that a supervisor has for each of its agents."""
    return AIMessage("", tool_calls=[{"name": f"transfer_to_{agent}", "args": {}, "id": agent, "type": "tool_call"}])


THREE = ["offline:words", "offline:stems", "offline:phrases"]

# A mixture that needs no tools is an agent as it is; with tools, an agent's model is a mixture.
panel = create_moa(proposers=THREE, aggregator="offline:words", name="panel")
clerk = create_agent(ChatMoA(create_moa(proposers=THREE, aggregator="offline:words")), tools=[get_price], name="clerk")
boss = ScriptedModel(script=[hand_over("clerk"), "One lamp costs 24.", hand_over("panel"), "17 lamps cost 408."])
# Without the messages of handing over, the agents read the conversation only.
graph = create_supervisor([panel, clerk], model=boss, add_handoff_messages=False).compile()

for question in ("What is the price of a lamp?", "What is 17 * 24?"):
    for message in graph.invoke({"messages": [HumanMessage(question)]})["messages"]:
        print(f"{message.name or message.type}: {message.text}")
