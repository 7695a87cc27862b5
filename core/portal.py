"""Event loops in threads of their own, where the sync API does its waiting.

Threads that wait for a model can not be interrupted; tasks of an event loop can. So `invoke` and `stream` run each
node's coroutine here: a timeout then really closes its HTTP request, and both APIs share one code path.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncGenerator, Coroutine, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from contextvars import ContextVar
from queue import SimpleQueue
from typing import Any, TypeVar

_T = TypeVar("_T")
THREADS = 64
"""For models without an async side of their own; idle threads are never started."""

_depth: ContextVar[int] = ContextVar("langgraph_moa_portal_depth", default=0)
"""How many sync calls this one is nested in. Each depth has a loop of its own, so that none waits for itself."""


class _Portal:
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="langgraph-moa"))
        self.waiting: set[Future[Any]] = set()
        self.ended = False
        self.thread = threading.Thread(target=self._serve, name="langgraph-moa", daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        try:
            self.loop.run_forever()
        finally:  # also where something called sys.exit() in a task, which ends a loop and all it was doing
            self.ended = True
            for future in list(self.waiting):
                future.cancel()
            self.loop.close()

    def begin(self, work: Coroutine[Any, Any, _T]) -> "Future[_T]":
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        self.waiting.add(future)
        future.add_done_callback(self.waiting.discard)
        if self.ended:
            future.cancel()
        return future

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        future = self.begin(work)
        try:
            return future.result()
        finally:
            future.cancel()

    def close(self) -> None:
        if not self.ended:
            asyncio.run_coroutine_threadsafe(self._finish(), self.loop).result()
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join()

    async def _finish(self) -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self.loop.shutdown_asyncgens()


_lock = threading.Lock()
_portals: dict[int, _Portal] = {}


def run_sync(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine from synchronous code and return its result; context variables go along."""
    depth = _depth.get()
    portal = _open(depth)
    token = _depth.set(depth + 1)
    try:
        return portal.run(work)
    finally:
        _depth.reset(token)


def iterate_sync(work: AsyncGenerator[_T]) -> Generator[_T]:
    """Yield what an asynchronous generator yields, from synchronous code; it runs on one loop from beginning to end.

    Whoever leaves it half-way, on whichever thread, ends it without waiting for that.
    """
    items: SimpleQueue[_T | _End] = SimpleQueue()
    end = _End()

    async def fill() -> None:
        async with aclosing(work):
            async for item in work:
                items.put(item)

    depth = _depth.get()
    portal = _open(depth)
    token = _depth.set(depth + 1)
    try:
        filling = portal.begin(fill())
    finally:
        _depth.reset(token)
    filling.add_done_callback(lambda _: items.put(end))
    try:
        while not isinstance(item := items.get(), _End):
            yield item
        filling.result()
    finally:
        filling.cancel()


class _End:
    """Be the end of what is yielded."""


def close_portals() -> None:
    """End the loops and what they hold open; the next `run_sync` starts another. Called when the process exits."""
    with _lock:
        for portal in _portals.values():
            portal.close()
        _portals.clear()


def _open(depth: int) -> _Portal:
    with _lock:
        if depth not in _portals or _portals[depth].ended:
            _portals[depth] = _Portal()
        return _portals[depth]


def _forget() -> None:
    global _lock
    _lock = threading.Lock()
    _portals.clear()


atexit.register(close_portals)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
