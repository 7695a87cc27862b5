"""Stream through a nested mixture: `subgraphs=True` lets its tokens and its progress out of the parent.

Here the proposers stream, too; `moa_role` tells the answer from what they say.
"""

from langchain.messages import HumanMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph_moa import create_moa

moa = create_moa(
    proposers=["offline:words", "offline:stems", "offline:phrases"], aggregator="offline:words", stream_proposals=True
)
builder = StateGraph(MessagesState)
builder.add_node("moa", moa)
builder.add_edge(START, "moa")
question: MessagesState = {"messages": [HumanMessage("What is 17 * 24?")]}

advised = 0
for part in builder.compile().stream(question, stream_mode=["messages", "custom"], subgraphs=True, version="v2"):
    if part["type"] == "messages":
        token, about = part["data"]
        if about["moa_role"] == "aggregator" and token.text:
            print("token:", repr(token.text))
        advised += about["moa_role"] == "proposer"
    elif part["type"] == "custom" and part["data"]["moa"] != "proposal":  # those come in any order
        event = part["data"]
        print(f"{event['moa']}:", {key: event[key] for key in ("layer", "usable", "references") if key in event})
print("tokens of proposers came too:", advised > 0)
