"""What tests of retrieval share: one question, and what is found for it."""

from collections.abc import Callable

from langchain_core.documents import Document
from reading import user

QUESTION = user("What colour is the lamp?")
NOT_FOUND = "(No citation in this answer was found to be right.)"


def finds(*texts: str, source: str = "lamps.md") -> Callable[[str], list[Document]]:
    """Return a retriever that finds the same whatever it is asked."""
    return lambda query: [Document(text, metadata={"source": source}) for text in texts]
