"""Words beside an id say whether it is a passage's, in many languages."""

import pytest
from langgraph_moa.core.evidence.markers import markers_in
from langgraph_moa.core.evidence.wording import is_error_number, names_a_source
from tables import each


@each("words", ["as stated in ", "per ", "supported by passage ", "laut ", "selon ", "根据", "출처 "])
def test_words_that_name_a_source(words: str) -> None:
    assert names_a_source(words)


@pytest.mark.parametrize("words", ["vitamin ", "the ", "prostaglandin ", "route "])
def test_words_of_something_else(words: str) -> None:
    assert not names_a_source(words)


@each(
    ("text", "is_one"),
    [
        ("Error [E404]", True),
        ("Fehlercode: [E404]", True),
        ("错误[E404]", True),
        ("So [E404]", False),
        ("Error [E99]", False),
        ("Terror [E404]", False),
    ],
)
def test_numbers_of_errors(text: str, is_one: bool) -> None:
    (marker,) = markers_in(text)

    assert is_error_number(text, marker, ["E1", "E7"]) == is_one
    assert not is_error_number(text, marker, ["E90"])
