"""Long blocks are split where they may be, and what is cut out of one is about the question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.offline.pieces import part_about, spans_of

LINES = [f"[00:{n // 60:02}:{n % 60:02}] speaker {n % 7}: remark number {n}." for n in range(900)]
NEEDLE = "speaker 0: the warranty lasts nineteen months"


@pytest.mark.parametrize(
    ("text", "longest", "pieces"),
    [
        ("a short one", 20, ["a short one"]),
        ("one line\ntwo. and\nthree", 18, ["one line\ntwo. and\n", "three"]),
        ("one two\nthree four.\nfive", 22, ["one two\nthree four.\n", "five"]),
        ("One two. Three four. Five", 22, ["One two. Three four. ", "Five"]),
        ("一二三。四五六。七", 7, ["一二三。", "四五六。七"]),
        ("one two three", 9, ["one two ", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("a.\n" + "b" * 20, 12, ["a.\n", "b" * 12, "b" * 8]),
        ("", 4, []),
    ],
)
def test_a_block_is_split_at_its_best_ends(text: str, longest: int, pieces: list[str]) -> None:
    assert [text[start:end] for start, end in spans_of(text, longest)] == pieces


@given(st.text("ab.。 \n\"'", max_size=200), st.integers(1, 40))
def test_nothing_is_lost_in_between(text: str, longest: int) -> None:
    pieces = [text[start:end] for start, end in spans_of(text, longest)]

    assert "".join(pieces) == text
    assert all(0 < len(piece) <= longest for piece in pieces)


@pytest.mark.parametrize("separator", ["\n", " ", ""])
@pytest.mark.parametrize("place", [0, 300, 899])
@pytest.mark.parametrize(
    ("needle", "question"),
    [
        (NEEDLE, "How long do warranties last?"),
        ("Die Kündigungsfrist: drei Monate", "kundigungsfrist"),
        ("保修期为两年", "保修期多长？"),
        ("the part AB-123/4 is blue", "AB-123/4"),
    ],
)
def test_the_part_that_is_shown_is_about_the_question(separator: str, place: int, needle: str, question: str) -> None:
    text = separator.join([*LINES[:place], needle, *LINES[place + 1 :]])

    start, end = part_about(text, question, 1_500)

    assert needle in text[start:end]
    assert 700 < len(text[start:end].encode()) <= 1_500


@pytest.mark.parametrize("question", ["", "zebra", "什么"])
def test_where_nothing_is_about_it_no_part_is_better(question: str) -> None:
    assert part_about("\n".join(LINES), question, 500) == (0, 0)


def test_what_is_rare_in_a_text_counts_more_and_its_beginning_first() -> None:
    text = "\n".join([*LINES[:500], "number the warranty", *LINES[500:]])

    assert "the warranty" in text[slice(*part_about(text, "remark number speaker warranty", 600))]
    assert part_about("warranty " * 900, "warranty", 300)[0] == 0


@given(st.text("ab 保修.\n", max_size=300), st.text("ab 保", max_size=8), st.integers(1, 90))
def test_a_part_fits(text: str, question: str, size: int) -> None:
    start, end = part_about(text, question, size)

    assert 0 <= start <= end <= len(text)
    assert len(text[start:end].encode()) <= size
