"""What is no HTTP, and bodies that are not what their headers say: refused in words of our own, here and in the log."""

import asyncio
import gzip
import json
import logging
import zlib
from typing import Any

import pytest
from aiohttp import web
from endpoints import ANYONE, HI, running, two_and_one
from langgraph_moa.apps.serve.endpoint import Endpoint
from langgraph_moa.apps.serve.listener import failure_as_told, listening
from langgraph_moa.apps.serve.log_lines import named_records
from loopback import Loopback, Reply

ASK = json.dumps({"model": "moa", "messages": HI}).encode()
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def sized(body: bytes, more: bytes = b"") -> bytes:
    return HEAD + b"Connection: close\r\n" + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


GZIP, CHUNKED = b"Content-Encoding: gzip\r\n", b"Transfer-Encoding: chunked\r\n\r\n"
BROKEN: dict[str, tuple[bytes, int]] = {
    "a key with a control character": (HEAD + b"Authorization: Bearer SECRET\x01\r\n\r\n", 400),
    "bytes past the body": (HEAD + b"Content-Length: 2\r\n\r\n{}SECRET text\r\n\r\n", 400),
    "a blank in a header's name": (HEAD + b"SEC RET : SECRET\r\n\r\n", 400),
    "a long header": (HEAD + b"X: " + b"SECRET" * 5000 + b"\r\n\r\n", 400),
    "no request line": (b"SECRET\r\n\r\n", 400),
    "a length that is none": (HEAD + b"Content-Length: SECRET\r\n\r\n", 400),
    "a chunk that is none": (HEAD + CHUNKED + b"SECRET\r\n\r\n", 400),
    "no gzip": (sized(ASK + b"SECRET", GZIP), 400),
    "half a gzip": (sized(gzip.compress(ASK)[:30], GZIP), 400),
    "no deflate": (sized(b"\xff" + ASK, b"Content-Encoding: deflate\r\n"), 400),
    "a gzip that is wrong inside": (sized(gzip.compress(ASK)[:-8] + b"12345678", GZIP), 400),
    "a host of three parts": (b"GET /v1/models HTTP/1.1\r\nConnection: close\r\nHost: SECRET:b:c\r\n\r\n", 400),
    "a port that is none": (b"GET /v1/models HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1:99999\r\n\r\n", 400),
    "what is expected": (sized(ASK, b"Expect: SECRET\r\n"), 417),
    "zstd": (sized(ASK, b"Content-Encoding: zstd\r\n"), 415),
}  # fmt: skip


async def spoken(url: str, request: bytes) -> tuple[int, bytes, bytes]:
    """Send a request by hand; return the last answer to it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.split(":")[2].split("/")[0]))
    writer.write(request)
    answers = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = answers[answers.rindex(b"HTTP/1.") :].partition(b"\r\n\r\n")
    return int(head.split()[1]), head, body


@pytest.mark.parametrize("name", BROKEN)
async def test_nothing_of_what_was_sent_is_repeated(
    loopback: Loopback, name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    request, expected = BROKEN[name]
    with caplog.at_level(logging.DEBUG):
        async with running(two_and_one(loopback)) as served:
            status, head, body = await spoken(served.url, request)

    assert (status, json.loads(body)["error"]["type"]) == (expected, "invalid_request_error"), body
    assert b"Content-Type: application/json" in head
    assert b"x-should-retry: false" in head
    words = [*served.log, caplog.text, *capfd.readouterr(), body.decode(), head.decode()]
    assert not [text for text in words if "SECRET" in text or "Traceback" in text]
    assert loopback.requests == []


async def test_a_body_is_sent_once_it_is_wanted(loopback: Loopback) -> None:
    async with running(two_and_one(loopback)) as served:
        status, _, body = await spoken(served.url, sized(ASK, b"Expect: 100-continue\r\n"))
        reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.split(":")[2].split("/")[0]))
        writer.write(HEAD + b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(ASK))
        first = await reader.readline()
        writer.write(ASK[:-1] + b"]")
        answer = await reader.read()
        writer.close()

    assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "answer of c")
    assert first == b"HTTP/1.1 100 Continue\r\n"
    assert answer.removeprefix(b"\r\n").startswith(b"HTTP/1.1 400 "), answer
    assert b"found a body that is no JSON" in answer


@pytest.mark.parametrize("more", [b"", b"Expect: 100-continue\r\n"])
async def test_a_body_that_will_be_too_long_is_not_waited_for(loopback: Loopback, more: bytes) -> None:
    async with running(two_and_one(loopback)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.split(":")[2].split("/")[0]))
        writer.write(HEAD + more + b"Content-Length: 99999999\r\n\r\n")
        answer = await reader.readuntil(b"}}")
        writer.close()

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in answer
    assert b"found a body of more than 32,000,000 bytes" in answer


async def test_headers_that_never_end_hold_no_connection(loopback: Loopback) -> None:
    loopback.default = Reply("an answer", delay=0.3)
    endpoint = Endpoint({"moa": two_and_one(loopback)}, ANYONE)
    async with listening(endpoint.app(), "127.0.0.1", 0, list[str]().append, shutdown_s=0.1, headers_s=0.1) as port:
        question = asyncio.create_task(spoken(f"http://127.0.0.1:{port}/v1", sized(ASK)))
        for first, then in [
            (b"", b""),
            (b"", b"POST /v1"),
            (b"", HEAD),
            (b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", b"G"),
        ]:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(first)
            if first:
                assert b"under_way" in await reader.readuntil(b"}")
            writer.write(then)
            assert await asyncio.wait_for(reader.read(), 60) == b""
            writer.close()

        assert (await question)[0] == 200


async def test_bodies_that_are_packed_are_read(loopback: Loopback) -> None:
    async with running(two_and_one(loopback)) as served:
        for packed, name in [(gzip.compress(ASK), b"gzip"), (zlib.compress(ASK), b"deflate")]:
            assert (await spoken(served.url, sized(packed, b"Content-Encoding: %s\r\n" % name)))[0] == 200


async def test_what_fails_beside_a_request_is_named_by_its_class(
    loopback: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(http: Any) -> web.Response:
        raise RuntimeError("SECRET")

    app, log = web.Application(), list[str]()
    app.router.add_get("/", failing)
    async with listening(app, "127.0.0.1", 0, log.append, shutdown_s=0.1) as port:
        status, _, body = await spoken(f"http://127.0.0.1:{port}", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    assert (status, json.loads(body)["error"]["code"]) == (500, "internal_error")
    assert log == ["a connection failed: RuntimeError"]
    assert "SECRET" not in caplog.text
    assert failure_as_told({"exception": ValueError("SECRET"), "message": "SECRET"}) == "a task failed: ValueError"


def test_what_others_log_is_named_and_not_repeated() -> None:
    log = list[str]()
    with named_records(log.append):
        logging.getLogger("aiohttp.client").warning("SECRET %s", "SECRET")
        logging.getLogger("aiohttp.client").info("SECRET")
        try:
            raise ValueError("SECRET")
        except ValueError:
            logging.getLogger("other").exception("SECRET")
        logging.getLogger("langgraph_moa.nodes").warning("the cache cannot be written: %s", "OSError")
    logging.getLogger("aiohttp.client").error("nobody listens any more")

    assert log == [
        "WARNING of aiohttp.client",
        "ERROR of other: ValueError",
        "the cache cannot be written: OSError",
    ]
