"""Make several calls at once, and let each come to its end before any of them ends the run."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar, cast

_T = TypeVar("_T")


async def all_of(calls: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    """Return what calls made at the same time return, in their order.

    Where one raises, for LangGraph ends the run until there is an answer, the others are not left behind: they write
    down what they ask as well. A cancellation ends them all at once.

    Args:
        calls: What is made.

    Raises:
        Exception: What the first of those raised that did.
    """
    tasks = [asyncio.create_task(_end_of(call)) for call in calls]
    try:
        ends = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for _, failure in ends:
        if failure:
            raise failure
    return [cast("_T", value) for value, _ in ends]


async def _end_of(call: Coroutine[Any, Any, _T]) -> tuple[_T | None, Exception | None]:
    try:
        return await call, None
    except Exception as exc:  # noqa: BLE001 - raised again once the others have ended
        return None, exc
