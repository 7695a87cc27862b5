"""A mixture as a node of a graph over messages: the usual way to make one step of a larger graph better.

Only the final answer enters `messages`; what stood there before keeps its place.
"""

from typing import Any

from langchain.messages import AIMessage, HumanMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph_moa import create_moa


def ask(state: MessagesState) -> dict[str, Any]:
    """Stand for what comes before: a mixture answers the last message."""
    return {"messages": [AIMessage("I ask around."), HumanMessage("What is 17 * 24?")]}


def check(state: MessagesState) -> dict[str, Any]:
    """Stand for what comes after."""
    return {"messages": [AIMessage(f"Checked: {'408' in state['messages'][-1].text}")]}


moa = create_moa(proposers=["offline:words", "offline:stems", "offline:phrases"], aggregator="offline:words")

builder = StateGraph(MessagesState)
builder.add_node("ask", ask)
builder.add_node("moa", moa)
builder.add_node("check", check)
builder.add_edge(START, "ask")
builder.add_edge("ask", "moa")
builder.add_edge("moa", "check")
builder.add_edge("check", END)
graph = builder.compile()

for message in graph.invoke({"messages": [HumanMessage("How many are 17 boxes of 24?")]})["messages"]:
    print(f"{message.type}: {message.text}")
