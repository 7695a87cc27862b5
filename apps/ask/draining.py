"""Stop a run between two steps, where its thread can be taken up again."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from langgraph.runtime import RunControl


class Terminated(Exception):
    """Tell that a run was not left the time to end its step."""


@contextmanager
def drained_on_sigterm(on_first: Callable[[], None]) -> Iterator[RunControl]:
    """Let SIGTERM stop the run between two steps, where its thread can be taken up again; a second one does not wait.

    Args:
        on_first: Called where the end of a step is waited for.

    Raises:
        Terminated: It was stopped within a step.
    """
    control, loop, task = RunControl(), asyncio.get_running_loop(), asyncio.current_task()
    came = 0

    def end() -> None:
        nonlocal came
        came += 1
        if came == 1:
            control.request_drain("SIGTERM")
            on_first()
        elif task:
            task.cancel()

    try:
        loop.add_signal_handler(signal.SIGTERM, end)
    except (NotImplementedError, RuntimeError, ValueError):  # not on Windows, and only in the main thread
        yield control
        return
    try:
        yield control
    except asyncio.CancelledError:
        if came > 1:
            raise Terminated("stopped within a step") from None
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
