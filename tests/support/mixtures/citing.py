"""Mixtures that answer from evidence, and what their models are shown."""

import re
from typing import Any

from lamps import finds
from langgraph_moa import (
    create_rag_moa,
)
from langgraph_moa.core.run.cited import Evidence
from loopback import Loopback
from panels import says

GOOD = "The lamp is green. Its stand is made of brass."


FENCED = re.compile(r'<((\w+)-[0-9a-f]{12}) (?:id|number|name)="(\w+)">\n(.*?)\n</\1>', re.DOTALL)


def citing(answer: Any = "It is green [E1].", *, found: Any = None, **options: Any) -> Any:
    given = {"proposers": [says("green [E1]", "p")], "aggregator": says(answer, "last"), **options}
    return create_rag_moa(**{"retrievers": [found or finds(GOOD)], **given})


def served(server: Loopback, **options: Any) -> Any:
    given = {"proposers": ["m0", "m1"], "aggregator": "aggregator", "retrievers": [finds(GOOD)], **options}
    return create_rag_moa(resolve=server.resolve, **given)


def shown(prompt: str) -> dict[str, str]:
    return {label: text for _, kind, label, text in FENCED.findall(prompt) if kind == "evidence"}


def words_of(body: dict[str, Any]) -> str:
    return "\n".join(str(message["content"]) for message in body["messages"])


def problems(result: Any) -> list[tuple[str, str | None]]:
    return [(c["id"], c["problem"]) for c in result["citations"]]


def long(n: int) -> str:
    return f"Passage {n}. " + "The lamp is green, and so are all the others of its kind. " * 60


def evidence_of(passages: dict[str, str]) -> list[Evidence]:
    """Make the evidence of a turn of texts, by their ids."""
    return [
        Evidence(id=i, source=f"{i}.md", text=text, found_by=["r"], score=0.1, metadata={}, cut=0)
        for i, text in passages.items()
    ]
