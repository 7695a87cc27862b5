"""What tests of retrieval share: one question, and what is found for it."""

import re
from collections.abc import Callable
from typing import Any

from langchain_core.documents import Document
from langgraph_moa import (
    create_rag_moa,
)
from panels import says
from reading import user

QUESTION = user("What colour is the lamp?")
GREEN = "The lamp is green."
NOT_FOUND = "(No citation in this answer was found to be right.)"


def finds(*texts: str, source: str = "lamps.md") -> Callable[[str], list[Document]]:
    """Return a retriever that finds the same whatever it is asked."""
    return lambda query: [Document(text, metadata={"source": source}) for text in texts]


def searching(*retrievers: Any, **options: Any) -> Any:
    given = {"proposers": [says("green [E1]", "p")], "aggregator": says("It is green [E1].", "last"), **options}
    return create_rag_moa(retrievers=list(retrievers), **given)


def shown(messages: Any) -> list[tuple[str, str]]:
    """Return the passages of a prompt, each with its id."""
    found = re.findall(r'<(evidence-[0-9a-f]{12}) id="(\w+)">\n(.*?)\n</\1>', messages[-1].text, re.DOTALL)
    return [(id_, text) for _, id_, text in found]


def ids(result: Any) -> list[tuple[str, str]]:
    return [(e["id"], e["text"]) for e in result["evidence"]]


def statuses(result: Any) -> dict[str, str]:
    return {p["proposer"]: p["status"] for p in result["proposals"] if p["layer"] == 0}


class Ears:
    """Remember what was looked for."""

    def __init__(self) -> None:
        self.queries: list[str] = []

    def __call__(self, query: str) -> list[str]:
        self.queries.append(query)
        return [f"about {query}"]
