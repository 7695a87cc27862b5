"""A server on 127.0.0.1 that attacks who asks it: endless, packed, dripping and crooked answers, one a model's name.

It speaks HTTP by hand, for no server's library would send this. `python attacker.py` runs it as a process, so that
neither its memory nor its work is counted among those of who is attacked.
"""

import gzip
import json
import random
import socket
import string
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

_MB = 2**20
Pieces = Iterator[bytes]
Attack = Callable[[], Pieces]
"""Yields what is sent, the head included."""


def head(*lines: str, kind: str = "application/json", status: str = "200 OK") -> bytes:
    """Return the head of an answer whose end is the connection's."""
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Connection: close", *lines, "", ""]).encode()


def event(delta: dict[str, Any], **choice: Any) -> bytes:
    """Return one event of a stream."""
    sent = {"model": "m", "choices": [{"index": 0, "delta": delta, **choice}]}
    return b"data: " + json.dumps(sent).encode() + b"\n\n"


def whole(**message: Any) -> bytes:
    """Return a whole answer."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return json.dumps({"model": "m", "choices": [choice]}).encode()


_STREAM = head(kind="text/event-stream")
_DONE = b"data: [DONE]\n\n"
_NOTHING = b"\x00\x00\x00\xff\xff"
"""What deflate takes, and makes nothing of."""
_TOKEN = {"token": "a", "logprob": -0.1}
_LOGPROBS = {"content": [{**_TOKEN, "top_logprobs": [_TOKEN] * 20}]}
_FIRST = b'{"model": "m", "choices": [{"index": 0, "message": {"role": "assistant", "content": "'


def _for_ever(piece: bytes, start: bytes) -> Pieces:
    yield start
    while True:
        yield piece


def _drips(piece: bytes, start: bytes, seconds: float = 0.1) -> Pieces:
    yield start
    while True:
        time.sleep(seconds)
        yield piece


def _once(*parts: bytes) -> Pieces:
    yield from parts


@cache
def _bomb(encoding: str, size: int = 200 * _MB) -> bytes:
    """Return a body that unpacks to a size."""
    bits = {"gzip": 31, "deflate": 15, "raw": -15}[encoding]
    packer, text = zlib.compressobj(9, zlib.DEFLATED, bits), b"a" * _MB
    start = packer.compress(_FIRST) + packer.flush(zlib.Z_FULL_FLUSH)
    part = packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)  # which stands for itself: it can be repeated
    return start + part * (size // _MB)


def _opened_gzip() -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(b" ") + packer.flush(zlib.Z_SYNC_FLUSH)


def _members() -> bytes:
    return gzip.compress(_FIRST) + gzip.compress(b"a") * 200_000


@cache
def _text(size: int) -> str:
    """Return a text of many words that nobody says over and over."""
    dice = random.Random(1)
    words = ["".join(dice.choices(string.ascii_lowercase, k=dice.randint(2, 9))) for _ in range(5_000)]
    lines = (" ".join(dice.choices(words, k=12)) + ".\n" for _ in range(size // 60))
    return "".join(lines)[:size]


def _calls(count: int) -> list[dict[str, Any]]:
    function = {"name": "look_up", "arguments": "{}"}
    return [{"index": number, "id": f"c{number}", "type": "function", "function": function} for number in range(count)]


def _call_pieces(count: int, size: int) -> Pieces:
    yield _STREAM + event(
        {"tool_calls": _calls(1)[:1] and [{**_calls(1)[0], "function": {"name": "look_up", "arguments": '{"a": "'}}]}
    )
    piece = event({"tool_calls": [{"index": 0, "function": {"arguments": "x" * size}}]})
    for _ in range(count // 100):
        yield piece * 100
    yield event({"tool_calls": [{"index": 0, "function": {"arguments": '"}'}}]}) + event({}, finish_reason="tool_calls")
    yield _DONE


def _streamed_calls(count: int) -> Pieces:
    yield _STREAM
    for call in _calls(count):
        yield event({"tool_calls": [call]})
    yield event({}, finish_reason="tool_calls") + _DONE


def _words(count: int, word: str) -> Pieces:
    yield _STREAM
    piece = event({"content": word})
    for _ in range(count // 100):
        yield piece * 100
    yield event({}, finish_reason="stop") + _DONE


def _said() -> Pieces:
    yield _STREAM + event({"content": "fine"}) + event({}, finish_reason="stop") + _DONE


ATTACKS: dict[str, Attack] = {
    "fine": lambda: _once(head(), whole(content="fine")),
    "endless body": lambda: _for_ever(b"a" * 65_536, head() + _FIRST),
    "endless body with a length": lambda: _for_ever(b"a" * 65_536, head(f"Content-Length: {2**40}") + _FIRST),
    "endless blanks": lambda: _for_ever(b" " * 65_536, head()),
    "endless error": lambda: _for_ever(b"a" * 65_536, head(status="500 Oh") + b'{"error": {"message": "'),
    "gzip of 200 MB": lambda: _once(head("Content-Encoding: gzip"), _bomb("gzip")),
    "gzip of 200 MB as a stream": lambda: _once(
        head("Content-Encoding: gzip", kind="text/event-stream"), _bomb("gzip")
    ),
    "deflate of 200 MB": lambda: _once(head("Content-Encoding: deflate"), _bomb("deflate")),
    "raw deflate of 200 MB": lambda: _once(head("Content-Encoding: deflate"), _bomb("raw")),
    "gzip of 200,000 members": lambda: _once(head("Content-Encoding: gzip"), _members()),
    "gzip in an error": lambda: _once(head("Content-Encoding: gzip", status="400 Oh"), _bomb("gzip")),
    "gzip, then zeros": lambda: _for_ever(bytes(60_000), head("Content-Encoding: gzip") + gzip.compress(_FIRST)),
    "gzip, then zeros, in a stream": lambda: _for_ever(
        bytes(60_000), head("Content-Encoding: gzip", kind="text/event-stream") + gzip.compress(event({"content": "a"}))
    ),
    "gzip of nothing": lambda: _for_ever(_NOTHING * 12_000, head("Content-Encoding: gzip") + _opened_gzip()),
    "gzip of nothing in a stream": lambda: _for_ever(
        _NOTHING * 12_000, head("Content-Encoding: gzip", kind="text/event-stream") + _opened_gzip()
    ),
    "half of gzip": lambda: _once(head("Content-Encoding: gzip"), gzip.compress(whole(content="fine"))[:60]),
    "brotli": lambda: _once(head("Content-Encoding: br"), b"\x1b" * 10_000),
    "dripping body": lambda: _drips(b"a", head() + _FIRST),
    "dripping head": lambda: _drips(b"a", b"HTTP/1.1 200 OK\r\nX-A: "),
    "dripping stream": lambda: _drips(b"d", _STREAM),
    "endless comments": lambda: _for_ever(b": alive\n\n" * 1000, _STREAM),
    "endless empty events": lambda: _for_ever(event({}) * 100, _STREAM),
    "endless words": lambda: _for_ever(event({"content": "word "}) * 100, _STREAM),
    "endless thoughts": lambda: _for_ever(event({"reasoning_content": "word "}) * 100, _STREAM),
    "endless line": lambda: _for_ever(b"a" * 65_536, _STREAM + b"data: "),
    "endless data lines": lambda: _for_ever(b"data: a\n" * 1000, _STREAM),
    "endless empty lines": lambda: _for_ever(b"\n" * 60_000, _STREAM),
    "endless empty data lines": lambda: _for_ever(b"data:\n" * 10_000, _STREAM),
    "chunks of a byte": lambda: _for_ever(b"1\r\n \r\n" * 5_000, head("Transfer-Encoding: chunked")),
    "stream in chunks of a byte": lambda: _for_ever(
        b"".join(b"1\r\n%c\r\n" % byte for byte in event({"content": "abc"}) * 100),
        head("Transfer-Encoding: chunked", kind="text/event-stream"),
    ),
    "endless logprobs": lambda: _for_ever(event({"content": "a"}, logprobs=_LOGPROBS) * 50, _STREAM),
    "endless lists of call pieces": lambda: _for_ever(
        event({"tool_calls": [{"index": 0, "function": {"arguments": " "}}] * 2_000}),
        _STREAM + event({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "a", "arguments": ""}}]}),
    ),
    "20,000 call pieces": lambda: _call_pieces(20_000, 200),
    "120,000 call pieces": lambda: _call_pieces(120_000, 1),
    "100,000 calls": lambda: _once(head(), whole(content=None, tool_calls=_calls(100_000))),
    "20,000 calls": lambda: _once(head(), whole(content=None, tool_calls=_calls(20_000))),
    "100,000 streamed calls": lambda: _streamed_calls(100_000),
    "100,000 words": lambda: _words(100_000, "word "),
    "text of 100 MB": lambda: _once(head(), _FIRST, *[b"word " * _MB] * 20, b'"}}]}'),
    "text of 7 MB": lambda: _once(head(), whole(content=_text(7 * _MB))),
    "text of 7 MB with an emoji": lambda: _once(head(), whole(content=_text(7 * _MB) + "\U0001f600")),
    "text of 7 MB over and over": lambda: _once(head(), whole(content="some words " * (7 * _MB // 11))),
    "text of 7 MB in a stream": lambda: _once(
        _STREAM,
        *(event({"content": _text(7 * _MB)[at : at + 10_000]}) for at in range(0, 7 * _MB, 10_000)),
        event({}, finish_reason="stop") + _DONE,
    ),
    "headers of 16 MB": lambda: _for_ever(b"X-A: " + b"a" * 8_000 + b"\r\n", b"HTTP/1.1 200 OK\r\n"),
    "header of 16 MB": lambda: _for_ever(b"a" * 65_536, b"HTTP/1.1 200 OK\r\nX-A: "),
    "endless 100": lambda: _for_ever(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, b""),
    "endless 103": lambda: _for_ever(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100, b""),
    "deep JSON": lambda: _once(head(), b"[" * 200_000 + b"]" * 200_000),
    "deep answer": lambda: _once(head(), b'{"choices": ' + b'[{"a": ' * 200_000),
    "7 MB of lists": lambda: _once(head(), b'{"choices": [' + b"[]," * (7 * _MB // 3) + b"[]]}"),
    "7 MB of numbers": lambda: _once(head(), b'{"choices": [' + b"1," * (7 * _MB // 2) + b"1]}"),
    "7 MB with NaN": lambda: _once(head(), whole(content="word " * (7 * _MB // 5))[:-1] + b', "a": NaN}'),
    "7 MB of half characters": lambda: _once(head(), _FIRST + b"\\ud83d" * (7 * _MB // 6) + b'"}}]}'),
    "7 MB that are no JSON": lambda: _once(head(), b"word " * (7 * _MB // 5)),
    "call with 7 MB of arguments": lambda: _once(
        head(),
        whole(
            content=None,
            tool_calls=[{"id": "c", "function": {"name": "look_up", "arguments": json.dumps({"a": "x" * 7 * _MB})}}],
        ),
    ),
    "call with 7 MB of broken arguments": lambda: _once(
        _STREAM,
        event(
            {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "a", "arguments": '{"a": [' + "1," * _MB}}]}
        ),
        event({"tool_calls": [{"index": 0, "function": {"arguments": '"x": }' + "1," * _MB}}]}),
        event({}, finish_reason="tool_calls") + _DONE,
    ),
}


def _serve(client: socket.socket) -> None:
    """Answer one connection's requests, until it is closed."""
    with client, suppress(OSError), client.makefile("rb") as reader:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = iter(reader.readline, b"\r\n")
        length = next(int(line[15:]) for line in lines if line.lower().startswith(b"content-length:"))
        for _line in lines:
            pass
        asked = json.loads(reader.read(length))
        attack = _said if asked["model"] == "fine" and asked.get("stream") else ATTACKS[asked["model"]]
        for piece in attack():
            client.sendall(piece)


@contextmanager
def attacker() -> Iterator[str]:
    """Run it in threads, and yield its base URL."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=_serve, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept, name="attacker", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


if __name__ == "__main__":
    with attacker() as url:
        print(url, flush=True)
        sys.stdin.read()
