"""What goes wrong in ways that few expect."""

import asyncio
from typing import Any


class Unprintable(Exception):
    """Fail again when somebody writes it down."""

    def __str__(self) -> str:
        raise ValueError("not even this")


async def hangs(texts: Any) -> Any:
    """Never come back."""
    await asyncio.Event().wait()


async def awaits_what_somebody_cancelled(given: Any) -> Any:
    """Raise a cancellation that nobody meant for this task."""
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()
    await task
