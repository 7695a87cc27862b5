"""A request is sent again where that may help, never elsewhere, and what kept it is told with its address."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from attacker import attacker
from langchain_core.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
)
from langgraph_moa.core.wire import sending
from langgraph_moa.core.wire.chat import ChatCompletions
from langgraph_moa.core.wire.refusals import ServerError, ServerTimeout, ServerUnreachable, UnreadableAnswer
from langgraph_moa.core.wire.sending import Address, ends_by, fetch, requests_sent, stream
from loopback import Loopback, Reply

PATH, BODY = "/chat/completions", b'{"model": "m", "messages": []}'
STREAMED = b'{"model": "m", "messages": [], "stream": true}'
KEY = "tiger-burning-bright-1"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note how long it would wait, instead of waiting."""
    seconds: list[float] = []

    async def note(pause: float) -> None:
        seconds.append(pause)

    monkeypatch.setattr(sending, "_pause", note)
    return seconds


def address(server: Loopback, **more: Any) -> Address:
    return Address(server.url, KEY, **more)


async def as_they_are(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    async for piece in pieces:
        yield piece


def failing(server: Loopback, *replies: Reply) -> None:
    """Answer so, one after the other, and then properly."""
    rest: Iterator[Reply] = iter(replies)
    server.say("m", lambda body: next(rest, Reply("at last")))


@pytest.mark.parametrize(
    ("status", "headers", "requests", "waited"),
    [
        (500, {}, 3, None),
        (503, {}, 3, None),
        (408, {}, 3, None),
        (409, {}, 3, None),
        (429, {}, 3, None),
        (429, {"Retry-After": "7"}, 3, 7),
        (429, {"Retry-After-Ms": "250"}, 3, 0.25),
        (429, {"Retry-After-Ms": "nonsense", "Retry-After": "3"}, 3, 3),
        (429, {"Retry-After": "-5"}, 3, None),
        (429, {"Retry-After": "nan"}, 3, None),
        (429, {"Retry-After": "soon"}, 3, None),
        (429, {"Retry-After": "Mon, 99 Foo 9999999999 99:99:99 GMT"}, 3, None),
        (429, {"Retry-After": "121"}, 1, None),
        (429, {"Retry-After": "1e400"}, 1, None),
        (500, {"x-should-retry": "false"}, 1, None),
        (400, {"x-should-retry": "true"}, 3, None),
        (400, {}, 1, None),
        (401, {}, 1, None),
        (404, {}, 1, None),
        (422, {}, 1, None),
    ],
)
async def test_a_refused_request_is_sent_again_where_that_may_help(
    loopback: Loopback, waits: list[float], status: int, headers: dict[str, str], requests: int, waited: float | None
) -> None:
    loopback.say("m", Reply(status=status, headers={"x-should-retry": "", **headers}))

    with requests_sent() as sent, pytest.raises(ServerError) as refused:
        await fetch(address(loopback), PATH, BODY)

    assert refused.value.status_code == status
    assert len(loopback.requests) == len(sent) == requests
    assert len(waits) == requests - 1
    if waited is not None:
        assert waits == [waited] * (requests - 1)
    else:  # half a second, then twice as long, each up to a quarter less
        assert all(0.75 * 0.5 * 2**n <= wait <= 0.5 * 2**n for n, wait in enumerate(waits))


@pytest.mark.parametrize(("asked", "left"), [("121", None), ("30", 20.0), ("1", 0.5), ("7", -1.0), ("1e400", None)])
async def test_nobody_waits_for_what_would_come_too_late(
    loopback: Loopback, waits: list[float], asked: str, left: float | None
) -> None:
    loopback.say("m", Reply(status=429, headers={"x-should-retry": "", "Retry-After": asked}))
    end = None if left is None else asyncio.get_running_loop().time() + left

    with ends_by(end), pytest.raises(ModelRateLimitError, match=r"the server asks to wait.*, longer than the call may"):
        await fetch(address(loopback), PATH, BODY)

    assert (len(loopback.requests), waits) == (1, [])


async def test_a_pause_of_ones_own_is_no_longer_than_the_call(loopback: Loopback, waits: list[float]) -> None:
    loopback.say("m", Reply(status=500, headers={"x-should-retry": ""}))

    with ends_by(asyncio.get_running_loop().time() + 0.2), pytest.raises(ServerError):
        await fetch(address(loopback), PATH, BODY)
    with ends_by(None), pytest.raises(ServerError):
        await fetch(address(loopback), PATH, BODY)

    assert (len(loopback.requests), len(waits)) == (4, 2)


SLOW = '{"error": {"message": "slow down", "code": 429}}'


EVENT = f"event: error\ndata: {SLOW[10:-1]}\n\ndata: [DONE]\n\n"


@pytest.mark.parametrize(
    ("body", "is_streamed"), [(SLOW, False), (SLOW, True), (f"data: {SLOW}\n\n", True), (EVENT, True)]
)
async def test_an_error_that_came_with_success_is_sent_again_as_one(
    loopback: Loopback, waits: list[float], body: str, *, is_streamed: bool
) -> None:
    failing(loopback, Reply(body=body), Reply(body=body, headers={"Retry-After": "7"}))

    answer = await ChatCompletions(model="m", base_url=loopback.url).ainvoke("Hi", stream=is_streamed)

    assert answer.text == "at last"
    assert (len(loopback.requests), waits[1]) == (3, 7)


async def test_an_error_after_some_of_an_answer_is_not_sent_again(loopback: Loopback, waits: list[float]) -> None:
    text = 'data: {"choices": [{"delta": {"content": "half"}}]}\n\n'
    loopback.say("m", Reply(body=f"{text}data: {SLOW}\n\n"))

    with pytest.raises(ModelRateLimitError, match="slow down") as failed:
        await ChatCompletions(model="m", base_url=loopback.url).ainvoke("Hi", stream=True)

    assert isinstance(failed.value, ServerError)
    assert failed.value.has_begun
    assert (len(loopback.requests), waits) == (1, [])


async def test_an_error_that_stays_is_raised_as_the_last(loopback: Loopback, waits: list[float]) -> None:
    loopback.say("m", Reply(body=SLOW))

    for is_streamed in (False, True):
        with pytest.raises(ModelRateLimitError, match="Error code: 429 - slow down"):
            await ChatCompletions(model="m", base_url=loopback.url).ainvoke("Hi", stream=is_streamed)

    assert (len(loopback.requests), len(waits)) == (6, 4)


async def test_a_date_says_when_to_come_back(loopback: Loopback, waits: list[float]) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    failing(loopback, Reply(status=503, headers={"x-should-retry": "", "Retry-After": later}))

    await fetch(address(loopback), PATH, BODY)

    assert 50 < waits[0] <= 60


@pytest.mark.parametrize("broken", ["reset", "cut"])
async def test_an_answer_that_is_lost_is_asked_for_again(loopback: Loopback, waits: list[float], broken: str) -> None:
    failing(loopback, Reply(broken=broken))

    answer = await fetch(address(loopback), PATH, BODY)

    assert b"at last" in answer
    assert len(waits) == 1


@pytest.mark.parametrize("broken", ["reset", "cut"])
async def test_a_connection_that_is_always_lost_is_told_with_its_address(
    loopback: Loopback, waits: list[float], broken: str
) -> None:
    loopback.say("m", Reply(broken=broken))

    with pytest.raises(ServerUnreachable, match=f"the connection to {loopback.url} was lost"):
        await fetch(address(loopback), PATH, BODY)

    assert len(waits) == 2


async def test_a_stream_that_has_begun_is_not_asked_for_again(loopback: Loopback, waits: list[float]) -> None:
    loopback.say("m", Reply("one two three", broken="reset_mid_stream"))
    pieces = []

    async def read() -> None:
        async with stream(as_they_are, address(loopback), PATH, STREAMED) as answer:
            async for piece in answer:
                pieces.append(piece)

    with pytest.raises(ServerUnreachable, match="was lost"):
        await read()
    assert b"one" in b"".join(pieces)
    assert (len(loopback.requests), waits) == (1, [])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ModelInvalidRequestError),
        (401, ModelAuthenticationError),
        (403, ModelPermissionDeniedError),
        (404, ModelNotFoundError),
        (418, ModelInvalidRequestError),
        (429, ModelRateLimitError),
        (502, ModelAPIError),
    ],
)
async def test_what_is_caught_is_langchains_own(
    loopback: Loopback, waits: list[float], status: int, kind: type[Exception]
) -> None:
    loopback.say("m", Reply(status=status))

    with pytest.raises(kind):
        await fetch(address(loopback), PATH, BODY)


async def test_a_key_does_not_follow_a_redirect(loopback: Loopback) -> None:
    elsewhere = "http://user:pw@elsewhere.example/v1?token=x"
    loopback.say("m", Reply(status=307, headers={"Location": elsewhere}))

    with pytest.raises(ServerError, match=r"a redirect \(HTTP 307\) to http://elsewhere.example/v1 at") as refused:
        await fetch(address(loopback), PATH, BODY)

    assert len(loopback.requests) == 1
    assert "pw" not in str(refused.value)


async def test_an_error_that_repeats_key_and_headers_is_told_without_them(loopback: Loopback) -> None:
    headers = (("X-Token", "Bearer forests-of-the-night-2"),)
    loopback.say("m", Reply(status=401, body=f'{{"error": {{"message": "wrong: {KEY}, forests-of-the-night-2"}}}}'))

    with pytest.raises(ServerError) as refused:
        await fetch(address(loopback, headers=headers), PATH, BODY)

    told = f"{refused.value} {refused.value.body}"
    assert KEY not in told
    assert "forests" not in told
    assert loopback.requests[0].headers["X-Token"] == "Bearer forests-of-the-night-2"
    assert KEY not in repr(address(loopback, headers=headers))
    assert loopback.requests[0].headers["Authorization"] == f"Bearer {KEY}"


async def test_headers_of_ones_own_take_the_place_of_ours(loopback: Loopback) -> None:
    await fetch(address(loopback, headers=(("authorization", "Basic eA=="),)), PATH, BODY)

    sent = {name.lower(): value for name, value in loopback.requests[0].headers.items()}
    assert (sent["authorization"], len(sent)) == ("Basic eA==", len(loopback.requests[0].headers))


async def test_silence_ends_and_closes_the_connection(loopback: Loopback) -> None:
    loopback.say("m", Reply(broken="hang"))

    with pytest.raises(ServerTimeout, match=f"{loopback.url} said nothing for 0.2 s"):
        await fetch(address(loopback, seconds=0.2), PATH, BODY)

    assert len(loopback.requests) == 1  # it may have been worked on, and paid for
    assert await loopback.requests[0].closed()


async def test_a_request_that_nobody_waits_for_is_closed(loopback: Loopback) -> None:
    loopback.say("m", Reply(broken="hang"))
    asking = asyncio.create_task(fetch(address(loopback), PATH, BODY))
    await asyncio.to_thread(loopback.wait_for, "m")

    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await loopback.requests[0].closed()


async def test_nobody_there_is_told_with_the_address(loopback: Loopback, waits: list[float]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"

        with pytest.raises(ServerUnreachable, match=f"nothing listens at {url}; is the server running?"):
            await fetch(Address(url, KEY), PATH, BODY)

    assert len(waits) == 2


async def test_what_is_no_address_is_told(loopback: Loopback) -> None:
    with pytest.raises(ServerError, match="expected one like http://localhost:8080/v1"):
        await fetch(Address("http://", KEY), PATH, BODY)


async def test_an_answer_without_end_is_not_read_to_it(loopback: Loopback) -> None:
    loopback.say("m", Reply("word " * 1000))

    with pytest.raises(UnreadableAnswer, match="more than 1,000 bytes"):
        await fetch(address(loopback), PATH, BODY, most=1000)


async def test_a_packed_answer_that_breaks_off_is_asked_for_again(loopback: Loopback, waits: list[float]) -> None:
    lost = pytest.raises(ServerUnreachable, match=r"to .* was lost \(its packed answer breaks off\)")
    with attacker() as url, requests_sent() as sent, lost:
        await fetch(Address(url, KEY), PATH, b'{"model": "half of gzip"}')

    assert (len(sent), len(waits)) == (3, 2)


async def test_requests_share_connections(loopback: Loopback) -> None:
    for _ in range(5):
        await fetch(address(loopback), PATH, BODY)

    assert len(loopback.ports) == 1
