"""Where a mixture's evidence comes from: what the user declares, and what becomes of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.runnables import Runnable

from ..models.capabilities import Model
from ..panel.declared import UNSET, Aggregator, Unset

if TYPE_CHECKING:
    from langchain_core.documents import Document

Searches = Runnable[str, list["Document"]] | Callable[[str], Any]
"""A LangChain retriever, or whatever else returns documents, or texts, for a query."""
OnWrong = Literal["report", "remove"]
UNSUPPORTED = "(No citation in this answer was found to be right.)"


@dataclass(frozen=True, kw_only=True)
class Retriever:
    """Add settings to one retriever.

    Retriever(vectorstore.as_retriever())
    Retriever(DocsRetriever(docs=["handbook/"]), name="handbook", k=3, timeout=10)
    """

    retriever: Searches = field(kw_only=False)
    name: str | None = None
    """Shown in the drawing, the events and the report; taken from the retriever where not given."""
    k: int | None = None
    """How many of its passages are looked at; None is all that it returns."""
    timeout: float | Unset | None = UNSET
    """Seconds that it may take for all queries together; None is no limit, not given is the graph's."""


RetrieverLike = Searches | Retriever


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """Hold how evidence is found, shown and cited; `create_rag_moa` says what each of these is."""

    retrievers: Sequence[RetrieverLike]
    rewriter: str | Model | Aggregator | None
    timeout: float | None
    passages: int
    evidence_tokens: int
    evidence_prompt: str | Path | None
    wrong_citations: OnWrong
    unsupported: str
