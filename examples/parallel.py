"""Mixtures side by side: two in branches of one step, and copies of one, as many as there are questions.

What several write at once needs a key each, or a key with a reducer.
"""

import operator
from typing import Annotated

from langgraph.graph import START, StateGraph
from langgraph.types import Send
from langgraph_moa import as_node, create_moa
from typing_extensions import TypedDict


class State(TypedDict, total=False):
    """A key for each branch, and one with a reducer for all copies."""

    question: str
    questions: list[str]
    by_words: str
    by_stems: str
    answers: Annotated[list[str], operator.add]


THREE = ["offline:words", "offline:stems", "offline:phrases"]
words = create_moa(proposers=THREE, aggregator="offline:words")
stems = create_moa(proposers=THREE, aggregator="offline:stems")

builder = StateGraph(State)
builder.add_node("words", as_node(words, read="question", write="by_words"))
builder.add_node("stems", as_node(stems, read="question", write="by_stems"))
builder.add_node(
    "copy", as_node(words, read="question", write=lambda result: {"answers": [result["messages"][-1].text]})
)
builder.add_edge(START, "words")
builder.add_edge(START, "stems")
builder.add_conditional_edges(
    START, lambda state: [Send("copy", {"question": question}) for question in state["questions"]], ["copy"]
)

print(builder.compile().invoke({"question": "What is 17 * 24?", "questions": ["1 + 1", "2 * 3", "9 - 2"]}))
