"""Retrievers propose evidence, at the same time, and one that fails costs its own evidence only."""

import asyncio
import json
import re
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from faulty import Unprintable, awaits_what_somebody_cancelled, hangs
from lamps import GREEN, NOT_FOUND, QUESTION, Ears, finds, ids, searching, shown, statuses
from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import InMemoryVectorStore
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt
from langgraph_moa import (
    Proposer,
    Retriever,
)
from panels import says
from reading import user
from running import APIS, THREAD, run


@APIS
async def test_retrievers_run_at_the_same_time(api: str) -> None:
    everyone_is_here: list[asyncio.Barrier] = []

    async def wait(query: str) -> list[str]:
        if not everyone_is_here:
            everyone_is_here.append(asyncio.Barrier(12))
        await everyone_is_here[0].wait()
        return [GREEN]

    result = await run(searching(*[Retriever(wait, timeout=20)] * 12), api, QUESTION)

    assert set(statuses(result).values()) == {"ok"}
    assert ids(result) == [("E1", GREEN)]


def raises(error: BaseException) -> Callable[[str], Any]:
    def look(query: str) -> Any:
        raise error

    return look


FAILURES: dict[str, tuple[Any, str, str]] = {
    "raises": (raises(ConnectionError("index is down")), "error", "ConnectionError: index is down"),
    "raises with a key": (raises(ValueError("sk-tigerburningbright")), "error", "[redacted]"),
    "cannot be printed": (raises(Unprintable()), "error", "Unprintable"),
    "raises half a character": (raises(ValueError("half \ud800")), "error", "half \ufffd"),
    "was cancelled inside": (awaits_what_somebody_cancelled, "error", "Cancelled"),
    "hangs": (hangs, "timeout", "nothing came within"),
    "its own timeout": (raises(TimeoutError("no")), "timeout", "TimeoutError: no"),
    "None": (lambda query: None, "error", "found NoneType, expected a list of documents"),
    "text": (lambda query: "green", "error", "found str, expected a list of documents"),
    "a dict": (lambda query: {"documents": []}, "error", "found dict, expected a list of documents"),
    "numbers": (lambda query: [1, 2], "error", "found a list of int, expected a list of documents"),
    "a document and a number": (lambda query: [Document("a"), 2], "error", "found a list of Document and int"),
    "a document of nothing": (lambda query: [Document.model_construct(metadata=None)], "error", ""),
}


@APIS
@pytest.mark.parametrize("way", FAILURES)
async def test_a_retriever_that_fails_costs_its_own_evidence(way: str, api: str) -> None:
    source, status, told = FAILURES[way]
    last = says("It is green [E1].", "last")
    bad = Retriever(source, name="bad", timeout=0.2 if way == "hangs" else 30)

    result = await run(searching(bad, Retriever(finds(GREEN), name="good"), aggregator=last), api, QUESTION)

    assert statuses(result) == {"bad": status, "good": "ok"}
    assert result["run"]["degraded"] == f"1 of 2 retrievers failed (bad: {status})"
    assert (ids(result), result["messages"][-1].text) == ([("E1", GREEN)], "It is green [E1].")
    error = next(p["error"] for p in result["proposals"] if p["proposer"] == "bad")
    assert told in error
    assert "tigerburning" not in error
    assert error not in str(last.asked)
    json.dumps(result["proposals"], ensure_ascii=False).encode()


async def test_a_retriever_that_hangs_is_ended_and_one_that_blocks_is_left_behind() -> None:
    ended, released = asyncio.Event(), threading.Event()

    async def hangs_on(query: str) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    def blocks(query: str) -> Any:
        released.wait(60)
        return ["too late"]

    result = await searching(hangs_on, blocks, finds(GREEN), retriever_timeout=1).ainvoke(QUESTION)
    released.set()

    assert ended.is_set()
    assert [p["status"] for p in result["proposals"][:3]] == ["timeout", "timeout", "ok"]
    assert ids(result) == [("E1", GREEN)]


@pytest.mark.parametrize("nothing", [[], (), [" \n"]])
def test_that_one_of_several_finds_nothing_is_no_loss(nothing: Any) -> None:
    result = searching(Retriever(lambda query: nothing, name="other"), Retriever(finds(GREEN), name="good")).invoke(
        QUESTION
    )

    assert statuses(result) == {"other": "empty", "good": "ok"}
    assert result["run"]["degraded"] is None


@APIS
@pytest.mark.parametrize(("source", "lost"), [(raises(ValueError("x")), True), (lambda query: [], False)])
async def test_without_any_evidence_the_answer_says_so_and_nothing_is_invented(
    source: Any, lost: bool, api: str
) -> None:
    last = says("I think it is blue.", "last")
    moa = searching(source, Retriever(source, name="again"), aggregator=last)

    result = await run(moa, api, QUESTION)

    assert result["messages"][-1].text == f"I think it is blue.\n\n{NOT_FOUND}"
    assert (result["evidence"], result["citations"]) == ([], [])
    assert ("2 of 2 retrievers failed" in result["run"]["degraded"]) == lost
    assert result["run"]["degraded"].endswith("no evidence was found")
    assert re.search(r'<evidence-\w+ none="true">', last.asked[0][-1].text)


def test_an_id_that_is_made_up_without_evidence_is_told() -> None:
    (citation,) = searching(lambda query: []).invoke(QUESTION)["citations"]

    assert (citation["id"], citation["source"], citation["problem"]) == ("E1", None, "unknown id E1; known: none")


@APIS
async def test_a_retriever_may_stop_the_run_to_ask_a_person(api: str) -> None:
    asked: list[str] = []

    def counts(query: str) -> list[str]:
        asked.append(query)
        return [GREEN]

    moa = searching(
        lambda query: [f"The {interrupt('Which index?')} says green."], counts, checkpointer=InMemorySaver()
    )

    waiting = await run(moa, api, QUESTION, THREAD)
    result = await run(moa, api, Command(resume="north"), THREAD)

    assert waiting["__interrupt__"][0].value == "Which index?"
    assert [text for _, text in ids(result)] == ["The north says green.", GREEN]
    assert result["run"]["degraded"] is None
    assert len(asked) == 1


def test_tokens_of_a_model_inside_a_retriever_are_not_the_answers() -> None:
    inner = says("a query of its own", "inner")

    async def asks_a_model(query: str) -> list[str]:
        return [(await inner.ainvoke(query)).text]

    tokens = [message.text for message, _ in searching(asks_a_model).stream(QUESTION, stream_mode="messages")]

    assert "".join(tokens) == "It is green [E1]."


class Shelf(BaseRetriever):
    texts: list[str]

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [Document(text) for text in self.texts]


class Both(BaseRetriever):
    """Ask others, as ensembles do."""

    others: list[Any]

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        told: Any = {"callbacks": run_manager.get_child()}
        return [document for other in self.others for document in other.invoke(query, told)]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Document]:
        told: Any = {"callbacks": run_manager.get_child()}
        return [document for other in self.others for document in await other.ainvoke(query, told)]


def vectors() -> Any:
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
    store.add_texts([GREEN])
    return store.as_retriever(search_kwargs={"k": 1})


async def async_function(query: str) -> list[Document]:
    return [Document(GREEN)]


def strings(query: str) -> list[str]:
    return [GREEN]


def first_only(documents: list[Document]) -> list[Document]:
    return documents[:1]


KINDS: dict[str, tuple[Callable[[], Any], str]] = {
    "BaseRetriever": (lambda: Shelf(texts=[GREEN]), "shelf"),
    "RunnableLambda": (lambda: RunnableLambda(strings), "strings"),
    "function": (lambda: finds(GREEN), "-lambda-"),
    "async function": (lambda: async_function, "async_function"),
    "function of strings": (lambda: strings, "strings"),
    "partial": (lambda: partial(lambda prefix, query: [GREEN], "x"), "partial"),
    "ensemble": (lambda: Both(others=[Shelf(texts=[GREEN]), Shelf(texts=["the  LAMP is green."])]), "both"),
    "vector store": (vectors, "vectorstore"),
    "chain": (lambda: Shelf(texts=[GREEN, "more"]) | RunnableLambda(first_only), "runnablesequence"),
    "with retries": (lambda: Shelf(texts=[GREEN]).with_retry(), "shelf"),
    "settings": (lambda: Retriever(Shelf(texts=[GREEN, "more"]), name="one", k=1), "one"),
}


@APIS
@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_retriever_is_asked(kind: str, api: str) -> None:
    make, name = KINDS[kind]

    result = await run(searching(make()), api, QUESTION)

    assert statuses(result) == {name: "ok"}
    assert ids(result) == [("E1", GREEN)]
    assert result["run"]["degraded"] is None


async def test_progress_is_told() -> None:
    moa = searching(Retriever(finds(GREEN), name="a"), Retriever(raises(ValueError("x")), name="b"))

    told = [part async for part in moa.astream(QUESTION, stream_mode="custom")]

    assert told[0] == {"moa": "layer", "layer": 0, "proposers": ["a", "b"]}
    assert {(t["proposer"], t["status"]) for t in told[1:3]} == {("a", "ok"), ("b", "error")}
    assert told[3] == {"moa": "evidence", "passages": [{"id": "E1", "source": "lamps.md"}]}
    assert (told[-1]["moa"], told[-1]["passages"], len(told[-1]["citations"])) == ("citations", 1, 1)


async def test_a_mixture_in_a_mixture_looks_for_the_users_question_and_numbers_on() -> None:
    inner_ears, inner = Ears(), says("Cats live 15 years [E2].", "inner")

    def cats(query: str) -> list[str]:
        inner_ears(query)
        return ["Cats live 15 years."]

    panel = searching(cats, proposers=[says("15 [E2]", "p")], aggregator=inner)
    last = says("Cats live 15 years [E2].", "last")
    outer = searching(
        lambda query: ["Dogs live 13 years."], proposers=[Proposer(panel, name="panel")], aggregator=last, layers=3
    )

    result = await outer.ainvoke(user("How long do cats live?"))

    assert set(inner_ears.queries) == {"How long do cats live?"}
    assert [shown(model.asked[0])[0][0] for model in (inner, last)] == ["E2", "E1"]
    assert [c["problem"] for c in result["citations"]] == ["unknown id E2; known: E1"]
