"""Models that play a script, and panels of them."""

from typing import Any

from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph_moa import (
    Proposer,
)
from langgraph_moa.core.offline.scripted import ScriptedModel


def says(script: Any, name: str = "scripted", **fields: Any) -> ScriptedModel:
    """Make a model that says one line whenever it is asked, or a list of lines one after the other."""
    return ScriptedModel(script=script, name_of_model=name, **fields)


def panel(*scripts: Any) -> list[Proposer]:
    """Make proposers a, b, c, ... that say these."""
    return [Proposer(says(script, name), name=name) for script, name in zip(scripts, "abcdefgh", strict=False)]


def agent(*answers: AIMessage) -> Any:
    """Build a graph that speaks several times before its last word."""
    graph = StateGraph(MessagesState)
    for number, answer in enumerate(answers):
        model = says(answer)
        graph.add_node(f"step{number}", lambda state, m=model: {"messages": [m.invoke(state["messages"])]})
        graph.add_edge(f"step{number - 1}" if number else START, f"step{number}")
    graph.add_edge(f"step{len(answers) - 1}", END)
    return graph.compile(name="agent")
