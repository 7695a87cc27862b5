"""One event loop in a thread of its own, where the sync API does its waiting.

Threads that wait for a model can not be interrupted; tasks of an event loop can. So `invoke` and `stream` run each
node's coroutine here: a timeout then really closes its HTTP request, and both APIs share one code path.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Portal:
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="langgraph-moa", daemon=True)
        self.thread.start()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._finish(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def _finish(self) -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self.loop.shutdown_asyncgens()


_lock = threading.Lock()
_portal: _Portal | None = None


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine from synchronous code and return its result; context variables go along."""
    portal = _open()
    if threading.current_thread() is portal.thread:
        work.close()
        raise RuntimeError("a graph's sync API was called from inside an async node; await ainvoke() there")
    future = asyncio.run_coroutine_threadsafe(work, portal.loop)
    try:
        return future.result()
    finally:
        future.cancel()


def close_portal() -> None:
    """End the loop and what it holds open; the next `run_sync` starts another. Called when the process exits."""
    global _portal
    with _lock:
        if _portal is not None:
            _portal.close()
            _portal = None


def _open() -> _Portal:
    global _portal
    with _lock:
        if _portal is None:
            _portal = _Portal()
        return _portal


def _forget() -> None:
    global _portal, _lock
    _portal, _lock = None, threading.Lock()


atexit.register(close_portal)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
