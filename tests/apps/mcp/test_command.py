"""The command `mcp`, through the SDK's own client: in memory, and as a process where that is the point."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
import warm
from commands import Run, in_a_process
from jsonschema import Draft202012Validator
from lamps import finds
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph_moa import ConfigError, EarlyStop, InputError, Proposer, create_moa, create_rag_moa
from langgraph_moa.apps.mcp.inquiries import Inquiries
from langgraph_moa.apps.mcp.server import mcp_server
from langgraph_moa.apps.mcp.stdio import _lines
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback, Reply
from mcp import Client, MCPError, StdioServerParameters
from mcp.types import CallToolResult, TextContent


def says(script: Any) -> ScriptedModel:
    return ScriptedModel(script=script)


def mixture() -> Any:
    return create_moa(proposers=[says("a"), says("b")], aggregator=says("c"))


def texts(result: CallToolResult) -> list[str]:
    return [part.text for part in result.content if isinstance(part, TextContent)]


class Slow:
    """A mixture that answers when it is let go on, and knows whether it was cut."""

    def __init__(self) -> None:
        self.goes_on, self.asked, self.cut = asyncio.Event(), asyncio.Event(), asyncio.Event()
        slow = Proposer(RunnableLambda(self._answer), name="slow")
        self.moa: Any = create_moa(proposers=[slow], aggregator=says("c"))

    async def _answer(self, _: Any) -> AIMessage:
        self.asked.set()
        try:
            await self.goes_on.wait()
        except asyncio.CancelledError:
            self.cut.set()
            raise
        return AIMessage("a")


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
        still = await client.call_tool("get_answer", {"id": key})
        slow.goes_on.set()
        while (done := await client.call_tool("get_answer", {"id": key})).structured_content["status"] == "running":
            pass
        again = await client.call_tool("get_answer", {"id": key})

    assert started.structured_content["status"] == still.structured_content["status"] == "running"
    assert texts(started) == [
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


async def cancelled(client: Client, tool: str, **arguments: str) -> bool:
    """Call a tool, and cancel the call as soon as it is told of."""
    with anyio.CancelScope() as scope:

        async def cancel(progress: float, total: float | None, message: str | None) -> None:
            scope.cancel()

        await client.call_tool(tool, arguments, progress_callback=cancel)
    return scope.cancelled_caught


async def test_no_more_are_kept_than_that() -> None:
    async def nothing(*_: Any) -> None: ...

    slow = Slow()
    inquiries = Inquiries(slow.moa, most=2)
    first, second = (inquiries.start("Which?") for _ in range(2))
    with pytest.raises(InputError, match="found 2 questions under way, expected fewer"):
        inquiries.start("Which?")
    slow.goes_on.set()
    assert await first.wait(10, nothing)
    third = inquiries.start("Which?")

    assert inquiries.find(second.id) is second
    assert inquiries.find(third.id) is third
    with pytest.raises(InputError, match="or is older than the 2 that are kept"):
        inquiries.find(first.id)
    await inquiries.close()


async def test_who_waits_for_what_another_cancelled_is_told() -> None:
    async def nothing(*_: Any) -> None: ...

    slow = Slow()
    inquiries = Inquiries(slow.moa)
    inquiry = inquiries.start("Which?")
    other = asyncio.create_task(inquiry.wait(60, nothing))
    await slow.asked.wait()
    inquiries.end(inquiry)

    assert await other
    with pytest.raises(InputError, match="found a question that was cancelled"):
        _ = inquiry.result


def test_what_waits_for_a_person_is_refused() -> None:
    with pytest.raises(ConfigError, match="found a review in a mixture that is asked as a tool"):
        mcp_server(create_moa(proposers=[says("a")], aggregator=says("c"), review=True))


@pytest.mark.parametrize(
    "flags",
    [
        ["--preset", "nobodys"],
        ["--proposer", "offline:nobody"],
        ["--layers", "0"],
        ["--budget", "calls"],
        ["--system", "nothing"],
        ["--config", "nowhere.toml"],
        ["--quorum", "9"],
        ["--no-such-flag"],
    ],
    ids=" ".join,
)
def test_mistakes_are_told_as_ask_tells_them(run: Run, flags: list[str]) -> None:
    asked, served = run("ask", "?", *flags), run("mcp", *flags)

    assert (served.code, served.out) == (asked.code, "")
    assert served.code
    assert served.err == asked.err


@pytest.mark.parametrize("wait", ["0", "-1", "nan", "inf", "-inf", "1e400"])
def test_a_call_takes_some_time(run: Run, wait: str) -> None:
    why = f"error: found {float(wait):g} for --wait, expected a number of seconds that is above 0 and finite\n"
    assert run("mcp", "--wait", wait).err == why


@pytest.mark.parametrize("module", ["mcp.server.stdio", "mcp_types"])
def test_the_extra_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    assert run("mcp").err == (
        "error: an MCP server needs an optional package; install it with: pip install 'langgraph-moa[mcp]'\n"
    )


async def test_a_process_serves_a_client() -> None:
    served = StdioServerParameters(
        command=sys.executable, args=["-m", "langgraph_moa.apps.cli", "mcp"], env=dict(os.environ)
    )
    async with Client(served) as client:
        result = await client.call_tool("ask", {"question": "What is 17 * 24?"})

    assert texts(result)[0] == "17 * 24 = 408"


START: list[dict[str, Any]] = [
    {
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    },
    {"method": "notifications/initialized"},
    {"id": 2, "method": "tools/call", "params": {"name": "ask", "arguments": {"question": "?"}}},
]
TELLS = "models: as given, 2 proposers\n"


def lines(*messages: dict[str, Any]) -> str:
    return "".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages)


def served(loopback: Loopback) -> list[str]:
    """Return the command whose models never answer."""
    loopback.default = Reply("never", delay=60)
    return ["mcp", "--proposer", "a", "--proposer", "b", "--aggregator", "a", "--base-url", loopback.url]


def send(process: "subprocess.Popen[str]", text: str) -> None:
    assert process.stdin
    process.stdin.write(text)
    process.stdin.flush()


def test_a_process_writes_the_protocol_only_and_ends_when_it_is_told_to(loopback: Loopback) -> None:
    process = in_a_process(*served(loopback), talks=True)

    send(process, lines(*START))
    loopback.wait_until(lambda: len(loopback.requests) == 2)
    send(process, lines({"method": "notifications/cancelled", "params": {"requestId": 2}}))
    assert all(request.closed_early.wait(30) for request in loopback.requests)
    process.terminate()
    out, err = process.communicate(timeout=60)

    assert process.returncode == 143
    assert [json.loads(line)["id"] for line in out.splitlines()] == [1]
    assert err == TELLS


def test_a_client_that_is_killed_leaves_nothing_under_way(loopback: Loopback, tmp_path: Path) -> None:
    requests = tmp_path / "requests"
    requests.write_text(lines(*START), "utf-8")
    (from_client, to_server), (from_server, to_client) = os.pipe(), os.pipe()
    client = subprocess.Popen(
        ["/bin/sh", "-c", 'cat "$0"; exec sleep 600', str(requests)], stdin=from_server, stdout=to_server
    )
    process = warm.start(
        "-m", "langgraph_moa", *served(loopback), stdin=from_client, stdout=to_client, stderr=subprocess.PIPE
    )
    for end in (from_client, to_server, from_server, to_client):
        os.close(end)

    loopback.wait_until(lambda: len(loopback.requests) == 2)
    client.kill()
    client.wait(60)
    assert all(request.closed_early.wait(30) for request in loopback.requests)
    _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, TELLS)


def test_a_client_that_reads_no_more_leaves_nothing_under_way(loopback: Loopback) -> None:
    process = in_a_process(*served(loopback), talks=True)

    send(process, lines(*START))
    loopback.wait_until(lambda: len(loopback.requests) == 2)
    assert process.stdout
    process.stdout.close()
    send(process, lines({"id": 3, "method": "ping"}))
    assert all(request.closed_early.wait(30) for request in loopback.requests)
    process.wait(60)

    assert process.stderr
    with process.stderr as stderr:
        assert (process.returncode, stderr.read()) == (0, TELLS)
    assert process.stdin
    process.stdin.close()


async def test_a_socket_whose_other_end_broke_off_is_the_end_of_the_requests() -> None:
    ours, theirs = socket.socketpair()  # which is what some clients take for a pipe
    with ours:
        ours.send(b"never read")
        theirs.send(b"one\ntwo")
        theirs.close()

        assert [line async for line in _lines(ours.fileno())] == ["one"]


@pytest.mark.parametrize(("stream", "name"), [("stdin", "standard input"), ("stdout", "standard output")])
def test_a_closed_stream_is_told_before_anything_is_built(
    run: Run, monkeypatch: pytest.MonkeyPatch, stream: str, name: str
) -> None:
    monkeypatch.setattr(sys, stream, None)

    served = run("mcp", "--proposer", "offline:nobody")

    assert served.code
    assert served.err == f"error: found {name} closed, expected an MCP client there; let one start this command\n"


def test_what_is_no_request_is_answered_as_json_rpc_does() -> None:
    process = in_a_process("mcp", "--preset", "offline", talks=True)
    surrogate = lines({"id": 7, "method": "tools/call", "params": {"name": "ask", "arguments": {"question": "\ud800"}}})
    assert "\\ud800" in surrogate

    send(process, lines(START[0]))
    send(process, "what?\n\n \n" + "[" * 100_000 + "\n" + "[]\n" + '{"id": 6, "method": 5}\n')
    send(process, '{"id": 9, "result": 5}\n{"id": "\\ud800", "method": "ping"}\n{"id": true, "method": 5}\n')
    send(process, surrogate)
    send(process, lines({"id": 8, "method": "ping"}))
    assert process.stdout
    replies: list[dict[str, Any]] = []
    while not replies or replies[-1]["id"] != 8:
        replies.append(json.loads(process.stdout.readline()))
    _, err = process.communicate(timeout=60)

    refused = [reply for reply in replies if "error" in reply]
    assert len(replies) == len(refused) + 2, "what is a request is answered all the same"
    parse, request = -32700, -32600
    assert [(reply["id"], reply["error"]["code"]) for reply in refused] == [
        (None, parse),
        (None, parse),
        (None, request),
        (6, request),
        (None, request),
        (None, request),
        (None, request),
        (7, request),
    ]
    assert all(reply["error"]["message"].startswith("found ") for reply in refused)
    assert (process.returncode, err.count("\n")) == (0, 1)
