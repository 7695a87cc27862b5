"""What an answer cites is there, and what it quotes is what the passage says."""

import re

import pytest
from citing import evidence_of
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.evidence.citations import read_citations
from langgraph_moa.core.run.cited import Citation
from tables import each

PASSAGES = {
    "E1": "The pump is  primed\nwith water. It's the “old” valve – not the new one – that leaks; 15 million saw it.",
    "E2": "Lamps are green. The pump is blue.",
}


def read(answer: str) -> list[Citation]:
    return read_citations(answer, evidence_of(PASSAGES))


@each(
    ("answer", "ids"),
    [
        ("", []),
        ("It is [E1].", ["E1"]),
        ("It is [E1, E2] and [E2][ e1 ]", ["E1", "E2", "E2", "E1"]),
        ("It is [E1; E2 ,\nE9]", ["E1", "E2", "E9"]),
        ("E1 and [E] [1] 0xE1 arr[E1]", []),
        ("(E1) [E1 E2] [E1,]", ["E1", "E1", "E2", "E1"]),
        ("[E1](there) and [[E2]]", ["E1", "E2"]),
        ("`[E1]` and `` ` [E1] `` and [E2]", ["E2"]),
        ("```\n[E1] ` \n``` [E2]", ["E2"]),
        ("a stray ` here\n\n[E1]\n\nand ` there", ["E1"]),
        ("[E2] then cut in ```python\nx = [E1]", ["E2"]),
    ],
)
def test_which_ids_an_answer_cites(answer: str, ids: list[str]) -> None:
    citations = [citation for citation in read(answer) if not citation["unread"]]

    assert [c["id"] for c in citations] == ids
    assert [answer[c["position"] :][: len(c["id"])].upper() for c in citations] == ids


def test_an_unknown_id_is_told_with_what_there_is() -> None:
    known, unknown = read("[E1] [E9]")

    assert known == Citation(
        id="E1",
        source="E1.md",
        quote=None,
        position=1,
        found_at=None,
        abridged=False,
        unchecked=None,
        unread=False,
        problem=None,
    )
    assert unknown["source"] is None
    assert unknown["problem"] == "unknown id E9; known: E1, E2"
    assert read_citations("[E9]", [])[0]["problem"] == "unknown id E9; known: none"


@each(
    ("quoted", "found_at"),
    [
        ('"The pump is primed with water."', 0),
        ("“the pump is primed”,", 0),
        ("«Pump is\n primed with water…».", 4),
        ("„primed with water“", 13),
        ("*“is primed with water”*", 9),
        ('("with water, ") "primed with water,"', 13),
        ("“It’s the 'old' valve”)", 32),
        ("“It's the “old” valve”", 32),
        ("“valve - not the new one — that”", 47),
        ("“the pump ... with water”", 0),
        ("“The pump […] 15 million [...] it”", 0),
        ("“The pump [E2] is primed”", 0),
    ],
)
def test_a_quote_is_found_where_it_stands(quoted: str, found_at: int) -> None:
    *_, citation = read(f"They say {quoted} [E1].")

    assert citation["problem"] is None
    assert citation["quote"]
    assert citation["found_at"] == found_at


@each(
    "quoted",
    [
        "“The pump is red”",
        "“THE PUMP IS PRIMED”",
        "“the Pump is primed”",
        "“with water ... The pump”",
        "“5 million saw it”",
        "“The pump is prime”",
        "“Lamps are green”",
    ],
)
def test_a_quote_that_is_not_there_is_told(quoted: str) -> None:
    (citation,) = read(f"They say {quoted} [E1].")

    assert citation["problem"] == "the quote is not in E1"
    assert citation["quote"] == quoted[1:-1]
    assert citation["found_at"] is None


@each(
    "answer",
    [
        "“No quote of it” says who? Somebody [E1].",
        "The “red” one [E1]",
        "It is “red” [E1]",
        'A 12" pipe, or one of 14" [E1]',
        '"unbalanced and red [E1]',
        "red and unbalanced” [E1]",
        "“... — ...” [E1]",
        '"all red" is one thing and `"all blue"` [E1]',
    ],
)
def test_what_is_no_quote_is_not_checked(answer: str) -> None:
    (citation,) = read(answer)

    assert (citation["quote"], citation["problem"]) == (None, None)


def test_no_inch_hides_a_quote() -> None:
    assert read('A 12" pipe "is all red" [E1]')[0]["problem"]


@pytest.mark.parametrize("ids", ["[E1, E2]", "[E1][E2]", "[E1]. [E2]", "[E1], [E2]"])
def test_a_quote_of_several_ids_is_in_one_of_them(ids: str) -> None:
    one, two = read(f"“Lamps are green” {ids}")

    assert (one["quote"], one["problem"]) == (None, None)
    assert (two["quote"], two["found_at"], two["problem"]) == ("Lamps are green", 0, None)


def test_a_quote_in_none_of_several_ids_is_wrong_in_all() -> None:
    problems = [c["problem"] for c in read("“Lamps are red” [E1][E2, E9] whereas [E1]")]

    lost = "the quote is not in E1 or E2"
    assert problems == [lost, lost, "unknown id E9; known: E1, E2", None]


@given(st.text(), st.text(max_size=40))
def test_no_answer_and_no_passage_breaks_the_reading(answer: str, passage: str) -> None:
    for citation in read_citations(f"{answer} “{passage}” [E1]", evidence_of({"E1": passage + answer})):
        assert re.fullmatch("E[0-9]+", citation["id"])


@given(st.text(min_size=1, max_size=60), st.data())
def test_where_a_quote_is_found_is_where_it_was_written(passage: str, data: st.DataObject) -> None:
    quote = "primed with water"

    (citation,) = read_citations(f"“{quote}” [E1]", evidence_of({"E1": f"{passage} primed  with\nwater {passage}"}))

    assert citation["found_at"] == len(passage) + 1


@pytest.mark.parametrize(
    "quote", ["“天空是红色的”", "「天空是红色的」", "『天空是红色的』", "»Der Himmel ist rot«", "‹Der Himmel ist rot›"]
)
def test_quotes_of_other_scripts_and_countries_are_checked(quote: str) -> None:
    passages = evidence_of({"E1": "天空是蓝色的。 Der Himmel ist blau."})

    (wrong,) = read_citations(f"{quote} [E1]", passages)
    (right,) = read_citations(f"{quote.replace('红', '蓝').replace('rot', 'blau')} [E1]", passages)

    assert (wrong["problem"], right["problem"]) == ("the quote is not in E1", None)


def test_an_id_of_an_earlier_turn_is_told_as_one() -> None:
    (citation,) = read_citations("[E7]", evidence_of(PASSAGES), before={"E7"})

    assert citation["problem"] == "E7 was not found for this turn; known: E1, E2"


@pytest.mark.parametrize(
    "answer",
    ["“天空是蓝色的。” [E1]", "「天空是 蓝色的」。[E1]", "“the sky is blue!” [E1]", "« the sky is blue »\u202f[E1]"],
)
def test_how_a_quote_ends_or_is_broken_is_no_matter(answer: str) -> None:
    passages = evidence_of({"E1": "天空是蓝\n色的，云是白的。 We saw that the sky is blue, and the clouds are not."})

    (citation,) = read_citations(answer, passages)

    assert (citation["problem"], citation["quote"] is None) == (None, False)


@each(
    ("answer", "cited"),
    [
        ("“The pump is blue” [E1, E2, and E9]", [("E1", None), ("E2", "The pump is blue"), ("E9", None)]),
        ("”The pump is blue” (E2)", [("E2", "The pump is blue")]),
        ("„The pump is blue” 【E2†L1】", [("E2", "The pump is blue")]),
        ("According to [E2], ‘the pump is blue’.", [("E2", "the pump is blue")]),
        ("“The pump is blue”, writes the manual [E2].", [("E2", "The pump is blue")]),
        ("> The pump\n> is **blue**.\n\n[E2]", [("E2", "The pump\n  is **blue**.")]),
        ("As [E2] puts it:\n\n> The pump is blue", [("E2", "The pump is blue")]),
        ("> Lamps are green [E2]. The pump is blue [E2].", [("E2", "Lamps are green"), ("E2", ". The pump is blue")]),
        ("| “The pump is blue” | [E2] |\n|---|---|", [("E2", "The pump is blue")]),
        ("| [E2] | “The pump is blue” |", [("E2", "The pump is blue")]),
        ("“The” pump [E2]", [("E2", "The")]),
        ("It is so [E2: “the pump is blue”].", [("E2", "the pump is blue")]),
        ("> The pump is blue.\n> — Manual, [E2]", [("E2", "The pump is blue.")]),
        ("> **Note:** the pump is red\n\n[E2]", [("E2", None)]),
    ],
)
def test_a_quote_is_right_before_and_behind_its_id(answer: str, cited: list[tuple[str, str | None]]) -> None:
    citations = read(answer)

    assert [(c["id"], c["quote"]) for c in citations] == cited
    assert not [c for c in citations if c["id"] != "E9" and (c["problem"] or c["unchecked"])]


@each(
    "answer",
    [
        "“The pump is red” is what the manual says [E2].",
        "According to [E2], “the pump is red”.",
        "[E2] says that „the pump is red“.",
        "> The pump is red\n\n[E2]",
        "> The pump is red [E2]",
        "As [E2] puts it:\n\n> The pump is red",
        "| “The pump is red” | [E2] |",
        "“The pump is red” and “Lamps are green” [E2]",
        "It is so [E2: “the pump is red”].",
        "『泵是红色的』（E2）",
        "’The pump is red’ [E2]",
        "״המשאבה אדומה״ [E2]",
    ],
)
def test_a_false_quote_is_told_wherever_it_stands(answer: str) -> None:
    (citation,) = read(answer)

    assert citation["problem"] == "the quote is not in E2"


@each(
    ("answer", "why"),
    [
        ("It is “red” [E2].", "short"),
        ('So "the pump is [E2]', "unclosed"),
        ("Asked whether “the pump is red”, it does not say so [E2].", "apart"),
        ("Two years [E2], not “three whole years”.", "apart"),
        ("根据《水泵使用手册》[E2]", "title"),
        (f"“{'long ' * 2_000}” [E2]", "long"),
        ("".join(f"“no such quote {n}” [E2] " for n in range(1_200)), "many"),
    ],
)
def test_a_quote_that_is_not_compared_is_told(answer: str, why: str) -> None:
    citation = read(answer)[-1]

    assert (citation["quote"], citation["problem"], citation["unchecked"]) == (None, None, why)


def test_a_quote_may_leave_out_what_matters() -> None:
    passages = evidence_of({"E1": "The landlord is not permitted to terminate this lease."})

    (citation,) = read_citations("“The landlord is … permitted to terminate” [E1]", passages)

    assert (citation["problem"], citation["abridged"], citation["found_at"]) == (None, True, 0)


SHOWING = {"E1": "Models cite a passage as [E7] at its end. Sodium nitrite (E250) is a salt.", "E2": "Estradiol (E2)."}


@each(
    ("answer", "cited"),
    [
        ("“Models cite a passage as [E7] at its end.” [E1]", [("E1", None)]),
        ("“Models cite a passage as [E7] at its end.” ", []),
        ("> Models cite a passage as [E7] at its end. [E1]", [("E1", None)]),
        ("> Models cite a passage as [E7] at its end.\n\n[E1]", [("E1", None)]),
        ("“Sodium nitrite (E250) is a salt” [E1]", [("E1", None)]),
        ("Sodium nitrite (E250) and (E251) [E1]", [("E1", None)]),
        ("Models cite as [E7] [E1]", [("E7", "unknown id E7; known: E1, E2"), ("E1", None)]),
        ("It is so (E9) [E1]", [("E9", "unknown id E9; known: E1, E2"), ("E1", None)]),
        (
            "“Models cite a text as [E7]” [E1]",
            [("E7", "unknown id E7; known: E1, E2"), ("E1", "the quote is not in E1")],
        ),
        ("It is vitamin E2, or (vitamin E2)", []),
    ],
)
def test_what_a_passage_shows_in_brackets_is_no_citation(answer: str, cited: list[tuple[str, str | None]]) -> None:
    citations = [c for c in read_citations(answer, evidence_of(SHOWING)) if not c["unread"]]

    assert [(c["id"], c["problem"]) for c in citations] == cited


@each(
    ("answer", "ids", "unread"),
    [
        ("So [as E1 says in its chapter].", [], ["“[as E1 says in its chapter]” could not be read"]),
        ("So [as E9 says in its chapter].", [], ["“[as E9 says in its chapter]” could not be read"]),
        ("So [E1", [], ["“[E1” could not be read"]),
        ("So `[E1]`", [], ["“`[E1]`” could not be read"]),
        ("So `[E9]`, [E402, noqa] and [E501: line too long]", [], []),
        ("So [E1: Pump handbook]", ["E1"], []),
        ("So [E9: Pump handbook]", [], ["“[E9: Pump handbook]” could not be read"]),
        ("So [E1, E9: both]", ["E1"], ["“[E1, E9: both]” was read only in part"]),
        ("So [E1, 2]", ["E1"], ["“[E1, 2]” was read only in part"]),
        ("So [E1-E1000000]", ["E1", "E1000000"], ["“[E1-E1000000]” was read only in part"]),
        ("So SUM(E1) and SUM(E9)", [], ["“(E1)” could not be read"]),
        ("So (as stated in E1)", [], ["“(as stated in E1)” could not be read"]),
        ("So (supported by passage E1)", [], ["“(supported by passage E1)” could not be read"]),
        ("So (per E1, it is old)", [], ["“(per E1, it is old)” could not be read"]),
        ("So (vitamin E2), (as stated in E9) and (E250)", [], []),
        ("So years(see E1) and years（source: E1）", ["E1", "E1"], []),
        ("Error [E404] and [E404]", ["E404"], ["“[E404]” could not be read"]),
        ("Error [E9] and {“a”: [“b”], 'E1': ['E1']}", ["E9"], []),
    ],
)
def test_what_cannot_be_read_is_told(answer: str, ids: list[str], unread: list[str]) -> None:
    citations = read(answer)

    assert [c["id"] for c in citations if not c["unread"]] == ids
    assert [c["problem"] for c in citations if c["unread"]] == unread


def test_an_estrogen_is_not_counted_as_a_passage() -> None:
    (citation,) = read_citations("Estradiol (E2) is a hormone.", evidence_of(SHOWING))

    assert citation["unread"]
