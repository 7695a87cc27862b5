"""Mixtures that answer from evidence: retrievers propose it, proposers answer from it, what they cite is checked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

from langgraph.graph.state import CompiledStateGraph

from ..core.evidence.retrievers import UNSUPPORTED, OnWrong, Retrieval, RetrieverLike
from ..core.models.capabilities import Model
from ..core.panel.declared import Aggregator, Aggregators, Proposers
from .moa import create_moa
from .options import MoAOptions, decided


def create_rag_moa(
    *,
    proposers: Proposers,
    aggregator: Aggregators | None = None,
    retrievers: Sequence[RetrieverLike] = (),
    rewriter: str | Model | Aggregator | None = None,
    retriever_timeout: float | None = 30.0,
    passages: int = 8,
    evidence_tokens: int = 8_000,
    evidence_prompt: str | Path | None = None,
    wrong_citations: OnWrong = "report",
    unsupported: str = UNSUPPORTED,
    **options: Unpack[MoAOptions],
) -> CompiledStateGraph[Any, None, Any, Any]:
    """Build a mixture that answers from evidence, cites it by id, and has its citations checked.

    Retrievers run in parallel, as nodes of their own. What they find is ranked by reciprocal rank fusion (Cormack,
    Clarke and Buettcher 2009), each passage once and under one id, which holds through every layer and turn.

        rag = create_rag_moa(retrievers=[store.as_retriever()], proposers=[...], aggregator=...)
        state = rag.invoke({"messages": [{"role": "user", "content": "How long is the warranty?"}]})
        state["messages"][-1].text, state["citations"], state["evidence"]

    Args:
        proposers: As in `create_moa`; `Proposer(..., retriever=...)` answers from its own evidence.
        aggregator: As in `create_moa`; it is shown the evidence of all.
        retrievers: Whose evidence all other proposers share: LangChain retrievers, functions from a query to documents,
            or `Retriever(...)` with settings.
        rewriter: A model that rewrites the conversation into search queries first; None looks for the last question.
        retriever_timeout: Seconds that one retriever may take; None is no limit.
        passages: How many passages are shown at most, to each proposer.
        evidence_tokens: What they may take together, a token for every two bytes; longer ones are cut.
        evidence_prompt: How passages are put: text or a `Path`, with `$evidence`; None is the bundled prompt.
        wrong_citations: `report` leaves a wrong citation in the answer and says so in `citations` and `run`; `remove`
            takes its id out of the answer as well. None is ever added.
        unsupported: What is added to an answer that cites nothing right; "" adds nothing, and `run` says it anyway.
        options: All other options of `create_moa`.

    Returns:
        A compiled graph, as `create_moa` returns. Its output adds `evidence`, the passages (`id`, `source`, `text`,
        `found_by`, `score`, `metadata`), and `citations` (`id`, `source`, `quote`, `position` in the answer, `found_at`
        in the passage, `abridged`, `unchecked`, `unread`, `problem`). Retrievers are proposals of layer 0.

    Raises:
        ConfigError: An argument is wrong; nothing has been called yet.
    """
    retrieval = Retrieval(
        retrievers=retrievers,
        rewriter=rewriter,
        timeout=retriever_timeout,
        passages=passages,
        evidence_tokens=evidence_tokens,
        evidence_prompt=evidence_prompt,
        wrong_citations=wrong_citations,
        unsupported=unsupported,
    )
    return create_moa(
        **decided(
            create_rag_moa, options, may=MoAOptions, proposers=proposers, aggregator=aggregator, retrieval=retrieval
        )
    )
