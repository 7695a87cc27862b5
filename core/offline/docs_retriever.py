"""Search files and folders as a LangChain retriever that needs no key and no network."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, PrivateAttr

from ..checks import check_number
from ..errors import ConfigError, nearest
from .documents import Passage, read_documents
from .library import Variant, library_for


class DocsRetriever(BaseRetriever):
    """Return the passages of documents that share words with a query, best first by bm25.

    The same query always finds the same. A file that changes is read again by the next process.
    """

    docs: tuple[str, ...] = ()
    """Files and folders to search; not given means this package's own documentation."""
    variant: Variant = "words"
    k: int = 5
    """How many passages at most."""

    model_config = ConfigDict(extra="forbid")
    _unread: tuple[str, ...] = PrivateAttr(default=())

    def __init__(self, **options: Any) -> None:
        """Read the documents: what is wrong with them is told before any model is called.

        Raises:
            ConfigError: There is no such option or variant, `k` is no number of passages, or a document is missing or
                cannot be read.
            MissingExtra: A document is a PDF or a page, and the package that reads it is missing.
        """
        names = list(type(self).model_fields)
        if unknown := options.keys() - names:
            raise ConfigError(f"unknown option {min(unknown)!r} of DocsRetriever; {nearest(min(unknown), names)}")
        variant = options.get("variant", "words")
        if variant not in get_args(Variant):
            raise ConfigError(f"unknown docs retriever {variant!r}; {nearest(str(variant), get_args(Variant))}")
        check_number("k", options.get("k", 5), minimum=1, whole=True)
        if "docs" in options:
            options["docs"] = _paths(options["docs"])
        super().__init__(**options)
        library_for(self.docs, self.variant)
        self._unread = read_documents(self.docs, Path.cwd()).unread

    @property
    def unread(self) -> tuple[str, ...]:
        """Tell which files, pages and parts hold no text, or are not read; a run's notes say it, too."""
        return self._unread

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        passages = library_for(self.docs, self.variant).find(query, self.variant, limit=self.k)
        return [_document(passage) for passage in passages]


def _document(passage: Passage) -> Document:
    """Give a passage an id that stays the same for as long as it reads the same."""
    digest = sha256("\n".join((passage.source, passage.heading, passage.text)).encode()).hexdigest()
    return Document(
        page_content=passage.text, metadata={"source": passage.source, "heading": passage.heading}, id=digest[:16]
    )


def _paths(docs: Any) -> tuple[str, ...]:
    paths = [docs] if isinstance(docs, str | Path) else docs
    if not isinstance(paths, Sequence) or not paths or not all(isinstance(path, str | Path) for path in paths):
        raise ConfigError(
            f"found docs={docs!r:.80}, expected files and folders; leave it out for this package's own pages"
        )
    return tuple(map(str, paths))
