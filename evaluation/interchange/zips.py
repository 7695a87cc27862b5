"""Read members of a zip one at a time, also those packed by Zstandard, and none that unpacks without bound."""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from ...core.errors import ConfigError
from ...core.ordinary import opened_file
from .values import shown_value, unreadable

MOST_MEMBER = 250_000_000
"""Bytes that a member may unpack to: a sample of a log holds whole conversations."""
_MOST_TIMES = 500
"""By how much more all that was read may be than the file, once it is more than a sample may be."""
_ZSTANDARD = 93
"""The method's number: inspect_ai packs by it, and Python can from 3.14 on."""
_CHUNK = 1 << 20
_EXPECTED = "a whole zip, as inspect_ai writes its logs"
_HEADER = struct.Struct("<4s22xHH")
"""What stands before a member's bytes: a mark, the length of its name, and that of what else is told."""


class Zip:
    """Be an open zip whose members are read by name."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.path = path
        self._file, self._zip = file, ZipFile(file)
        self.names = self._zip.namelist()
        self._size = file.seek(0, io.SEEK_END)
        self._read = 0

    def member(self, name: str) -> bytes:
        """Return what a member holds.

        Raises:
            ConfigError: It cannot be unpacked, or is too large.
        """
        info = self._zip.getinfo(name)
        if info.flag_bits & 1:
            raise ConfigError(
                f"found {shown_value(name)} locked by a password in {self.path}, expected it open; unlock it"
            )
        chunks, size = [], 0
        with self._unpacked(info) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                self._read += len(chunk)
                if size > MOST_MEMBER or self._read > max(MOST_MEMBER, _MOST_TIMES * self._size):
                    raise ConfigError(
                        f"found {shown_value(name)} in {self.path} to unpack to more than a log may, expected at most "
                        f"{MOST_MEMBER:,} bytes a sample, and {_MOST_TIMES} times the file in all; get the log again"
                    )
                chunks.append(chunk)
        if size != info.file_size:
            raise BadZipFile(f"{name} unpacks to {size:,} bytes, and should to {info.file_size:,}")
        return b"".join(chunks)

    def _unpacked(self, info: ZipInfo) -> Any:
        if info.compress_type != _ZSTANDARD:
            return self._zip.open(info)
        import zstandard

        self._file.seek(info.header_offset)
        mark, name, more = _HEADER.unpack(self._file.read(_HEADER.size))
        if mark != b"PK\3\4":
            raise BadZipFile(f"no member stands where {info.filename!r} should")
        self._file.seek(name + more, io.SEEK_CUR)
        packed = self._file.read(min(info.compress_size, self._size))
        return zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)


@contextmanager
def opened_zip(path: Path) -> Iterator[Zip]:
    """Open a zip.

    Args:
        path: The file.

    Raises:
        ConfigError: It is no zip, or a member of it cannot be read.
    """
    from zlib import error as broken

    from zstandard import ZstdError

    try:
        with opened_file(path) as file:
            yield Zip(file, path)
    except (BadZipFile, ZstdError, broken, OSError, EOFError, NotImplementedError, struct.error) as exc:
        raise unreadable(str(path), exc, _EXPECTED) from exc
