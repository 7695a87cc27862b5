"""A quote is looked for word for word, and found where it was written."""

import pytest
from langgraph_moa.core.evidence.quotes import QUOTE, fold_passage, position_of, quote_to_check

PASSAGE = "It's the “old”  valve – not the new one – that leaks; 15 million saw it.\nポンプ が 動く。"


@pytest.mark.parametrize(
    ("text", "checked"),
    [
        ("“the old valve”", "the old valve"),
        ("«the old valve»", "the old valve"),
        ("「ポンプが動く」", "ポンプが動く"),
        ('"the old valve"', "the old valve"),
        ("“unforgettable”", "unforgettable"),
        ("“old”", None),
        ("“ ”", None),
        ('12" pipe" here', None),
        ("no quote", None),
    ],
)
def test_what_is_quoted_and_worth_checking(text: str, checked: str | None) -> None:
    assert quote_to_check(QUOTE.search(text)) == checked


@pytest.mark.parametrize(
    ("quote", "begins"),
    [
        ("It's the 'old' valve", "It's"),
        ('it’s the "old" valve', "It's"),
        ("valve - not the new one - that leaks.", "valve"),
        ("not the new … leaks", "not"),
        ("old [...] saw it", "old"),
        ("ポンプが動く", "ポンプ"),
        ("15 million", "15"),
        ("5 million", None),
        ("leaks … the old", None),
        ("the new valve", None),
        ("It's the old valve", None),
    ],
)
def test_where_a_quote_stands(quote: str, begins: str | None) -> None:
    position = position_of(quote, fold_passage(PASSAGE))

    assert (None if position is None else PASSAGE[position:].startswith(begins or "?")) == (True if begins else None)
