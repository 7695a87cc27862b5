"""What Open WebUI sends, replayed: its requests as data, as its source writes them, read back as it reads answers.

After `routers/openai.py` and `routers/tasks.py` of github.com/open-webui/open-webui.
"""

import json
from typing import Any

import pytest
from aiohttp import ClientSession
from endpoints import WEATHER, Running, asked, running, says, two_and_one
from langgraph_moa.apps.serve.callers import Caller, Callers, _digest
from loopback import Loopback, Reply

KEY = "open-webui-key-1234"
HEADERS = {
    "Content-Type": "application/json",
    "Authorization": f"Bearer {KEY}",
    "X-OpenWebUI-User-Name": "Anna%20B",
    "X-OpenWebUI-User-Id": "1f0c",
    "X-OpenWebUI-User-Email": "anna@example.org",
    "X-OpenWebUI-User-Role": "user",
    "X-OpenWebUI-Chat-Id": "0b6f",
}
PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg"
    "=="
)
CHAT: dict[str, Any] = {
    "stream": True,
    "model": "moa",
    "messages": [
        {"role": "system", "content": "Answer in one sentence."},
        {"role": "user", "content": [{"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral"}}]},
    ],
    "stream_options": {"include_usage": True},
}
SLIDERS: dict[str, Any] = {
    "temperature": 0.7,
    "top_p": 0.9,
    "max_tokens": 300,
    "seed": 42,
    "stop": ["###"],
    "frequency_penalty": 0.1,
    "presence_penalty": 0.1,
    "logit_bias": {"50256": -100},
    "reasoning": {"effort": "low"},
}
"""Its model's parameters: `reasoning_effort` becomes an object, and biases are JSON."""
TURNS = [
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": ""},
    {
        "role": "user",
        "content": [{"type": "text", "text": "And this?"}, {"type": "image_url", "image_url": {"url": PICTURE}}],
    },
]
TITLE = {
    "model": "moa",
    "messages": [
        {"role": "user", "content": "### Task:\nGenerate a concise, 3-5 word title as JSON.\n### Chat History:\n..."}
    ],
    "stream": False,
    "max_completion_tokens": 1000,
}
TAGS = {name: value for name, value in TITLE.items() if name != "max_completion_tokens"}
"""Tags, follow-up questions and queries for a search are asked for so."""


async def streamed(served: Running, body: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Read a stream as Open WebUI does: line by line, whatever begins with `data:`, up to the end."""
    text, events = "", []
    url = f"{served.url}/chat/completions"
    async with ClientSession() as session, session.post(url, data=json.dumps(body), headers=HEADERS) as answer:
        assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, "text/event-stream")
        async for line in answer.content:
            data = line.decode("utf-8").strip()
            if not data.startswith("data:") or (data := data[len("data:") :].strip()) == "[DONE]":
                continue
            events.append(json.loads(data))
            for choice in events[-1]["choices"]:
                text += choice["delta"].get("content") or ""
    return text, events


@pytest.fixture
def callers() -> Callers:
    return Callers([Caller("webui", _digest(KEY))])


async def test_its_connection_is_verified_by_the_list_of_models(loopback: Loopback, callers: Callers) -> None:
    async with running(two_and_one(loopback), callers=callers) as served, ClientSession() as session:
        async with session.get(f"{served.url}/models", headers=HEADERS) as answer:
            listed = await answer.json()
        async with session.get(f"{served.url}/models", headers={**HEADERS, "Authorization": "Bearer no"}) as answer:
            assert answer.status == 401
            assert "error" in await answer.json()

    assert [model["id"] for model in listed["data"]] == ["moa"]
    assert all("name" not in model for model in listed["data"]), "it takes the id then"


@pytest.mark.parametrize(
    ("more", "left_out"),
    [
        ({}, None),
        (SLIDERS, ["logit_bias"]),
        ({"messages": TURNS}, None),
        ({"chat_id": "0b6f", "session_id": "s", "metadata": {"task": "x"}}, ["chat_id", "metadata", "session_id"]),
        ({"tools": [WEATHER], "tool_choice": "auto"}, None),
    ],
    ids=["plain", "sliders", "pictures", "ids", "tools"],
)  # fmt: skip
async def test_a_chat_is_streamed(
    loopback: Loopback, callers: Callers, more: dict[str, Any], left_out: list[str] | None
) -> None:
    says(loopback)
    async with running(two_and_one(loopback), callers=callers, keep_alive_s=0.01) as served:
        text, events = await streamed(served, {**CHAT, **more})

    assert text == "the answer of c"
    assert events[-1]["usage"]["total_tokens"] == loopback.tokens_billed
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-2]["moa"].get("left_out") == left_out
    (writer,) = loopback.asked("c")
    assert writer.body.get("reasoning_effort") == ("low" if more is SLIDERS else None)
    assert KEY not in "".join(served.log)


@pytest.mark.parametrize("body", [TITLE, TAGS], ids=["title", "tags"])
async def test_titles_and_tags_are_asked_for_in_one_piece(
    loopback: Loopback, callers: Callers, body: dict[str, Any]
) -> None:
    says(loopback, '{"title": "A greeting"}')
    async with running(two_and_one(loopback), callers=callers) as served, ClientSession() as session:
        url = f"{served.url}/chat/completions"
        async with session.post(url, data=json.dumps(body), headers=HEADERS) as answer:
            whole = await answer.json()

    assert json.loads(whole["choices"][0]["message"]["content"]) == {"title": "A greeting"}
    assert whole["usage"]["total_tokens"] == loopback.tokens_billed


async def test_an_error_is_what_it_shows(loopback: Loopback, callers: Callers) -> None:
    loopback.default = Reply(status=401)
    async with running(two_and_one(loopback), callers=callers) as served, ClientSession() as session:
        url = f"{served.url}/chat/completions"
        async with session.post(url, data=json.dumps(CHAT), headers=HEADERS) as answer:
            refused = await answer.json()

    assert answer.status == 502
    assert "0 of 2 proposals were usable" in refused["error"]["message"]


async def test_its_stop_button_closes_the_requests_to_models(loopback: Loopback, callers: Callers) -> None:
    loopback.default = Reply("never", delay=600)
    async with running(two_and_one(loopback), callers=callers, keep_alive_s=0.01) as served, ClientSession() as session:
        url = f"{served.url}/chat/completions"
        answer = await session.post(url, data=json.dumps(CHAT), headers=HEADERS)
        await asked(loopback, 2)
        answer.close()
        assert [await request.closed() for request in loopback.requests] == [True, True]
