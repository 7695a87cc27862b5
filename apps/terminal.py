"""What every command shares of a terminal: notes, errors, exit codes, and what SIGTERM does."""

import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.text import Text

from ..core.text import escaped, one_line, redact
from .interrupts import leave_within

WAITING = 75
"""The exit code of a run that waits for a person; sysexits.h calls it a temporary failure."""
LONGEST_END_S, LONGEST_SECOND_END_S = 9.0, 3.0
"""Seconds until the program is gone after SIGTERM and after another, whatever is still under way."""
_T = TypeVar("_T")
notes = Console(stderr=True, highlight=False)


class OrderlyEnd:
    """Run what SIGTERM is to end as Ctrl-C does; a script's background, where Ctrl-C is ignored, is no exception."""

    def __init__(self) -> None:
        self.terminated = False
        """Whether SIGTERM came."""
        self.timers = ExitStack()
        """What is taken back once all has ended."""
        self._task: asyncio.Task[Any] | None = None

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run to the end, or let what is under way end in order.

        Raises:
            KeyboardInterrupt: SIGTERM ended it, or Ctrl-C did.
        """
        try:
            return asyncio.run(self._watched(work))
        except asyncio.CancelledError:
            if not self.terminated:
                raise
            raise KeyboardInterrupt from None

    async def _watched(self, work: Coroutine[Any, Any, _T]) -> _T:
        self._task = asyncio.current_task()
        try:
            return await work
        finally:
            self._task = None

    def on_signal(self, number: int, frame: object) -> None:
        """End the task that runs; a second signal waits for nothing."""
        task, again = self._task, self.terminated
        self.terminated = True
        self.timers.callback(leave_within(LONGEST_SECOND_END_S if again else LONGEST_END_S))
        if task is None or again:
            raise KeyboardInterrupt
        task.get_loop().call_soon_threadsafe(task.cancel)


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[OrderlyEnd]:
    """Let SIGTERM end the program as Ctrl-C does, and tell afterwards that it did."""
    ending = OrderlyEnd()
    try:
        before = signal.signal(signal.SIGTERM, ending.on_signal)
    except ValueError:  # not in the main thread
        yield ending
        return
    try:
        with ending.timers:
            yield ending
    finally:
        signal.signal(signal.SIGTERM, before)


def note(text: str) -> None:
    """Print a line on standard error that is there to be known, and not to be read twice.

    It may repeat a user's own flags, or a file's, which drive no terminal either.
    """
    notes.print(Text(escaped(text), style="dim"), soft_wrap=True)


def print_error(message: str) -> None:
    """Print an error, in one line and without secrets."""
    sys.stderr.write(f"error: {one_line(redact(message), limit=2000)}\n")
