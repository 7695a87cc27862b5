"""A mixture that answers from evidence: who sees which passages, and by which ways its answer comes."""

import asyncio
import json
from typing import Any

import pytest
from citing import GOOD, citing, long, problems, served, shown, words_of
from lamps import NOT_FOUND, QUESTION, finds
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, MessagesState, StateGraph
from langgraph_moa import (
    AllProposersFailed,
    ChatMoA,
    ConfigError,
    DocsRetriever,
    Proposer,
    Retriever,
    create_moa,
    report,
)
from langgraph_moa.core.text import CUT_TO_FIT
from loopback import Loopback
from panels import says
from running import APIS, run
from tables import each


async def test_each_proposer_sees_its_own_evidence_and_the_aggregator_all(loopback: Loopback) -> None:
    proposers = [
        "m0",
        Proposer("m1", retriever=finds("own of m1", GOOD)),
        Proposer("m2", retriever=Retriever(finds("own of m2"), name="mine")),
    ]

    result = await served(loopback, proposers=proposers, layers=3).ainvoke(QUESTION)

    found_by = {e["id"]: (e["text"], e["found_by"]) for e in result["evidence"]}
    assert found_by == {
        "E1": (GOOD, ["-lambda-", "m1"]),
        "E2": ("own of m1", ["m1"]),
        "E3": ("own of m2", ["mine"]),
    }
    sees = {model: [sorted(shown(words_of(r.body))) for r in loopback.asked(model)] for model in ("m0", "m1", "m2")}
    assert sees == {"m0": [["E1"]] * 2, "m1": [["E1", "E2"]] * 2, "m2": [["E3"]] * 2}
    (last,) = loopback.asked("aggregator")
    assert {id_: text.partition("\n\n")[2] for id_, text in shown(words_of(last.body)).items()} == {
        id_: text for id_, (text, _) in found_by.items()
    }


def test_a_proposer_without_any_evidence_of_its_own_is_told_nothing_of_evidence() -> None:
    plain, own = says("x", "plain"), says("y [E1]", "own")

    citing(retrievers=[], proposers=[plain, Proposer(own, retriever=finds(GOOD))], early_stop=None).invoke(QUESTION)

    assert [m.text for m in plain.asked[0]] == ["What colour is the lamp?"]
    assert list(shown(own.asked[0][-1].text)) == ["E1"]


def test_samples_and_proposers_share_a_retriever_that_is_asked_once() -> None:
    asked: list[str] = []

    def counts(query: str) -> list[str]:
        asked.append(query)
        return [GOOD]

    proposers = [Proposer(says("x", "a"), retriever=counts, samples=2), Proposer(says("y", "b"), retriever=counts)]

    result = citing(retrievers=[], proposers=proposers, layers=3).invoke(QUESTION)

    assert len(asked) == 1
    assert [e["id"] for e in result["evidence"]] == ["E1"]


def test_the_same_proposer_may_have_other_evidence_in_another_layer() -> None:
    first, second = says("x [E1]", "same"), says("y [E2]", "same")
    proposers = [[Proposer(first, retriever=finds("a"))], [Proposer(second, retriever=finds("b"))]]

    citing(retrievers=[], proposers=proposers).invoke(QUESTION)

    assert [list(shown(model.asked[0][-1].text)) for model in (first, second)] == [["E1"], ["E2"]]


def test_a_proposers_own_evidence_is_not_lost_for_want_of_room() -> None:
    own = says("y", "own")
    many = finds(*(f"passage {n} of many: {'word ' * 60}" for n in range(30)))
    proposers = [says("x", "shares"), Proposer(own, retriever=finds("only this: " + "word " * 60))]

    result = citing(found=many, proposers=proposers, passages=30, evidence_tokens=100).invoke(QUESTION)

    assert len(shown(own.asked[0][-1].text)) == 1
    assert sum(len(e["text"].encode()) for e in result["evidence"]) <= 2 * 2 * 100


@pytest.mark.parametrize("placement", ["last", "system_prompt"])
async def test_the_conversation_comes_first_and_unchanged(loopback: Loopback, placement: Any) -> None:
    history = [("system", "You know lamps."), ("user", "Hi  there "), ("ai", "Hello [E3]."), ("user", "Which\ncolour?")]
    moa = served(loopback, layers=3, placement=placement)

    await moa.ainvoke({"messages": history})

    said = [text for _, text in history]
    for request in loopback.requests:
        texts = [message["content"] for message in request.messages]
        assert texts[1:-1] == said[1:-1]
        assert texts[-1].endswith(said[-1])
        assert texts[0] == said[0] if placement == "last" else texts[0].startswith(f"{said[0]}\n\n")
        assert list(shown(words_of(request.body))) == ["E4"]
    beginnings = {words_of(r.body).partition("Answer from these passages")[0] for r in loopback.requests}
    assert len(beginnings) == 1, "all share one beginning, which caches can keep"


def test_an_own_prompt_is_used() -> None:
    last = says("x", "last")

    citing(aggregator=last, evidence_prompt="These $count were found:\n$evidence\nCite them, at $$5.").invoke(QUESTION)

    assert last.asked[0][-1].text.startswith("These 1 were found:\n<evidence-")
    assert "Cite them, at $5." in last.asked[0][-1].text


@pytest.mark.parametrize("wrong", ["report", "remove"])
async def test_what_is_streamed_is_the_aggregators_and_the_state_holds_the_answer(wrong: Any) -> None:
    tokens: list[Any] = []
    states: list[Any] = []
    moa = citing("Green [E1, E9]. Brass.", wrong_citations=wrong)

    async for mode, part in moa.astream(QUESTION, stream_mode=["messages", "values"]):
        (tokens if mode == "messages" else states).append(part)

    assert "".join(message.text for message, _ in tokens) == "Green [E1, E9]. Brass."
    messages = states[-1]["messages"]
    assert [m.text for m in messages[1:]] == ["Green [E1]. Brass." if wrong == "remove" else "Green [E1, E9]. Brass."]
    assert {message.id for message, _ in tokens} == {messages[-1].id}
    assert messages[-1].usage_metadata["total_tokens"] > 0


def test_four_apis_give_the_same_answer_and_citations() -> None:
    def moa() -> Any:
        return citing("Green [E1, E9].", wrong_citations="remove")

    async def last() -> Any:
        return [state async for state in moa().astream(QUESTION, stream_mode="values")][-1]

    results = [
        moa().invoke(QUESTION),
        list(moa().stream(QUESTION, stream_mode="values"))[-1],
        asyncio.run(moa().ainvoke(QUESTION)),
        asyncio.run(last()),
    ]

    for result in results:
        assert result["messages"][-1].text == "Green [E1]."
        assert problems(result) == problems(results[0])
        assert [(e["id"], e["text"]) for e in result["evidence"]] == [("E1", GOOD)]


def test_only_the_answer_enters_a_parents_messages() -> None:
    builder: Any = StateGraph(MessagesState).add_node("rag", citing("No idea.")).add_edge(START, "rag")

    result = builder.compile().invoke(QUESTION)

    assert list(result) == ["messages"]
    assert [m.text for m in result["messages"]] == ["What colour is the lamp?", f"No idea.\n\n{NOT_FOUND}"]


@APIS
async def test_one_model_alone_answers_from_evidence(api: str) -> None:
    model = says("green [E1]", "alone")

    result = await run(citing(proposers=[model], aggregator=None, layers=1), api, QUESTION)

    assert result["messages"][-1].text == "green [E1]"
    assert list(shown(model.asked[0][-1].text)) == ["E1"]
    assert (problems(result), result["run"]["layers"], result["run"]["calls"]) == ([("E1", None)], 1, 1)


def test_one_model_alone_that_fails_raises() -> None:
    with pytest.raises(AllProposersFailed, match="boom"):
        citing(proposers=[says(ValueError("boom"))], aggregator=None, layers=1).invoke(QUESTION)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"retrievers": []}, "found no retrievers, expected at least one"),
    ({"retrievers": "docs"}, "found str as retrievers, expected a list"),
    ({"retrievers": DocsRetriever()}, "found DocsRetriever as retrievers, expected a list"),
    ({"retrievers": None}, "found NoneType as retrievers"),
    ({"retrievers": ["docs"]}, "found str as a retriever, expected one of LangChain's, or a function"),
    ({"retrievers": [Retriever(finds(), k=0)]}, "found k=0 for '-lambda-', expected a whole number from 1"),
    ({"retrievers": [Retriever(finds(), k=True)]}, "found k=True"),
    ({"retrievers": [Retriever(finds(), name="a", timeout=0)]}, "found timeout=0 for 'a', expected a number above 0"),
    ({"retrievers": [Retriever(finds(), name="a/b")]}, "found the name 'a/b', expected"),
    ({"retrievers": [Retriever(finds(), name="a")] * 2}, "found the name 'a', expected one of its own"),
    ({"retriever_timeout": -1}, "timeout=-1"),
    ({"passages": 0}, "found passages=0, expected a whole number from 1"),
    ({"passages": 2.5}, "found passages=2.5"),
    ({"evidence_tokens": 10}, "found evidence_tokens=10, expected a whole number from 100"),
    ({"evidence_prompt": "no place"}, "found no $evidence in the prompt"),
    ({"wrong_citations": "delete"}, "found wrong_citations='delete', expected 'report' or 'remove'"),
    ({"unsupported": None}, "found unsupported=None, expected a sentence"),
    ({"rewriter": 3}, "found int as a model"),
    ({"rewriter": "gpt"}, "gpt"),
    ({"proposers": [Proposer(says("x"), retriever=[1])]}, "found list as a retriever"),
    ({"layers": 0}, "layers=0"),
]


@each(("options", "expected"), REFUSED)
def test_wrong_options_are_refused_in_one_sentence(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        citing(**options)

    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_retriever_without_retrieval_is_refused() -> None:
    with pytest.raises(ConfigError, match="found a retriever for 'p', expected none in create_moa; use create_rag_moa"):
        create_moa(proposers=[Proposer(says("x"), name="p", retriever=finds())], aggregator=says("y"))


@pytest.mark.parametrize("wrong", ["report", "remove"])
async def test_a_chat_models_answer_carries_its_citations(wrong: Any) -> None:
    model = ChatMoA(moa=citing("Green [E1, E9]. Brass.", wrong_citations=wrong))

    answer = await model.ainvoke("What colour is the lamp?")
    chunks = [chunk async for chunk in model.astream("What colour is the lamp?")]

    assert answer.text == ("Green [E1]. Brass." if wrong == "remove" else "Green [E1, E9]. Brass.")
    streamed = "".join(chunk.text for chunk in chunks)
    assert streamed == answer.text  # what is said cannot be taken back, so it waits for the check
    assert streamed.endswith(answer.text)
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    for message in (answer, whole):
        told_ = message.response_metadata["moa"]
        assert [(c["id"], c["problem"]) for c in told_["citations"]] == [
            ("E1", None),
            ("E9", "unknown id E9; known: E1"),
        ]
    json.dumps(answer.response_metadata)


async def test_a_chat_model_streams_what_is_added_to_an_answer() -> None:
    chunks = [chunk.text async for chunk in ChatMoA(moa=citing("No idea.")).astream("What colour is the lamp?")]

    assert "".join(chunks) == f"No idea.\n\n{NOT_FOUND}"


async def test_a_chat_model_takes_the_history_of_its_own_answers() -> None:
    parts = iter([["a"], ["b"]])
    model = ChatMoA(moa=citing(["as a says [E1]", "as b says [E2]"], found=lambda query: next(parts)))

    first = await model.ainvoke([HumanMessage("one?")])
    second = await model.ainvoke([HumanMessage("one?"), AIMessage(first.text), HumanMessage("two?")])

    assert [(c["id"], c["problem"]) for c in second.response_metadata["moa"]["citations"]] == [("E2", None)]


def test_a_proposer_may_answer_from_evidence_itself() -> None:
    inner = citing("It is green [E1].")

    result = create_moa(proposers=[inner, "offline:words"], aggregator=says("so", "last")).invoke(QUESTION)

    assert result["proposals"][0]["text"] == "It is green [E1]."
    assert "evidence" not in result


def test_a_page_shows_evidence_and_citations() -> None:
    moa = citing(
        'It "is green" [E1] <b>[E9]</b>',
        retrievers=[Retriever(finds(GOOD, "<script>x</script>"), name="wiki"), RunnableLambda(finds("other"))],
        rewriter=says("q", "rewriter"),
    )

    page = report(moa.invoke(QUESTION))

    assert "Its stand is made of brass." in page
    assert "unknown id E9" in page
    assert "lamps.md" in page
    assert "wiki" in page
    assert "<script>x" not in page


@pytest.mark.parametrize(("passages", "evidence_tokens"), [(3, 8_000), (8, 500)])
def test_evidence_is_bounded(passages: int, evidence_tokens: int) -> None:
    result = citing(found=finds(*map(long, range(20))), passages=passages, evidence_tokens=evidence_tokens).invoke(
        QUESTION
    )

    assert len(result["evidence"]) == passages
    assert sum(len(e["text"].encode()) for e in result["evidence"]) <= 2 * evidence_tokens
    assert (CUT_TO_FIT in result["evidence"][0]["text"]) == (evidence_tokens == 500)
