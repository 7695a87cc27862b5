"""Search files and folders as a LangChain retriever that needs no key and no network."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import get_args

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field

from .errors import ConfigError, nearest
from .library import Passage, Variant, library_for


class DocsRetriever(BaseRetriever):
    """Return the passages of documents that share words with a query, best first by bm25.

    The same query always finds the same. A file that changes is read again by the next process.
    """

    docs: tuple[str, ...] = ()
    """Files and folders to search; none means this package's own documentation."""
    variant: Variant = "words"
    k: int = Field(default=5, ge=1)
    """How many passages at most."""

    @classmethod
    def of(cls, variant: str = "words", *, docs: Sequence[str | Path] = (), k: int = 5) -> "DocsRetriever":
        """Build a variant by name, with its documents read: what is wrong with them is told before any model is called.

        Raises:
            ConfigError: There is no such variant, `k` is no number of passages, or a document is missing or unreadable.
            MissingExtra: A document is a PDF or a page, and the package that reads it is missing.
        """
        if variant not in get_args(Variant):
            raise ConfigError(f"unknown docs retriever {variant!r}; {nearest(variant, get_args(Variant))}")
        if k < 1:
            raise ConfigError(f"found k={k!r}, expected how many passages to find, at least 1")
        paths = [docs] if isinstance(docs, str) else docs
        retriever = cls.model_validate({"variant": variant, "docs": tuple(map(str, paths)), "k": k})
        library_for(retriever.docs, retriever.variant)
        return retriever

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        found = library_for(self.docs, self.variant).find(query, self.variant, limit=self.k)
        return [_document(passage) for passage in found]


def _document(passage: Passage) -> Document:
    """Give a passage an id that stays the same for as long as it reads the same."""
    digest = sha256("\n".join((passage.source, passage.heading, passage.text)).encode()).hexdigest()
    return Document(
        page_content=passage.text, metadata={"source": passage.source, "heading": passage.heading}, id=digest[:16]
    )
