"""Models on the openai package share one client, a loop each."""

import asyncio

import pytest
from langgraph_moa.core.models.capabilities import chat_model_of
from langgraph_moa.core.models.openai_transport import shared_sync_client
from langgraph_moa.core.models.resolve import resolve_model
from loopback import Loopback

URL = "http://127.0.0.1:9/v1"


def test_models_from_strings_share_one_client() -> None:
    one, two = (chat_model_of(resolve_model(m, base_url=URL, transport="openai")) for m in ("openai:a", "together:b"))

    assert vars(one)["http_async_client"] is vars(two)["http_async_client"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_server_on_this_machine_is_not_asked_through_a_proxy(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    url = loopback.url.replace("127.0.0.1", host)

    answer = await resolve_model("m", base_url=url, transport="openai").ainvoke("Hi")
    with shared_sync_client.__wrapped__() as client:
        whole = await asyncio.to_thread(client.post, f"{url}/chat/completions", json={"model": "m", "messages": []})

    assert (answer.text, whole.status_code) == ("answer of m", 200)
