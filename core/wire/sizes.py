"""How much a server may send: of an answer in bytes, of what is in it, of calls of tools and their arguments."""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from .refusals import UnreadableAnswer

_T = TypeVar("_T")
MOST_BYTES = 8 * 2**20
"""An answer is read so far, where nobody says otherwise: several times what any model writes."""
AROUND = 16
"""A stream has so many times the bytes of what it says: each event of a few letters tells everything else again."""
MOST_CALLS = 128
"""As many tools as OpenAI takes."""
MOST_ARGUMENTS = 2**20
"""Characters of the arguments of an answer's calls, all together."""
SHOWN_ARGUMENTS = 2**16
"""Characters of them that are handed on as they come: LangChain copies, and reads, all of them again and again."""
LARGE = 2**18
"""What is as long as this takes long enough to read to be read in a thread."""
STEP = 2**14
"""Bytes that are read before others have their turn on the event loop."""
_MOST_VALUES, _MOST_NESTS = 250_000, 50_000
"""Values in JSON, and objects and lists: a small one takes a hundred times the memory of its bytes."""
_PART = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{,]', re.DOTALL)
"""A text of JSON as a whole, or what begins a value."""
_most: ContextVar[int] = ContextVar("langgraph_moa_most_bytes", default=MOST_BYTES)


@contextmanager
def answers_up_to(most: int) -> Iterator[None]:
    """Bound the bytes of each answer to a call of this context.

    Args:
        most: How many may be read of one, unpacked.
    """
    token = _most.set(most)
    try:
        yield
    finally:
        _most.reset(token)


def most_bytes() -> int:
    """Return how many bytes of an answer may be read in this context."""
    return _most.get()


def too_large(what: str, where: str = "") -> UnreadableAnswer:
    """Return what becomes of an answer that is larger than it may be.

    Args:
        what: What was found, with the limit.
        where: Who sent it.
    """
    by = f" from {where}" if where else ""
    return UnreadableAnswer(
        f"found {what}{by}, expected an answer; it was not read on, and is not asked for again: raise max_answer_bytes "
        "if such answers are right, or give the model a max_tokens"
    )


def check_values(body: bytes) -> None:
    """Refuse JSON that holds more values than any answer: reading it would take the memory and the time of all.

    Args:
        body: What came.

    Raises:
        UnreadableAnswer: It does.
    """
    if body.count(b"{") + body.count(b"[") <= _MOST_NESTS and body.count(b",") <= _MOST_VALUES:
        return
    nests = values = 0
    for match in _PART.finditer(body):  # what stands in texts does not count
        begins = match[0][:1]
        nests += begins in b"[{"
        values += begins == b","
        if nests > _MOST_NESTS or values > _MOST_VALUES:
            raise UnreadableAnswer(
                f"found JSON of more than {_MOST_VALUES:,} values, or {_MOST_NESTS:,} objects and lists, expected an "
                "answer; it was not read, and is not asked for again: ask for fewer choices, or without logprobs"
            )


async def off_the_loop(read: Callable[[bytes], _T], body: bytes, *, large: int = LARGE) -> _T:
    """Read what came: in a thread where that takes long, for others wait for the event loop.

    Args:
        read: What reads it.
        body: What came.
        large: How many bytes take long.

    Raises:
        UnreadableAnswer: It holds more values than any answer.
    """
    if len(body) < large:
        return read(body)

    def checked() -> _T:
        check_values(body)
        return read(body)

    return await asyncio.to_thread(checked)


class Turns:
    """Count what was read since others had their turn on the event loop."""

    def __init__(self) -> None:
        self._bytes = 0

    async def after(self, size: int) -> None:
        """Let others have their turn, once enough was read for that.

        Args:
            size: How many bytes were read now.
        """
        self._bytes += size
        if self._bytes >= STEP:
            self._bytes = 0
            await asyncio.sleep(0)
