"""Let a program that traces end when its work is done, whether LangSmith is there or not."""

import logging
import os
import sys
import threading
import time

PATIENCE = 0.9
"""Seconds that the program's end may wait for LangSmith."""


def trace_in_the_background() -> None:
    """Keep LangSmith's threads from holding the program's end up, and its messages, which hold part of the key, away.

    Its client would try for minutes to deliver what it has; LANGSMITH_USE_DAEMON is its own switch for that.
    """
    os.environ.setdefault("LANGSMITH_USE_DAEMON", "true")
    logging.getLogger("langsmith").setLevel(logging.CRITICAL)


def deliver() -> None:
    """Give LangSmith a moment to take the traces, and say so if it does not."""
    if "langsmith" not in sys.modules:  # nothing was run that could be traced
        return
    from langsmith.utils import tracing_is_enabled

    if not tracing_is_enabled():
        return
    from langchain_core.tracers.langchain import get_client

    from ..nodes.trace import FEEDBACK

    until = time.monotonic() + PATIENCE
    for thread in threading.enumerate():
        if thread.name == FEEDBACK:
            thread.join(PATIENCE)
    client = get_client()
    client.flush(timeout=max(until - time.monotonic(), 0.0))
    if client.tracing_queue is not None and client.tracing_queue.unfinished_tasks:
        from rich.console import Console
        from rich.text import Text

        lost = f"LangSmith did not take the traces within {PATIENCE:g} s; they are lost"
        Console(stderr=True, highlight=False).print(Text(lost, style="yellow"))
