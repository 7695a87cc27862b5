"""The bytes of an answer as they come: unpacked step by step, and counted."""

import zlib
from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING

from .losses import lost
from .refusals import ServerUnreachable, UnreadableAnswer
from .sizes import STEP, Turns, too_large

if TYPE_CHECKING:
    import aiohttp

    from .sending import Address

_AROUND = 2**16
"""Bytes that a packed answer may have beside those it stands for: heads, sums, what fills it up."""
_FILLING = b"\0 \t\r\n"
"""What may stand behind what is packed."""
_MOST_MEMBERS = 100
"""Packed pieces that may follow each other: each takes another to unpack it."""
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
    count, turns = 0, Turns()
    unpacked = unpacked_as(response.headers.get("Content-Encoding", ""), most, address.bare)
    with lost(address):
        async for piece in response.content.iter_chunked(STEP):
            await turns.after(len(piece))
            for part in steps_of(piece, unpacked):
                count += len(part)
                if count > most:
                    raise too_large(f"more than {most:,} bytes", address.bare)
                yield part
                await turns.after(len(part))
        if unpacked and not unpacked.is_whole:
            raise ServerUnreachable(f"the connection to {address.bare} was lost (its packed answer breaks off)")


def steps_of(piece: bytes, unpacked: "Unpacked | None") -> Iterator[bytes]:
    """Return what a piece stands for in parts, none so long that others wait for the loop while it is read.

    Args:
        piece: What came.
        unpacked: What unpacks it; None where it stands for itself.

    Raises:
        UnreadableAnswer: (when read) It cannot be unpacked, or is more than may be.
    """
    return unpacked.feed(piece) if unpacked else _in_steps(piece)


def unpacked_as(packing: str, most: int, where: str) -> "Unpacked | None":
    """Return what unpacks an answer; None where it comes as it is.

    Args:
        packing: How it is packed, as its head says.
        most: How many bytes it may stand for.
        where: Who sends it.

    Raises:
        UnreadableAnswer: That is none of the ways that were asked for.
    """
    packing = packing.strip().lower()
    return None if packing in ("", "identity") else Unpacked(packing, most, where)


def _in_steps(piece: bytes) -> Iterator[bytes]:
    return iter((piece,)) if len(piece) <= STEP else (piece[at : at + STEP] for at in range(0, len(piece), STEP))


class Unpacked:
    """Unpack what comes in pieces: a step at a time, for a few bytes may stand for as many as there is memory."""

    def __init__(self, packing: str, most: int, where: str = "") -> None:
        """Say how it is packed, how many bytes it may stand for, and who sends it.

        Raises:
            UnreadableAnswer: That is none of the ways that were asked for.
        """
        if packing not in ("gzip", "x-gzip", "deflate"):
            raise UnreadableAnswer(
                f"found an answer packed as {packing[:40]!r}, expected it as it is, or as gzip or deflate, which were "
                "asked for; tell its server, or what stands before it"
            )
        self._packing, self._most, self._where = packing, most, where
        self._bytes = self._members = 0
        self._open: zlib._Decompress | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether what has begun has come to its end."""
        return self._open is None

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield what a piece unpacks to.

        Raises:
            UnreadableAnswer: It cannot be unpacked, or is more than may be: also what stands for nothing is counted.
        """
        self._bytes += len(piece)
        if self._bytes > self._most + _AROUND:
            raise too_large(f"more than {self._most:,} packed bytes", self._where)
        for step in _in_steps(piece):  # what is not unpacked yet is copied each time
            yield from self._unpack(step)

    def _unpack(self, step: bytes) -> Iterator[bytes]:
        is_full = False  # what was taken in may be more than could be handed on
        while True:
            step = step if self._open else self._next(step)
            if not (opened := self._open) or not (step or is_full):
                return
            try:
                part = opened.decompress(step, STEP)
            except zlib.error as exc:
                raise UnreadableAnswer(
                    f"found an answer that is not packed as {self._packing}, as its head says ({exc}); ask again"
                ) from exc
            is_full = len(part) == STEP
            step, self._open = (opened.unused_data, None) if opened.eof else (opened.unconsumed_tail, opened)
            if part:
                yield part

    def _next(self, step: bytes) -> bytes:
        """Begin what is packed next, where there is some; return it without what fills up what was before it."""
        step = step.lstrip(_FILLING) if self._members else step
        if not step:
            return step
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise UnreadableAnswer(
                f"found an answer packed in more than {_MOST_MEMBERS:,} pieces, expected one; tell its server"
            )
        is_bare = self._members == 1 and self._packing == "deflate" and step[0] & 15 != 8
        self._open = zlib.decompressobj(_RAW if is_bare else _ANY)
        return step
