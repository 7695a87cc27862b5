"""One client for all models from strings, a loop each."""

import asyncio
import threading
from typing import Any

import pytest
from langgraph_moa.core.models import transport
from langgraph_moa.core.models.capabilities import chat_model_of
from langgraph_moa.core.models.resolve import resolve_model
from langgraph_moa.core.models.transport import shared_sync_client
from loopback import Loopback

URL = "http://127.0.0.1:9/v1"


def test_models_from_strings_share_one_client() -> None:
    one, two = (chat_model_of(resolve_model(m, base_url=URL)) for m in ("openai:a", "together:b"))

    assert vars(one)["http_async_client"] is vars(two)["http_async_client"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_server_on_this_machine_is_not_asked_through_a_proxy(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    url = loopback.url.replace("127.0.0.1", host)

    answer = await resolve_model("m", base_url=url).ainvoke("Hi")
    with shared_sync_client.__wrapped__() as client:
        whole = await asyncio.to_thread(client.post, f"{url}/chat/completions", json={"model": "m", "messages": []})

    assert (answer.text, whole.status_code) == ("answer of m", 200)


def test_clients_of_loops_that_still_run_are_closed_from_outside(loopback: object) -> None:
    """A process ends while a thread's loop still waits for an answer: its connection is closed."""
    loop = asyncio.new_event_loop()
    held: list[Any] = []

    async def hold() -> None:
        held.append(await transport._client_of_running_loop())

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(hold(), loop).result(10)

    transport.close_clients(10)

    assert held[0].is_closed
    asyncio.run_coroutine_threadsafe(loop.shutdown_asyncgens(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
