"""Rows and sentences on screens of any width: nothing is cut, and columns stand under their headings."""

import os
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph_moa.apps.screens import TABLES_FROM, padded, screen_width, show_table, show_text, wrapped
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.core.text import escaped
from rich.cells import cell_len

NAMES = ["名前-モデル", "👨‍👩‍👧 family", "re\u0301sume\u0301", "❤️", "🇩🇪 de", "ไทย", "plain"]
"""Of each kind that is shown wider, or narrower, than it has characters."""


class Terminal:
    """Stand for standard output that is a terminal, of a width that the system tells, or does not."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize(
    ("columns", "width"),
    [("40", 40), ("120", 120), ("0", None), ("-1", None), ("", None), ("wide", None), ("٤٠", None), ("9" * 5000, None)],
)
def test_columns_win_and_a_pipe_has_no_edge(monkeypatch: pytest.MonkeyPatch, columns: str, width: int | None) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    assert screen_width() == width


@pytest.mark.parametrize(("told", "width"), [(57, 57), (0, 80), (None, 80)])
def test_a_terminal_is_as_wide_as_it_says(monkeypatch: pytest.MonkeyPatch, told: int | None, width: int) -> None:
    def size(number: int) -> os.terminal_size:
        if told is None:
            raise OSError("no such device")
        return os.terminal_size((told, 24))

    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr(os, "get_terminal_size", size)

    assert screen_width() == width


def test_where_nothing_can_be_printed_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)

    with pytest.raises(ConfigError, match="found standard output closed"):
        show_text("x")


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_columns_stand_where_they_are_seen(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("name", "score"), [(name, "1.5 %") for name in NAMES])

    rows = lines_of(capsys)
    assert {cell_len(row) for row in rows} == {max(map(cell_len, NAMES)) + 2 + len("score")}


def test_a_cell_of_several_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("a", "b"), [("x", ["one", "two"]), ("y", [])], numbers=False)

    assert lines_of(capsys) == ["a  b", "x  one", "   two", "y"]


@pytest.mark.parametrize(
    ("columns", "is_table"), [(TABLES_FROM - 1, False), (TABLES_FROM, True), (TABLES_FROM + 40, True)]
)
def test_a_narrow_screen_gets_blocks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int, is_table: bool
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    show_table(("a", "b"), [("x", "1"), ("y", ["2", "3"])])

    table, blocks = ["a  b", "x  1", "y  2", "   3"], ["a: x", "b: 1", "", "a: y", "b:", "  2", "  3"]
    assert lines_of(capsys) == (table if is_table else blocks)


def test_a_table_that_does_not_fit_a_wide_screen_becomes_blocks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    show_table(("a", "b"), [("x" * 100, "y" * 100)])

    assert lines_of(capsys) == ["a: " + "x" * 100, "b: " + "y" * 100]


@pytest.mark.parametrize("columns", ["1", "7", "40", "120", ""])
@settings(deadline=None)
@given(rows=st.lists(st.tuples(st.text(max_size=60), st.text(max_size=60)), max_size=4))
def test_nothing_is_cut(columns: str, rows: list[tuple[str, str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        terminal = Terminal()
        patch.setattr(sys, "stdout", terminal)
        patch.setenv("COLUMNS", columns)
        patch.setenv("TERM", "dumb")  # no colours
        patch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((200, 24)))
        show_table(("name", "score"), rows)

    shown = "".join(terminal.text.split())
    for cell in [cell for row in rows for cell in row]:
        assert "".join(escaped(cell).split()) in shown


@pytest.mark.parametrize("width", [1, 10, 40])
@settings(deadline=None)
@given(line=st.text(alphabet=" ab名👍é", max_size=80))
def test_lines_are_broken_between_words_only(width: int, line: str) -> None:
    parts = list(wrapped(line, width))

    assert " ".join(parts).split() == line.split()
    for part in parts[1:]:
        assert cell_len(part) <= width or " " not in part.strip(" ")


def test_what_would_drive_a_terminal_is_spelt_out(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("name",), [("\x1b]0;t\x07",), ("a\nb\tc",), ("\u202eevil\u2066",), ("\udc80\u200b\ufeff",)])
    show_text("one\x1b[2J\ntwo")

    assert lines_of(capsys) == [
        "name",
        r"\x1b]0;t\x07",
        r"a\nb\tc",
        r"\u202eevil\u2066",
        r"\udc80\u200b\ufeff",
        r"one\x1b[2J",
        "two",
    ]


def test_sentences_are_broken_on_a_screen_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    show_text("one two three\n  four five")
    monkeypatch.setenv("COLUMNS", "10")
    show_text("one two three\n  four five")

    assert lines_of(capsys) == ["one two three", "  four five", "one two", "  three", "  four", "    five"]


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TERM"])
def test_colours_change_no_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv(variable, {"FORCE_COLOR": "1", "TERM": "dumb"}[variable])
    show_table(("name", "score"), [("x" * 150, "1")])

    assert "x" * 150 + "      1" in lines_of(capsys)[-1]


def test_padding_counts_columns() -> None:
    assert padded("名", 4) == "名  "
    assert padded("名", 4, right=True) == "  名"
