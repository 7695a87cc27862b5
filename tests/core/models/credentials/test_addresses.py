"""Where a model is asked: addresses with users, parameters and fragments, and servers that send one elsewhere."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler
from langgraph_moa import AllProposersFailed, ConfigError, Proposer, create_moa, resolve_model
from langgraph_moa.core.models.capabilities import Transport
from langgraph_moa.core.models.servers import served_models
from langgraph_moa.core.wire.connections import bare_url
from langgraph_moa.core.wire.refusals import ServerError
from loopback import Loopback, Reply, serve

TRANSPORTS = get_args(Transport)
QUESTION: Any = {"messages": [("user", "17 * 24?")]}
URL = "http://127.0.0.1:9/v1"
SECRET = "forests+of the/night-2"
WRITTEN = "forests%2Bof%20the%2Fnight-2"
USERS = [
    "HTTP://me:tiger@host/v1",
    "Https://me:tiger@host",
    "ftp://me:tiger@host/v1",
    "//me:tiger@host/v1",
    "me:tiger@host:80/v1",
    "me:tiger@host",
    "http:/me:tiger@host/v1",
    "http:me:tiger@host/v1",
    "http://http://me:tiger@host/v1",
    "http://HTTP://me:tiger@host/v1",
    "http://me:tiger#burning@host/v1",
    "http://me:tiger/burning@host/v1",
    "http://me:tiger?burning@host/v1",
    "http://me:tiger@burning@host/v1",
    "http://me:tiger\\@host/v1",
    " http://me:tiger@host/v1",
    "http://me:tiger%40host/v1",
    "http://@tiger@host",
    "http://me%3Atiger%40host/v1",
    "http://me%3Atiger%2540host/v1",
    "http://http://me:tiger%40host/v1",
]


@pytest.mark.parametrize("url", USERS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_password_is_shown_by_nobody_however_its_address_is_written(
    monkeypatch: pytest.MonkeyPatch, url: str, transport: Transport
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "ok-1")
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(ConfigError) as named:
        resolve_model("m", base_url=url, transport=transport)
    with pytest.raises(ConfigError) as in_the_environment:
        resolve_model("openai:m", transport=transport)

    for text in (str(named.value), str(in_the_environment.value), bare_url(url)):
        assert "tiger" not in text
        assert "burning" not in text
    if "@" in url or url.startswith(("http://me%3A", "http://http")):
        assert str(named.value).startswith("found a user or password in the base URL, expected none")


def test_a_fragment_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"found a fragment \(#...\) in the base URL"):
        resolve_model("m", base_url=f"{URL}#x")


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("slash", ["", "/"])
async def test_parameters_of_an_address_are_kept_on_every_request(
    loopback: Loopback, transport: Transport, slash: str
) -> None:
    """As OpenAI's clients have it: the path first, then what Azure and gateways want to know."""
    loopback.listing = Reply(body=json.dumps({"data": [{"id": "m"}]}))
    url = f"{loopback.url}{slash}?api-version=2024-10-21&key={WRITTEN}"
    model = resolve_model("m", base_url=url, transport=transport)

    answer = await model.ainvoke("Hi")
    streamed = "".join([chunk.text async for chunk in model.astream("Hi")])

    assert (answer.text, streamed) == ("answer of m", "answer of m")
    assert [each.name for each in served_models(model)] == ["m"]
    assert len(loopback.queries) == 3
    assert all(query == {"api-version": "2024-10-21", "key": SECRET} for query in loopback.queries)


async def test_parameters_of_an_address_from_the_environment_are_kept(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "ok-1")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{loopback.url}?key={WRITTEN}")

    for transport in TRANSPORTS:
        await resolve_model("openai:m", transport=transport).ainvoke("Hi")

    assert loopback.queries == [{"key": SECRET}] * 2


@pytest.mark.parametrize("status", [200, 401, 500])
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_parameters_of_an_address_are_secrets(
    loopback: Loopback, caplog: pytest.LogCaptureFixture, transport: Transport, status: int
) -> None:
    """An error that repeats the address is told without its parameters: to the node, to logs and to traces."""
    caplog.set_level("DEBUG", "langgraph_moa")
    echo = {"error": {"message": f"no such path /v1/chat/completions?key={WRITTEN}, that is {SECRET}"}}
    loopback.say("bad", Reply(status=status, body=json.dumps(echo)))
    seat = Proposer("bad", base_url=f"{loopback.url}?key={WRITTEN}", transport=transport)
    collector = RunCollectorCallbackHandler()
    moa = create_moa(proposers=[seat, "offline:words"], aggregator="offline:words")

    result = await moa.ainvoke(QUESTION, {"callbacks": [collector]})
    with pytest.raises(AllProposersFailed) as failed:
        await create_moa(proposers=[seat], aggregator="offline:words").ainvoke(QUESTION)

    assert "[redacted]" in result["proposals"][0]["error"]
    traced = [run.model_dump_json() for run in collector.traced_runs]
    for place in (repr(result), str(failed.value), repr(failed.value.failures), caplog.text, *traced):
        assert WRITTEN not in place
        assert SECRET not in place
        assert "night-2" not in place


@pytest.mark.parametrize("query", ["SECRETQ", "k=tiger7", "v=1&key=a1"])
async def test_short_parameters_are_struck_as_they_are_written(loopback: Loopback, query: str) -> None:
    echo = {"error": {"message": f"no such path /v1/chat/completions?{query}"}}
    loopback.say("bad", Reply(status=400, body=json.dumps(echo)))

    with pytest.raises(ServerError, match=r"/v1/chat/completions\[redacted\]"):
        await resolve_model("bad", base_url=f"{loopback.url}?{query}").ainvoke("Hi")


def test_an_at_sign_in_a_parameter_is_no_password() -> None:
    assert resolve_model("m", base_url=f"{URL}?mail=me%40example.org")


@pytest.fixture
def elsewhere() -> Iterator[Loopback]:
    with serve() as running:
        yield running


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_question_and_headers_follow_no_redirect(
    loopback: Loopback, elsewhere: Loopback, transport: Transport, status: int
) -> None:
    """By no transport, streamed or not, to another port of this machine either."""
    to = {"Location": f"{elsewhere.url}/chat/completions?token={WRITTEN}"}
    loopback.say("m", Reply(status=status, headers=to))
    model: Any = resolve_model(
        "m", base_url=loopback.url, headers={"X-Tenant": "tiger"}, transport=transport, max_tokens=5
    )

    for ask in (model.ainvoke("Hi"), anext(aiter(model.astream("Hi")))):
        with pytest.raises(Exception, match=rf"found a redirect \(HTTP {status}\) to {elsewhere.url}") as refused:
            await ask
        assert "night" not in str(refused.value)

    assert (len(loopback.requests), elsewhere.requests) == (2, [])
