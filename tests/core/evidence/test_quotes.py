"""Quotes are found in the quotation marks of many languages, and in block quotes."""

from langgraph_moa.core.evidence.quotes import (
    blocks_in,
    is_worth_checking,
    marked_quotes,
    outermost,
    quotes_of_blocks,
    without_signs,
)
from tables import each

PAIRS = '“” „“ „” ”” «» »« »» ‹› ›‹ 「」 『』 ｢｣ 《》 〈〉 〝〟 ‘’ ‚‘ ‚’ ’’ "" \'\' ““ „" “" ״״ ＂＂ ❝❞ ‟”'.split()


@each("pair", PAIRS)
def test_marks_of_many_languages_are_quotes(pair: str) -> None:
    (quote,) = marked_quotes(f"They say {pair[0]}the old valve{pair[1]} here.")

    assert quote.text == "the old valve"
    assert quote.is_title == (pair in {"《》", "〈〉"})


@each(
    ("text", "quotes"),
    [
        ("« the old valve » and “it’s red”", ["the old valve", "it’s red"]),
        ("``the old valve'' of '90s' fame", ["the old valve", "90s"]),
        ("‘it’s the dogs’ valve’ said", ["it’s the dogs"]),
        ("the dogs' bowls and the cats' bowls", []),
        ('12" pipe" here', []),
        ('A 12" pipe "is all red"', ["is all red"]),
        ('"never closed\n\nand "closed"', ["closed"]),
        ('מה שכתב צה"ל: "הכול בסדר כאן"', ["הכול בסדר כאן"]),
        ("“a “b” c”", ["a “b” c"]),
        ("no quote, it isn't", []),
        ("<q>the old valve</q> and <q cite='x'>it</q>", ["the old valve", "it"]),
        ("<blockquote>\n<p>the old valve</p>\n</blockquote>", ["the old valve"]),
        ("&quot;the old valve&quot; & <b>this</b> <q>never", ["the old valve"]),
        ("red” and „never closed", []),
    ],
)
def test_which_quotes_a_text_has(text: str, quotes: list[str]) -> None:
    assert [quote.text for quote in marked_quotes(text)] == quotes


@each(
    ("text", "is_worth"),
    [("the old valve", True), ("unforgettable", True), ("old", False), ("", False), ("天空蓝", True), ("…", False)],
)
def test_a_word_in_quotes_is_talked_about(text: str, is_worth: bool) -> None:
    assert is_worth_checking(text) == is_worth


def test_blocks_are_cut_where_they_cite() -> None:
    answer = "See:\n> The pump is\n> old [E1]. It is red.\n> — Handbook [E2]\n\n> **Note:** be careful here\n\nEnd"
    blocks = blocks_in(answer)
    markers = [(answer.index(i), answer.index(i) + 4) for i in ("[E1]", "[E2]")]

    text = without_signs(answer, blocks)
    pieces = list(quotes_of_blocks(text, blocks, markers))

    assert len(text) == len(answer)
    assert [" ".join(piece.text.split()) for piece in pieces] == ["The pump is old", ". It is red."]


def test_a_block_that_quotes_somebody_is_no_quote_itself() -> None:
    text = "  They say “it is an old pump” here\n\n  The “old” pump is red"
    blocks = [(0, text.index("\n")), (text.index("\n\n") + 2, len(text))]

    quotes = outermost([*marked_quotes(text), *quotes_of_blocks(text, blocks, [])])

    assert [quote.text for quote in quotes] == ["it is an old pump", "The “old” pump is red"]
