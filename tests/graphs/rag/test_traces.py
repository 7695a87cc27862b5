"""What LangSmith is told of retrieval, and what not."""

import asyncio
from typing import Any

import pytest
from citing import citing
from ingest import Ingest, metadata, traced
from lamps import QUESTION
from langchain_core.documents import Document
from langgraph_moa import (
    DocsRetriever,
    Retriever,
)
from panels import says
from reading import user


def test_a_run_is_one_readable_tree(traces: Ingest) -> None:
    moa = citing(found=Retriever(DocsRetriever(), name="docs"), rewriter=says("q", "rewriter"), name="rag")

    traced(traces, lambda: moa.invoke(QUESTION))

    (root,) = traces.roots
    tree = traces.tree(root)
    assert [line.strip() for line in tree if "[retriever]" in line] == ["docs [retriever]"] * 2
    nodes = [line.strip() for line in tree if "[chain]" in line]
    expected = ["rag", "rewrite", "retrieve/docs", "evidence", "layer_1/p", "gate_1", "aggregate", "citations"]
    assert nodes == [f"{name} [chain]" for name in expected]
    assert metadata(root)["moa_stopped"] == "completed"
    assert metadata(root)["moa_calls"] == 3


@pytest.mark.parametrize("how", ["sync", "async"])
def test_hidden_texts_are_in_no_request(traces: Ingest, how: str) -> None:
    words = ["sesquipedalian", "borborygmus", "quincunx", "zeugma", "tmesis", "syzygy", "petrichor", "limerence"]
    document = Document("Passages of borborygmus.", metadata={"source": "quincunx.md", "more": "limerence"})

    def fails(query: str) -> Any:
        raise ValueError("syzygy is down")

    moa = citing(
        'They say "of borborygmus" [E1] and petrichor [E7]',
        retrievers=[lambda query: [document], fails, DocsRetriever()],
        rewriter=says("zeugma and gates", "rewriter"),
        evidence_prompt="tmesis $evidence",
        wrong_citations="remove",
        hide_texts=True,
    )
    asked = user("Which sesquipedalian number?")

    result = traced(traces, lambda: moa.invoke(asked) if how == "sync" else asyncio.run(moa.ainvoke(asked)))

    assert "petrichor" in result["messages"][-1].text
    assert [word for word in words if word in traces.posted] == []
    found = [passage["text"] for passage in result["evidence"]]
    assert len(found) > 1
    assert [text for text in found if text[:40] in traces.posted] == []
    (root,) = traces.roots
    assert [p["status"] for p in root["outputs"]["proposals"]][:4] == ["ok", "ok", "error", "ok"]
    assert metadata(root)["moa_degraded"] is True


@pytest.mark.parametrize(("answer", "degraded"), [("It is green [E1].", 0.0), ("No idea.", 1.0)])
def test_feedback_is_sent_once_when_the_answer_is_checked(traces: Ingest, answer: str, degraded: float) -> None:
    traced(traces, lambda: citing(answer, feedback=True).invoke(QUESTION))

    assert [(one["key"], one["score"]) for one in traces.feedback] == [("degraded", degraded)]
    assert traces.feedback[0]["run_id"] == traces.roots[0]["id"]
