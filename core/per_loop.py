"""One of something for each event loop, closed with its loop."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import wait
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

_T = TypeVar("_T")


class PerLoop(Generic[_T]):
    """Keep what belongs to an event loop, such as a pool of connections, for as long as the loop lives."""

    def __init__(self, make: Callable[[], _T], close: Callable[[_T], Coroutine[Any, Any, None]]) -> None:
        """Say how it is made, on its loop, and how it is closed."""
        self._make, self._close, self._lock = make, close, threading.Lock()
        self._open: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[_T, AsyncGenerator[_T]]] = WeakKeyDictionary()

    async def get(self) -> _T:
        """Return the running loop's own, made where there is none yet."""
        loop = asyncio.get_running_loop()
        entry = self._open.get(loop)
        if entry is None:
            keeper = self._keep(loop)
            entry = (await anext(keeper), keeper)
            with self._lock:
                for ended in [other for other in self._open if other.is_closed()]:  # without shutdown_asyncgens()
                    self._open.pop(ended)
                self._open[loop] = entry
        return entry[0]

    async def _keep(self, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[_T]:
        # Suspended at its yield, this generator is what the loop ends in shutdown_asyncgens(): the only notice of its
        # end that every runner (asyncio.run, anyio, uvicorn) gives.
        mine = self._make()
        try:
            yield mine
        finally:
            with self._lock:
                self._open.pop(loop, None)
            await self._close(mine)

    def close(self, seconds: float) -> None:
        """Close those of loops that run in other threads, and with them their requests; for a process that ends.

        Args:
            seconds: How long that may take.
        """
        with self._lock:
            entries = [(loop, mine) for loop, (mine, _) in self._open.items() if loop.is_running()]
        closing = [asyncio.run_coroutine_threadsafe(self._close(mine), loop) for loop, mine in entries]
        wait(closing, seconds)
