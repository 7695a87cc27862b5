"""Sizes are bounded: what is in an answer is counted before it is read, and what takes long is read in a thread."""

import asyncio
import json
import threading

import pytest
from langgraph_moa.core.wire import sizes
from langgraph_moa.core.wire.refusals import UnreadableAnswer
from langgraph_moa.core.wire.sizes import (
    LARGE,
    MOST_BYTES,
    STEP,
    Turns,
    answers_up_to,
    check_values,
    most_bytes,
    off_the_loop,
)


@pytest.mark.parametrize(
    "body",
    [
        b'{"choices": [' + b"[]," * 60_000 + b"[]]}",
        b'{"choices": [' + b"1," * 300_000 + b"1]}",
        b"[" * 60_000,
        b'{"a":' * 60_000,
        b'["\\"",' * 60_000,
    ],
)
def test_more_values_than_any_answer_has_are_refused(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer, match="found JSON of more than 250,000 values, or 50,000 objects and lists"):
        check_values(body)


@pytest.mark.parametrize("text", ["[" * 60_000, "{}, " * 100_000, '["\\' * 60_000, "if (a[0]) { b(1, 2); }\n" * 20_000])
def test_what_stands_in_a_text_is_no_value(text: str) -> None:
    check_values(json.dumps({"choices": [{"message": {"content": text}}]}).encode())


async def test_what_is_large_is_read_in_a_thread() -> None:
    def reader(body: bytes) -> threading.Thread:
        return threading.current_thread()

    assert await off_the_loop(reader, b"x" * (LARGE - 1)) is threading.current_thread()
    assert await off_the_loop(reader, b"x" * LARGE) is not threading.current_thread()


async def test_each_call_has_its_own_bound() -> None:
    async def bound(most: int) -> int:
        with answers_up_to(most):
            await asyncio.sleep(0)
            return most_bytes()

    assert list(await asyncio.gather(bound(10), bound(20))) == [10, 20]
    assert most_bytes() == MOST_BYTES == 8 * 2**20


def test_too_much_is_told_with_what_to_do() -> None:
    failure = sizes.too_large("more than 10 bytes", "http://a/v1")

    assert str(failure).startswith("found more than 10 bytes from http://a/v1, expected an answer;")
    assert "raise max_answer_bytes" in str(failure)
    assert not failure.is_retryable


@pytest.mark.parametrize(("size", "times", "expected"), [(1, STEP - 1, 0), (1, 2 * STEP, 2), (STEP, 3, 3), (0, 9, 0)])
async def test_others_have_their_turn_after_so_many_bytes(size: int, times: int, expected: int) -> None:
    taken = []

    async def other() -> None:
        while True:
            await asyncio.sleep(0)
            taken.append(1)

    task = asyncio.create_task(other())
    await asyncio.sleep(0)
    turns = Turns()
    for _ in range(times):
        await turns.after(size)
    task.cancel()

    assert len(taken) == expected
