"""What is said stands under its heading."""

import pytest
from langgraph_moa.core.offline.sections import under_headings

LONG = "word " * 60


@pytest.mark.parametrize(
    ("blocks", "passages"),
    [
        ([], []),
        ([(0, "a")], [("title", "a")]),
        ([(1, "One"), (0, "a"), (0, "b"), (2, "Two"), (0, "c")], [("One", "a"), ("One", "b"), ("Two", "c")]),
        ([(1, "One"), (2, "Two"), (0, "c")], [("Two", "c")]),
        ([(1, "One"), (2, "Two"), (2, "Three"), (0, "c")], [("Two", "Two"), ("Three", "c")]),
        ([(2, "Two"), (1, "One")], [("Two", "Two"), ("One", "One")]),
        ([(1, "One"), (0, ""), (1, "Two"), (0, "a")], [("One", ""), ("Two", "a")]),
        ([(1, LONG), (0, "a")], [(LONG[:199] + "…", LONG), (LONG[:199] + "…", "a")]),
    ],
)
def test_each_text_has_its_heading_and_a_bare_heading_is_a_text(
    blocks: list[tuple[int, str]], passages: list[tuple[str, str]]
) -> None:
    assert [*under_headings(blocks, "title")] == passages
