"""What tests of retrieval share: one question, what is found for it, and models that say what they are told to."""

from collections.abc import Callable
from typing import Any

from langchain_core.documents import Document
from langgraph_moa.core.offline.scripted import ScriptedModel
from reading import user

QUESTION = user("What colour is the lamp?")
THREAD: Any = {"configurable": {"thread_id": "t"}}
NOT_FOUND = "(No citation in this answer was found to be right.)"


def says(script: Any, name: str = "scripted", **fields: Any) -> ScriptedModel:
    return ScriptedModel(script=script, name_of_model=name, **fields)


def finds(*texts: str, source: str = "lamps.md") -> Callable[[str], list[Document]]:
    """Return a retriever that finds the same whatever it is asked."""
    return lambda query: [Document(text, metadata={"source": source}) for text in texts]
