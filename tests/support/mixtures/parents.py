"""Graphs around a mixture."""

import operator
from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from panels import says
from typing_extensions import TypedDict

QUESTION: Any = {"messages": [HumanMessage("Which?", id="question")]}


deprecated = pytest.mark.filterwarnings("ignore:create_react_agent has been moved")
"""langgraph-supervisor's own doing."""
READ_ONLY = {"readOnlyHint": True}


class Asked(TypedDict, total=False):
    """Be a state that has a question, and no messages."""

    question: Any
    answer: str
    answers: Annotated[list[str], operator.add]


def calls(name: str, **args: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": f"call of {name}", "type": "tool_call"}])


def within(node: Any, schema: Any = MessagesState, *, context: Any = None, **compiled: Any) -> Any:
    """Build a parent with one node."""
    parent: Any = StateGraph(schema, context_schema=context)
    return parent.add_node("moa", node).add_edge(START, "moa").compile(**compiled)


def looks_up(**about: Any) -> Any:
    @tool
    def look(city: str) -> str:
        """Tell the weather in a city."""
        return f"18 degrees in {city}"

    look.metadata = about or None
    return look


def looker(*, name: str = "looker", about: Any = None, **options: Any) -> Any:
    script = [calls("look", city="Rome"), "18 degrees."]
    return create_agent(says(script), tools=[looks_up(**(about or {}))], name=name, **options)
