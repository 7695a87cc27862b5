"""The bytes of an answer as they come: unpacked step by step, and counted."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING

from .losses import lost
from .refusals import UnreadableAnswer
from .sizes import too_large

if TYPE_CHECKING:
    import aiohttp

    from .sending import Address

_STEP = 2**16
"""Bytes that are handed on, or unpacked, at once."""
_MOST_MEMBERS = 100
"""Packed pieces that may follow each other: each is copied as often as there are others before it."""
_ANY, _RAW = 47, -15
"""What zlib calls gzip or deflate, whichever it is, and deflate as some servers send it, without its head."""


async def pieces_of(address: "Address", response: "aiohttp.ClientResponse", most: int) -> AsyncGenerator[bytes]:
    """Yield an answer's bytes, unpacked, as long as they are no more than they may be.

    Args:
        address: Who is asked.
        response: The answer.
        most: How many may be read.

    Raises:
        ServerError: There are more, they cannot be unpacked, or the connection is lost.
    """
    count = 0
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    unpacked = None if packing in ("", "identity") else Unpacked(packing)
    with lost(address):
        async for piece in response.content.iter_any():
            for part in unpacked.feed(piece) if unpacked else in_steps(piece):
                count += len(part)
                if count > most:
                    raise too_large(f"more than {most:,} bytes", address.bare)
                yield part
                if len(part) == _STEP:  # others wait for the loop
                    await asyncio.sleep(0)


def in_steps(piece: bytes) -> Iterator[bytes]:
    """Return a piece in parts, none so long that others wait for the loop while it is read.

    Args:
        piece: What came.
    """
    return iter((piece,)) if len(piece) <= _STEP else (piece[at : at + _STEP] for at in range(0, len(piece), _STEP))


class Unpacked:
    """Unpack what comes in pieces: a step at a time, for a few bytes may stand for as many as there is memory."""

    def __init__(self, packing: str) -> None:
        """Say how it is packed.

        Raises:
            UnreadableAnswer: That is none of the ways that were asked for.
        """
        if packing not in ("gzip", "x-gzip", "deflate"):
            raise UnreadableAnswer(
                f"found an answer packed as {packing[:40]!r}, expected it as it is, or as gzip or deflate, which were "
                "asked for; tell its server, or what stands before it"
            )
        self._packing, self._members, self._has_begun = packing, 0, False
        self._open = self._next(_ANY)

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield what a piece unpacks to.

        Raises:
            UnreadableAnswer: It cannot be unpacked.
        """
        if piece and not self._has_begun:
            is_bare = self._packing == "deflate" and piece[0] & 15 != 8
            self._open, self._has_begun = zlib.decompressobj(_RAW) if is_bare else self._open, True
        while piece:
            try:
                part = self._open.decompress(piece, _STEP)
            except zlib.error as exc:
                raise UnreadableAnswer(
                    f"found an answer that is not packed as {self._packing}, as its head says ({exc}); ask again"
                ) from exc
            if part:
                yield part
            piece = self._open.unconsumed_tail
            if self._open.eof:
                piece = self._open.unused_data.lstrip(b"\0")  # gzip may be filled up with it
                self._open = self._next(_ANY) if piece else self._open

    def _next(self, bits: int) -> "zlib._Decompress":
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise UnreadableAnswer(
                f"found an answer packed in more than {_MOST_MEMBERS:,} pieces, expected one; tell its server"
            )
        return zlib.decompressobj(bits)
