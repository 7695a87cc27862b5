"""Let requests be answered later, by whoever holds what came of them: a provider's batch takes a day."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

_T = TypeVar("_T")
_PATH = "/chat/completions"
_PATHS = (_PATH, "/messages")
"""Where answers are asked for, each provider in its form."""
Keep = Callable[[bytes], None]
"""Write down what a server answered that was asked now."""


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


def keeping(read: Callable[[bytes], _T], keep: Keep) -> Callable[[bytes], _T]:
    """Return a reader that keeps what it could read.

    Args:
        read: What reads an answer.
        keep: What keeps it.
    """

    def read_and_keep(answer: bytes) -> _T:
        value = read(answer)
        keep(answer)
        return value

    return read_and_keep
