"""Ctrl-C while there is nothing to put in order; next to nothing is imported, for it comes before what takes time."""

import os
import signal
from collections.abc import Callable

INTERRUPTED = 130
"""The exit code of a program ended by Ctrl-C."""
TERMINATED = 143
"""The exit code of a program ended by SIGTERM."""


def leave_on_ctrl_c() -> None:
    """Let Ctrl-C end the program at once, in silence: before it has begun to work, and once its work is done.

    An exception could be swallowed by whatever is being imported, and in an interpreter that ends it would be told as
    a traceback. Where Ctrl-C is ignored, as in a script's background, or is somebody else's, it stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def heed_ctrl_c() -> None:
    """Let Ctrl-C be an exception again, for work that ends in order."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(number: int, frame: object) -> None:
    os._exit(INTERRUPTED)


def leave_within(seconds: float) -> Callable[[], None]:
    """Let the program that SIGTERM ends be gone by then, whatever holds it up, and return what takes that back.

    Python waits for its threads, and one that looks a host up in vain can be told nothing.
    """
    import threading

    timer = threading.Timer(seconds, os._exit, [TERMINATED])
    timer.daemon = True
    timer.start()
    return timer.cancel
