"""What a reply says, and what it says of itself."""

import json
from typing import Any

import pytest
from loopback import Loopback, Reply
from mixtures import mixture
from reading import QUESTION
from running import APIS, run


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None}])
async def test_a_server_that_does_not_count_is_believed_to_cost_unknown(loopback: Loopback, usage: Any) -> None:
    loopback.say("m0", Reply("fine", usage=usage))

    result = await mixture(loopback, "m0").ainvoke(QUESTION)

    assert result["proposals"][0]["status"] == "ok"
    assert result["run"]["usd"] is None


async def test_a_model_that_lies_about_itself_is_told(loopback: Loopback) -> None:
    loopback.say("m0", Reply("fine", served="something-cheaper"))

    result = await mixture(loopback, "m0").ainvoke(QUESTION)

    assert (result["proposals"][0]["model"], result["proposals"][0]["served_model"]) == ("m0", "something-cheaper")


@pytest.mark.parametrize("key", [None, "x", "test", "EMPTY", "ollama", "not-needed", "tiger-burning-bright-0123456789"])
@APIS
async def test_an_answer_is_what_the_server_said(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, key: str | None, api: str
) -> None:
    if key:
        monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", key)
    said = f'The latest test: run `ollama serve`; "EMPTY" is not-needed: {key}, {{"error": "{key}"}}.'
    loopback.default = lambda body: Reply(said)
    loopback.say("refused", Reply(status=400, body=json.dumps({"error": {"message": f"while executing {key}"}})))

    result = await run(mixture(loopback, "m0", "refused"), api, QUESTION)

    assert loopback.requests[0].headers["Authorization"] == f"Bearer {key or 'not-needed'}"
    assert [p["text"] for p in result["proposals"]] == [said, ""]
    assert result["messages"][-1].text == said
    told = result["proposals"][1]["error"]
    assert f"while executing {'[redacted]' if key and len(key) > 20 else key}" in told


SERVED: list[tuple[str, str, bool]] = [
    ("m0", "m0", False),
    ("m0", "m0-2026-10-01", False),
    ("m0", "M0", False),
    ("m0", "m0-cheaper", True),
    ("m0", "something-else", True),
]


@pytest.mark.parametrize("role", ["proposer", "aggregator"])
@pytest.mark.parametrize(("asked", "served", "told"), SERVED)
async def test_a_served_model_that_is_another_is_told_in_the_report(
    loopback: Loopback, role: str, asked: str, served: str, told: bool
) -> None:
    loopback.say("m0" if role == "proposer" else "aggregator", Reply("fine", served=served.replace("m0", asked)))
    if role == "aggregator":
        loopback.say("aggregator", Reply("fine", served=served.replace("m0", "aggregator").replace("M0", "Aggregator")))

    result = await mixture(loopback, "m0").ainvoke(QUESTION)

    assert len(result["run"]["notes"]) == told
    if told:
        assert "asked for " in result["run"]["notes"][0]
        assert "served by " in result["run"]["notes"][0]
