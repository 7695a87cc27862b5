"""A mixture as an MCP server, through the SDK's own client in memory."""

import asyncio
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from lamps import finds
from langgraph_moa import ConfigError, EarlyStop, Proposer, create_moa, create_rag_moa
from langgraph_moa.apps.mcp.inquiries import Inquiries
from langgraph_moa.apps.mcp.server import mcp_server
from mcp import Client, MCPError
from mcp_clients import Slow, cancelled, mixture, says, texts


async def test_tools_say_when_to_call_them() -> None:
    async with Client(mcp_server(mixture(), docs=["handbook.md"])) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}

    assert set(tools) == {"ask", "get_answer"}
    assert tools["ask"].input_schema["required"] == ["question"]
    assert tools["get_answer"].input_schema["required"] == ["id"]
    for tool in tools.values():
        assert tool.output_schema
        for schema in (tool.input_schema, tool.output_schema):
            Draft202012Validator.check_schema(schema)
            assert "$ref" not in json.dumps(schema), "some clients follow none"
    assert tools["ask"].description
    assert "It answers from handbook.md, and cites them." in tools["ask"].description
    assert "longer than 20 seconds" in tools["ask"].description


async def test_an_answer_comes_with_its_cost_and_what_happens_meanwhile() -> None:
    news: list[tuple[float, float | None, str | None]] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        news.append((progress, total, message))

    async with Client(mcp_server(mixture())) as client:
        result = await client.call_tool("ask", {"question": "Which?"}, progress_callback=tell)

    told = result.structured_content
    assert not result.is_error
    assert {**told, "tokens": 0, "seconds": 0} == {
        "status": "answered",
        "id": None,
        "answer": "c",
        "missing": None,
        "usd": 0.0,
        "calls": 3,
        "tokens": 0,
        "seconds": 0,
        "sources": None,
    }
    assert texts(result)[0] == "c"
    assert texts(result)[1].startswith("completed: 2 layers, 3 calls, ")
    steps = [done for done, _, _ in news]
    assert steps == sorted(set(steps))
    assert steps[-1] == 4
    assert {total for _, total, _ in news} == {4}
    messages = [str(message) for _, _, message in news]
    assert messages[0] == "asking scripted, scripted-2"
    assert sorted(messages[1:3]) == ["scripted-2: ok", "scripted: ok"]
    assert messages[3].startswith("gate 1: ")
    assert messages[4:] == ["scripted writes the answer", "answered"]


@pytest.mark.parametrize("layers", [2, 3, 5])
@pytest.mark.parametrize("stop", [None, EarlyStop(min_responses=1, then="answer")], ids=["off", "on"])
async def test_progress_tells_everything_grows_and_arrives(layers: int, stop: Any) -> None:
    names = [Proposer(says("The answer is 7."), name=name) for name in ("one", "two", "three")]
    moa: Any = create_moa(proposers=names, aggregator=says("c"), layers=layers, early_stop=stop)
    news: list[tuple[float, float, str]] = []

    async def tell(progress: float, total: float, message: str) -> None:
        news.append((progress, total, message))

    inquiries = Inquiries(moa)
    inquiry = inquiries.start("Which?")
    assert await inquiry.wait(60, tell)

    asked = 1 if stop else layers - 1
    assert [message.partition(" ")[0] for _, _, message in news].count("asking") == asked
    assert sum(message in ("one: ok", "two: ok", "three: ok") for _, _, message in news) == 3 * asked
    steps = [done for done, _, _ in news]
    assert steps == sorted(set(steps))
    assert all(0 < done < len(moa.builder.nodes) for done in steps[:-1])
    assert news[-1] == (len(moa.builder.nodes), len(moa.builder.nodes), "answered")


async def test_each_wait_goes_on_where_the_last_one_ended() -> None:
    slow = Slow()
    inquiries = Inquiries(slow.moa)
    inquiry = inquiries.start("Which?")
    waits: list[list[str]] = [[], [], []]

    async def wait(number: int, seconds: float) -> bool:
        async def tell(progress: float, total: float, message: str) -> None:
            waits[number].append(message)

        return await inquiry.wait(seconds, tell)

    await slow.asked.wait()
    assert not await wait(0, 0.05)
    assert not await wait(1, 0.05)
    slow.goes_on.set()
    assert await wait(2, 60)

    assert waits[0] == waits[1] == ["asking slow"]
    assert [waits[2][0], waits[2][1], *waits[2][-2:]] == [
        "asking slow",
        "slow: ok",
        "scripted writes the answer",
        "answered",
    ]


async def test_two_who_wait_are_both_told_of_the_end() -> None:
    slow = Slow()
    inquiries = Inquiries(slow.moa)
    inquiry = inquiries.start("Which?")
    told: list[str] = []

    async def slowly(progress: float, total: float, message: str) -> None:
        await asyncio.wait([inquiry.task])
        told.append(message)

    async def fast(progress: float, total: float, message: str) -> None:
        slow.goes_on.set()

    assert all(await asyncio.gather(inquiry.wait(60, slowly), inquiry.wait(60, fast)))
    assert told[-1] == "answered"


async def test_what_is_missing_is_told() -> None:
    moa = create_moa(proposers=[says("a"), says("a")], aggregator=says(RuntimeError("gone")))

    async with Client(mcp_server(moa)) as client:
        result = await client.call_tool("ask", {"question": "Which?"})

    assert not result.is_error
    assert result.structured_content["missing"].startswith("aggregator scripted: error")
    assert "degraded: aggregator scripted: error" in texts(result)[1]


async def test_sources_are_told() -> None:
    rag = create_rag_moa(proposers=[says("Red [E1].")], aggregator=says("Red [E1]."), retrievers=[finds("It is red.")])

    async with Client(mcp_server(rag, docs=["lamps.md"])) as client:
        result = await client.call_tool("ask", {"question": "What colour is the lamp?"})

    assert result.structured_content["sources"] == "[E1] lamps.md"
    assert texts(result)[2] == "[E1] lamps.md"


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("ask", {"question": "Which?"}, "0 of 1 proposals were usable, expected at least 1: scripted: error"),
        ("ask", {"question": " \n"}, "found ' \\n' as the question, expected a text that is not blank"),
        ("ask", {}, "found the arguments {}, expected 'question', as text"),
        ("ask", {"question": 7}, "found the arguments {'question': 7}, expected 'question', as text"),
        ("get_answer", {"id": "x"}, "found no question under the id 'x', expected one that ask gave"),
        ("get_answer", {"question": "?"}, "found the arguments {'question': '?'}, expected 'id', as text"),
    ],
)
async def test_an_error_is_one_sentence(tool: str, arguments: Any, why: str) -> None:
    moa = create_moa(proposers=[says(RuntimeError("gone,\nreally"))], aggregator=says("c"))

    async with Client(mcp_server(moa)) as client:
        result = await client.call_tool(tool, arguments)

    (told,) = texts(result)
    assert result.is_error
    assert told.startswith(why)
    assert "\n" not in told


async def test_what_was_not_expected_is_told_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "a-secret-0123456789abcdef")
    moa = mixture()

    async def breaks(*_: Any, **__: Any) -> Any:
        raise OSError("no way in with a-secret-0123456789abcdef")
        yield

    monkeypatch.setattr(moa, "astream", breaks)
    async with Client(mcp_server(moa)) as client:
        result = await client.call_tool("ask", {"question": "Which?"})

    assert result.is_error
    assert texts(result) == ["unexpected OSError: no way in with [redacted]"]


async def test_what_clients_add_to_the_arguments_is_not_looked_at() -> None:
    async with Client(mcp_server(mixture())) as client:
        result = await client.call_tool("ask", {"question": "Which?", "toolCallId": "call_1", "sessionId": "1"})

    assert texts(result)[0] == "c"


async def test_an_unknown_tool_is_refused() -> None:
    async with Client(mcp_server(mixture())) as client:
        with pytest.raises(MCPError, match="found no tool 'look', expected ask or get_answer"):
            await client.call_tool("look", {})


async def test_an_answer_that_takes_longer_is_asked_for_by_its_id() -> None:
    slow = Slow()
    async with Client(mcp_server(slow.moa, wait_s=0.05)) as client:
        started = await client.call_tool("ask", {"question": "Which?"})
        key = started.structured_content["id"]
        await slow.asked.wait()
        still = await client.call_tool("get_answer", {"id": key})
        slow.goes_on.set()
        while (done := await client.call_tool("get_answer", {"id": key})).structured_content["status"] == "running":
            pass
        again = await client.call_tool("get_answer", {"id": key})

    assert started.structured_content["status"] == still.structured_content["status"] == "running"
    assert texts(still) == [
        f"not answered yet, 0 of at most 3 steps done (asking slow); call get_answer with the id {key}"
    ]
    assert done.structured_content["answer"] == again.structured_content["answer"] == "c"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_cancelled_question_closes_the_requests_to_the_models(mode: str) -> None:
    slow = Slow()
    async with Client(mcp_server(slow.moa, wait_s=60), mode=mode) as client:
        assert await cancelled(client, "ask", question="Which?")
        await asyncio.wait_for(slow.cut.wait(), 10)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_cancelled_wait_for_an_answer_only_stops_waiting(mode: str) -> None:
    slow = Slow()
    async with Client(mcp_server(slow.moa, wait_s=0.05), mode=mode) as client:
        key = (await client.call_tool("ask", {"question": "Which?"})).structured_content["id"]
        assert await cancelled(client, "get_answer", id=key)
        slow.goes_on.set()
        while (done := await client.call_tool("get_answer", {"id": key})).structured_content["status"] == "running":
            pass

    assert done.structured_content["answer"] == "c"
    assert not slow.cut.is_set()


def test_what_waits_for_a_person_is_refused() -> None:
    with pytest.raises(ConfigError, match="found a review in a mixture that is asked as a tool"):
        mcp_server(create_moa(proposers=[says("a")], aggregator=says("c"), review=True))
