"""Two of LangGraph's development servers on one PostgreSQL: what one began, the other ends."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from devserver import ROOT, DevServer, devserver
from langgraph_sdk import get_client
from loopback import Loopback, Reply
from mcp import Client
from postgres import postgres
from scripts import module_at

runs = module_at(ROOT / "tests" / "studio" / "test_runs.py")
FIRST, SECOND, asked, context, texts = runs.FIRST, runs.SECOND, runs.asked, runs.context, runs.texts
pytestmark = [
    pytest.mark.soak,
    pytest.mark.enable_socket,
    pytest.mark.allow_hosts(["127.0.0.1", "localhost"]),
]


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    try:
        with postgres() as started:
            yield started
    except LookupError as why:
        pytest.skip(str(why))


@contextlib.contextmanager
def pair(place: str) -> Iterator[list[DevServer]]:
    """Start both at the same moment."""
    with contextlib.ExitStack() as stack, ThreadPoolExecutor() as pool:
        given: dict[str, Any] = {"config": "studio/postgres.json", "env": {"CHECKPOINTS_URI": place}}
        managers = [devserver(**given) for _ in range(2)]
        servers = list(pool.map(lambda manager: manager.__enter__(), managers))
        for manager in managers:
            stack.push(manager.__exit__)
        yield servers


@pytest.fixture(scope="module")
def two(place: str) -> Iterator[list[DevServer]]:
    """Keep a pair for the tests that leave both alive."""
    with pair(place) as servers:
        yield servers


@contextlib.asynccontextmanager
async def connected(servers: list[DevServer]) -> AsyncIterator[list[Any]]:
    async with get_client(url=servers[0].url) as one, get_client(url=servers[1].url) as other:
        yield [one, other]


@pytest.fixture
async def clients(two: list[DevServer], socket_enabled: None) -> AsyncIterator[list[Any]]:
    async with connected(two) as both:
        yield both


async def same_assistant(clients: list[Any], form: Any) -> str:
    """Save an assistant under one id on each: these servers share checkpoints, and nothing else."""
    which = str(uuid4())
    for client in clients:
        await client.assistants.create("moa", context=form, assistant_id=which, name=which, if_exists="do_nothing")
    return which


async def test_a_thread_goes_on_on_the_other_server_when_the_first_is_killed(place: str, loopback: Loopback) -> None:
    with pair(place) as servers:
        async with connected(servers) as clients:
            await killed_in_the_midst(servers[0], clients, loopback)


async def killed_in_the_midst(server: DevServer, clients: list[Any], loopback: Loopback) -> None:
    (first, second), thread = clients, str(uuid4())
    assistant = await same_assistant(clients, {**context(loopback), "layers": 3})
    runs.hang_once(loopback, "b")
    await first.threads.create(thread_id=thread, graph_id="moa")
    await first.runs.create(thread, assistant, input=asked(FIRST), durability="sync")
    async with asyncio.timeout(60):
        while True:
            state = await first.threads.get_state(thread)
            if sum(bool(task.get("result")) for task in state["tasks"]) == 2:
                break
            await asyncio.sleep(0.05)  # the other process's database tells no one when it is done
    server.kill()

    await second.threads.create(thread_id=thread, graph_id="moa", if_exists="do_nothing")
    tokens, events = [], []
    async for part in second.runs.stream(thread, assistant, input=None, stream_mode=["messages-tuple", "custom"]):
        if part.event == "messages":
            tokens.append(part.data[0]["content"])
        elif part.event == "custom":
            events.append(part.data["moa"])

    state = await second.threads.get_state(thread)
    assert Counter(r.model for r in loopback.requests) == {"a": 2, "b": 3, "c": 2, "last": 1}
    assert "".join(tokens) == "answer of last"
    assert events == ["proposal", "verdict", "layer", *["proposal"] * 3, "verdict", "aggregating"]
    assert texts(state["values"]) == [FIRST, "answer of last"]
    assert state["values"]["run"]["calls"] == 7


@pytest.mark.parametrize(
    ("strategy", "said"),
    [("interrupt", [FIRST, SECOND]), ("rollback", [SECOND]), ("enqueue", [FIRST, "answer of last", SECOND])],
)
async def test_two_questions_at_once_leave_a_thread_that_both_servers_read(
    clients: list[Any], loopback: Loopback, strategy: Any, said: list[str]
) -> None:
    (first, second), thread = clients, str(uuid4())
    assistant = await same_assistant(clients, context(loopback))
    if strategy == "enqueue":
        loopback.say("b", Reply("answer of b", delay=1))
    else:
        runs.hang_once(loopback, "b")
    await first.threads.create(thread_id=thread, graph_id="moa")
    await first.runs.create(thread, assistant, input=asked(FIRST), durability="sync")
    await asyncio.to_thread(loopback.wait_for, "b")

    done = await first.runs.wait(thread, assistant, input=asked(SECOND), multitask_strategy=strategy)

    await second.threads.create(thread_id=thread, graph_id="moa", if_exists="do_nothing")
    read = await second.threads.get_state(thread)
    assert texts(done) == texts(read["values"]) == [*said, "answer of last"]
    third = await second.runs.wait(thread, assistant, input=asked("A third?"))
    assert texts(third) == [*said, "answer of last", "A third?", "answer of last"]


async def test_of_questions_to_two_servers_at_once_one_answer_stays_and_is_whole(
    clients: list[Any], loopback: Loopback
) -> None:
    """Neither knows of the other's run: so a thread's runs belong on one server at a time."""
    (first, second), thread = clients, str(uuid4())
    assistant = await same_assistant(clients, context(loopback))
    for client in clients:
        await client.threads.create(thread_id=thread, graph_id="moa", if_exists="do_nothing")
    loopback.say("b", Reply("answer of b", delay=1))
    run = await first.runs.create(thread, assistant, input=asked(FIRST))
    await asyncio.to_thread(loopback.wait_for, "b")

    done = await second.runs.wait(thread, assistant, input=asked(SECOND))
    await first.runs.join(thread, run["run_id"])

    states = [await client.threads.get_state(thread) for client in clients]
    assert texts(done)[-1] == "answer of last"
    assert states[0]["values"] == states[1]["values"]
    assert states[0]["values"]["run"]["stopped"] == "completed"
    assert texts(states[0]["values"]) in ([FIRST, "answer of last"], [FIRST, SECOND, "answer of last"])


async def test_both_offer_the_same_tools_and_agents(two: list[DevServer], clients: list[Any]) -> None:
    tools, agents = [], []
    for server, client in zip(two, clients, strict=True):
        async with Client(f"{server.url}/mcp") as mcp:
            tools.append({tool.name for tool in (await mcp.list_tools()).tools})
        found = await client.assistants.search(limit=100)
        agents.append({(one["assistant_id"], one["name"]) for one in found})

    assert tools[0] == tools[1] > {"ask", "moa"}
    assert agents[0] == agents[1]
