"""Every id in any brackets is read, whatever stands between; what is no citation is none."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.evidence.markers import markers_in, without_markers
from tables import each

READ = {
    "E1": [
        "[E1]", "[e1]", "[E01]", "[E 1]", "[Ｅ１]", "[Е1]", "[^E1]", "[**E1**]", "**[E1]**", "[`E1`]",
        "[\"E1\"]",
        r"\[E1\]", "(E1)", "（E1）", "（E1)", "{E1}", "【E1】", "［E1］", "〔E1〕", "⟦E1⟧", "⟨E1⟩", "〖E1〗",
        "<E1>", "<sup>E1</sup>", "<sup>[E1]</sup>", "$^{[E1]}$", r"\cite{E1}",
        "〈E1〉", "《E1》", "「E1」", "｢E1｣", "『E1』",
        "«E1»", "« E1 »", "‹E1›", "years(see E1)",
        "（source: E1）",
        "\ue200cite\ue202E1\ue201", "[[E1]]",
        "[E1](#e1)", "[E1](http://a/b)", "[E1]: http://a", "Two years[E1].", "蓝色的[E1]。", "[E1,]",
        "[Source: E1]", "[see E1]", "[cf. E1]", "(see also E1)", "(Quelle: E1)", "[来源：E1]", "[参见E1]", "[출처: E1]",
        "[Evidence E1]", "[voir E1]", "[см. E1]", "[źródło: E1]", "[4:0†E1]", "【E1†L1-L2】", "[E1 †L3]", "[E1:12]",
        "[E1#2]", "[E1 p. 3]", "[E1, p. 3]", "(E1, page 3)", "[E1, lines 3-5]", "[E1 (p. 3)]", "[E1 § 4]",
        "[E1, S. 12 f.]",
        "[E1, pump.md]", "[E1, https://a.b/c.html]", "[E1, 第3页]",
    ],
    "E1 E2": [
        "[E1, E2]",
        "[E1; E2]", "[E1 E2]", "[E1/E2]", "[E1|E2]", "[E1 & E2]", "[E1 + E2]", "[E1 and E2]", "[E1, and E2]",
        "[E1 or E2]", "[E1 und E2]", "[E1 et E2]", "[E1 y E2]", "[E1 и E2]", "[E1 和 E2]", "[E1和E2]", "[E1 と E2]",
        "[E1 및 E2]", "[E1 و E2]", "[E1 และ E2]", "[E1 ve E2]", "[E1 sowie auch E2]",
        "[E1、E2]", "[E1，E2]", "[E1；E2]", "（E1、E2）", "(E1, E2)", "(see E1 and E2)", "[E1][E2]",
        "[E1](E2)", "([E1], [E2])",
        "(see [E1], E2)", "[E1[E2]]", "[E1, p. 3; E2, p. 4]", "[E1:12, E2:3]", '["E1", "E2"]', "[E1,\nE2]",
        "[Passages E1 & E2]",
        "[^E1][^E2]", "[**E1**, **E2**]", "[E1-E2]",
    ],
    "E1 E2 E3": [
        "[E1, E2, and E3]", "[E1-E3]", "[E1–E3]", "[E1 – E3]", "[E1—E3]", "[E1 to E3]", "[E1..E3]", "[E1...E3]",
        "[E1-3]",
        "[E1 bis E3]", "[E1～E3]", "[E1至E3]", "[E1から E3]", "(E1-E3)", "[E1 through E3]", "[E1 à E3]", "[E1~E3]",
        "[E1]–[E3]", "[E1] to [E3]",
    ],
}  # fmt: skip
ROWS = [(text, ids.split()) for ids, texts in READ.items() for text in texts]


@each(("text", "ids"), ROWS)
def test_ids_in_brackets_are_read(text: str, ids: list[str]) -> None:
    markers = markers_in(f"Two years {text} and more." if text[0] != "T" else text)

    assert {marker.reading for marker in markers} == {"read"}
    assert [id_ for marker in markers for id_ in marker.ids] == ids
    assert not any(marker.is_partly for marker in markers)


@each(
    "text",
    [
        "E1 says so, and so do E2 and E3.",
        "GPT-E1, 0xE1, #E1F2, 1E5, E10a and [E10a]",
        "It is (vitamin E2), (the E2 visa) and (prostaglandin PGE2)",
        "Use arr[E1] or x[E1], then my_map[E1] = 4; row[E1].name = 5; y = data[E1];",
        "```\nx = [E1]\n```",
        "Code `a [E1] b` here",
        "[1] [A] [] [E] [Ex] [E1x]",
        "(e 5)",
        '{"id": "E1", "list": ["E1"]}',
        "{E1: 1}, = {E1}, f({E1: [2]}) and $[E1]$",
        "«the E1 engine» and 「E1によると」",
        "Read [a page](#E1) and [another](http://a.b/E2)",
    ],
)
def test_what_is_no_citation_is_none(text: str) -> None:
    assert markers_in(text) == []


@each(
    ("text", "reading", "ids"),
    [
        ("[E1: The warranty handbook]", "loose", ["E1"]),
        ("[E1 - Handbook]", "loose", ["E1"]),
        ("[E1 (handbook)]", "loose", ["E1"]),
        ("[E1 & E2, all of them]", "loose", ["E1", "E2"]),
        ("[as E1 says in its third chapter]", "unread", ["E1"]),
        ("[E1 engine]", "unread", ["E1"]),
        ("[E1", "unread", ["E1"]),
        ("[E1\n\n]", "unread", ["E1"]),
        ("`[E1]`", "unread", ["E1"]),
        ("SUM(E1)", "unread", ["E1"]),
        ("(E1 is the engine)", "unread", ["E1"]),
        ("[E1" + " a" * 200 + "]", "unread", ["E1"]),
        ("[E1 but not quite the same as E2]", "unread", ["E1", "E2"]),
    ],
)
def test_what_holds_an_id_and_is_no_list_is_told_apart(text: str, reading: str, ids: list[str]) -> None:
    (marker,) = markers_in(text)

    assert (marker.reading, marker.ids) == (reading, ids)


@each("text", ["[E1, 2]", "[E1, 2 and 3]", "[E1 and 2]", "[1, E1]", "[E1-E1000000]", "[E1-E999999999999]", "[E1–E500]"])
def test_what_may_be_an_id_and_is_not_looked_up_is_told(text: str) -> None:
    (marker,) = markers_in(text)

    assert marker.is_partly
    assert len(marker.ids) <= 2


def test_ranges_do_not_add_up_to_millions() -> None:
    markers = markers_in("[E1-E90] " * 10_000)

    assert sum(len(marker.ids) for marker in markers) < 22_000
    assert markers[-1].is_partly


def test_remarks_hide_no_marker_that_stands_in_them() -> None:
    markers = markers_in("[as E7 and others say at length, the pump is old [E1] and red [E2]]")

    assert [(marker.reading, marker.ids) for marker in markers] == [
        ("unread", ["E7"]),
        ("read", ["E1"]),
        ("read", ["E2"]),
    ]


@each(
    ("text", "rest"),
    [
        ("7 [E1]", "7 "),
        ("7 (E1, E2)", "7 "),
        ("7 [E1] and 8【E2†L1】", "7  and 8"),
        ("b[E1] is code, this[E2] is none", "b[E1] is code, this is none"),
        ("7 [see [E1], E2]", "7 "),
        ("E1 is 7", "E1 is 7"),
    ],
)
def test_a_text_without_what_it_cites(text: str, rest: str) -> None:
    assert without_markers(text) == rest


@given(
    st.lists(st.sampled_from([*"[](){}<>【】 \n\\`*,;-", "E1", "E2", "E99999", "and", "see", "1", "x"]), max_size=30)
)
def test_markers_stand_where_they_say(pieces: list[str]) -> None:
    text = "".join(pieces)

    markers = markers_in(text)

    read = [marker for marker in markers if marker.reading != "unread"]
    assert all(first.end <= second.start for first, second in pairwise(read))
    for marker in markers:
        assert 0 <= marker.start <= marker.mentions[0].start
        assert marker.mentions[-1].end <= marker.end <= len(text)
        for mention in marker.mentions:
            assert text[mention.start : mention.end].strip("Ee #_-").isdigit()
