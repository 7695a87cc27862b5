"""Requests take the environment's proxy, but for this machine, and keep to it."""

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from langgraph_moa import ConfigError
from langgraph_moa.core.wire.refusals import ServerUnreachable
from langgraph_moa.core.wire.sending import Address, fetch
from langgraph_moa.core.wire.session import Pool, proxy_for
from loopback import Loopback, Reply

PROXY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("https://api.openai.com/v1", {}, None),
        ("https://api.openai.com/v1", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https://api.openai.com/v1", {"https_proxy": PROXY}, PROXY),
        ("https://api.openai.com/v1", {"HTTP_PROXY": PROXY}, None),
        ("http://host/v1", {"http_proxy": PROXY}, PROXY),
        ("http://host/v1", {"ALL_PROXY": PROXY}, PROXY),
        ("http://host/v1", {"ALL_PROXY": "127.0.0.1:9"}, PROXY),
        ("http://host/v1", {"ALL_PROXY": PROXY, "NO_PROXY": "host"}, None),
        ("http://a.host/v1", {"ALL_PROXY": PROXY, "NO_PROXY": ".host"}, None),
        ("http://host/v1", {"ALL_PROXY": PROXY, "NO_PROXY": "*"}, None),
        ("http://127.0.0.1:1/v1", {"ALL_PROXY": PROXY}, None),
        ("http://localhost:1/v1", {"ALL_PROXY": PROXY}, None),
        ("http://[::1]:1/v1", {"ALL_PROXY": PROXY}, None),
    ],
)
def test_which_proxy_is_taken(
    monkeypatch: pytest.MonkeyPatch, url: str, environment: dict[str, str], proxy: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert proxy_for(url) == proxy


@pytest.mark.parametrize("address", ["http://me:secret@127.0.0.1:99999", "http://me:secret@[::1", "http://"])
def test_what_is_no_proxys_address_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("ALL_PROXY", address)

    with pytest.raises(ConfigError, match="found no address as the proxy on the way to host") as refused:
        proxy_for("https://host/v1")

    assert "secret" not in str(refused.value)


def test_a_proxy_that_cannot_be_spoken_to_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://me:secret@127.0.0.1:9")

    with pytest.raises(ConfigError, match="found a socks5 proxy in the environment") as refused:
        proxy_for("https://host/v1")

    assert "secret" not in str(refused.value)


@asynccontextmanager
async def proxy(answer: Any) -> AsyncIterator[str]:
    """Run a proxy that answers itself."""
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://me:secret@127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_request_goes_through_the_proxy(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    async def answer(request: web.BaseRequest) -> web.Response:
        seen.append((str(request.url), request.headers["Proxy-Authorization"]))
        return web.Response(text="through")

    async with proxy(answer) as url:
        monkeypatch.setenv("HTTP_PROXY", url)
        assert await fetch(Address("http://model.example/v1", "k"), "/chat/completions", b"{}") == b"through"

    assert seen == [("http://model.example/v1/chat/completions", "Basic bWU6c2VjcmV0")]


async def test_no_more_is_read_at_once_than_others_can_wait_for(loopback: Loopback) -> None:
    loopback.say("m", Reply(broken="open_after_the_end"))
    pool, body = Pool(), {"model": "m", "messages": [], "stream": True}
    async with pool.session.post(f"{loopback.url}/chat/completions", json=body) as response:
        assert response.connection
        assert response.connection.transport
        link = response.connection.transport.get_extra_info("socket")
        size = link.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    await pool.close()

    assert size <= 2 * 2**16  # Linux counts its own keeping, too


async def test_a_proxy_that_refuses_is_told_without_its_password(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(status=407)

    async with proxy(answer) as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        with pytest.raises(
            ServerUnreachable, match=r"the proxy on the way to https://model\.example/v1 cannot be reached, or refuses"
        ) as refused:
            await fetch(Address("https://model.example/v1", "k", attempts=1), "/chat/completions", b"{}")

    assert "secret" not in "".join(traceback.format_exception(refused.value))


def test_a_pool_ends_with_its_loop() -> None:
    async def opened() -> Pool:
        return Pool()

    with asyncio.Runner() as runner:
        pool = runner.run(opened())
        assert not pool.session.closed
        runner.run(pool.close())

    assert pool.session.closed
