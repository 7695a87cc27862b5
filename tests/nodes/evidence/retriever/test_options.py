"""A retriever has a name, a time limit and several queries of its own."""

import asyncio
from typing import Any

import pytest
from faulty import hangs
from lamps import GREEN, QUESTION, finds, searching
from langchain_core.vectorstores import InMemoryVectorStore
from langgraph_moa import (
    ConfigError,
    DocsRetriever,
    Proposer,
    Retriever,
)
from panels import says


def strings(query: str) -> list[str]:
    return [GREEN]


async def test_a_retriever_has_settings_of_its_own() -> None:
    slow = Retriever(hangs, name="slow", timeout=0.2)
    few = Retriever(finds("a", "b", "c"), name="few", k=2)

    result = await searching(slow, few, DocsRetriever(k=1), retriever_timeout=None, passages=2).ainvoke(QUESTION)

    assert [(p["proposer"], p["status"], len(p["found"])) for p in result["proposals"] if p["layer"] == 0] == [
        ("slow", "timeout", 0),
        ("few", "ok", 2),
        ("docs", "ok", 1),
    ]
    assert len(result["evidence"]) == 2


def test_names_are_unique_and_stable() -> None:
    own: Any = [
        Proposer(says("x"), name="wiki", retriever=finds("a")),
        Proposer(says("x"), retriever=Retriever(finds("b"), name="mine")),
    ]

    moa = searching(strings, strings, DocsRetriever(), proposers=own)

    nodes = [node for node in moa.nodes if node.startswith("retrieve/")]
    assert nodes == [f"retrieve/{name}" for name in ("strings", "strings-2", "docs", "wiki", "mine")]


async def test_one_query_that_fails_costs_no_other_query() -> None:
    def picky(query: str) -> list[str]:
        if query == "second":
            raise ConnectionError("down")
        return [f"about {query}"]

    result = await searching(picky, rewriter=says("second\nthird", "rewriter")).ainvoke(QUESTION)

    (retriever,) = [p for p in result["proposals"] if p["layer"] == 0]
    assert (retriever["status"], retriever["error"]) == ("ok", "1 of 3 queries failed: ConnectionError: down")
    assert len(result["evidence"]) == 2


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (DocsRetriever, "found DocsRetriever as a retriever"),
        (InMemoryVectorStore, "found InMemoryVectorStore as a retriever, .* call its as_retriever"),
        (says("x"), "found ScriptedModel as a retriever"),
    ],
)
def test_what_is_no_retriever_is_refused(wrong: Any, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        searching(wrong)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"passges": 3}, "unknown option 'passges' of create_rag_moa; did you mean 'passages'?"),
        ({"rewriter": "offline:words"}, "found offline:words as the rewriter, which can only quote"),
    ],
)
def test_a_misspelt_or_useless_option_is_told(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        searching(lambda query: ["x"], **options)


async def test_a_query_that_hangs_costs_no_other_and_goes_on_no_longer() -> None:
    ended = asyncio.Event()

    async def slow(query: str) -> list[str]:
        if query == "second":
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
        return [f"about {query}"]

    retriever = Retriever(slow, name="slow", timeout=1)
    result = await searching(retriever, rewriter=says("second\nthird", "rewriter")).ainvoke(QUESTION)

    (told_,) = [p for p in result["proposals"] if p["layer"] == 0]
    assert (told_["status"], told_["error"]) == ("ok", "1 of 3 queries failed: nothing came within 1.0 s")
    assert len(result["evidence"]) == 2
    assert ended.is_set()
