"""Files packed by gzip or Zstandard: read within bounds, so that no small file fills a machine, and written."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import GzipFile
from pathlib import Path
from shutil import copyfileobj
from typing import Any, BinaryIO, cast

from ...core.errors import ConfigError
from ...core.ordinary import opened_file
from .values import unreadable

PACKED = (".gz", ".zst")
"""How the names of packed files end."""
_MOST_BYTES, _MOST_TIMES = 250_000_000, 500
"""How much a file may unpack to: so many bytes, or so many times its own where that is more; text is packed to a
twentieth, and what is packed to a thousandth holds nothing."""
_WINDOW = 1 << 27
"""What Zstandard may keep in memory to unpack."""
_CHUNK = 1 << 20
_PACKED_CHUNK = 512
"""Bytes that are unpacked at once: four of them may stand for 128 kB."""


def unpacked_name(path: Path) -> str:
    """Return a file's name without the ending that says how it is packed."""
    return path.name[: -len(path.suffix)] if path.suffix.lower() in PACKED else path.name


@contextmanager
def unpacked_file(path: Path, expected: str) -> Iterator[BinaryIO]:
    """Open an ordinary file to be read, unpacked where its name ends in `.gz` or `.zst`.

    Args:
        path: The file.
        expected: What it should hold, for the message.

    Raises:
        ConfigError: It cannot be opened or read, is no ordinary file, or unpacks to more than it may.
    """
    from zstandard import ZstdError

    try:
        with opened_file(path) as file:
            if path.suffix.lower() not in PACKED:
                yield file
                return
            size = file.seek(0, io.SEEK_END)
            file.seek(0)
            with _unpacking(path, file) as stream, io.BufferedReader(_Bounded(stream, path, size)) as unpacked:
                yield cast("BinaryIO", unpacked)
    except (OSError, EOFError, zlib.error, ZstdError) as exc:
        raise unreadable(str(path), exc, expected) from exc


def pack_file(source: Path, packed: Path) -> None:
    """Write a packed file, as its name ends.

    Args:
        source: What to pack.
        packed: The file to make.

    Raises:
        OSError: It cannot be written.
    """
    with source.open("rb") as file, packed.open("xb") as out:
        if packed.suffix.lower() == ".gz":
            with gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=6, mtime=0) as stream:
                copyfileobj(file, stream, _CHUNK)
        else:
            from zstandard import ZstdCompressor

            ZstdCompressor().copy_stream(file, out)


def _unpacking(path: Path, file: BinaryIO) -> Any:
    if path.suffix.lower() == ".gz":
        return GzipFile(fileobj=file, mode="rb")
    return _Zstandard(file)


class _Zstandard:
    """Be a file that Zstandard packed, in one frame or several; its own reader takes half a frame for the whole."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._rest, self._ready = file, b"", b""
        self._frame: Any = None

    def __enter__(self) -> "_Zstandard":
        return self

    def __exit__(self, *exc: object) -> None:
        self._frame = None

    def read(self, size: int) -> bytes:
        """Return the next bytes; none at the end.

        Raises:
            EOFError: It ends within a frame.
        """
        from zstandard import ZstdDecompressor

        while not self._ready:
            packed, self._rest = self._rest or self._file.read(_PACKED_CHUNK), b""
            if not packed:
                if self._frame is not None:
                    raise EOFError("it ends in the middle")
                return b""
            self._frame = self._frame or ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
            self._ready = self._frame.decompress(packed)
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
        chunk, self._ready = self._ready[:size], self._ready[size:]
        return chunk


class _Bounded(io.RawIOBase):
    """Be what is unpacked, up to a bound."""

    def __init__(self, stream: Any, path: Path, size: int) -> None:
        self._stream, self._path = stream, path
        self._most, self._read = max(_MOST_BYTES, _MOST_TIMES * size), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk: bytes = self._stream.read(len(buffer))
        self._read += len(chunk)
        if self._read > self._most:
            raise ConfigError(
                f"found more than {self._most:,} bytes packed in {self._path}, expected at most {_MOST_TIMES} times "
                "its own size; unpack it yourself, if you trust it"
            )
        buffer[: len(chunk)] = chunk
        return len(chunk)
