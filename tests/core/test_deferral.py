"""Requests of a context are answered by whoever holds their answers."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.exceptions import ModelError
from langgraph_moa.core.deferral import Note, deferral_for, deferred_by, keeping_failure, once


class Held:
    asks_now = False

    def __init__(self) -> None:
        self.at_the_end: list[Callable[[], Awaitable[None]]] = []
        self.facts: dict[str, bytes] = {}

    def answer_to(self, address: object, body: bytes) -> bytes:
        return b"an answer"

    def recalled(self, about: str) -> bytes | Note:
        return self.facts.get(about) or partial(self.facts.__setitem__, about)


def test_a_deferral_holds_for_chats_of_its_context_only() -> None:
    held = Held()
    assert deferral_for() is None
    with deferred_by(held):
        assert deferral_for() is deferral_for("/chat/completions") is held
        assert deferral_for("/models") is None
        with deferred_by(None):
            assert deferral_for() is None
    assert deferral_for() is None


class Refused(ModelError):
    pass


@pytest.mark.parametrize(
    ("raised", "is_late", "kept"),
    [
        (Refused(), False, Refused),
        (asyncio.CancelledError(), True, TimeoutError),
        (asyncio.CancelledError(), False, None),
        (KeyError(), True, None),
    ],
)
def test_what_failed_for_good_is_written_down(raised: BaseException, is_late: bool, kept: Any) -> None:
    failures: list[Exception] = []
    keep: Any = SimpleNamespace(failed=failures.append)
    for one in (keep, None):
        with pytest.raises(type(raised)), keeping_failure(one, is_late=lambda: is_late):
            raise raised
    assert [type(failure) for failure in failures] == ([kept] if kept else [])


async def test_what_was_done_once_is_done_no_more() -> None:
    held, times = Held(), iter(range(9))

    async def act() -> int:
        return next(times)

    async def number() -> int:
        return await once("about", act, write=lambda value: b"%d" % value, read=int)

    assert [await number(), await number()] == [0, 1]
    with deferred_by(held):
        assert [await number(), await number()] == [2, 2]
    assert held.facts == {"about": b"2"}
