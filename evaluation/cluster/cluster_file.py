"""Read questions with Ray Data: files of this machine, of S3 or Google Cloud Storage, JSON Lines or Parquet."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from os import PathLike, fspath
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from ...core.errors import ConfigError
from ...core.ordinary import LONGEST_LINE
from ...core.text import one_line, printable, redact
from ..batch.questions import Question
from ..batch.reading import parsed_line, with_ids

_T = TypeVar("_T")
_BLOCK = 1 << 20
"""Bytes of lines that travel together: Ray's driver remembers something of every block for as long as it reads."""
_ROWS = 256
_CHUNK = 200
"""Questions that are handed from the thread that reads to the event loop at once."""
_AZURE = frozenset({"abfs", "abfss"})
"""Where a container's name stands before an @, as in abfs://container@account.dfs.core.windows.net/questions.jsonl."""
_LONGEST_CONTAINER = 63
_HARMLESS = frozenset({
    "region", "scheme", "endpoint_override", "anonymous", "enable_tls", "blob_storage_authority",
    "dfs_storage_authority",
})  # fmt: skip
"""What may stand behind a ? of an address: where a file is, and never who may read it."""


def is_url(path: str | PathLike[str]) -> bool:
    """Tell an address of a file, such as s3://bucket/questions.jsonl, from a path."""
    scheme, mark, _ = fspath(path).partition("://")
    return bool(mark) and scheme.isalnum()


def _check_address(url: str) -> None:
    """Refuse an address that says who may read it, for it travels through the cluster, and is shown."""
    address, _, query = url.partition("?")
    scheme, _, rest = address.partition("://")
    user, at, _ = rest.partition("/")[0].rpartition("@")
    is_container = scheme in _AZURE and len(user) <= _LONGEST_CONTAINER and user.replace("-", "").isalnum()
    if at and not is_container:
        raise ConfigError(
            "found a user or password in the address of the questions, expected none: it would travel through the "
            "cluster; leave it to the environment of its machines, as AWS_ACCESS_KEY_ID for S3"
        )
    if not all(name in _HARMLESS and "@" not in value for name, value in parse_qsl(query, keep_blank_values=True)):
        raise ConfigError(
            f"found what may be a signature or key behind the ? in the address of the questions, expected nothing but "
            f"{', '.join(sorted(_HARMLESS))}: it would travel through the cluster; fetch the file first, or leave keys "
            "to the environment of its machines"
        )


_THREADS = ("iter_threaded", "Prefetcher")
"""What Ray Data calls the threads that read ahead."""
_JOIN_S = 5.0


class ClusterFile:
    """Go through a file's questions, as often as wanted, and never hold more than some of them."""

    def __init__(self, ray: Any, path: str | PathLike[str]) -> None:
        """Take a path of this machine, or an address; what ends in .parquet is Parquet, all else JSON Lines."""
        self._ray, self._path = ray, fspath(path)
        if is_url(self._path):
            _check_address(self._path)
        shown = self._path.partition("?")[0] if is_url(self._path) else self._path
        self._name = one_line(printable(shown), limit=200)
        self._readings: list[_Reading] = []
        self._others = {*threading.enumerate()}

    def __iter__(self) -> Iterator[Question]:
        self._readings.append(_Reading(self._questions()))
        return self._readings[-1]

    def close(self) -> None:
        """End what is still read: Ray Data has to, before Ray is left, or it starts another Ray to end in."""
        for reading in self._readings:
            reading.close()
        self._readings.clear()
        # They end within a tenth of a second by themselves, and Ray ends the process of whoever asks it for something
        # once it was left.
        for thread in {*threading.enumerate()} - self._others:
            if thread.name in _THREADS:
                thread.join(_JOIN_S)

    def _questions(self) -> Generator[Question, None, None]:
        try:
            yield from with_ids(self._items())
        except ConfigError:
            raise
        except (OSError, ValueError, self._ray.exceptions.RayError) as exc:
            raise ConfigError(
                f"{self._name} cannot be read: {_last_line(exc, self._path)}; expected questions that every machine of "
                "the cluster may read, or a file of this one"
            ) from exc

    def _items(self) -> Iterator[tuple[str, object]]:
        """Go through what the file holds, in its order: questions without an id are numbered by it."""
        is_parquet = self._path.partition("?")[0].rstrip("/").lower().endswith(".parquet")
        tasks: dict[str, Any] = {"num_cpus": 0}  # all CPUs may be the actors', and then nothing else would ever run
        where = self._path
        if not is_url(where):  # only this machine is known to have it
            where = str(Path(where).absolute())
            tasks["label_selector"] = {"ray.io/node-id": self._ray.get_runtime_context().get_node_id()}
        data = self._ray.data.read_datasource(_source(is_parquet)(where), **tasks)
        data.context.execution_options.preserve_order = True
        data.context.enable_progress_bars = False
        data.context.print_on_execution_start = False
        kind, end = "row" if is_parquet else "line", self._path.partition("?")[0].rpartition("/")[2]
        for table in data.iter_batches(batch_size=_ROWS, batch_format="pyarrow", prefetch_batches=1):
            for item in table.to_pylist():
                file = "" if item["path"].endswith(end) else f", {one_line(printable(item['path']), limit=200)}"
                place = f"in {kind} {item['number']} of {self._name}{file}"
                yield place, parsed_line(item["line"], place)


class _Reading(Iterator[Question]):
    """Be a file that is read in one thread, and may be closed in another."""

    def __init__(self, questions: Generator[Question, None, None]) -> None:
        self._questions, self._turn = questions, threading.Lock()

    def __next__(self) -> Question:
        with self._turn:
            return next(self._questions)

    def close(self) -> None:
        """Let nothing more be read, once what is being read is there."""
        with self._turn:
            self._questions.close()


def _source(is_parquet: bool) -> type[Any]:
    """Return a source of JSON lines, in the hands of Ray Data.

    Its own sources read a whole text file into memory, guess the types of JSON, and list Parquet in tasks that want a
    CPU of their own.
    """
    import pyarrow
    from pyarrow.parquet import ParquetFile
    from ray.data.datasource import FileBasedDatasource

    schema = pyarrow.schema([("path", pyarrow.string()), ("number", pyarrow.int64()), ("line", pyarrow.binary())])

    def table(path: str, first: int, lines: Sequence[bytes]) -> Any:
        full = [(number, line) for number, line in enumerate(lines, first) if line.strip()]
        columns = [[path] * len(full), [number for number, _ in full], [line for _, line in full]]
        return pyarrow.table(columns, schema=schema)

    class Lines(FileBasedDatasource):  # type: ignore[misc]
        def _read_stream(self, f: Any, path: str) -> Iterator[Any]:
            for number, lines in _lines_of(f):
                yield table(path, number, lines)

    class Rows(FileBasedDatasource):  # type: ignore[misc]
        def _open_input_source(self, filesystem: Any, path: str, **options: Any) -> Any:
            return filesystem.open_input_file(path)

        def _read_stream(self, f: Any, path: str) -> Iterator[Any]:
            number = 1
            for batch in ParquetFile(f).iter_batches(batch_size=_ROWS):
                lines = [json.dumps(row, ensure_ascii=False, default=str).encode() for row in batch.to_pylist()]
                yield table(path, number, lines)
                number += len(lines)

    return Rows if is_parquet else Lines


def _lines_of(file: Any) -> Iterator[tuple[int, list[bytes]]]:
    """Go through the lines of an open file, about a block of them at a time, with the number of the first."""
    number, size = 1, 0
    begun: list[bytes] = []
    while chunk := file.read(_BLOCK):
        if number == 1 and not begun:
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
        head, *lines = chunk.split(b"\n")
        begun.append(head)
        size += len(head)
        if lines:
            whole = [b"".join(begun), *lines[:-1]]
            yield number, whole
            number, begun, size = number + len(whole), [lines[-1]], len(lines[-1])
        if size > LONGEST_LINE:
            raise ValueError(f"line {number:,} has more than {LONGEST_LINE:,} bytes")
    yield number, [b"".join(begun)]


async def in_a_thread(items: Iterator[_T]) -> AsyncIterator[_T]:
    """Go through what waits for a network, and leave the event loop to others meanwhile."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="questions")
    try:
        loop = asyncio.get_running_loop()
        while chunk := await loop.run_in_executor(thread, lambda: list(islice(items, _CHUNK))):
            for item in chunk:
                yield item
    finally:
        thread.shutdown(wait=False)


def _last_line(exc: BaseException, path: str) -> str:
    """Return what went wrong, without the traceback that Ray writes before it, and without what stands behind a ?."""
    query = path.partition("?")[2] if is_url(path) else ""
    text = str(exc).replace(f"?{query}", "") if query else str(exc)
    lines = [line for line in text.splitlines() if line.strip()]
    return one_line(redact(printable(lines[-1] if lines else type(exc).__name__)), limit=300)
