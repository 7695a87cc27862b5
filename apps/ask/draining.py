"""Stop a run between two steps, where its thread can be taken up again."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from langgraph.runtime import RunControl

from ..interrupts import leave_within
from ..terminal import LONGEST_END_S, LONGEST_SECOND_END_S


class Terminated(Exception):
    """Tell that a run was not left the time to end its step."""


STEP_S = 5.0
"""Seconds that a step may take to its end: whoever sends SIGTERM kills after ten, many of them."""


@contextmanager
def drained_on_sigterm(on_first: Callable[[], None]) -> Iterator[RunControl]:
    """Let SIGTERM stop the run between two steps, where its thread can be taken up again, or within one that hangs.

    What has been answered is kept either way. A second SIGTERM waits for nothing.

    Args:
        on_first: Called where the end of a step is waited for.

    Raises:
        Terminated: It was stopped within a step.
    """
    control, loop, task = RunControl(), asyncio.get_running_loop(), asyncio.current_task()
    signals, timers = 0, ExitStack()
    is_cut = False

    def cut() -> None:
        nonlocal is_cut
        is_cut = True
        if task:
            task.cancel()

    def end() -> None:
        nonlocal signals
        signals += 1
        leave_within(LONGEST_END_S if signals == 1 else LONGEST_SECOND_END_S)
        if signals > 1:
            cut()
            return
        control.request_drain("SIGTERM")
        timers.callback(loop.call_later(STEP_S, cut).cancel)
        on_first()

    try:
        loop.add_signal_handler(signal.SIGTERM, end)
    except (NotImplementedError, RuntimeError, ValueError):  # not on Windows, and only in the main thread
        yield control
        return
    try:
        with timers:
            yield control
    except asyncio.CancelledError:
        if is_cut:
            raise Terminated("stopped within a step") from None
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
