"""A screen takes a minority out whose claims stand alone, and nobody where it is in doubt."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph_moa import Screen
from langgraph_moa.core.agreement.measures import agree
from langgraph_moa.core.bounds.screen import screen_layer
from lying import HONEST, LIE, a_layer


def look(proposals: Any, screen: Screen | None = None, **more: Any) -> Any:
    return asyncio.run(screen_layer(screen or Screen(), proposals, **more))


def removed(*texts: str, models: str = "", screen: Screen | None = None, **more: Any) -> str:
    return "".join(look(a_layer(*texts, models=models), screen, **more)["removed"])


TABLE: list[tuple[str, tuple[str, ...], str, str]] = [
    ("one liar among five", ("42", "42", "42", "42", "41"), "", "e"),
    ("one liar among three", ("42", "41", "42"), "", "b"),
    ("a value, however it is written", ("1,000", "41", "1000.0"), "", "b"),
    ("nobody of two", ("42", "41"), "", ""),
    ("nobody of one", ("42",), "", ""),
    ("nobody of none", (), "", ""),
    ("two of five", ("42", "42", "42", "40", "41"), "", "de"),
    ("three of five are no minority", ("42", "42", "39", "40", "41"), "", ""),
    ("two of four are no minority", ("42", "42", "40", "41"), "", ""),
    ("all differ", ("39", "40", "41", "42", "43"), "", ""),
    ("two and two", ("42", "42", "41", "41"), "", ""),
    ("two who lie alike are not alone", ("42", "42", "42", "41", "41"), "", ""),
    ("two who lie alike beat one", ("42", "41", "41"), "", "a"),
    ("samples of one model are one voice", ("42", "42", "42", "41", "41"), "abcdd", "de"),
    ("two samples do not make another alone", ("42", "42", "41"), "aab", ""),
    ("where all are samples of one, each is a voice", ("42", "42", "42", "41"), "aaaa", "d"),
    ("open texts by their words", (*HONEST, LIE), "", "d"),
    ("an open text among answers", ("42", "42", "42", LIE), "", "d"),
    ("an answer where nobody else has one is compared by its words", (*HONEST, f"{LIE}\nFinal answer: 9"), "", "d"),
    ("copies of an open text are like the rest", (*HONEST, HONEST[0].replace("3", "9")), "", ""),
    ("a bare answer is not alone for its words", ("42", "42", "42", "42", HONEST[0] + "\nFinal answer: 42"), "", ""),
    ("texts that say nothing", ("", "", "", ""), "", ""),
    ("in other languages", ("42", "42", "Ich habe es sorgfältig geprüft.\n**Antwort:** 41"), "", "c"),
]


@pytest.mark.parametrize(("texts", "models", "expected"), [case[1:] for case in TABLE], ids=[c[0] for c in TABLE])
def test_who_is_taken_out(texts: tuple[str, ...], models: str, expected: str) -> None:
    assert removed(*texts, models=models) == expected


def test_its_fields_say_who_and_why() -> None:
    screening = look(a_layer("42", "42", "42 km", "41"))
    words = look(a_layer(*HONEST, LIE))

    assert screening == {
        "alone": [{"proposer": "d", "answer": "41", "claims": None, "others": None}],
        "removed": ["d"],
        "most": 1,
    }
    (alone,) = words["alone"]
    assert (alone["proposer"], alone["answer"]) == ("d", None)
    assert alone["claims"] > 0.9 > 0.4 > alone["others"]


def test_where_more_stand_alone_than_may_go_they_are_named_and_stay() -> None:
    screening = look(a_layer("42", "42", "42", "40", "41"), Screen(most=1))

    assert ([one["proposer"] for one in screening["alone"]], screening["removed"]) == (["d", "e"], [])
    assert screening["most"] == 1


@pytest.mark.parametrize(("needed", "expected"), [(1, "de"), (3, "de"), (4, ""), (5, "")])
def test_a_layer_keeps_as_many_as_it_needs(needed: int, expected: str) -> None:
    assert removed("42", "42", "42", "40", "41", needed=needed) == expected


def test_what_a_person_edited_stays_and_supports() -> None:
    proposals = a_layer("42", "42", "42", "40", "41")
    proposals[3]["reviewed"] = "edited"

    assert look(proposals)["removed"] == ["e"]


def test_two_names_that_one_model_served_are_one_voice() -> None:
    proposals = a_layer("42", "42", "42", "41", "41")
    for proposal in proposals[3:]:
        proposal["served_model"] = "qwen05"

    assert look(proposals)["removed"] == ["d", "e"]


def test_an_answer_that_was_cut_is_compared_with_none() -> None:
    proposals = a_layer("1250", "1250", "1250", "12")
    proposals[3]["status"] = "truncated"

    assert look(proposals)["alone"] == []


def test_what_is_shown_is_compared() -> None:
    assert look(a_layer("[E1]", "[E2]", "x"), shown=lambda text: "Final answer: 4" if "[" in text else text)["removed"]


def test_a_measure_of_ones_own_and_one_that_fails() -> None:
    def first_letters(texts: Any) -> Any:
        groups = [[n for n, text in enumerate(texts) if text[:1] == letter] for letter in "TO"]
        return agree("letters", texts, groups)

    def fails(texts: Any) -> Any:
        raise LookupError

    (alone,) = look(a_layer(*(["The " + t for t in "xyz"] + ["Our x"])), Screen(measure=first_letters))["alone"]
    assert alone == {"proposer": "d", "answer": None, "claims": None, "others": None}
    assert look(a_layer("42", "42", "41"), Screen(measure=fails))["removed"] == []


def pairs(screening: Any) -> tuple[set[str], set[str]]:
    return {one["proposer"] for one in screening["alone"]}, set(screening["removed"])


@settings(max_examples=60)
@given(
    texts=st.lists(st.sampled_from(["41", "42", "43", "", *HONEST, LIE]), max_size=8),
    models=st.text("abcdefgh", min_size=8, max_size=8),
    dice=st.randoms(use_true_random=False),
)
def test_always_a_minority_in_any_order_and_once(texts: list[str], models: str, dice: Any) -> None:
    proposals = a_layer(*texts, models=models)
    screening = look(proposals)
    mixed = dice.sample(proposals, len(proposals))

    assert len(screening["removed"]) <= max(len(texts) - 1, 0) // 2
    assert set(screening["removed"]) in ({one["proposer"] for one in screening["alone"]}, set())
    assert pairs(look(mixed)) == pairs(screening)
    assert look(proposals) == screening


@settings(max_examples=60)
@given(answers=st.lists(st.sampled_from(["41", "42", "43"]), max_size=8), models=st.text("abcdefgh", min_size=8))
def test_of_answers_it_takes_out_nobody_more_when_it_looks_again(answers: list[str], models: str) -> None:
    proposals = a_layer(*answers, models=models)
    out = look(proposals)["removed"]

    assert look([p for p in proposals if p["proposer"] not in out])["removed"] == []
