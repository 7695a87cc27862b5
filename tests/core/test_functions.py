"""Functions of somebody else's are called so that nobody has to wait for one that hangs."""

import asyncio
import sys
import threading
from contextvars import ContextVar
from functools import partial
from typing import Any

import pytest
from langgraph_moa.core.functions import is_coroutine_function, value_of
from tables import each

CONTEXT = ContextVar("context", default="none")


def doubled(number: int, *, more: int = 0) -> int:
    return 2 * number + more


async def awaited(number: int, *, more: int = 0) -> int:
    return 2 * number + more


class Called:
    def __call__(self, number: int, *, more: int = 0) -> int:
        return 2 * number + more


class Awaited:
    async def __call__(self, number: int, *, more: int = 0) -> int:
        return 2 * number + more


def hands_on(number: int, *, more: int = 0) -> Any:
    return awaited(number, more=more)


@each(
    ("function", "is_async"),
    [
        (doubled, False),
        (awaited, True),
        (partial(doubled), False),
        (partial(awaited, more=0), True),
        (Called(), False),
        (Awaited(), True),
        (partial(Awaited()), True),
        (hands_on, False),
    ],
)
def test_whatever_can_be_called_has_a_value(function: Any, *, is_async: bool) -> None:
    assert is_coroutine_function(function) == is_async
    assert asyncio.run(value_of(function, 3, more=1)) == 7


async def test_a_function_sees_the_context_in_a_thread_of_its_own() -> None:
    CONTEXT.set("mine")

    assert await value_of(lambda: (CONTEXT.get(), threading.current_thread().daemon)) == ("mine", True)


def stops() -> None:
    raise StopIteration


def fails() -> None:
    raise ValueError("no")


def cancels() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        (fails, ValueError, "no"),
        (stops, RuntimeError, "StopIteration"),
        (sys.exit, RuntimeError, "ended its thread"),
        (cancels, RuntimeError, "ended its thread"),
    ],
)
async def test_what_it_raises_is_raised_and_its_thread_prints_nothing(
    function: Any, error: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", printed.append)

    with pytest.raises(error, match=words):
        await value_of(function)
    for thread in threading.enumerate():
        if thread.name == "langgraph-moa-function":
            await asyncio.to_thread(thread.join, 60)

    assert printed == []


def test_one_that_hangs_holds_up_neither_who_waits_nor_the_loop() -> None:
    may_end, ended = threading.Event(), threading.Event()

    def hang() -> None:
        may_end.wait(60)
        ended.set()

    async def impatient() -> None:
        async with asyncio.timeout(0.05):
            await value_of(hang)

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())
    assert not ended.is_set()
    may_end.set()
    assert ended.wait(60)
