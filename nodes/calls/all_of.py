"""Make several calls at once, and let each come to its end before any of them ends the run."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

_T = TypeVar("_T")


async def all_of(calls: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    """Return what calls made at the same time return, in their order.

    Where one raises, for LangGraph ends the run until there is an answer, the others are not left behind: they write
    down what they ask as well.

    Args:
        calls: What is made.

    Raises:
        BaseException: What the first of those raised that did.
    """
    ends = await asyncio.gather(*calls, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end
    return [end for end in ends if not isinstance(end, BaseException)]
