"""A server for measuring: it says the same to all, over HTTP on 127.0.0.1, with as little work as can be.

What it does is counted nowhere, but it runs on the same machine, and a web framework would take ten times as much of
it. It runs until its standard input closes: `python answering.py --delay 0.2 --words 192`; with `--pace 0.02` it says a
word every 20 ms, as models do, and what is not streamed comes when the last one is said.
"""

import argparse
import asyncio
import json
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_STREAM = re.compile(rb'"stream": ?true')
_MODEL = re.compile(rb'"model": ?"([\w-]+)"')
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: "
_LATE_BY = 10


class Answers:
    """Hold what is said, ready to be sent."""

    def __init__(self, text: str) -> None:
        """Take the text of every answer."""
        head: dict[str, Any] = {"id": "chatcmpl-1", "created": 1, "model": "scripted"}
        words = len(text.split())
        usage = {"prompt_tokens": 1500, "completion_tokens": words, "total_tokens": 1500 + words}
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        body = json.dumps({**head, "object": "chat.completion", "choices": [choice], "usage": usage}).encode()
        self.whole = _HEAD + b"application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": f"{word} "} for word in text.split()]
        choices: list[Any] = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
        choices += [[{"index": 0, "delta": {}, "finish_reason": "stop"}]]
        events = [{**head, "object": "chat.completion.chunk", "choices": one} for one in choices]
        events += [{**head, "object": "chat.completion.chunk", "choices": [], "usage": usage}]
        lines = [b"data: %s\n\n" % line for line in (*(json.dumps(event).encode() for event in events), b"[DONE]")]
        self.stream = [_HEAD + b"text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"]
        self.stream += [b"%x\r\n%s\r\n" % (len(line), line) for line in lines]
        self.stream += [b"0\r\n\r\n"]


class Answering(asyncio.Protocol):
    """Answer one connection's requests, one after the other."""

    def __init__(self, answers: Answers, delay: float, slow: float, dice: random.Random, pace: float = 0.0) -> None:
        """Take what is said, after how long, which share of proposers' calls take ten times longer, and the pace."""
        self._answers, self._delay, self._slow, self._dice, self._pace = answers, delay, slow, dice, pace
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not blank or len(body) < int(length[1] if length else 0):
            return
        self._buffer = b""
        model = _MODEL.search(body)
        late = self._slow and model and model[1].startswith(b"proposer") and self._dice.random() < self._slow
        is_stream = _STREAM.search(body)
        pieces = self._answers.stream if is_stream else [self._answers.whole]
        delay = self._delay * (_LATE_BY if late else 1)
        if self._pace and is_stream:
            asyncio.get_running_loop().call_later(delay, self._say, iter(pieces))
        else:
            whole = delay + self._pace * len(self._answers.stream)
            asyncio.get_running_loop().call_later(whole, self._send, pieces)

    def _say(self, pieces: Iterator[bytes]) -> None:
        """Send one piece, and the next one later."""
        piece = next(pieces, None)
        if piece is not None and not self._transport.is_closing():
            self._transport.write(piece)
            asyncio.get_running_loop().call_later(self._pace, self._say, pieces)

    def _send(self, pieces: list[bytes]) -> None:
        if not self._transport.is_closing():
            for piece in pieces:
                self._transport.write(piece)


async def serve(delay: float, words: int, slow: float, pace: float) -> None:
    """Print the address, and answer until standard input closes."""
    loop, dice = asyncio.get_running_loop(), random.Random(1)
    answers = Answers(" ".join(f"word{number}" for number in range(words)))
    server = await loop.create_server(lambda: Answering(answers, delay, slow, dice, pace), "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    with suppress(EOFError):
        await loop.run_in_executor(None, input)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--delay", type=float, default=0.0, help="seconds a call")
    options.add_argument("--words", type=int, default=192, help="words of an answer")
    options.add_argument("--slow", type=float, default=0.0, help="share of proposers' calls that take ten times longer")
    options.add_argument("--pace", type=float, default=0.0, help="seconds a word")
    given = options.parse_args()
    try:
        import uvloop
    except ImportError:  # it is not made for Windows
        asyncio.run(serve(given.delay, given.words, given.slow, given.pace))
    else:
        uvloop.run(serve(given.delay, given.words, given.slow, given.pace))
