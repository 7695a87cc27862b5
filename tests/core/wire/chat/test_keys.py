"""A key, or a word in its place, is nothing that answers are searched for."""

import json
from typing import Any

import pytest
from langgraph_moa import resolve_model
from loopback import Loopback, Reply

WORDS = ("test", "1", "x", "not-needed", "EMPTY", "")
REAL = "tiger-burning-bright-1"
TEXT = f"1 test: x is not-needed, EMPTY or {REAL}."


@pytest.mark.parametrize("transport", ["lean", "openai"])
@pytest.mark.parametrize("key", [*WORDS, REAL])
async def test_no_answer_is_ever_changed(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, key: str, transport: Any
) -> None:
    monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", key)
    loopback.say("m", Reply(TEXT, tool_calls=[("look", {"word": TEXT})]))
    chat = resolve_model("m", base_url=loopback.url, transport=transport, headers={"X-Key": REAL})

    for is_streamed in (False, True):
        answer = await chat.ainvoke("Hi", stream=is_streamed)
        assert (answer.text, answer.tool_calls[0]["args"]) == (TEXT, {"word": TEXT})


@pytest.mark.parametrize("transport", ["lean", "openai"])
@pytest.mark.parametrize("status", [200, 400])
async def test_an_error_loses_a_key_and_no_word(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, transport: Any, status: int
) -> None:
    inner = json.dumps({"error": {"message": f"no: {REAL}/2"}}).replace("/", "\\/")
    body = json.dumps({"error": {"message": "1 test: x", "code": 400, "metadata": {"raw": inner}}})
    loopback.say("m", Reply(status=status, body=body))
    monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", f"{REAL}/2")

    with pytest.raises(Exception, match="1 test: x") as failed:
        await resolve_model("m", base_url=loopback.url, transport=transport).ainvoke("Hi")

    assert "burning" not in f"{failed.value} {vars(failed.value).get('body')}"
