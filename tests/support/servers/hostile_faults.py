"""What a server can do wrong on the wire, by name, each a few lines; `Peer` is whom it does it to."""

import asyncio
import json
import random
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

RIGHT = "the answer"
SMUGGLED = "SMUGGLED"
_PIECE = b"x" * 2**16
_DICE = random.Random(19)
_BYTES = 2**20
EVENTS = "text/event-stream"
END = b"data: [DONE]\n\n"


class Hung(Exception):
    """End a connection."""


@dataclass
class Peer:
    """Be who asks: its connection, and what it wants."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: dict[str, Any]
    path: str

    @property
    def streams(self) -> bool:
        return bool(self.request.get("stream"))

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            if self.writer.is_closing():
                raise Hung
            self.writer.write(part)
            await self.writer.drain()

    async def drip(self, data: bytes, seconds: float) -> None:
        for number in range(len(data)):
            await self.send(data[number : number + 1])
            await asyncio.sleep(seconds)

    async def silence(self) -> None:
        """Say nothing until the other side hangs up."""
        while await self.reader.read(2**16):
            pass
        raise Hung

    def reset(self) -> None:
        """Break off with RST, as a machine does that has crashed."""
        link: socket.socket = self.writer.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Fault(NamedTuple):
    """Say what is done, and to whom."""

    act: Callable[[Peer], Awaitable[object]]
    """What it returns says whether the connection can take another request."""
    only_streams: bool = False
    stays_open: bool = False
    """Whether its connection takes another request."""
    prepare: Callable[[], object] = list
    """Makes what takes long to make."""


def head(status: str = "200 OK", kind: str = "application/json", **headers: object) -> bytes:
    """Return the beginning of an answer; `content_length=5` is `Content-Length: 5`."""
    lines = [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Type: {kind}", *lines, "", ""]).encode()


def event(delta: dict[str, Any], reason: str | None = None) -> bytes:
    """Return one event of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    whole = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(whole, ensure_ascii=False).encode() + b"\n\n"


def completion(text: str = RIGHT, **message: Any) -> bytes:
    """Return an answer that is not streamed."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text, **message}}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    whole = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return json.dumps(whole, ensure_ascii=False).encode()


def stream(text: str = RIGHT) -> bytes:
    """Return an answer that is streamed."""
    return event({"role": "assistant", "content": text}) + event({}, "stop") + END


STREAM_HEAD = head(kind=EVENTS, connection="close")


def body_of(peer: Peer, text: str = RIGHT) -> tuple[bytes, str]:
    """Return an answer as it is wanted, and of which kind it is."""
    return (stream(text), EVENTS) if peer.streams else (completion(text), "application/json")


def answered(peer: Peer, text: str = RIGHT) -> bytes:
    """Return a whole and proper answer."""
    body, kind = body_of(peer, text)
    return head(kind=kind, content_length=len(body)) + body


def elsewhere(path: str) -> bool:
    """Tell where nobody should ask."""
    return "/elsewhere" in path


async def _whole(peer: Peer, after: bytes) -> bool:
    await peer.send(answered(peer) + after)
    return True


def _sends(*parts: bytes, then: str = "close", only_streams: bool = False) -> Fault:
    return Fault(partial(_sent, parts=parts, then=then), only_streams)


async def _sent(peer: Peer, parts: tuple[bytes, ...], then: str) -> None:
    await peer.send(*parts)
    if then == "silence":
        await peer.silence()


def _endless(first: bytes, part: bytes, seconds: float = 0.0, *, only_streams: bool = False) -> Fault:
    return Fault(partial(_endlessly, first=first, part=part, seconds=seconds), only_streams)


async def _endlessly(peer: Peer, first: bytes, part: bytes, seconds: float) -> None:
    await peer.send(first)
    while True:
        await peer.send(part)
        await asyncio.sleep(seconds)


async def _with_length(peer: Peer, length: Callable[[int], str], *, then: str = "close") -> None:
    """Say another length than the body has."""
    body, kind = body_of(peer)
    lengths = length(len(body)).split("|")
    lines = "".join(f"Content-Length: {each}\r\n" for each in lengths)
    await _sent(peer, (f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{lines}\r\n".encode() + body,), then)


async def _dripped(peer: Peer, *, headers: bool) -> None:
    whole = answered(peer)
    border = whole.index(b"\r\n\r\n") + 4
    if not headers:
        await peer.send(whole[:border])
    await peer.drip(whole if headers else whole[border:], 0.05)


async def _cut(peer: Peer, where: Callable[[bytes], int], *, reset: bool = False) -> None:
    whole = answered(peer, "half a sign: é")
    await peer.send(whole[: where(whole)])
    if reset:
        peer.reset()


async def _half_a_chunk(peer: Peer) -> None:
    body, kind = body_of(peer)
    await peer.send(head(kind=kind, transfer_encoding="chunked"), b"%x\r\n" % len(body), body[:-20])


@cache
def bomb(encoding: str, before: bytes, piece: bytes, after: bytes) -> bytes:
    """Return 200 MB, packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
    parts = [packer.compress(before), *(packer.compress(piece * _BYTES) for _ in range(200)), packer.compress(after)]
    return b"".join([*parts, packer.flush()])


def _bomb(encoding: str, *, blank: bool = False) -> Fault:
    def make(streams: bool) -> bytes:
        whole = stream("@ @") if streams else completion("@ @")
        before, _, after = whole.partition(b": " if blank else b"@ ")
        packed = bomb(encoding, before + b":" * blank, b" " if blank else b"x", after)
        kind = EVENTS if streams else "application/json"
        return head(kind=kind, content_encoding=encoding, content_length=len(packed)) + packed

    return _prepared(make)


def _prepared(make: Callable[[bool], bytes], *, only_streams: bool = False) -> Fault:
    """Send what takes long to write; it is written once, and before anybody asks where there is time for that."""
    made = cache(make)

    async def act(peer: Peer) -> None:
        await peer.send(made(peer.streams))

    return Fault(act, only_streams, prepare=lambda: [made(True), made(only_streams)])


async def _packed_badly(peer: Peer, *, half: bool) -> None:
    body, kind = body_of(peer)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    sent = (packer.compress(body) + packer.flush())[:-30] if half else body
    await peer.send(head(kind=kind, content_encoding="gzip", content_length=len(sent)), sent)


async def _redirected(peer: Peer, status: str, to: str) -> bool:
    hops = int(peer.path.partition("hop")[2] or 0) + 1
    place = to.format(path=peer.path, hops=hops)
    await peer.send(head(status, location=place, content_length=0))
    return True


def _calls(count: int) -> list[dict[str, Any]]:
    named = {"name": "look_up", "arguments": "{}"}
    return [{"index": n, "id": f"c{n}", "type": "function", "function": named} for n in range(count)]


def _body(whole: Callable[[], bytes]) -> Fault:
    """Send what stands for an answer, and in a stream for an event."""

    def make(streams: bool) -> bytes:
        body = whole()
        body = b"data: " + body + b"\n\ndata: [DONE]\n\n" if streams else body
        return head(kind=EVENTS if streams else "application/json", content_length=len(body)) + body

    return _prepared(make)


def _many_calls(count: int) -> Fault:
    def make(streams: bool) -> bytes:
        body = completion(tool_calls=_calls(count))
        if streams:
            body = event({"role": "assistant", "tool_calls": _calls(count)}) + event({}, "tool_calls") + END
        return head(kind=EVENTS if streams else "application/json", content_length=len(body)) + body

    return _prepared(make)


def _call_in_pieces(count: int) -> Fault:
    piece = event({"tool_calls": [{"index": 0, "function": {"arguments": "x" * 180}}]})
    first = event({"role": "assistant", "tool_calls": _calls(1)})
    whole = STREAM_HEAD + first + piece * count + event({}, "tool_calls") + END
    return _prepared(lambda streams: whole, only_streams=True)


def _text(size: int) -> Fault:
    def make(streams: bool) -> bytes:
        body = stream("x" * size) if streams else completion("x" * size)
        return head(kind=EVENTS if streams else "application/json", content_length=len(body)) + body

    return _prepared(make)


def _at(byte: int) -> Fault:
    return Fault(partial(_cut, where=lambda whole: byte, reset=True))


SPLIT = head(content_length=len(completion(SMUGGLED))) + completion(SMUGGLED)
_BEGUN = b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "'
_HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
_ALIVE = b": alive\n\n"
FAULTS: dict[str, Fault] = {
    # slow, or without end
    "headers, a byte each 50 ms": Fault(partial(_dripped, headers=True)),
    "body, a byte each 50 ms": Fault(partial(_dripped, headers=False)),
    "103 without end": _endless(b"", _HINT * 100),
    "103 each 50 ms": _endless(b"", _HINT, 0.05),
    "100 without end": _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "SSE comments without end": _endless(STREAM_HEAD, _ALIVE * 100, only_streams=True),
    "SSE comment each 50 ms": _endless(STREAM_HEAD, _ALIVE, 0.05, only_streams=True),
    "SSE answer without end": _endless(STREAM_HEAD, event({"content": "and so on "}) * 20, only_streams=True),
    "SSE empty events without end": _endless(STREAM_HEAD, event({}) * 20, only_streams=True),
    "SSE line without end": _endless(STREAM_HEAD + b"data: ", _PIECE, only_streams=True),
    "SSE open after its end": _sends(STREAM_HEAD, stream(), then="silence", only_streams=True),
    "body without end": _endless(head(connection="close") + _BEGUN, _PIECE),
    "chunks without end": _endless(head(transfer_encoding="chunked"), b"10000\r\n" + _PIECE + b"\r\n"),
    "headers without end": _endless(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 1000),
    # large
    "header of 16 MB": _sends(b"HTTP/1.1 200 OK\r\nX-A: " + b"x" * 16 * _BYTES + b"\r\n\r\n"),
    "gzip of 200 MB of text": _bomb("gzip"),
    "gzip of 200 MB of blanks": _bomb("gzip", blank=True),
    "deflate of 200 MB of text": _bomb("deflate"),
    "text of 5 MB": _text(5 * _BYTES),
    "text of 100 MB": _text(100 * _BYTES),
    "JSON 200,000 deep": _body(lambda: b"[" * 200_000 + b"]" * 200_000),
    "number of 1,000,000 digits": _body(lambda: b'{"choices": [], "created": ' + b"9" * 1_000_000 + b"}"),
    "500,000 choices": _body(lambda: b'{"choices": [' + b"{}," * 499_999 + b"{}]}"),
    "100,000 tool calls": _many_calls(100_000),
    "tool call in 20,000 pieces": _call_in_pieces(20_000),
    # lengths that lie
    "Content-Length too long": Fault(partial(_with_length, length=lambda size: str(size + 9))),
    "Content-Length too long, then silence": Fault(
        partial(_with_length, length=lambda size: str(size + 9), then="silence")
    ),
    "Content-Length too short": Fault(partial(_with_length, length=lambda size: str(size - 9))),
    "Content-Length negative": Fault(partial(_with_length, length=lambda size: f"-{size}")),
    "Content-Length no number": Fault(partial(_with_length, length=lambda size: "much")),
    "Content-Length of 10^30": Fault(partial(_with_length, length=lambda size: f"1{'0' * 30}")),
    "Content-Length twice": Fault(partial(_with_length, length=lambda size: f"{size}|{size - 9}")),
    # halves
    "half a status line": _sends(b"HTTP/1.1 20"),
    "half a header": Fault(partial(_cut, where=lambda whole: 40)),
    "half a UTF-8 sign": Fault(partial(_cut, where=lambda whole: whole.index("é".encode()) + 1)),
    "half a chunk": Fault(_half_a_chunk),
    "half an SSE event": _sends(STREAM_HEAD, event({"content": "half of"})[:-30], only_streams=True),
    "half of gzip": Fault(partial(_packed_badly, half=True)),
    "gzip that is none": Fault(partial(_packed_badly, half=False)),
    **{f"reset at byte {byte}": _at(byte) for byte in sorted(_DICE.randrange(1, 380) for _ in range(5))},
    # what is no answer
    "a second answer behind the first": Fault(partial(_whole, after=SPLIT), stays_open=True),
    "redirect to itself": Fault(partial(_redirected, status="307 Temporary Redirect", to="{path}"), stays_open=True),
    "redirect on and on": Fault(
        partial(_redirected, status="308 Permanent Redirect", to="/elsewhere/hop{hops}"), stays_open=True
    ),
    "HTTP 204": _sends(head("204 No Content")),
    "HTTP 101": _sends(head("101 Switching Protocols", upgrade="websocket", connection="upgrade")),
    "HTTP 999": _sends(head("999 ?", content_length=0)),
    "no HTTP at all": _sends(bytes(range(256)) * 16),
}
