"""What an answer cites is checked, by whichever way it came."""

import asyncio
from typing import Any

import pytest
from citing import GOOD, citing, problems
from lamps import NOT_FOUND, QUESTION, finds
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from langgraph_moa import (
    EarlyStop,
    Proposer,
    Vote,
)
from panels import panel, says
from reading import references_in
from running import APIS, THREAD, run
from tables import each

WRONG: list[tuple[str, str, list[tuple[str, str | None]], str]] = [
    ("Green [E1].", "Green [E1].", [("E1", None)], ""),
    ("Green [E1, E9].", "Green [E1].", [("E1", None), ("E9", "unknown id E9; known: E1, E2")], "1 citation is wrong"),
    (
        'It "is green. Its stand" [E1] and "it is blue" [E2].',
        'It "is green. Its stand" [E1] and "it is blue".',
        [("E1", None), ("E2", "the quote is not in E2")],
        "1 citation is wrong",
    ),
    (
        'The "stand is made of brass" [E2] [E1]. Wood [E7], [E8].',
        'The "stand is made of brass" [E2] [E1]. Wood.',
        [("E2", None), ("E1", None), ("E7", "unknown id E7; known: E1, E2"), ("E8", "unknown id E8; known: E1, E2")],
        "2 citations are wrong",
    ),
    (
        "Made up [E9].",
        f"Made up.\n\n{NOT_FOUND}",
        [("E9", "unknown id E9; known: E1, E2")],
        "1 citation is wrong",
    ),
]


@APIS
@pytest.mark.parametrize("wrong", ["report", "remove"])
@pytest.mark.parametrize(("said", "left", "expected", "why"), WRONG, ids=[said for said, *_ in WRONG])
async def test_wrong_citations_are_told_and_removed_on_request(
    said: str, left: str, expected: list[tuple[str, str | None]], why: str, wrong: Any, api: str
) -> None:
    result = await run(citing(said, found=finds(GOOD, "A lamp gives light."), wrong_citations=wrong), api, QUESTION)

    answer, run_ = result["messages"][-1], result["run"]
    none_right = all(problem for _, problem in expected)
    whole = f"{said}\n\n{NOT_FOUND}" if none_right else said
    assert answer.text == (left if wrong == "remove" else whole)
    assert sorted(problems(result), key=str) == sorted(expected, key=str)
    lost = ["no citation in the answer was found to be right"] if none_right else []
    unknown = "; ".join(dict.fromkeys(problem for _, problem in expected if problem))
    if why and wrong == "remove":
        verb = "were" if "are" in why else "was"
        assert run_["notes"] == [f"{why} and {verb} taken out: {unknown}"]
        assert run_["degraded"] == (lost[0] if lost else None)
    else:
        assert run_["degraded"] == ("; ".join([*lost, *([f"{why}: {unknown}"] if why else [])]) or None)
    assert answer.response_metadata["moa"]["degraded"] == run_["degraded"]
    assert answer.text == result["messages"][1].text
    for citation in result["citations"]:
        if not citation["problem"]:
            at = citation["position"]
            assert answer.text[at : at + 2] == citation["id"]


def test_a_citation_says_source_quote_and_positions() -> None:
    (citation,) = citing('They say: "Its stand is made of brass." [E1]').invoke(QUESTION)["citations"]

    assert citation == {
        "id": "E1",
        "source": "lamps.md",
        "quote": "Its stand is made of brass.",
        "position": 41,
        "found_at": 19,
        "abridged": False,
        "unchecked": None,
        "unread": False,
        "problem": None,
    }


THREE = ("The warranty lasts two years.", "Repairs are free.", "Shipping is not covered by it.")


@each(
    ("said", "left", "ids"),
    [
        ("Two years [E1, E2, and E3].", "Two years [E1, E2, and E3].", "E1 E2 E3"),
        ("Two years [E1]. Repairs [E2, E3, and E99].", "Two years [E1]. Repairs [E2, E3].", "E1 E2 E3 E99"),
        ("Two years [E1 E2].", "Two years [E1 E2].", "E1 E2"),
        ("Two years [E1-E3].", "Two years [E1-E3].", "E1 E2 E3"),
        ("Two years 【E1†L1-L2】.", "Two years 【E1†L1-L2】.", "E1"),
        ("Two years [Source: E1] (see E9).", "Two years [Source: E1].", "E1 E9"),
    ],
)
def test_ids_are_read_in_any_form(said: str, left: str, ids: str) -> None:
    result = citing(said, found=finds(*THREE), wrong_citations="remove").invoke(QUESTION)

    assert result["messages"][-1].text == left
    assert result["run"]["degraded"] is None
    assert sorted(c["id"] for c in result["citations"]) == ids.split()
    for citation in result["citations"]:
        assert citation["problem"] or left[citation["position"] :].startswith("E")


@pytest.mark.parametrize(
    ("said", "degraded", "note"),
    [
        (
            "Two years [as E1 says quite clearly].",
            "what the answer cites could not be read",
            "citations that were not checked: “[as E1 says quite clearly]” could not be read",
        ),
        (
            "“Shipping is ... covered by it” [E3].",
            "no citation in the answer was found to be right; 1 quote is abridged (E3): an ellipsis leaves out more"
            " than a sentence, or a word that turns it round",
            None,
        ),
        (
            "It is “free” [E1].",
            None,
            "1 quote beside a citation was not checked: it is too short to be told from a word that is talked about",
        ),
        ("Two years [E1], and [as E2 says quite clearly].", None, "citations that were not checked: “[as E2 says"),
    ],
)
def test_what_was_not_checked_is_told_and_not_denied(said: str, degraded: str | None, note: str | None) -> None:
    result = citing(said, found=finds(*THREE), wrong_citations="remove").invoke(QUESTION)

    run_ = result["run"]
    assert result["messages"][-1].text == said
    assert run_["degraded"] == degraded
    assert [text.startswith(str(note)) for text in run_["notes"]] == [True] * bool(note)


def test_a_long_list_of_wrong_citations_is_told_in_part() -> None:
    said = "Two years [E1] " + " ".join(f"[E{n}]" for n in range(10, 100))

    run_ = citing(said, found=finds(*THREE), wrong_citations="remove").invoke(QUESTION)["run"]

    (note,) = run_["notes"]
    assert note.startswith("90 citations are wrong and were taken out: unknown id E10; known: E1, E2, E3; ")
    assert note.endswith("; and 70 more")


@each("found", [GOOD, None])
@each("unsupported", [NOT_FOUND, "(Unfounded.)", ""])
def test_an_answer_that_cites_nothing_says_so(unsupported: str, found: str | None) -> None:
    result = citing("No idea.", found=finds(*filter(None, [found])), unsupported=unsupported).invoke(QUESTION)

    assert result["messages"][-1].text == ("No idea." + f"\n\n{unsupported}" * bool(unsupported))
    lost = "no citation in the answer was found to be right" if found else "no evidence was found"
    assert result["run"]["degraded"] == lost
    assert result["citations"] == []


def test_a_failed_aggregators_stand_in_is_checked_as_well() -> None:
    result = citing(ValueError("down"), proposers=[says("green [E1, E5]", "p")], wrong_citations="remove").invoke(
        QUESTION
    )

    assert result["messages"][-1].text == "green [E1]"
    assert "p, word for word" in result["run"]["degraded"]
    assert problems(result) == [("E1", None), ("E5", "unknown id E5; known: E1")]


@APIS
async def test_an_agreed_answer_is_checked(api: str) -> None:
    proposers = panel(*["It is [E1, E7].\nFinal answer: green"] * 3)
    last = says("never", "last")
    moa = citing(proposers=proposers, aggregator=last, early_stop=EarlyStop(then="answer"), wrong_citations="remove")

    result = await run(moa, api, QUESTION)
    parts = await asyncio.to_thread(lambda: [m.text for m, _ in moa.stream(QUESTION, stream_mode="messages")])

    assert result["run"]["stopped"] == "agreed"
    assert result["messages"][-1].text == "It is [E1].\nFinal answer: green"
    assert problems(result) == [("E1", None), ("E7", "unknown id E7; known: E1")]
    assert len([text for text in parts if text]) == 1
    assert last.asked == []


def test_a_vote_is_checked() -> None:
    proposers = panel("So [E1].\nFinal answer: 7", "Final answer: 8", "So [E1].\nFinal answer: 7")

    result = citing(proposers=proposers, aggregator=Vote()).invoke(QUESTION)

    assert result["messages"][-1].text == "So [E1].\nFinal answer: 7"
    assert problems(result) == [("E1", None)]
    assert result["run"]["degraded"] is None


def test_a_vote_without_evidence_says_so() -> None:
    result = citing(proposers=panel(*["Final answer: 7"] * 3), aggregator=Vote()).invoke(QUESTION)

    assert result["messages"][-1].text == f"Final answer: 7\n\n{NOT_FOUND}"


def test_what_a_short_answer_cites_keeps_nobody_from_agreeing() -> None:
    proposers = panel("Final answer: 7 [E1]", "Final answer: 7 [E2]", "Final answer: 7.")

    result = citing(found=finds("seven", "7"), proposers=proposers, early_stop=EarlyStop(then="answer")).invoke(
        QUESTION
    )

    assert result["verdicts"][0]["agreement"]["groups"] == [["a", "b", "c"]]
    assert result["verdicts"][0]["agreement"]["answer"] == "7"
    assert result["messages"][-1].text == "Final answer: 7 [E1]"


def test_a_person_reviews_proposals_and_the_answer_is_checked_after_it() -> None:
    searches: list[str] = []

    def look(query: str) -> list[str]:
        searches.append(query)
        return [GOOD]

    tries = iter(["blue [E4]", "green [E1]"])
    last = says("It is green [E1, E6].", "last")
    proposers = [Proposer(says(lambda messages: next(tries), "a"), name="a"), Proposer(says("red", "b"), name="b")]
    moa = citing(found=look, proposers=proposers, aggregator=last, review=True, checkpointer=InMemorySaver())

    shown_first = moa.invoke(QUESTION, THREAD)["__interrupt__"][0].value
    decisions = [{"proposer": "a", "action": "retry"}, {"proposer": "b", "action": "drop"}]
    shown_then = moa.invoke(Command(resume={"decisions": decisions}), THREAD)["__interrupt__"][0].value
    result = moa.invoke(Command(resume="accept"), THREAD)

    assert [(p["proposer"], p["text"]) for p in shown_first["proposals"]] == [("a", "blue [E4]"), ("b", "red")]
    assert [p["text"] for p in shown_then["proposals"]] == ["green [E1]", "red"]
    assert len(searches) == 1
    assert references_in(last.asked[0][-1].text) == ["green [E1]"]
    assert problems(result) == [("E1", None), ("E6", "unknown id E6; known: E1")]
    assert (result["run"]["calls"], len(result["evidence"])) == (4, 1)
