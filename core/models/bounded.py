"""Answers to the openai package, with no more bytes, events and calls than may be: it reads whatever comes."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from ..wire.pieces import steps_of, unpacked_as
from ..wire.replies import check_calls_of
from ..wire.sizes import AROUND, most_bytes, too_large
from ..wire.wording import choices_of

if TYPE_CHECKING:
    import httpx2

_MOST_EVENTS = 250_000
"""Events of a stream: LangChain keeps 2 kB for each."""
_ENDS = (b"\n\n", b"\r\r", b"\r\n\r\n")


def bound_bytes(response: "httpx2.Response") -> None:
    """Let an answer be read as far as it may be, unpacked step by step.

    Args:
        response: An answer of which nothing is read yet; reading more of it raises `UnreadableAnswer`.

    Raises:
        UnreadableAnswer: It is packed in a way that nobody asked for.
    """
    import httpx2

    is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
    where, most, inner = str(response.request.url.host), most_bytes(), response.stream
    bound = AROUND * most if is_stream else most
    unpacked = unpacked_as(response.headers.pop("content-encoding", ""), bound, where)

    class Bounded(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            counted = _Counted(most, bound, where, is_stream=is_stream)
            async for piece in inner:  # type: ignore[union-attr]
                for part in steps_of(piece, unpacked):
                    counted.check(part)
                    yield part
                    await asyncio.sleep(0)  # the package reads all events of a part before others have their turn
            if unpacked and not unpacked.is_whole and not is_stream:  # whose reader knows its end
                raise httpx2.RemoteProtocolError("the packed answer breaks off")

        async def aclose(self) -> None:
            await inner.aclose()  # type: ignore[union-attr]

    response.stream = Bounded()


def check_calls_in(sent: dict[str, Any]) -> None:
    """Refuse a whole answer of more calls than any answer makes.

    Args:
        sent: What came.

    Raises:
        UnreadableAnswer: It is one.
    """
    for choice in choices_of(sent):
        message = choice.get("message")
        check_calls_of(message.get("tool_calls") if isinstance(message, dict) else None)


class _Counted:
    """Count what comes of an answer."""

    def __init__(self, most: int, bound: int, where: str, *, is_stream: bool) -> None:
        self._most, self._bound, self._where, self._is_stream = most, bound, where, is_stream
        self._bytes = self._open = self._events = 0

    def check(self, part: bytes) -> None:
        """Take a part.

        Raises:
            UnreadableAnswer: With it, there is more than may be.
        """
        self._bytes += len(part)
        if self._bytes > self._bound:
            raise too_large(f"more than {self._bound:,} bytes", self._where)
        end = max(map(part.rfind, _ENDS))
        self._open = len(part) - end if end >= 0 else self._open + len(part)
        self._events += part.count(b"\n\n")
        if self._is_stream and self._open > self._most:
            raise too_large(f"an event of more than {self._most:,} bytes", self._where)
        if self._is_stream and self._events > _MOST_EVENTS:
            raise too_large(f"more than {_MOST_EVENTS:,} events", self._where)
