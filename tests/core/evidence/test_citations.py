"""What an answer cites is there, and what it quotes is what the passage says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.evidence.citations import read_citations, without_wrong
from langgraph_moa.core.run.records import Citation, Evidence

PASSAGES = {
    "E1": "The pump is  primed\nwith water. It's the “old” valve – not the new one – that leaks; 15 million saw it.",
    "E2": "Lamps are green. The pump is blue.",
}


def evidence(passages: dict[str, str] = PASSAGES) -> list[Evidence]:
    return [
        Evidence(id=i, source=f"{i}.md", text=text, found_by=["r"], score=0.1, metadata={}, cut=0)
        for i, text in passages.items()
    ]


def read(answer: str) -> list[Citation]:
    return read_citations(answer, evidence())


@pytest.mark.parametrize(
    ("answer", "ids"),
    [
        ("", []),
        ("It is [E1].", ["E1"]),
        ("It is [E1, E2] and [E2][ e1 ]", ["E1", "E2", "E2", "E1"]),
        ("It is [E1; E2 ,\nE9]", ["E1", "E2", "E9"]),
        ("E1 (E1) [E] [1] [E1 E2] [E1,] [E1", []),
        ("[E1](there) and [[E2]]", ["E1", "E2"]),
        ("`[E1]` and `` ` [E1] `` and [E2]", ["E2"]),
        ("```\n[E1] ` \n``` [E2]", ["E2"]),
        ("a stray ` here\n\n[E1]\n\nand ` there", ["E1"]),
        ("[E2] then cut in ```python\nx = [E1]", ["E2"]),
    ],
)
def test_which_ids_an_answer_cites(answer: str, ids: list[str]) -> None:
    citations = read(answer)

    assert [c["id"] for c in citations] == ids
    assert [answer[c["position"] :][: len(c["id"])].upper() for c in citations] == ids


def test_an_unknown_id_is_told_with_what_there_is() -> None:
    known, unknown = read("[E1] [E9]")

    assert known == Citation(id="E1", source="E1.md", quote=None, position=1, found_at=None, problem=None)
    assert unknown["source"] is None
    assert unknown["problem"] == "unknown id E9; known: E1, E2"
    assert read_citations("[E9]", [])[0]["problem"] == "unknown id E9; known: none"


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("Right [E1].", "Right [E1]."),
        ("Wrong [E9].", "Wrong."),
        ("Wrong [E9] here", "Wrong here"),
        ("Wrong\n[E9]\nhere", "Wrong\n\nhere"),
        ("Wrong [E9]here", "Wrong here"),
        ("Both [E9][E1].", "Both [E1]."),
        ("Both [E1] [E9].", "Both [E1]."),
        ("None [E8] [E9].", "None."),
        ("Some [ e9 , E1;E8; E2 ].", "Some [ E1; E2 ]."),
        ("“Lamps are red” [E2], they say", "“Lamps are red”, they say"),
        ("Code `[E9]` stays", "Code `[E9]` stays"),
        ("``[E9]` ... ``` [E9] ```", "``[]` ... ``` [E9] ```"),
        ("Never made [E1[E9]] [[E9]E1]", "Never made [E1[]] [[]E1]"),
        ("[E9] first", " first"),
        ("", ""),
    ],
)
def test_wrong_ids_go_and_all_else_stays(answer: str, kept: str) -> None:
    assert without_wrong(answer, read(answer)) == kept


words = ["[E1]", "[E2]", "[E9]", "[E1, E9]", "[e8;E2 ]", "[", "]", "E1", "E", "1", ",", " ", "\n", ".", ")", "`", "``"]
words += [
    "```",
    "“",
    "”",
    "„",
    "«",
    "»",
    '"',
    "…",
    "...",
    "The pump is",
    "primed",
    "green",
    "Lamps are",
    "[]",
    "\u00a0",
]
answers = st.lists(st.sampled_from(words), max_size=25).map("".join)


@given(answers)
def test_taking_out_what_is_wrong_is_done_once(answer: str) -> None:
    citations = read(answer)

    kept = without_wrong(answer, citations)

    again = read(kept)
    right = [(c["id"], c["quote"], c["found_at"]) for c in citations if not c["problem"]]
    assert [(c["id"], c["quote"], c["found_at"]) for c in again] == right
    assert not [c for c in again if c["problem"]]
    assert without_wrong(kept, again) == kept
    rest = iter(answer)
    assert all(character in rest for character in kept), "something was added"


@given(st.text() | answers, st.text(max_size=40))
def test_no_answer_and_no_passage_breaks_the_reading(answer: str, passage: str) -> None:
    for citation in read_citations(f"{answer} “{passage}” [E1]", evidence({"E1": passage + answer})):
        assert re.fullmatch("E[0-9]+", citation["id"])


@given(st.text(min_size=1, max_size=60), st.data())
def test_where_a_quote_is_found_is_where_it_was_written(passage: str, data: st.DataObject) -> None:
    quote = "primed with water"

    (citation,) = read_citations(f"“{quote}” [E1]", evidence({"E1": f"{passage} primed  with\nwater {passage}"}))

    assert citation["found_at"] == len(passage) + 1


@pytest.mark.parametrize(
    "hostile", ["“", "[E1", "[E1,", '"', '" ', "`", "“a b” [E1]", "«“", "[[E9]", "“a [E1]", " ", "[ ", "…", "„a ”“"]
)
def test_a_long_answer_is_read(hostile: str) -> None:
    answer = hostile * (20_000 // len(hostile))

    without_wrong(answer, read(answer))


@pytest.mark.parametrize(
    ("answer", "ids", "left"),
    [
        ("Both [E1-E9].", ["E1", "E9"], "Both [E1]."),
        ("Both [E9 and E1].", ["E9", "E1"], "Both [E1]."),
        ("One [E9 & E8], two 【E9】.", ["E9", "E8", "E9"], "One, two."),
        ("One [E9, p. 3] [E1: pump.md].", ["E9", "E1"], "One [E1: pump.md]."),
        ("One [E1, page2], [E402, noqa] and [E501: line too long].", ["E1"], None),
        ("One [E1, node2vec].", [], None),
    ],
)
def test_other_spellings_are_read_and_taken_out(answer: str, ids: list[str], left: str | None) -> None:
    assert [c["id"] for c in read(answer)] == ids
    assert left is None or without_wrong(answer, read(answer)) == left


@pytest.mark.parametrize(
    "quote", ["“天空是红色的”", "「天空是红色的」", "『天空是红色的』", "»Der Himmel ist rot«", "‹Der Himmel ist rot›"]
)
def test_quotes_of_other_scripts_and_countries_are_checked(quote: str) -> None:
    passages = evidence({"E1": "天空是蓝色的。 Der Himmel ist blau."})

    (wrong,) = read_citations(f"{quote} [E1]", passages)
    (right,) = read_citations(f"{quote.replace('红', '蓝').replace('rot', 'blau')} [E1]", passages)

    assert (wrong["problem"], right["problem"]) == ("the quote is not in E1", None)


def test_an_id_of_an_earlier_turn_is_told_as_one() -> None:
    (citation,) = read_citations("[E7]", evidence(), before={"E7"})

    assert citation["problem"] == "E7 was not found for this turn; known: E1, E2"


@pytest.mark.parametrize(
    "answer",
    ["“天空是蓝色的。” [E1]", "「天空是 蓝色的」。[E1]", "“the sky is blue!” [E1]", "« the sky is blue »\u202f[E1]"],
)
def test_how_a_quote_ends_or_is_broken_is_no_matter(answer: str) -> None:
    passages = evidence({"E1": "天空是蓝\n色的，云是白的。 We saw that the sky is blue, and the clouds are not."})

    (citation,) = read_citations(answer, passages)

    assert (citation["problem"], citation["quote"] is None) == (None, False)
