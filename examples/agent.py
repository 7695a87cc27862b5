"""An agent whose every decision is a mixture's: use it where one model's choice of a tool is not good enough.

The proposers are told of the tools and advise once, on the user's message; only the aggregator calls one, so it runs
once, and is shown the same advice again at each step. `ChatMoA(moa, panel="call")` asks everybody at every step.
"""

from langchain.agents import create_agent
from langchain.messages import HumanMessage
from langchain.tools import tool
from langgraph_moa import ChatMoA, create_moa

visits: list[str] = []


@tool
def get_weather(city: str) -> str:
    """Tell the weather in a city."""
    visits.append(city)
    return f"18 degrees in {city}"


moa = create_moa(proposers=["offline:words", "offline:stems", "offline:phrases"], aggregator="offline:words")
agent = create_agent(ChatMoA(moa), tools=[get_weather])

result = agent.invoke({"messages": [HumanMessage("What is the weather in Rome?")]})

for message in result["messages"]:
    calls = [(call["name"], call["args"]) for call in getattr(message, "tool_calls", [])]
    print(f"{message.type}: {calls or message.text}")
decided, _, answered = result["messages"][1:]
reports = [message.response_metadata["moa"] for message in (decided, answered)]
print("model calls a decision:", [report["calls"] for report in reports])
print("advice is from call:", [report["panel"]["proposed_in"] for report in reports])
print("the tool ran for:", visits)
