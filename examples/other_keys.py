"""A mixture in a graph whose state has no `messages`: name the key that holds the question, and the one for the answer.

A function in place of either makes the question out of several keys, or takes more than the answer's text.
"""

from typing import Any

from langgraph.graph import START, StateGraph
from langgraph_moa import as_node, create_moa
from typing_extensions import TypedDict


class Homework(TypedDict, total=False):
    """The parent's own state."""

    question: str
    draft: str
    review: str
    calls: int


def check(state: Homework) -> str:
    """Make a question of what is in the state."""
    return f"{state['draft'].split()[-1]} / 24"


def reviewed(result: dict[str, Any]) -> dict[str, Any]:
    """Take more from a mixture than its answer's text."""
    return {"review": result["messages"][-1].text, "calls": result["run"]["calls"]}


moa = create_moa(proposers=["offline:words", "offline:stems", "offline:phrases"], aggregator="offline:words")

builder = StateGraph(Homework)
builder.add_node("solve", as_node(moa, read="question", write="draft"))
builder.add_node("review", as_node(moa, read=check, write=reviewed))
builder.add_edge(START, "solve")
builder.add_edge("solve", "review")

print(builder.compile().invoke({"question": "What is 17 * 24?"}))
