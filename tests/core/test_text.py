"""Foreign text does nothing to the terminal that it is printed on."""

import pytest
from langgraph_moa.core.text import one_line, printable

SAID = [
    ("a\x1b[31m b\x07", "a[31m b"),
    ("a \x00 b\x9b", "a b"),
    ("pay \u202e001\u202c \u2066now\u2069", "pay 001 now"),
    ("a\r\n\tb\x0b c", "a b c"),
    ("\N{FAMILY} ي \u200e", "\N{FAMILY} ي \u200e"),
]


@pytest.mark.parametrize(("said", "shown"), SAID)
def test_a_line_holds_no_control_characters(said: str, shown: str) -> None:
    assert one_line(said) == shown


def test_a_text_keeps_its_lines_and_loses_what_drives_a_terminal() -> None:
    assert printable("a\n\tb\x1b]0;title\x07 \u202ec") == "a\n\tb]0;title c"
