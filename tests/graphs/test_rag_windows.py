"""Evidence is shortened to fit a window, and counts against budgets and estimates."""

from typing import Any

import pytest
from citing import citing, served, shown, words_of
from lamps import QUESTION, finds
from langgraph_moa import (
    Budget,
    BudgetExceeded,
    Proposer,
    Retriever,
    estimate,
)
from langgraph_moa.core.text import CUT_TO_FIT
from loopback import Loopback
from panels import says
from reading import user


def long(n: int) -> str:
    return f"Passage {n}. " + "The lamp is green, and so are all the others of its kind. " * 60


async def test_passages_are_shortened_to_fit_and_the_conversation_is_not(loopback: Loopback) -> None:
    question = "What colour is the lamp? " + "It hangs in the hall.  " * 20
    moa = served(loopback, retrievers=[finds(*map(long, range(4)))], context_tokens=2_500, layers=3)

    result = await moa.ainvoke(user(question))

    cut = [p["references_cut"] for p in result["proposals"] if p["layer"] > 0]
    assert cut[:2] == [4, 4]
    assert min(cut) >= 4
    assert "m0 (layer 1): 4 references or passages were shortened to fit its window" in result["run"]["notes"]
    assert result["run"]["aggregators"][0]["references_cut"] >= 4
    assert len(result["evidence"]) == 4
    assert not any(CUT_TO_FIT in e["text"] for e in result["evidence"])
    for request in loopback.requests:
        assert request.messages[0]["content"].endswith(question)
        assert len(words_of(request.body).encode()) <= 2_500 * 3
        passages = shown(words_of(request.body))
        assert list(passages) == ["E1", "E2", "E3", "E4"]
        assert all(text.endswith(CUT_TO_FIT) for text in passages.values())


def test_where_shortening_is_not_enough_the_last_passages_are_left_out() -> None:
    model = says("x", "p", profile={"max_input_tokens": 620, "max_output_tokens": 10})
    moa = citing(found=finds(*map(long, range(8))), proposers=[model])

    result = moa.invoke(QUESTION)

    (prompt,) = model.asked
    passages = shown(prompt[-1].text)
    assert 0 < len(passages) < 8
    assert list(passages) == [f"E{n}" for n in range(1, len(passages) + 1)]
    assert next(p for p in result["proposals"] if p["layer"] == 1)["references_cut"] == 8


def test_a_window_without_room_for_a_word_of_evidence_skips_the_call() -> None:
    small, large = Proposer(says("x", "small"), context_tokens=150), says("green [E1]", "large")

    result = citing(found=finds(*map(long, range(8))), proposers=[small, large]).invoke(QUESTION)

    skipped = next(p for p in result["proposals"] if p["layer"] == 1)
    assert (skipped["status"], skipped["proposer"]) == ("skipped", "small")
    assert "expected at most 150, the window of small" in skipped["error"]
    assert result["messages"][-1].text == "It is green [E1]."


def test_a_quote_from_what_was_cut_for_one_model_is_still_in_its_passage() -> None:
    passage = long(1) + "The very last lamp is red."
    last = says('"The very last lamp is red." [E1]', "last", profile={"max_input_tokens": 1_200})

    result = citing(found=finds(passage), aggregator=last).invoke(QUESTION)

    assert "very last" not in last.asked[0][-1].text
    assert [c["found_at"] for c in result["citations"]] == [passage.index("The very last")]


@pytest.mark.parametrize(("passages", "evidence_tokens"), [(3, 8_000), (8, 500)])
def test_evidence_is_bounded(passages: int, evidence_tokens: int) -> None:
    result = citing(found=finds(*map(long, range(20))), passages=passages, evidence_tokens=evidence_tokens).invoke(
        QUESTION
    )

    assert len(result["evidence"]) == passages
    assert sum(len(e["text"].encode()) for e in result["evidence"]) <= 2 * evidence_tokens
    assert (CUT_TO_FIT in result["evidence"][0]["text"]) == (evidence_tokens == 500)


LIMIT: dict[str, Any] = {"profile": {"max_output_tokens": 50}}


def test_evidence_counts_against_the_budget() -> None:
    model = says("x", "p", **LIMIT)
    panel: Any = {"proposers": [model], "aggregator": says("y", "last", **LIMIT), "budget": Budget(tokens=4_000)}

    assert citing(**panel).invoke(QUESTION)["run"]["stopped"] == "completed"
    with pytest.raises(BudgetExceeded, match="nothing was asked"):
        citing(found=finds(*map(long, range(3))), **panel).invoke(QUESTION)

    assert len(model.asked) == 1


SOURCES = {"short": "lamps.md", "long": "s" * 230, "of another script": "河" * 230}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("layers", [1, 3])
def test_an_estimate_bounds_a_prompt_with_all_its_evidence(source: str, layers: int) -> None:
    models = [says("x", name, **LIMIT) for name in ("p", "q", "last")]
    found = [Retriever(finds(*map(long, range(9)), source=SOURCES[source]), name="a")]
    panel: Any = {"proposers": [models[0], Proposer(models[1], retriever=finds(long(11)))], "aggregator": models[2]}
    if layers == 1:
        panel = {"proposers": [models[2]], "aggregator": None}
    moa = citing(retrievers=found, evidence_tokens=500, early_stop=None, layers=layers, **panel)

    bound = estimate(moa, "What colour is the lamp?")
    moa.invoke(QUESTION)

    asked = [messages for model in models for messages in model.asked]
    sizes = [sum(8 + -(-len(m.text.encode()) // 2) for m in messages) for messages in asked]
    assert bound["calls"] == len(asked)
    assert bound["tokens"] is not None
    assert bound["tokens"] >= sum(sizes) + 50 * len(asked)
