"""References are shortened fairly, and only when they must be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa import Aggregator, AllProposersFailed, ConfigError, Proposer, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.text import CUT_BEFORE, CUT_TO_FIT, tokens_at_most
from langgraph_moa.prompts.pack import pack
from reading import references_in, user

LONG = "The first sentence is here. The second one is a bit longer than that! And is this the third? Yes. " * 4


def size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


@given(st.lists(st.text(max_size=400), max_size=8), st.integers(0, 3000))
def test_what_comes_out_fits_and_is_fair(texts: list[str], room: int) -> None:
    packed = pack(texts, room)

    if sum(map(size, texts)) <= room:
        assert packed == texts
        return
    if packed is None:
        return
    assert sum(map(size, packed)) <= room
    cut = [(text, now) for text, now in zip(texts, packed, strict=True) if now != text]
    assert cut
    for text, now in cut:
        assert now.endswith(CUT_TO_FIT)
        assert text.startswith(now.removesuffix(CUT_TO_FIT))
    kept = [size(text) for text, now in zip(texts, packed, strict=True) if now == text]
    assert max(kept, default=0) <= min(size(text) for text, _ in cut)


def test_cuts_are_at_sentence_ends_longest_first() -> None:
    short = "Short."

    packed = pack([LONG, short], 150)

    assert packed == [
        "The first sentence is here. The second one is a bit longer than that! And is this the third? Yes."
        + CUT_TO_FIT,
        short,
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "no sentence but words and words and words and words, so very many of them",
            "no sentence but words and words and words",
        ),
        ("x" * 90, "x" * 45),
        ("一二三四五六七八九十。" * 5, "一二三四五六七八九十。"),
        (
            "3.14 is pi, 2.71 is e, and both of them are numbers as such, and small",
            "3.14 is pi, 2.71 is e, and both of them are",
        ),
    ],
)
def test_where_there_is_no_sentence_words_end_it(text: str, kept: str) -> None:
    assert pack([text], 45 + size(CUT_TO_FIT)) == [kept + CUT_TO_FIT]


def test_too_little_room_is_none() -> None:
    assert pack([LONG], 50) is None
    assert pack([LONG], -10) is None


def says(text: Any) -> Any:
    return ScriptedModel(script=text)


def test_references_are_cut_to_the_window_and_the_question_never() -> None:
    last, question = says("done"), "Which? " * 100
    moa = create_moa(proposers=[says(LONG * 9), says("Short.")], aggregator=last, context_tokens=1000)

    result = moa.invoke(user(question))

    long, short = references_in(last.asked[0][-1].text)
    assert long.endswith(CUT_TO_FIT)
    assert len(long) > 500
    assert short == "Short."
    assert last.asked[0][0].text.endswith(question)
    assert sum(tokens_at_most(m.text, rate=3) for m in last.asked[0]) <= 1000
    assert result["run"]["aggregators"][0]["references_cut"] == 1
    assert result["run"]["notes"] == [
        "aggregator scripted: 1 references or passages were shortened to fit its window or evidence_tokens"
    ]
    assert result["run"]["degraded"] is None


def test_a_prompt_that_does_not_fit_is_not_sent() -> None:
    small, large = says("never"), says("fine")
    moa = create_moa(proposers=[Proposer(small, context_tokens=100), large], aggregator=says("done"), early_stop=None)

    result = moa.invoke(user("Which? " * 100))

    lost = result["proposals"][0]
    assert (lost["status"], lost["calls"], lost["usd"], small.asked) == ("skipped", 0, 0.0, [])
    assert lost["error"] == (
        "found about 183 tokens of conversation and instructions, expected at most 100, the window of scripted"
    )
    assert "scripted: skipped" in result["run"]["degraded"]


def test_a_conversation_that_fits_at_four_bytes_a_token_is_sent() -> None:
    model = says("fits")

    result = create_moa(proposers=[model], aggregator=says("done"), early_stop=None, context_tokens=1000).invoke(
        user("word " * 750)
    )

    assert result["proposals"][0]["text"] == "fits"


def test_an_aggregator_that_is_too_small_gives_way_to_a_larger_one() -> None:
    small, large = says("never"), says("from the larger one")
    moa = create_moa(proposers=[says(LONG)], aggregator=[Aggregator(small, context_tokens=300), large])

    result = moa.invoke(user("Which? " * 20))

    assert result["messages"][-1].text == "from the larger one"
    assert small.asked == []
    assert "and 1 references, expected at most 300" in result["run"]["degraded"]


def test_nothing_fits_is_one_error_before_anything_is_asked() -> None:
    model = says("never")

    with pytest.raises(AllProposersFailed, match=r"skipped .* the window of scripted"):
        create_moa(proposers=[model], aggregator=model, context_tokens=50).invoke(user("Which? " * 100))

    assert model.asked == []


def test_the_window_is_known_from_the_models_profile_and_leaves_room_for_the_answer() -> None:
    model = ScriptedModel(script="x", profile={"max_input_tokens": 60})

    with pytest.raises(AllProposersFailed, match="at most 60"):
        create_moa(proposers=[model], aggregator=model).invoke(user("Which? " * 100))
    with pytest.raises(AllProposersFailed, match="at most 40"):
        create_moa(proposers=[says("x")], aggregator=model, context_tokens=50, max_tokens=10).invoke(user("Why? " * 99))


def test_a_window_that_holds_no_prompt_is_refused() -> None:
    with pytest.raises(ConfigError, match="found context_tokens=10 for 'scripted', expected more than"):
        create_moa(proposers=[says("x")], aggregator=says("y"), context_tokens=10, max_tokens=10)


ABOUT = "How long is the warranty?"
FOUND = "The warranty is long."


@given(st.text("ab .warnty保", max_size=600), st.text("ab .", max_size=600), st.integers(0, 1500))
def test_what_is_about_something_fits_as_well(before: str, after: str, room: int) -> None:
    texts = [f"{before} {FOUND} {after}", after + before]
    packed = pack(texts, room, about=ABOUT, passages=1)

    assert packed is None or sum(map(size, packed)) <= max(room, sum(map(size, texts)) if packed == texts else 0)


@pytest.mark.parametrize(
    ("place", "starts", "ends"),
    [(0, FOUND, CUT_TO_FIT), (30, CUT_BEFORE, CUT_TO_FIT), (60, CUT_BEFORE, FOUND)],
)
def test_a_passage_is_cut_around_what_it_was_looked_for_with(place: int, starts: str, ends: str) -> None:
    lines = [f"Line {n} is green." for n in range(60)]
    text = " ".join([*lines[:place], FOUND, *lines[place:]])

    passage, reference = pack([text, text], 1_000, about=ABOUT, passages=1) or ["", ""]

    assert (passage.startswith(starts), passage.endswith(ends), FOUND in passage) == (True, True, True)
    assert text.startswith(reference.removesuffix(CUT_TO_FIT))
