"""Let requests be answered later, by whoever holds what came of them: a provider's batch takes a day."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from langchain_core.exceptions import ModelError

_T = TypeVar("_T")
_PATH = "/chat/completions"
_PATHS = (_PATH, "/messages")
"""Where answers are asked for, each provider in its form."""
Note = Callable[[bytes], None]
"""Write down what came of something that is done once in a run, however often that is made."""


class Keep(Protocol):
    """Write down what came of a request that is sent now: it was paid for, or will not be sent again."""

    def answered(self, answer: bytes) -> None:
        """Write down the answer."""
        ...

    def failed(self, failure: Exception) -> None:
        """Write down why there is none."""
        ...


class Deferral(Protocol):
    """Answer the requests of one run from what was asked before."""

    asks_now: bool
    """Whether some of its requests may be sent at once, so that limits hold for them."""
    at_the_end: list[Callable[[], Awaitable[None]]]
    """What is to be done once the run has come to its end: until then it is made again and again."""

    def answer_to(self, address: Any, body: bytes) -> bytes | Keep:
        """Return what a server answered to a request, or, where it is to be asked now, what keeps its answer.

        Raises:
            ServerError: The request failed.
            GraphInterrupt: There is no answer yet.
        """
        ...

    def recalled(self, about: str) -> bytes | Note:
        """Return what came of something that this run has done before, or what writes it down.

        Args:
            about: What it is, as it is called in every run; done again in one run it is another thing.
        """
        ...


_deferral: ContextVar[Deferral | None] = ContextVar("langgraph_moa_deferral", default=None)


@contextmanager
def deferred_by(deferral: Deferral | None) -> Iterator[None]:
    """Let the requests of this context be answered by a deferral.

    Args:
        deferral: What has their answers; None sends them as ever.
    """
    token = _deferral.set(deferral)
    try:
        yield
    finally:
        _deferral.reset(token)


class _Reckoning:
    """Be the deferral of what is only reckoned, and asks nobody."""

    asks_now = False

    def __init__(self) -> None:
        self.at_the_end: list[Callable[[], Awaitable[None]]] = []

    def answer_to(self, address: Any, body: bytes) -> bytes | Keep:
        raise AssertionError("found a request where costs are only reckoned, expected none")

    def recalled(self, about: str) -> bytes | Note:
        raise AssertionError("found something that is done where costs are only reckoned, expected nothing")


_part: ContextVar[str] = ContextVar("langgraph_moa_part_of_run", default="")


@contextmanager
def part_of_run(name: str) -> Iterator[None]:
    """Let what is asked in this context be told from what the same nodes ask in other parts of the run.

    Args:
        name: What the part is called in every run.
    """
    token = _part.set(name)
    try:
        yield
    finally:
        _part.reset(token)


def part_here() -> str:
    """Return which part of a run this context is."""
    return _part.get()


def reckoned_in_batches(*, are_all: bool = True) -> AbstractContextManager[None]:
    """Let costs be reckoned in this context as those of calls in providers' batches.

    Args:
        are_all: Whether all calls go into batches; else the price is that of calls made now.
    """
    return deferred_by(_Reckoning()) if are_all else nullcontext()


def deferral_for(path: str = _PATH) -> Deferral | None:
    """Return what answers requests of this context to a path; None where they are sent.

    Args:
        path: What comes after the base URL.
    """
    return _deferral.get() if path in _PATHS else None


@contextmanager
def keeping_failure(keep: Keep | None, *, is_late: Callable[[], bool]) -> Iterator[None]:
    """Write down that a request has failed for good, or came too late; not that whoever asked was stopped.

    Args:
        keep: What writes it down; None is nothing.
        is_late: Tells whether the time for it is over.
    """
    try:
        yield
    except ModelError as failure:
        if keep:
            keep.failed(failure)
        raise
    except asyncio.CancelledError:
        if keep and is_late():
            keep.failed(TimeoutError("the time for it was over before it was answered"))
        raise


async def once(
    about: str, act: Callable[[], Awaitable[_T]], *, write: Callable[[_T], bytes], read: Callable[[bytes], _T]
) -> _T:
    """Do something, and in a run that is made again for a batch's answers, have come of it what came the first time.

    What is asked next rests on it: were it another thing each time, each run would ask anew, and come to no end.

    Args:
        about: What it is, as it is called in every run.
        act: Does it.
        write: Makes bytes of what came of it.
        read: Makes it of those again.
    """
    if not (deferral := deferral_for()):
        return await act()
    before = deferral.recalled(about)
    if isinstance(before, bytes):
        return read(before)
    value = await act()
    before(write(value))
    return value
