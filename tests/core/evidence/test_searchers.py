"""Retrievers get names of their own, and each proposer sees its own evidence, or what all share."""

from functools import partial
from typing import Any

import pytest
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langgraph_moa import ConfigError, Proposer, Retriever
from langgraph_moa.core.evidence.retrievers import Retrieval
from langgraph_moa.core.evidence.searchers import Search, seat_retrieval
from langgraph_moa.core.offline.docs_retriever import DocsRetriever
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_layers
from tables import each


def look(query: str) -> list[str]:
    return [query]


def retrieval(*retrievers: Any, **options: Any) -> Any:
    usual: dict[str, Any] = {
        "rewriter": None,
        "timeout": 30.0,
        "passages": 8,
        "evidence_tokens": 2_000,
        "evidence_prompt": None,
        "wrong_citations": "report",
        "unsupported": "",
    }
    return Retrieval(**{"retrievers": list(retrievers), **usual, **options})


def seated(asked: Any, *proposers: Any) -> tuple[Search, list[Any]]:
    panel = seat_layers(proposers or ["offline:words"], "offline:words", None, Defaults()).panel
    search, (layer,) = seat_retrieval(asked, panel, Defaults())
    assert search is not None
    return search, layer


@pytest.mark.parametrize(
    ("retrievers", "names"),
    [
        ([look], ["look"]),
        ([look, look], ["look", "look-2"]),
        ([DocsRetriever(), Retriever(look, name="wiki")], ["docs", "wiki"]),
        ([RunnableLambda(look)], ["look"]),
        ([partial(look)], ["partial"]),
    ],
)
def test_each_has_a_name_of_its_own(retrievers: list[Any], names: list[str]) -> None:
    search, _ = seated(retrieval(*retrievers))

    assert [searcher.name for searcher in search.searchers] == names
    assert [searcher.position for searcher in search.searchers] == list(range(len(names)))
    assert search.names == [f"retrieve/{name}" for name in names]


def test_a_proposer_sees_its_own_evidence_and_others_what_all_share() -> None:
    own, other = Proposer(ScriptedModel(), name="a", retriever=look), Proposer(ScriptedModel(), name="b")

    search, layer = seated(retrieval(Retriever(look, name="wiki")), own, other)

    assert [seat.sees for seat in layer] == [("a",), ("wiki",)]
    assert search.pools == [("wiki",), ("a",)]
    assert seated(retrieval(), own)[0].pools == [("a",)]


@pytest.mark.parametrize(
    ("timeout", "expected"), [({}, 30.0), ({"timeout": 5}, 5), ({"timeout": None}, None)], ids=["graph's", "own", "no"]
)
def test_a_time_of_its_own_wins(timeout: Any, expected: float | None) -> None:
    search, _ = seated(retrieval(Retriever(look, **timeout)))

    assert search.searchers[0].timeout == expected


def test_the_rewriter_comes_first() -> None:
    search, _ = seated(retrieval(look, rewriter=ScriptedModel(name_of_model="r")))

    assert search.names == ["rewrite (r)", "retrieve/look"]


class Mute(BaseRetriever):
    """Be a class, and no retriever yet."""


class Store:
    """Be what retrievers are made of."""

    def as_retriever(self) -> Any:
        return look


WRONG: list[tuple[Any, str]] = [
    (retrieval(), "found no retrievers, expected at least one"),
    (retrieval(look, retrievers="wiki"), "found str as retrievers, expected a list"),
    (retrieval(3), "found int as a retriever, expected one of LangChain's, or a function$"),
    (retrieval(Mute), "found Mute as a retriever"),
    (retrieval(Store()), r"found Store as a retriever, .*; call its as_retriever\(\)"),
    (retrieval(ScriptedModel()), "found ScriptedModel as a retriever"),
    (retrieval(Retriever(look, name="a:b")), "found the name 'a:b', expected one of its own for each retriever"),
    (retrieval(Retriever(look, k=0)), "found k=0 for 'look', expected a whole number from 1"),
    (retrieval(Retriever(look, timeout=0)), "found timeout=0 for 'look'"),
    (retrieval(look, passages=0), "found passages=0"),
    (retrieval(look, timeout=-1), "found retriever_timeout=-1"),
    (retrieval(look, evidence_tokens=99), "found evidence_tokens=99"),
    (retrieval(look, wrong_citations="drop"), "found wrong_citations='drop', expected 'report' or 'remove'"),
    (retrieval(look, unsupported=None), "found unsupported=None, expected a sentence"),
    (retrieval(look, rewriter="offline:words"), "found offline:words as the rewriter, which can only quote"),
    ("wiki", "found 'wiki' as retrieval, expected nothing; use create_rag_moa"),
]


@each(("asked", "expected"), WRONG)
def test_what_could_not_search_is_refused(asked: Any, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        seated(asked)


def test_a_mixture_without_evidence_has_no_retriever_of_a_proposers() -> None:
    plain = seat_layers(["offline:words"], "offline:words", None, Defaults()).panel
    own = seat_layers([Proposer("offline:words", retriever=look)], "offline:words", None, Defaults()).panel

    assert seat_retrieval(None, plain, Defaults()) == (None, plain)
    with pytest.raises(ConfigError, match="found a retriever for 'words', expected none in create_moa"):
        seat_retrieval(None, own, Defaults())
