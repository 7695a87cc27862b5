"""A cache of responses that any process opens by its address: a file of SQLite's, or a server of Redis.

LangGraph's own caches do the work. What they leave out is here: Redis is asked in a thread, for LangGraph's asks on the
event loop (github.com/langchain-ai/langgraph/issues/6247), and a server that hangs would stop it; failures are told
once, and what fails is left alone for a while; entries are JSON, and nothing that a file names is run; a file of
another program's is not written to; and there is a bound of what a file may grow to.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from langgraph.cache.base import BaseCache, FullKey, Namespace

from ...core.checks import check_number
from ...core.errors import ConfigError
from ...core.text import one_line, printable, redact
from ...core.wire.connections import bare_url
from .cache_stores import (
    CACHE_PATIENCE,
    JsonEntries,
    UnreadableEntry,
    redis_package,
    sqlite_cache,
    store_in_file,
    store_in_redis,
)

_REDIS = ("redis://", "rediss://", "unix://")
_REST = 30.0
"""Seconds for which nothing more is asked of a cache that failed twice in a row."""
MOST_CACHE_BYTES = 10_000_000_000
"""What a file may grow to, where nothing else is said."""
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class ResponseCache(BaseCache[Any]):
    """Keep whole answers by the exact request, for every process and every run that opens the same address.

    A mixture that has it as its `cache` looks up all of its calls, aggregators', judges' and analysts' too; with
    another of LangGraph's caches, it is proposals only. A cache that fails costs no answer: models are asked instead,
    and it is told once.

        moa = create_moa(..., cache=ResponseCache("answers.db"))
        moa = create_moa(..., cache=ResponseCache("redis://localhost:6379/0", ttl=7 * 24 * 3600))
    """

    def __init__(
        self, address: str | os.PathLike[str], *, ttl: int | None = None, most_bytes: int = MOST_CACHE_BYTES
    ) -> None:
        """Note where it is; it is opened when it is first asked, by each process for itself.

        Args:
            address: A file, made where there is none, or a server of Redis: `redis://host:port/0`, `rediss://...`.
            ttl: Seconds for which an answer is kept; None keeps it for good.
            most_bytes: What a file may grow to: then nothing more is written to it. Redis has its own `maxmemory`.

        Raises:
            ConfigError: An option is wrong.
            MissingExtra: The package of SQLite's cache, or of Redis, is not installed.
        """
        super().__init__(serde=JsonEntries())
        self.address = os.fspath(address)
        if not self.address.strip() or ("://" in self.address and not self.is_remote):
            raise ConfigError(
                f"found the cache {bare_url(self.address)!r}, expected a file, or redis://HOST:PORT/0; name one"
            )
        if ttl is not None:
            check_number("ttl", ttl, minimum=1, whole=True)
        check_number("most_bytes", most_bytes, minimum=1, most=10**15, whole=True)
        self.ttl, self.most_bytes = ttl, most_bytes
        _ = redis_package() if self.is_remote else sqlite_cache()
        self._clear_state()

    def __reduce__(self) -> tuple[Any, ...]:
        """Be opened anew by whoever gets a copy: a worker on another machine, or of a cluster."""
        return _made_again, (self.address, self.ttl, self.most_bytes)

    @property
    def is_remote(self) -> bool:
        """Tell a server from a file."""
        return self.address.startswith(_REDIS)

    @property
    def name(self) -> str:
        """Return its address as it may be shown: without a password."""
        return bare_url(self.address) if self.is_remote else self.address

    def problem(self) -> str | None:
        """Say in a sentence why it cannot be used; None where it can. It blocks, for some seconds at most."""
        try:
            self._store()
        except Exception as exc:  # noqa: BLE001 - whatever a file or a server comes up with, it is told
            return self._told(exc)
        return None

    def get(self, keys: Sequence[FullKey]) -> dict[FullKey, Any]:
        """Return the entries that are there; one that cannot be read is none."""
        return self._guarded("read", lambda: self._store().get(keys), {})

    def set(self, pairs: Mapping[FullKey, tuple[Any, int | None]]) -> None:
        """Keep entries, those that are not too large, while there is room."""
        self._guarded("written", lambda: self._write(pairs), None)

    def clear(self, namespaces: Sequence[Namespace] | None = None) -> None:
        """Forget entries."""
        self._store().clear(namespaces)

    async def aget(self, keys: Sequence[FullKey]) -> dict[FullKey, Any]:
        """Return the entries that are there; the event loop goes on meanwhile."""
        return await self._in_thread("read", lambda: self.get(keys), {})

    async def aset(self, pairs: Mapping[FullKey, tuple[Any, int | None]]) -> None:
        """Keep entries; the event loop goes on meanwhile."""
        await self._in_thread("written", lambda: self.set(pairs), None)

    async def aclear(self, namespaces: Sequence[Namespace] | None = None) -> None:
        """Forget entries."""
        await asyncio.get_running_loop().run_in_executor(self._threads(), lambda: self.clear(namespaces))

    def _clear_state(self) -> None:
        self._process = os.getpid()
        self._opened: BaseCache[Any] | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._failures: dict[str, int] = {}
        self._rests_until: dict[str, float] = {}
        self._told_of: set[str] = set()

    def _own(self) -> None:
        """Begin anew in a process that was forked: neither connections nor threads go along."""
        if self._process != os.getpid():
            self._clear_state()

    def _threads(self) -> ThreadPoolExecutor:
        self._own()
        if self._pool is None:  # a file is asked by one at a time, for LangGraph has a lock of it
            self._pool = ThreadPoolExecutor(4 if self.is_remote else 1, thread_name_prefix="moa-cache")
        return self._pool

    def _store(self) -> BaseCache[Any]:
        self._own()
        if self._opened is None:
            path = Path(self.address)
            self._opened = store_in_redis(self.address) if self.is_remote else store_in_file(path)
        return self._opened

    def _write(self, pairs: Mapping[FullKey, tuple[Any, int | None]]) -> None:
        store = self._store()
        if not self.is_remote and (size := _size_of(Path(self.address))) >= self.most_bytes:
            raise OSError(f"it has {size:,} bytes, and may have {self.most_bytes:,}; take another, or delete it")
        store.set({key: (value, self.ttl if ttl is None else ttl) for key, (value, ttl) in pairs.items()})

    def _rests(self, what: str) -> bool:
        self._own()
        return time.monotonic() < self._rests_until.get(what, 0.0)

    def _guarded(self, what: str, work: Callable[[], _T], otherwise: _T) -> _T:
        if self._rests(what):
            return otherwise
        try:
            done = work()
        except UnreadableEntry:
            return otherwise
        except Exception as exc:  # noqa: BLE001 - a cache that is down costs money, not answers
            self._failed(what, exc)
            return otherwise
        self._failures.pop(what, None)
        return done

    async def _in_thread(self, what: str, work: Callable[[], _T], otherwise: _T) -> _T:
        if self._rests(what):
            return otherwise
        try:
            async with asyncio.timeout(CACHE_PATIENCE):
                return await asyncio.get_running_loop().run_in_executor(self._threads(), work)
        except TimeoutError:
            self._failed(what, TimeoutError(f"no answer within {CACHE_PATIENCE:g} s"))
            return otherwise

    def _failed(self, what: str, exc: Exception) -> None:
        self._failures[what] = self._failures.get(what, 0) + 1
        if self._failures[what] >= 2:
            self._rests_until[what] = time.monotonic() + _REST
        why = self._told(exc)
        # A server that goes away is first told as a lost connection, then as a refused one.
        kind = type(exc).__name__ if self.is_remote else why
        if kind not in self._told_of:
            self._told_of.add(kind)
            _log.warning("the cache cannot be %s, and models are asked: %s", what, why)

    def _told(self, exc: Exception) -> str:
        words = one_line(printable(redact(str(exc))), limit=200)
        return f"{self.name}: {words or type(exc).__name__}"


def _made_again(address: str, ttl: int | None, most_bytes: int) -> ResponseCache:
    return ResponseCache(address, ttl=ttl, most_bytes=most_bytes)


def _size_of(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
