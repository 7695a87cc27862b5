"""Resolve where evidence comes from: who looks for it, and who is shown what."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from langchain_core.runnables import Runnable, RunnableLambda

from ..checks import check_number
from ..errors import ConfigError
from ..models.capabilities import Model, is_chat_model, is_graph
from ..panel.declared import UNSET, Defaults
from ..panel.names import unique_names
from ..panel.seating import seat_of
from ..panel.seats import Seat
from .retrievers import Retrieval, Retriever, RetrieverLike, Searches


@dataclass(frozen=True)
class Searcher:
    """Be one resolved retriever."""

    name: str
    position: int
    source: Runnable[str, Any]
    k: int | None
    timeout: float | None


@dataclass(frozen=True)
class Search:
    """Hold who looks for evidence, and who is shown what."""

    searchers: Sequence[Searcher]
    pools: Sequence[Sequence[str]]
    """Retrievers whose passages are ranked together: those that all share, then each proposer's own."""
    rewriter: Seat | None
    retrieval: Retrieval

    @property
    def names(self) -> list[str]:
        """Write down who looks for evidence, in order."""
        rewriter = [f"rewrite ({self.rewriter.label})"] if self.rewriter else []
        return [*rewriter, *(f"retrieve/{searcher.name}" for searcher in self.searchers)]


def seat_retrieval(
    retrieval: Retrieval | None, panel: Sequence[Sequence[Seat]], defaults: Defaults
) -> tuple[Search | None, list[list[Seat]]]:
    """Resolve where evidence comes from, and let each proposer see that of its own retriever, or else what all share.

    Raises:
        ConfigError: There is no retriever, one is something else, or an option is out of range.
    """
    own = {id(seat.retriever): seat for layer in panel for seat in layer if seat.retriever is not None}
    if retrieval is None:
        if own:
            name = next(iter(own.values())).name
            raise ConfigError(f"found a retriever for {name!r}, expected none in create_moa; use create_rag_moa")
        return None, [list(layer) for layer in panel]
    if not isinstance(retrieval, Retrieval):
        raise ConfigError(f"found {retrieval!r:.80} as retrieval, expected nothing; use create_rag_moa")
    _check(retrieval)
    declared = [_declared(given) for given in retrieval.retrievers]
    searchers = _searchers(declared, list(own.values()), retrieval)
    names = [searcher.name for searcher in searchers]
    shared = tuple(names[: len(declared)])
    sees = dict(zip(own, ((name,) for name in names[len(declared) :]), strict=True))
    seated = [
        [replace(seat, sees=shared if seat.retriever is None else sees[id(seat.retriever)]) for seat in layer]
        for layer in panel
    ]
    pools = [pool for pool in (shared, *sees.values()) if pool]
    return Search(searchers, pools, _rewriter(retrieval, defaults), retrieval), seated


def _searchers(shared: Sequence[Retriever], seats: Sequence[Seat], retrieval: Retrieval) -> list[Searcher]:
    """Resolve the retrievers that all share, then those that seats have of their own, each under a name of its own."""
    declared = [*shared, *(_declared(seat.retriever) for seat in seats if seat.retriever is not None)]
    if not declared:
        raise ConfigError(
            "found no retrievers, expected at least one; pass retrievers=[...], or Proposer(retriever=...)"
        )
    called = [*(_name_of(given.retriever) for given in shared), *(seat.name for seat in seats)]
    names = unique_names(list(zip([given.name for given in declared], called, strict=True)), "retriever")
    return [
        _searcher(given, name, position, retrieval)
        for position, (given, name) in enumerate(zip(declared, names, strict=True))
    ]


def _rewriter(retrieval: Retrieval, defaults: Defaults) -> Seat | None:
    """Resolve who makes queries of a question."""
    if retrieval.rewriter is None:
        return None
    rewriter = seat_of(retrieval.rewriter, defaults, role="rewriter")
    if rewriter.label.startswith("offline:"):
        raise ConfigError(
            f"found {rewriter.label} as the rewriter, which can only quote, expected another model; leave it out"
        )
    return rewriter


def _check(retrieval: Retrieval) -> None:
    if isinstance(retrieval.retrievers, str) or not isinstance(retrieval.retrievers, Sequence):
        raise ConfigError(f"found {type(retrieval.retrievers).__name__} as retrievers, expected a list of retrievers")
    check_number("passages", retrieval.passages, minimum=1, whole=True)
    if retrieval.timeout is not None:
        check_number("retriever_timeout", retrieval.timeout, above=0)
    check_number("evidence_tokens", retrieval.evidence_tokens, minimum=100, whole=True)
    if retrieval.wrong_citations not in ("report", "remove"):
        raise ConfigError(f"found wrong_citations={retrieval.wrong_citations!r}, expected 'report' or 'remove'")
    if not isinstance(retrieval.unsupported, str):
        raise ConfigError(f"found unsupported={retrieval.unsupported!r}, expected a sentence, or '' for none")


def _declared(given: RetrieverLike) -> Retriever:
    declared = given if isinstance(given, Retriever) else Retriever(given)
    source = declared.retriever
    is_something_else = (
        isinstance(source, type) or is_chat_model(cast("Model", source)) or is_graph(cast("Model", source))
    )
    if is_something_else or not (isinstance(source, Runnable) or callable(source)):
        hint = "; call its as_retriever()" if hasattr(source, "as_retriever") else ""
        name = source.__name__ if isinstance(source, type) else type(source).__name__
        raise ConfigError(f"found {name} as a retriever, expected one of LangChain's, or a function{hint}")
    return declared


def _searcher(declared: Retriever, name: str, position: int, retrieval: Retrieval) -> Searcher:
    where = f" for {name!r}"
    timeout = retrieval.timeout if declared.timeout is UNSET else declared.timeout
    if declared.k is not None:
        check_number("k", declared.k, minimum=1, where=where, whole=True)
    if timeout is not None:
        check_number("timeout", timeout, above=0, where=where)
    source = declared.retriever
    runnable = source if isinstance(source, Runnable) else RunnableLambda(source)
    return Searcher(name, position, runnable, declared.k, timeout)


def _name_of(source: Searches) -> str:
    kind = source.get_name() if isinstance(source, Runnable) else getattr(source, "__name__", type(source).__name__)
    return kind.removesuffix("Retriever").lower() or "retriever"
