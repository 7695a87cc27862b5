"""Mixtures behind one URL, asked by OpenAI's own client."""

import asyncio
import json
from pathlib import Path
from typing import Any

import openai
import pytest
from endpoints import HI, WEATHER, Running, asked, running, says, streamed, text_of, two_and_one
from langgraph_moa import ResponseCache
from langgraph_moa.apps.serve import streams
from langgraph_moa.apps.serve.callers import Caller, Callers, _digest
from loopback import Loopback, Reply

TWO_KEYS = [Caller("anna", _digest("a" * 20)), Caller("ben", _digest("b" * 20))]


async def test_an_answer_comes_with_the_usage_of_all_calls(loopback: Loopback) -> None:
    says(loopback)
    async with running(two_and_one(loopback)) as served, served.client() as client:
        answer = await client.chat.completions.create(model="moa", messages=HI)

    assert answer.choices[0].message.content == "the answer of c"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.object == "chat.completion"
    assert answer.usage
    assert answer.usage.total_tokens == loopback.tokens_billed
    assert answer.model_extra
    about = answer.model_extra["moa"]
    assert {name: about[name] for name in ("calls", "layers", "degraded", "panel", "served_model")} == {
        "calls": 3,
        "layers": 2,
        "degraded": None,
        "panel": "asked",
        "served_model": "c",
    }
    assert served.log[0].startswith("POST /v1/chat/completions: 200 after ")
    assert "anyone; moa; 3 calls, " in served.log[0]
    assert "Which one" not in "".join(served.log)


async def test_only_the_aggregators_text_is_streamed_and_usage_comes_last(loopback: Loopback) -> None:
    says(loopback)
    async with running(two_and_one(loopback)) as served, served.client() as client:
        chunks = await streamed(client, stream_options={"include_usage": True})
        plain = await streamed(client)

    assert text_of(chunks) == text_of(plain) == "the answer of c"
    assert len([chunk for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]) == 4
    assert chunks[0].choices[0].delta.role == "assistant"
    *_, end, usage = chunks
    assert (end.choices[0].finish_reason, end.model_extra["moa"]["calls"]) == ("stop", 3)
    assert (usage.choices, usage.usage.total_tokens) == ([], loopback.tokens_billed // 2)
    assert [chunk.usage for chunk in plain] == [None] * len(plain)


async def test_details_of_usage_are_summed(loopback: Loopback) -> None:
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 7,
        "total_tokens": 16,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    loopback.default = Reply("yes", usage=usage)
    async with running(two_and_one(loopback)) as served, served.client() as client:
        answer = await client.chat.completions.create(model="moa", messages=HI)

    assert answer.usage
    assert answer.usage.prompt_tokens_details
    assert answer.usage.completion_tokens_details
    assert (answer.usage.prompt_tokens_details.cached_tokens, answer.usage.prompt_tokens) == (12, 27)
    assert (answer.usage.completion_tokens_details.reasoning_tokens, answer.usage.completion_tokens) == (9, 21)


def weather_station(body: dict[str, Any]) -> Reply:
    results = [message for message in body["messages"] if message["role"] == "tool"]
    return (
        Reply(f"It is {results[-1]['content']}.")
        if results
        else Reply("", tool_calls=[("get_weather", {"city": "Rom"})])
    )


@pytest.mark.parametrize("stream", [False, True])
async def test_tools_go_back_and_forth_and_the_panel_is_asked_once(loopback: Loopback, stream: bool) -> None:
    says(loopback)
    loopback.say("c", weather_station)
    async with running(two_and_one(loopback)) as served, served.client() as client:
        if stream:
            chunks = await streamed(client, tools=[WEATHER])
            (call,) = [c for chunk in chunks for c in (chunk.choices[0].delta.tool_calls or [])]
            assert chunks[-1].choices[0].finish_reason == "tool_calls"
        else:
            first = await client.chat.completions.create(model="moa", messages=HI, tools=[WEATHER])
            assert first.choices[0].finish_reason == "tool_calls"
            assert first.choices[0].message.content is None
            (call,) = first.choices[0].message.tool_calls or []
        assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Rom"})
        function = {"name": call.function.name, "arguments": call.function.arguments}
        made = {"role": "assistant", "tool_calls": [{"id": call.id, "type": "function", "function": function}]}
        messages = [*HI, made, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
        second = await client.chat.completions.create(model="moa", messages=messages, tools=[WEATHER])

    assert second.choices[0].message.content == "It is sunny."
    assert second.model_extra
    assert second.model_extra["moa"]["panel"] == "shown_again"
    assert [request.model for request in loopback.requests] == ["a", "b", "c", "c"]
    assert [bool(request.body.get("tools")) for request in loopback.requests] == [False, False, True, True]


async def test_a_panel_is_held_before_its_client_knows_of_its_call(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(loopback)
    loopback.say("c", weather_station)
    sizes, write = dict[bool, int](), streams._write
    async with running(two_and_one(loopback)) as served, served.client() as client:

        async def watched(http: Any, response: Any, data: bytes) -> None:
            sizes[b"[DONE]" in data] = len(served.endpoint._panels._held)
            await write(http, response, data)

        monkeypatch.setattr(streams, "_write", watched)
        await streamed(client, tools=[WEATHER])

    assert sizes[True] == 1


async def test_one_keys_panel_is_not_anothers(loopback: Loopback) -> None:
    says(loopback)
    loopback.say("c", weather_station)
    async with (
        running(two_and_one(loopback), callers=Callers(TWO_KEYS)) as served,
        served.client("a" * 20) as anna,
        served.client("b" * 20) as ben,
    ):
        first = await anna.chat.completions.create(model="moa", messages=HI, tools=[WEATHER])
        made: Any = first.choices[0].message.model_dump(exclude_none=True)
        messages = [*HI, made, {"role": "tool", "tool_call_id": made["tool_calls"][0]["id"], "content": "sunny"}]
        again = await ben.chat.completions.create(model="moa", messages=messages, tools=[WEATHER])

    assert again.choices[0].message.content == "It is sunny."
    assert [request.model for request in loopback.requests] == ["a", "b", "c"] * 2


async def test_one_keys_answers_are_kept_for_it_alone(loopback: Loopback, tmp_path: Path) -> None:
    says(loopback)
    cache = ResponseCache(tmp_path / "answers.sqlite")
    async with (
        running(two_and_one(loopback, cache=cache), callers=Callers(TWO_KEYS)) as served,
        served.client("a" * 20) as anna,
        served.client("b" * 20) as ben,
    ):
        for client, calls in [(anna, 3), (anna, 3), (ben, 6), (ben, 6)]:
            await client.chat.completions.create(model="moa", messages=HI)
            assert len(loopback.requests) == calls
    async with running(two_and_one(loopback, cache=cache)) as served, served.client() as anyone:
        await anyone.chat.completions.create(model="moa", messages=HI)
        assert len(loopback.requests) == 9


FORM: Any = {
    "type": "json_schema",
    "json_schema": {
        "name": "city",
        "strict": True,
        "schema": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": {"name": {"type": "string", "pattern": "^(a+)+$"}},
        },
    },
}


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_keeps_to_a_schema(loopback: Loopback, stream: bool) -> None:
    says(loopback)
    loopback.say("c", lambda body: Reply("", tool_calls=[(body["tools"][0]["function"]["name"], {"name": "Rom"})]))
    async with running(two_and_one(loopback)) as served, served.client() as client:
        if stream:
            text = text_of(chunks := await streamed(client, response_format=FORM))
            reason = chunks[-1].choices[0].finish_reason
        else:
            answer = await client.chat.completions.create(model="moa", messages=HI, response_format=FORM)
            text, reason = answer.choices[0].message.content or "", answer.choices[0].finish_reason
            assert answer.choices[0].message.tool_calls is None
            assert answer.model_extra
            assert answer.model_extra["moa"]["left_out"] == ["response_format: pattern"]

    assert (json.loads(text), reason) == ({"name": "Rom"}, "stop")


async def test_an_answer_that_fits_no_schema_is_an_error(loopback: Loopback) -> None:
    says(loopback, "I would rather not")
    async with running(two_and_one(loopback)) as served, served.client() as client:
        with pytest.raises(openai.APIStatusError) as refused:
            await client.chat.completions.create(model="moa", messages=HI, response_format=FORM)

    assert (refused.value.status_code, refused.value.code) == (502, "answer_does_not_fit")
    assert "no answer fits 'city': " in refused.value.message
    assert "troubleshooting" not in refused.value.message


async def test_any_object_will_do_where_no_schema_is_given(loopback: Loopback) -> None:
    says(loopback)
    loopback.say("c", '```json\n{"x": [1]}\n```')
    async with running(two_and_one(loopback)) as served, served.client() as client:
        kind: Any = {"type": "json_object"}
        answer = await client.chat.completions.create(model="moa", messages=HI, response_format=kind)

    assert json.loads(answer.choices[0].message.content or "") == {"x": [1]}


async def test_beside_tools_the_aggregators_server_holds_an_answer_to_its_schema(loopback: Loopback) -> None:
    says(loopback, '{"name": "Rom"}')
    async with running(two_and_one(loopback)) as served, served.client() as client:
        answer = await client.chat.completions.create(model="moa", messages=HI, tools=[WEATHER], response_format=FORM)

    (writer,) = loopback.asked("c")
    assert (writer.body["response_format"], len(writer.body["tools"])) == (FORM, 1)
    assert answer.choices[0].message.content == '{"name": "Rom"}'
    assert answer.model_extra
    assert answer.model_extra["moa"]["left_out"] == ["response_format: check"]


async def test_options_are_the_aggregators(loopback: Loopback) -> None:
    says(loopback, "one two END three")
    options: Any = {"temperature": 0.2, "max_completion_tokens": 77, "seed": 7, "stop": "END", "top_p": 0.5}
    async with running(two_and_one(loopback)) as served, served.client() as client:
        answer = await client.chat.completions.create(model="moa", messages=HI, **options, extra_body={"chat_id": "x"})

    (writer,) = loopback.asked("c")
    sent = {"temperature": 0.2, "max_tokens": 77, "seed": 7, "stop": "END", "top_p": 0.5}
    assert {name: writer.body.get(name) for name in sent} == sent
    assert all("seed" not in request.body for request in loopback.asked("a"))
    assert answer.choices[0].message.content == "one two "
    assert answer.model_extra
    assert answer.model_extra["moa"]["left_out"] == ["chat_id"]


@pytest.mark.parametrize(("ending", "reason"), [("length", "length"), ("content_filter", "content_filter")])
async def test_why_an_answer_ended(loopback: Loopback, ending: str, reason: str) -> None:
    says(loopback, "half an answer", finish_reason=ending)
    async with running(two_and_one(loopback)) as served, served.client() as client:
        answer = await client.chat.completions.create(model="moa", messages=HI)

    assert answer.choices[0].finish_reason in (reason, "stop")
    assert answer.choices[0].finish_reason == reason or answer.model_extra["moa"]["degraded"]  # type: ignore[index]


async def test_models_are_listed(loopback: Loopback) -> None:
    says(loopback)
    mixtures = {"quick": two_and_one(loopback, proposers=["a"]), "moa": two_and_one(loopback)}
    async with running(mixtures) as served, served.client() as client:
        assert [model.id async for model in client.models.list()] == ["quick", "moa"]
        assert (await client.models.retrieve("moa")).owned_by == "langgraph-moa"
        with pytest.raises(openai.NotFoundError, match="does not exist here; known: quick, moa"):
            await client.models.retrieve("gpt-4o")
        with pytest.raises(openai.NotFoundError) as refused:
            await client.chat.completions.create(model="gpt-4o", messages=HI)

    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


async def gone(served: Running, loopback: Loopback, *, stream: bool) -> None:
    client = served.client()
    question = asyncio.create_task(client.chat.completions.create(model="moa", messages=HI, stream=stream))
    await asked(loopback, 2)
    question.cancel()
    await asyncio.gather(question, return_exceptions=True)
    await client.close()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_goes_away_closes_its_proposers_requests(loopback: Loopback, stream: bool) -> None:
    loopback.default = Reply("never", delay=600)
    async with running(two_and_one(loopback)) as served:
        await gone(served, loopback, stream=stream)
        assert [await request.closed() for request in loopback.requests] == [True, True]
        await served.endpoint.drain(60)

    assert served.log[0].startswith("POST /v1/chat/completions: went away after ")


async def test_a_client_that_goes_away_while_it_reads_closes_the_aggregators_request(loopback: Loopback) -> None:
    says(loopback, "word " * 5000, chunk_delay=0.01)
    async with running(two_and_one(loopback)) as served, served.client() as client:
        stream = await client.chat.completions.create(model="moa", messages=HI, stream=True)
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        await stream.close()
        assert await loopback.asked("c")[0].closed()


async def test_comments_keep_a_stream_open_and_clients_skip_them(loopback: Loopback) -> None:
    says(loopback, "the answer of c", delay=0.3)
    async with running(two_and_one(loopback), keep_alive_s=0.02) as served, served.client() as client:
        chunks = await streamed(client)
        assert text_of(chunks) == "the answer of c"
        raw = await client.chat.completions.with_raw_response.create(model="moa", messages=HI, stream=True)
        lines = [line async for line in raw.http_response.aiter_lines()]

    assert lines[0].startswith("data: "), "some clients stumble over a comment that comes first"
    assert lines.count(": still working") >= 3
    assert lines[lines.index(": still working") + 1] != "", "an empty line after it is an empty event to some"


async def test_what_is_under_way_may_end_and_what_is_new_is_refused(loopback: Loopback) -> None:
    says(loopback, "done", delay=0.2)
    async with running(two_and_one(loopback)) as served, served.client() as client:
        first = asyncio.create_task(client.chat.completions.create(model="moa", messages=HI))
        await asked(loopback, 2)
        draining = asyncio.create_task(served.endpoint.drain(60))
        await asyncio.sleep(0)
        with pytest.raises(openai.InternalServerError) as refused:
            await client.chat.completions.create(model="moa", messages=HI)
        answer = await first
        await draining

    assert (refused.value.status_code, refused.value.code) == (503, "stopping")
    assert refused.value.response.headers["retry-after"] == "1"
    assert answer.choices[0].message.content == "done"


@pytest.mark.parametrize("stream", [False, True])
async def test_what_takes_too_long_for_a_stop_is_told_so(loopback: Loopback, stream: bool) -> None:
    loopback.default = Reply("never", delay=600)
    async with running(two_and_one(loopback), keep_alive_s=0.01) as served, served.client() as client:
        asking: Any = streamed(client) if stream else client.chat.completions.create(model="moa", messages=HI)
        question = asyncio.create_task(asking)
        await asked(loopback, 2)
        await served.endpoint.drain(0.05)
        with pytest.raises(openai.APIError, match="this server is stopping"):
            await question

    assert [await request.closed() for request in loopback.requests] == [True, True]
