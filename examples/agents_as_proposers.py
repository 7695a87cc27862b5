"""Agents with tools as proposers: each looks things up for itself, and only what it concludes goes on.

Their tools must be marked read-only: several agents would each use one that writes, unless you allow it.
"""

from langchain.agents import create_agent
from langchain.messages import HumanMessage
from langchain.tools import tool
from langgraph_moa import ConfigError, Proposer, create_moa
from langgraph_moa.core.offline.model import OfflineModel

log: list[str] = []


@tool
def get_weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"18 degrees in {city}"


@tool
def log_weather(city: str) -> str:
    """Tell the weather in a city, and write down who was told."""
    log.append(city)
    return f"18 degrees in {city}, and it is written down"


get_weather.metadata = {"readOnlyHint": True}
reader = create_agent(OfflineModel.of("words"), tools=[get_weather], name="reader")
writer = create_agent(OfflineModel.of("stems"), tools=[log_weather], name="writer")

try:
    create_moa(proposers=[reader, writer], aggregator="offline:words")
except ConfigError as refused:
    print("refused:", refused)

moa = create_moa(proposers=[reader, Proposer(writer, may_write=True)], aggregator="offline:words")
result = moa.invoke({"messages": [HumanMessage("What is the weather in Rome?")]})

for proposal in result["proposals"]:
    print(f"{proposal['proposer']}: {proposal['text']}, in {proposal['calls']} calls")
print([message.type for message in result["messages"]], result["messages"][-1].text)
print("written down:", log)
