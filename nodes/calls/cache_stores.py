"""The stores behind a cache of responses: LangGraph's SQLite and Redis caches, opened with care."""

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from langgraph.cache.base import BaseCache, FullKey

from ...core.errors import MissingExtra
from ...core.ordinary import file_kind

CACHE_PATIENCE = 5.0
"""Seconds after which a call is made without the cache; SQLite waits as long for others who write."""
_MOST_ENTRY = 16_000_000
"""Bytes of an entry."""
_COLUMNS = ["ns", "key", "expiry", "encoding", "val"]
_EXPECTED = "expected a file of a cache, or a name that is free"
_T = TypeVar("_T")


class UnreadableEntry(ValueError):
    """Tell that an entry is nothing that this package wrote."""


class JsonEntries:
    """Write entries as JSON, and read nothing else."""

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Return an entry as it is kept."""
        content = json.dumps(obj, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
        if len(content) > _MOST_ENTRY:
            raise UnreadableEntry(f"an entry of {len(content):,} bytes")
        return "json", content

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Return an entry that was kept.

        Raises:
            UnreadableEntry: It is nothing that was kept so.
        """
        kind, content = data
        if kind != "json" or not isinstance(content, bytes) or len(content) > _MOST_ENTRY:
            raise UnreadableEntry(f"an entry of the kind {kind!r:.40}")
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as exc:
            raise UnreadableEntry("an entry that is no JSON") from exc


def sqlite_cache() -> Any:
    """Import LangGraph's cache in a file.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        from langgraph.cache.sqlite import SqliteCache
    except ImportError as exc:
        raise MissingExtra("a cache in a file", "sqlite") from exc
    return SqliteCache


def store_in_file(path: Path) -> BaseCache[Any]:
    """Open a cache in a file, made where there is none.

    Raises:
        OSError: Something else is there, or nothing can be made there.
    """
    cache_in_file = sqlite_cache()
    if (kind := file_kind(path)) is not None:
        raise OSError(f"found {kind}, {_EXPECTED}")
    if not path.absolute().parent.is_dir():
        raise OSError("found no folder for it, expected one that is there; make it first")
    with suppress(FileExistsError):  # what was asked and answered is its maker's alone
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    if path.stat().st_size:
        _check_ours(path)
    store: BaseCache[Any] = cache_in_file(path=str(path), serde=JsonEntries())
    return store


def _check_ours(path: Path) -> None:
    """Refuse what is no cache: LangGraph's would add a table of its own to the file of any program."""
    import sqlite3

    with path.open("rb") as file:
        if file.read(16) != b"SQLite format 3\0":
            raise OSError(f"found a file of another kind, {_EXPECTED}")
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=CACHE_PATIENCE)) as connection:
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' LIMIT 20")
        }
        columns = [row[1] for row in connection.execute("PRAGMA table_info(cache)")]
    if tables - {"cache"} or (tables and columns != _COLUMNS):
        raise OSError(f"found a database of another program, {_EXPECTED}")


def redis_package() -> Any:
    """Import redis.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        import redis
    except ImportError as exc:
        raise MissingExtra("a cache in Redis", "redis") from exc
    return redis


def store_in_redis(url: str) -> BaseCache[Any]:
    """Open a cache in a server of Redis, which has to answer.

    Raises:
        Exception: Whatever its client raises.
    """
    redis = redis_package()
    from langgraph.cache.redis import RedisCache
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # Without these, a server that hangs is asked ten times over, and for ever.
    bounds = {
        "socket_timeout": CACHE_PATIENCE / 2,
        "socket_connect_timeout": CACHE_PATIENCE / 2,
        "retry": Retry(NoBackoff(), 0),
    }
    client = redis.Redis.from_url(url, **bounds)
    client.ping()

    class Told(RedisCache[Any]):
        """Raise what LangGraph's cache takes for entries that are not there."""

        def get(self, keys: Sequence[FullKey]) -> dict[FullKey, Any]:
            values = super().get(keys)
            self.redis.raise_failure()
            return values

        def set(self, mapping: Mapping[FullKey, tuple[Any, int | None]]) -> None:
            super().set(mapping)
            self.redis.raise_failure()

    return Told(_Remembering(client), serde=JsonEntries())


class _Remembering:
    """Be a client of Redis that remembers what failed in a thread."""

    def __init__(self, client: Any) -> None:
        self._client, self._of_thread = client, threading.local()

    def mget(self, keys: Sequence[str]) -> Any:
        return self._tried(lambda: self._client.mget(keys))

    def pipeline(self) -> Any:
        pipe = self._client.pipeline()
        execute = pipe.execute
        pipe.setex = lambda name, time, value: pipe.set(name, value, ex=time)  # which the package deprecates
        pipe.execute = lambda: self._tried(execute)
        return pipe

    def keys(self, pattern: str) -> Any:
        return list(self._client.scan_iter(pattern))

    def delete(self, *keys: Any) -> Any:
        return self._client.delete(*keys)

    def raise_failure(self) -> None:
        failure, self._of_thread.failure = getattr(self._of_thread, "failure", None), None
        if failure:
            raise failure

    def _tried(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except Exception as exc:
            self._of_thread.failure = exc
            raise
