"""Make one numbered list of what several retrievers found."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..run.cited import Evidence, Found
from ..text import one_line, plain
from .markers import markers_in

if TYPE_CHECKING:
    from langchain_core.documents import Document

_SHOWN = re.compile(r'<evidence-\w+ id="(E[0-9]+)">')
"""How a passage is shown that somebody else numbered: the mixture whose proposer this one is."""
_K = 60
"""How little first places count for more than later ones: the constant of Cormack, Clarke and Buettcher (2009)."""


def found_of(documents: "Sequence[Document]", query: str, *, source: str = "unknown") -> list[Found]:
    """Turn a retriever's documents into plain data that checkpoints and reports can hold; blank ones are left out.

    Args:
        documents: What it found, best first.
        query: What it was asked.
        source: Where from, for documents that do not say so themselves.
    """
    texts = [(text, document) for document in documents if (text := plain(document.page_content)).strip()]
    return [
        Found(
            text=text,
            source=_source(document) or source,
            metadata=_plain_data(document.metadata),
            query=query,
            rank=rank,
        )
        for rank, (text, document) in enumerate(texts, 1)
    ]


def fuse(results: Mapping[str, Sequence[Found]], *, limit: int) -> list[Evidence]:
    """Rank what retrievers found by reciprocal rank fusion, each passage once.

    Ranks are all that retrievers have in common: their own scores cannot be compared. The same text from two sources
    is one passage, under the source that was declared first.

    Args:
        results: What each retriever found, by its name, in the order the retrievers are declared.
        limit: How many passages to keep.

    Returns:
        The passages, best first, with ids of their content that hold in any run.
    """
    first: dict[str, Found] = {}
    ranks: dict[str, dict[tuple[str, str], int]] = {}
    for retriever, passages in results.items():
        for passage in sorted(passages, key=lambda p: p["rank"]):
            content = _content(passage["text"])
            first.setdefault(content, passage)
            ranks.setdefault(content, {}).setdefault((retriever, passage["query"]), passage["rank"])
    scores = {content: math.fsum(1 / (_K + rank) for rank in lists.values()) for content, lists in ranks.items()}
    return [
        Evidence(
            id=content,
            source=first[content]["source"],
            text=first[content]["text"],
            found_by=list(dict.fromkeys(retriever for retriever, _ in ranks[content])),
            score=round(scores[content], 6),
            metadata=first[content]["metadata"],
            cut=0,
        )
        for content in sorted(scores, key=lambda content: -scores[content])[:limit]
    ]


def numbered(
    evidence: Sequence[Evidence], given: Mapping[str, str], *, after: int = 0
) -> tuple[list[Evidence], dict[str, str]]:
    """Give passages the ids that answers cite, `E1`, `E2`, ...; one that was shown before keeps its own.

    Args:
        evidence: Passages as `fuse` returns them.
        given: Ids that were given before, by content.
        after: The highest number that is taken, whoever gave it.

    Returns:
        The passages, and all ids that were ever given.
    """
    ids, number = dict(given), max([after, *(int(id_[1:]) for id_ in given.values())])
    for passage in evidence:
        if passage["id"] not in ids:
            number += 1
            ids[passage["id"]] = f"E{number}"
    return [{**passage, "id": ids[passage["id"]]} for passage in evidence], ids


def with_text(passage: Evidence, text: str) -> Evidence:
    """Return a passage as somebody is shown it."""
    return {**passage, "text": text}


def cut_to(passage: Evidence, text: str, *, cut: int = 1) -> Evidence:
    """Return a passage of which a part is shown, or behind which others are left out."""
    return {**passage, "text": text, "cut": passage["cut"] + cut}


def cuts_in(evidence: Iterable[Evidence]) -> int:
    """Count the passages that were shortened, or left out, before anybody's window was known."""
    return sum(passage["cut"] for passage in evidence)


def highest_id(cited: Iterable[str], shown: Iterable[str] = ()) -> int:
    """Return the highest number that is taken, 0 for none.

    Numbers of more than four digits are nobody's: what somebody else wrote must not use up all that there are.

    Args:
        cited: Texts that cite passages.
        shown: Prompts that show passages, as the mixture around this one may have written them.
    """
    ids = [id_ for text in cited for marker in markers_in(text) for id_ in marker.ids]
    ids += [id_ for text in shown for id_ in _SHOWN.findall(text)]
    return max((int(id_[1:]) for id_ in ids if len(id_) <= 5), default=0)


def _content(text: str) -> str:
    return sha256(" ".join(text.split()).casefold().encode()).hexdigest()[:16]


def _source(document: "Document") -> str:
    named = [document.metadata.get(key) for key in ("source", "title", "url")]
    lines = (one_line(plain(name)) for name in (*named, document.id) if name is not None)
    return next(filter(None, lines), "")


def _plain_data(metadata: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        plain(key): plain(value) if isinstance(value, str) else value
        for key, value in metadata.items()
        if isinstance(key, str) and _is_plain(value)
    }


def _is_plain(value: object) -> bool:
    # subclasses (numpy's numbers, enums) do not come back from a checkpoint as they were, nor do wide integers at all
    if type(value) is int:
        return abs(value) < 2**63
    return type(value) in {str, bool, type(None)} or (type(value) is float and math.isfinite(value))
