"""Passages are shortened to fit a window, then left out; the conversation never is."""

from pathlib import Path

import pytest
from citing import citing, long, served, shown, words_of
from lamps import QUESTION, finds
from langgraph_moa import DocsRetriever, Proposer
from langgraph_moa.core.text import CUT_TO_FIT
from loopback import Loopback
from panels import says
from reading import user


async def test_passages_are_shortened_to_fit_and_the_conversation_is_not(loopback: Loopback) -> None:
    question = "What colour is the lamp? " + "It hangs in the hall.  " * 20
    moa = served(loopback, retrievers=[finds(*map(long, range(4)))], context_tokens=2_500, layers=3)

    result = await moa.ainvoke(user(question))

    cut = [p["references_cut"] for p in result["proposals"] if p["layer"] > 0]
    assert cut[:2] == [4, 4]
    assert min(cut) >= 4
    assert (
        "m0 (layer 1): 4 references or passages were shortened to fit its window or evidence_tokens"
        in result["run"]["notes"]
    )
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


NEEDLE = "Only here the lamp's colour is told: green."


@pytest.mark.parametrize("window", [None, 1_200])
def test_of_a_long_passage_the_part_that_was_asked_for_is_shown_and_the_cut_is_told(window: int | None) -> None:
    passage = " ".join([*(f"Line {n} is of pumps." for n in range(2_000)), NEEDLE, "And more. " * 2_000])
    model = says("x [E1]", "p", profile={"max_input_tokens": window} if window else {})

    result = citing(f"“{NEEDLE}” [E1]", found=finds(passage), proposers=[model], evidence_tokens=1_000).invoke(QUESTION)

    (prompt,) = model.asked
    assert NEEDLE in shown(prompt[-1].text)["E1"]
    assert len(shown(prompt[-1].text)["E1"].encode()) <= 2_000
    assert [c["problem"] for c in result["citations"]] == [None]
    assert [p["references_cut"] for p in result["proposals"]] == [0, 1]
    assert result["run"]["aggregators"][0]["references_cut"] == 1
    assert result["run"]["notes"] == [
        f"{name}: 1 references or passages were shortened to fit its window or evidence_tokens"
        for name in ("p (layer 1)", "aggregator last")
    ]


def test_passages_that_are_left_out_for_want_of_room_are_counted() -> None:
    found = finds(*(f"passage {n} of many: {'word ' * 60}" for n in range(30)))

    result = citing(found=found, passages=30, evidence_tokens=100).invoke(QUESTION)

    assert 0 < len(result["evidence"]) < 30
    assert result["proposals"][1]["references_cut"] == 30


def test_what_a_retriever_of_documents_could_not_read_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The lamp is green.")
    (tmp_path / "b.txt").write_text("")
    retrievers = [DocsRetriever(docs=tmp_path), DocsRetriever(docs=tmp_path, variant="stems")]

    result = citing(retrievers=retrievers).invoke(QUESTION)

    assert result["run"]["notes"] == ["b.txt is empty"]
    assert result["run"]["degraded"] is None
