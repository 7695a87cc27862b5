"""A mixture in LangGraph's functional API: for a workflow that is easier written as a function than drawn as a graph.

The tasks run in parallel; with a checkpointer, one that has finished is not run again.
"""

from langchain.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph_moa import create_moa

moa = create_moa(proposers=["offline:words", "offline:stems", "offline:phrases"], aggregator="offline:words")


@task
def answer(question: str) -> str:
    """Ask the mixture one question."""
    return str(moa.invoke({"messages": [HumanMessage(question)]})["messages"][-1].text)


@entrypoint(checkpointer=InMemorySaver())
def workflow(questions: list[str]) -> list[str]:
    """Ask all questions at once."""
    return [calls.result() for calls in [answer(question) for question in questions]]


print(workflow.invoke(["What is 17 * 24?", "What is 408 / 3?"], {"configurable": {"thread_id": "1"}}))
