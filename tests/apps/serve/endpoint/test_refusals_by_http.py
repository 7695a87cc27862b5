"""What is refused, as OpenAI's API refuses it: statuses, bodies, and whether clients ask again by themselves."""

import asyncio
import json
import threading
from hashlib import sha256
from typing import Any

import openai
import pytest
from aiohttp import ClientSession
from endpoints import HI, WEATHER, asked, running, says, streamed, two_and_one, until
from langgraph_moa import Budget
from langgraph_moa.apps.serve import endpoint
from langgraph_moa.apps.serve.callers import Caller, Callers
from loopback import Loopback, Reply
from yarl import URL

ASK: Any = {"model": "moa", "messages": HI}
RESULT: Any = {"role": "tool", "tool_call_id": "x", "content": "4"}
THOUGHT: Any = {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "x"}]}
X_ONLY: Any = {"type": "function", "function": {"name": "x"}}
STORED: Any = [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]
AWAY: Any = {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/x"}}}
FORM: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": AWAY}}
LOST: Any = {"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}}
LOST_TOOL: Any = {"type": "function", "function": {"name": "x", "parameters": LOST}}
WRONG: list[tuple[Any, str | None, str]] = [
    ({**ASK, "messages": []}, "messages", "found a list of 0 for messages: List should have at least 1 item"),
    ({"messages": HI}, "model", "found no model, expected it"),
    ({**ASK, "messages": [{"role": "user"}]}, "messages[0].content", "found no messages[0].content, expected it"),
    ({**ASK, "messages": [{"role": "boss", "content": "x"}]}, "messages[0]", "found an object for messages[0]: Input"),
    ({**ASK, "messages": [*HI, RESULT]}, "messages[1].tool_call_id", "found a tool's result without the call"),
    ({**ASK, "temperature": "hot"}, "temperature", "found 'hot' for temperature"),
    ({**ASK, "temperature": 9}, "temperature", "found 9 for temperature"),
    ({**ASK, "max_tokens": 0}, "max_tokens", "found 0 for max_tokens"),
    ({**ASK, "stop": ["a"] * 5}, "stop", "found a list of 5 for stop: List should have at most 4 items"),
    ({**ASK, "stop": 4}, "stop", "found 4 for stop: Input should be a valid"),
    ({**ASK, "messages": [*HI, THOUGHT]}, "messages[1].content[0]", "found an object for messages[1].content[0]: Input "
     "tag 'thinking' found using 'type' does not match any of the expected tags: 'text', 'refusal'"),
    ({**ASK, "messages": [{"role": "user", "content": [{"type": "input_text"}]}]}, "messages[0].content[0]",
     "found an object for messages[0].content[0]: Input tag 'input_text'"),
    ({**ASK, "messages": [{"role": "user", "content": 5}]}, "messages[0].content", "found 5 for messages[0].content"),
    ({**ASK, "n": 2}, "n", "found n, which cannot be done: a mixture gives one answer"),
    ({**ASK, "logprobs": True}, "logprobs", "found logprobs, which cannot be done"),
    ({**ASK, "modalities": ["text", "audio"]}, "modalities", "found other modalities than text"),
    ({**ASK, "functions": [{}]}, "functions", "found functions, which cannot be done: send them as tools"),
    ({**ASK, "tools": [{"type": "custom", "custom": {}}]}, "tools[0].type", "found 'custom' for tools[0].type"),
    ({**ASK, "tools": [WEATHER], "tool_choice": X_ONLY}, "tool_choice", "found tool_choice 'x' without such a tool"),
    ({**ASK, "tool_choice": "required"}, "tool_choice", "found tool_choice 'required' without such a tool"),
    ({**ASK, "response_format": {"type": "json_schema"}}, "response_format.json_schema", "found no json_schema"),
    ({**ASK, "response_format": FORM}, "response_format.json_schema.schema", "found $ref to 'http://127"),
    (
        {**ASK, "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": LOST}}},
        "response_format.json_schema.schema", "found $ref to '#/$defs/x' in a schema, which it does not hold"
    ),
    (
        {**ASK, "tools": [WEATHER, LOST_TOOL], "tool_choice": "required"},
        "tools[1].function.parameters", "found $ref to '#/$defs/x' in a schema, which it does not hold"
    ),
    ({**ASK, "messages": STORED}, "messages[0].content[0].file.file_data", "found no messages[0].content[0].file."),
    (b"{", None, "found a body that is no JSON"),
    (b"[" * 100_000, None, "found a body that is no JSON"),
    (b"[]", None, "found list as the body, expected a JSON object"),
]  # fmt: skip


async def test_what_is_wrong_is_told_by_its_place_and_asks_nobody(loopback: Loopback) -> None:
    async with running(two_and_one(loopback)) as served:
        for body, param, words in WRONG:
            status, answer, headers = await served.post(body)
            assert (status, answer["error"]["param"]) == (400, param), answer
            assert answer["error"]["message"].startswith(words), answer
            assert answer["error"]["type"] == "invalid_request_error"
            assert headers["x-should-retry"] == "false"

    assert loopback.requests == []


async def test_bodies_paths_and_methods(loopback: Loopback) -> None:
    async with running(two_and_one(loopback), most_bytes=2000) as served, ClientSession() as session:
        long = await served.post({**ASK, "x": "y" * 3000})
        form = await served.post(ASK, Content_Type="text/plain")
        responses = await served.post(ASK, "/responses")
        embeddings = await served.post(ASK, "/embeddings")
        foreign = await served.post(ASK, Host="evil.example")
        methods = []
        for verb, path in [("GET", "/chat/completions"), ("PUT", "/models/x"), ("POST", "/models"), ("PUT", "/models")]:
            async with session.request(verb, served.url + path, json=ASK) as answer:
                methods.append((answer.status, answer.headers.get("Allow"), (await answer.json())["error"]["message"]))
        async with session.post(served.url.removesuffix("/v1") + "/chat/completions", json=ASK) as answer:
            no_version = (await answer.json())["error"]["message"]

        async with session.get(served.url + "/models/") as answer:
            listed = [model["id"] for model in (await answer.json())["data"]]
        async with session.get(URL(served.url + "/models/%ff%0a", encoded=True)) as answer:
            odd = answer.status, (await answer.json())["error"]["code"]
        async with session.get(URL(served.url + "/%0a", encoded=True)) as answer:
            nowhere = answer.status, (await answer.json())["error"]["code"]

    assert (listed, odd, nowhere) == (["moa"], (404, "model_not_found"), (404, "unknown_url"))
    assert [long[0], form[0], responses[0], embeddings[0], foreign[0]] == [413, 415, 404, 404, 403]
    assert long[1]["error"]["message"] == "found a body of more than 2,000 bytes, expected a shorter one"
    assert "this server speaks Chat Completions" in responses[1]["error"]["message"]
    assert [one[:2] for one in methods] == [(405, "POST"), (405, "GET"), (405, "GET"), (405, "GET")]
    assert methods[0][2] == "found GET /v1/chat/completions, expected POST"
    assert foreign[1]["error"]["message"].endswith("or start the server with keys (--key-file)")
    assert "base URL end in /v1" in no_version
    assert loopback.requests == []


async def test_web_pages_may_not_ask_but_those_that_are_named(loopback: Loopback) -> None:
    page = {"Origin": "https://chat.example", "Access-Control-Request-Method": "POST"}
    allowed = "Access-Control-Allow-Origin"
    async with ClientSession() as session:
        for origins, sees in [((), None), (("https://chat.example",), "https://chat.example"), (("*",), "*")]:
            async with running(two_and_one(loopback), origins=origins) as served:
                async with session.options(f"{served.url}/chat/completions", headers=page) as answer:
                    assert answer.headers.get(allowed) == sees
                async with session.get(f"{served.url}/models", headers=page) as answer:
                    assert (answer.status, answer.headers.get(allowed)) == (200, sees)


def key_of(letter: str, **limits: Any) -> Caller:
    return Caller(letter, sha256((letter * 20).encode()).digest(), **limits)


async def test_keys_are_checked_and_health_is_not(loopback: Loopback) -> None:
    says(loopback)
    async with running(two_and_one(loopback), callers=Callers([key_of("a"), key_of("b")])) as served:
        for key in ("none", "a" * 19, "a" * 21, "A" * 20):
            async with served.client(key) as client:
                with pytest.raises(openai.AuthenticationError) as refused:
                    await client.models.list()
            assert refused.value.code == "invalid_api_key"
        async with served.client("b" * 20) as client:
            assert (await client.chat.completions.create(**ASK)).choices
        async with ClientSession() as session, session.get(served.url.removesuffix("/v1") + "/health") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok", "under_way": 0})

    assert "; b; moa; " in served.log[-1]
    assert "a" * 19 not in "".join(served.log)


async def test_a_key_has_its_limits_and_others_their_own(loopback: Loopback) -> None:
    loopback.default = Reply("never", delay=600)
    callers = Callers([key_of("a", at_once=1), key_of("b", per_minute=1)])
    async with (
        running(two_and_one(loopback), callers=callers) as served,
        served.client("a" * 20) as anna,
        served.client("b" * 20) as ben,
    ):
        first = asyncio.create_task(anna.chat.completions.create(**ASK))
        await asked(loopback, 2)
        with pytest.raises(openai.RateLimitError) as at_once:
            await anna.chat.completions.create(**ASK)
        says(loopback)
        assert (await ben.chat.completions.create(**ASK)).choices
        with pytest.raises(openai.RateLimitError) as per_minute:
            await ben.chat.completions.create(**ASK)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    assert at_once.value.code == per_minute.value.code == "rate_limit_exceeded"
    assert at_once.value.response.headers["retry-after"] == "1"
    assert 50 < int(per_minute.value.response.headers["retry-after"]) <= 61


TOO_LONG = json.dumps(
    {"error": {"message": "maximum context length is 4096 tokens", "code": "context_length_exceeded"}}
)
FAILURES: list[tuple[Reply, int, str, str]] = [
    (Reply(status=401), 502, "models_failed", "false"),
    (Reply(status=429), 503, "models_unavailable", "true"),
    (Reply(status=400, body=TOO_LONG), 400, "context_length_exceeded", "false"),
    (Reply(status=500), 502, "models_failed", "false"),
    (Reply(""), 502, "models_failed", "false"),
]


@pytest.mark.parametrize("stream", [False, True])
async def test_models_that_fail_are_told_by_a_status(loopback: Loopback, stream: bool) -> None:
    async with running(two_and_one(loopback)) as served, served.client() as client:
        for reply, status, code, again in FAILURES:
            loopback.default = reply
            with pytest.raises(openai.APIStatusError) as refused:
                await (streamed(client) if stream else client.chat.completions.create(**ASK))
            assert (refused.value.status_code, refused.value.code) == (status, code)
            assert refused.value.response.headers["x-should-retry"] == again
            assert "proposals were usable" in refused.value.message


async def test_a_client_asks_a_failed_panel_only_once_by_itself(loopback: Loopback) -> None:
    loopback.default = Reply(status=500)
    async with running(two_and_one(loopback)) as served, served.client(max_retries=2) as client:
        with pytest.raises(openai.InternalServerError):
            await client.chat.completions.create(**ASK)

    assert len(served.log) == 1


async def test_a_failure_after_the_headers_is_an_event(loopback: Loopback) -> None:
    loopback.default = Reply(status=401, delay=0.2)
    async with running(two_and_one(loopback), keep_alive_s=0.02) as served, served.client() as client:
        with pytest.raises(openai.APIError, match="0 of 2 proposals were usable"):
            await streamed(client)

    assert "; models_failed (a: key, b: key); " in served.log[0]


async def test_a_writer_that_breaks_off_is_told_in_the_stream(loopback: Loopback) -> None:
    says(loopback, "half an answer here", broken="reset_mid_stream")
    async with running(two_and_one(loopback)) as served, served.client() as client:
        chunks = await streamed(client)

    assert "word for word" in chunks[-1].model_extra["moa"]["degraded"]


async def test_a_budget_that_fits_nothing(loopback: Loopback) -> None:
    async with running(two_and_one(loopback, budget=Budget(calls=1))) as served, served.client() as client:
        with pytest.raises(openai.APIStatusError) as refused:
            await client.chat.completions.create(**ASK)

    assert (refused.value.status_code, refused.value.code) == (402, "budget_exceeded")
    assert loopback.requests == []


async def test_a_schema_of_references_is_kept_to(loopback: Loopback) -> None:
    inner = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    schema = {"$ref": "#/definitions/x", "definitions": {"x": inner}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}}
    says(loopback)
    loopback.say("c", Reply("", tool_calls=[("x", {"zz": "wrong"})]))

    async with running(two_and_one(loopback)) as served:
        status, answer, _ = await served.post({**ASK, "response_format": form})

    assert (status, answer["error"]["code"]) == (502, "answer_does_not_fit")
    assert "'a' is a required property" in answer["error"]["message"]
    assert loopback.asked("c")[0].body["tools"][0]["function"]["parameters"]["required"] == ["a"]


async def test_requests_are_read_beside_the_loop_by_what_keeps_no_process_from_ending(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def watched(function: Any) -> Any:
        def called(*given: Any) -> Any:
            threads.append(threading.current_thread())
            return function(*given)

        return called

    for name in ("read_client_question", "equip"):
        monkeypatch.setattr(endpoint, name, watched(getattr(endpoint, name)))
    says(loopback)
    async with running(two_and_one(loopback)) as served:
        await served.post(ASK)

    assert [thread.daemon for thread in threads] == [True, True]
    assert threading.current_thread() not in threads


@pytest.mark.parametrize("name", ["read_client_question", "equip"])
async def test_who_goes_away_is_under_way_until_the_work_is_done(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    begun, end, work = asyncio.Event(), threading.Event(), getattr(endpoint, name)
    loop = asyncio.get_running_loop()

    def hanging(*given: Any) -> Any:
        loop.call_soon_threadsafe(begun.set)
        end.wait(60)
        return work(*given)

    monkeypatch.setattr(endpoint, name, hanging)
    says(loopback)
    anna = key_of("a", at_once=1)
    async with running(two_and_one(loopback), callers=Callers([anna, key_of("b")])) as served:
        question = asyncio.create_task(served.post(ASK, Authorization="Bearer " + "a" * 20))
        await begun.wait()
        question.cancel()
        await asyncio.gather(question, return_exceptions=True)
        await until(lambda: not served.endpoint.under_way)
        refused = await served.post(ASK, Authorization="Bearer " + "a" * 20)
        end.set()
        await until(lambda: not anna.under_way)
        answers = [await served.post(ASK, Authorization="Bearer " + letter * 20) for letter in "ab"]

    assert (refused[0], refused[1]["error"]["code"]) == (429, "rate_limit_exceeded")
    assert [status for status, *_ in answers] == [200, 200]
