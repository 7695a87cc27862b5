"""What `make endpoint` holds while it measures: each status, and that a panel is asked once for a question."""

import endpoint
import pytest
from aiohttp import ClientSession
from endpoints import running, says, two_and_one
from loopback import Loopback, Reply


async def test_each_status_is_looked_at(loopback: Loopback) -> None:
    says(loopback)
    async with running(two_and_one(loopback)) as served, ClientSession() as session:
        seen = await endpoint.read(session, served.url, {**endpoint.QUESTION, "stream": True})
        assert b"[DONE]" in seen.text
        await endpoint.read(session, served.url, {**endpoint.QUESTION, "n": 2}, status=400)
        with pytest.raises(RuntimeError, match="found 400 and "):
            await endpoint.read(session, served.url, {**endpoint.QUESTION, "n": 2})
        with pytest.raises(RuntimeError, match="found 200 and "):
            await endpoint.read(session, served.url, endpoint.QUESTION, status=400)


async def test_a_panel_that_is_asked_twice_ends_the_measurement(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(loopback)
    loopback.say("c", lambda body: Reply("4" if body["messages"][-1]["role"] == "tool" else "", tool_calls=CALLS))
    async with running(two_and_one(loopback)) as served, ClientSession() as session:
        await endpoint.call_and_go_on(session, served.url, endpoint.QUESTION)
        monkeypatch.setattr(served.endpoint._panels, "put_back", lambda caller, model, messages: messages)
        with pytest.raises(RuntimeError, match="a panel was asked twice for a question"):
            await endpoint.call_and_go_on(session, served.url, endpoint.QUESTION)


CALLS: list[tuple[str, dict[str, str]]] = [("f", {})]
