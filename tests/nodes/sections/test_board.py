"""Texts that grow are cut into sections at ends of paragraphs, and whoever waits for one is woken."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.nodes.sections.board import Board

LONG = "one\n\ntwo\n\n```\ncode\n\nmore\n```\n\nthree\n\nfour"


@given(st.lists(st.integers(1, 6), max_size=40), st.integers(1, 12))
def test_nothing_is_lost_however_it_comes(sizes: list[int], size: int) -> None:
    board = Board(["a"], size=size)
    rest = LONG
    for length in [*sizes, len(LONG)]:
        board.hear("a", 1, rest[:length])
        rest = rest[length:]
    taken = [board.take(1), board.take(2)]
    board.end("a", LONG)
    taken.append(board.take())

    texts = [text for part in taken for text in part.values()]
    assert "\n\n".join(texts) == LONG
    assert all(text.count("```") % 2 == 0 for text in texts)


async def test_one_waits_until_all_have_a_section_or_as_many_as_are_needed() -> None:
    everybody, two = Board(["a", "b", "c"], size=1), Board(["a", "b", "c"], size=1, needed=2)
    waiting = [asyncio.create_task(board.ready(1)) for board in (everybody, two)]
    for title in "ab":
        for board in (everybody, two):
            board.hear(title, 1, "x\n\n")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [False, True]

    everybody.end("c", None)
    assert [await task for task in waiting] == [False, False]
    assert everybody.take(1) == {1: "x", 2: "x"}


@pytest.mark.parametrize(("ends", "usable"), [({"a": "x", "b": "y"}, 2), ({"a": None, "b": "y"}, 1)])
async def test_all_may_have_ended_before(ends: dict[str, str | None], usable: int) -> None:
    board = Board(["a", "b"], size=9)
    for title, text in ends.items():
        board.end(title, text)

    assert await board.ready(1)
    await board.over()
    assert (board.is_over, board.usable) == (True, usable)


@pytest.mark.parametrize("text", ["```\n\n" + "a\n\n" * 20_000, "a\n" * 40_000, "```\n\n" * 20_000])
def test_long_texts_take_work_in_proportion(text: str) -> None:
    took = []
    for times in (1, 4):
        board, start = Board(["a"], size=10**9), time.process_time()
        for piece in [text] * times:
            for n in range(0, len(piece), 50):
                board.hear("a", 1, piece[n : n + 50])
        board.end("a", text * times)
        took.append(time.process_time() - start)

    assert took[1] < 40 * max(took[0], 0.01)


def test_what_was_sent_again_goes_along_as_a_whole() -> None:
    board = Board(["a"], size=1)
    board.hear("a", 1, "one\n\ntw")
    assert board.take(1) == {1: "one"}
    board.hear("a", 2, "one\n\ntwo")
    board.end("a", "one\n\ntwo")

    assert board.take() == {1: "one\n\ntwo"}
