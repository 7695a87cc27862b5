"""A graph that is a proposer has a context of its own: what the parent was called with does not leak into it.

Without `Proposer(context=...)`, its schema's defaults hold; one without defaults is refused when the mixture is built.
"""

from dataclasses import dataclass
from typing import Any

from langchain.messages import AIMessage, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import Runtime
from langgraph_moa import Proposer, create_moa
from typing_extensions import TypedDict


class Caller(TypedDict):
    """What the parent is called with."""

    user: str


@dataclass
class Tone:
    """How the proposer is set."""

    tone: str = "neutral"


def speak(state: MessagesState, runtime: Runtime[Tone]) -> dict[str, Any]:
    """Say which context has arrived."""
    return {"messages": [AIMessage(f"I see {runtime.context}.")]}


builder = StateGraph(MessagesState, context_schema=Tone)
builder.add_node("speak", speak)
builder.add_edge(START, "speak")
speaker = builder.compile(name="speaker")

for proposer in (Proposer(speaker), Proposer(speaker, context=Tone("dry"))):
    parent = StateGraph(MessagesState, context_schema=Caller)
    parent.add_node("moa", create_moa(proposers=[proposer], aggregator="offline:words"))
    parent.add_edge(START, "moa")
    question: MessagesState = {"messages": [HumanMessage("What is your context?")]}
    result = parent.compile().invoke(question, context={"user": "ann"})
    print(result["messages"][-1].text)
