"""What is wrong is taken out of an answer, and nothing else; what stays is found where it is told."""

from citing import evidence_of
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.evidence.citations import examine_citations, read_citations
from langgraph_moa.core.evidence.removal import without_wrong
from langgraph_moa.core.run.cited import Citation
from tables import each

EVIDENCE = evidence_of(
    {
        "E1": "The pump is  primed\nwith water. It's the “old” valve – not the new one – that leaks; "
        "15 million saw it.",
        "E2": "Lamps are green. The pump is blue.",
    }
)


UNTOUCHED = [
    '{"id": "E99", "list": ["E99"]}',
    '["E99"]',
    '{"id": "E1", "text": "So [E99]"}',
    'So {"id": "E99", "list": ["E99"]} it is',
    "const e = {E99: 1};",
    "const e = {E99};",
    "f({E99: 1}) and f({E99})",
    "{'E99', 'E1'}",
    "$[E99]$",
    "Error [E404] and HTTP status code [E500]",
    "«the E99 engine»",
]


def read(answer: str) -> list[Citation]:
    return read_citations(answer, EVIDENCE)


def rest_of(answer: str) -> str:
    return without_wrong(answer, read(answer))[0]


@each(
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
        ("[E9] first", "first"),
        ("Two of three [E1, E2, and E99].", "Two of three [E1, E2]."),
        ("Both [E1-E9].", "Both [E1, E2]."),
        ("All [E1-E2].", "All [E1-E2]."),
        ("Only [E2-E4, p. 3; E1].", "Only [E2, p. 3; E1]."),
        ("Both [E9 and E1].", "Both [E1]."),
        ("One [E9 & E8], two 【E9】.", "One, two."),
        ("One [E9, p. 3] [E1: pump.md].", "One [E1: pump.md]."),
        ("One [E9, p. 3; E2, p. 4] [E2, p. 3; E8, p. 4].", "One [E2, p. 4] [E2, p. 3]."),
        ("Set **[E9]** <sup>[E8]</sup> [E9](#e9) as [^E9].", "Set as."),
        ("In [**E1**, **E9**] [`E9`, E1]", "In [**E1**] [E1]"),
        ("来源（E1、E9）。", "来源（E1）。"),
        (r"So \[E9\] and \cite{E9, E1} \cite{E9}.", r"So and \cite{E1}."),
        ("See (E1; E9) and {E9}", "See (E1)"),
        ("Read [E9: a long remark] [E9", "Read [E9: a long remark] [E9"),
        ("In (see [E9], E1)", "In (see [], E1)"),
        ("So ([E9]) and (see [E9]).", "So."),
        ("So [E1]–[E4] and [E7]–[E9].", "So [E1, E2]."),
        ("So «E9» 〈E9〉 《E9》 ｢E9｣ ‹E9› 「E9、E1」 『E1』", "So 「E1」 『E1』"),
        ("So [[E9]] it, {[E9]} it", "So it, it"),
        ("Two years [E9], [E8], and free [E2].", "Two years, and free [E2]."),
        ("So ([E9] and [E8]).", "So."),
        ("So (cf. [E9], [E1])", "So (cf. [E1])"),
        ("So ([E1] and [E9]); [[E1], [E9], [E2]]", "So ([E1]); [[E1], [E2]]"),
        ("So [[E1], [E9]] [[E9], [E1]]", "So [[E1]] [[E1]]"),
        ("So [E9 (p. 3), E1 (p. 4)]", "So [E1 (p. 4)]"),
        ("So [E1: p. 3, E9: p. 5]", "So [E1: p. 3]"),
        *((same, same) for same in UNTOUCHED),
        ("", ""),
    ],
)
def test_wrong_ids_go_and_all_else_stays(answer: str, kept: str) -> None:
    assert rest_of(answer) == kept


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
    "(E1)",
    "[E1-E3]",
    "【E9、E2】",
    "**",
    "> ",
    "[E9](#e9)",
    "|",
]
answers = st.lists(st.sampled_from(words), max_size=25).map("".join)


@given(answers)
def test_taking_out_what_is_wrong_leaves_what_is_right(answer: str) -> None:
    citations, markers = examine_citations(answer, EVIDENCE)

    rest, others = without_wrong(answer, citations, markers)

    assert without_wrong(answer, citations) == (rest, others)
    assert [{**c, "position": 0} for c in others] == [
        {**c, "position": 0} for c in citations if c["unread"] or not c["problem"]
    ]
    right = [c for c in others if not c["unread"]]
    for citation in right:
        assert rest[citation["position"] :][:2].upper() in {citation["id"], "E1"}, "a range stands where it begins"
    again = [c for c in read(rest) if not c["unread"]]
    assert [c["id"] for c in again] == [c["id"] for c in right]


@given(answers)
def test_nothing_is_added_but_what_a_range_means(answer: str) -> None:
    rest = iter(rest_of(answer))
    whole = iter(answer.replace("[E1-E3]", "[E1, E2-E3]"))

    assert all(character in whole for character in rest), "something was added"


@each("hostile", ["“", "[E1", "[E1,", '"', '" ', "`", "“a b” [E1]", "«“", "[[E9]", "“a [E1]", " ", "[ ", "…", "„a ”“"])
def test_a_long_answer_is_read(hostile: str) -> None:
    answer = hostile * (20_000 // len(hostile))

    assert len(rest_of(answer)) <= len(answer)
