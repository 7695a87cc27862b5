"""The mixtures as other programs meet them: LangGraph's server at /mcp and /a2a, and what it is deployed with."""

import ast
import asyncio
import json
import re
import shlex
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import yaml
from click.testing import CliRunner
from devserver import ROOT, DevServer
from jsonschema import Draft202012Validator
from langgraph_cli.cli import cli
from langgraph_cli.docker import DockerCapabilities, Version, compose
from langgraph_moa import MissingExtra
from mcp import Client
from mcp.types import TextContent
from scripts import module_at

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1", "localhost"])]
CONFIG = json.loads((ROOT / "langgraph.json").read_text("utf-8"))
DEAD = {"proposers": ["x"], "base_url": "http://127.0.0.1:9/v1", "timeout": 0.3}
POOR = {"budget": {"calls": 3}}
REFUSED = "Budget(calls=3)"
FAILED = "0 of 1 proposals were usable, expected at least 1: x: "

FAILURES: list[tuple[str, dict[str, Any], str]] = [
    ("ask_nobody", {"question": "?"}, FAILED),
    ("ask_poorly", {"question": "?"}, REFUSED),
    ("ask", {}, "found no question, expected a text that is not blank"),
    ("ask", {"question": " "}, "found ' ' as the question, expected"),
    ("ask", {"question": [5]}, "found [5] as the question, expected"),
    ("ask", {"question": [{"content": "x"}]}, "found [{'content': 'x'}] as the question, expected"),
]
"""What is called, with what, and why there is no answer."""


def mcp_of(server: DevServer) -> Client:
    return Client(f"{server.url}/mcp")


async def call(mcp: Client, tool: str, **arguments: Any) -> str:
    result = await mcp.call_tool(tool, arguments)
    (told,) = result.content
    assert isinstance(told, TextContent)
    assert not result.is_error
    return told.text


@pytest.fixture
async def failing(client: Any) -> AsyncIterator[dict[str, Any]]:
    """Have assistants whose models nobody serves, whose form is wrong, or whose budget is too small."""
    made = {
        name: await client.assistants.create(graph, name=name, context=context)
        for name, graph, context in [
            ("ask nobody", "ask", DEAD),
            ("ask wrongly", "ask", {"layers": 0}),
            ("ask poorly", "ask", POOR),
            ("moa poorly", "moa", POOR),
        ]
    }
    yield {name: assistant["assistant_id"] for name, assistant in made.items()}
    for assistant in made.values():
        await client.assistants.delete(assistant["assistant_id"])


async def test_the_schema_of_each_tool_is_whole_and_a_wrong_form_makes_none(
    server: DevServer, failing: dict[str, str]
) -> None:
    async with mcp_of(server) as mcp:
        tools = {tool.name: tool for tool in (await mcp.list_tools()).tools}

    assert {*CONFIG["graphs"], "ask_nobody", "ask_poorly", "moa_poorly"} <= set(tools)
    assert "ask_wrongly" not in tools
    for tool in tools.values():
        Draft202012Validator.check_schema(tool.input_schema)
        given = {"question": "?", "messages": "?"}
        Draft202012Validator(tool.input_schema).validate({name: given[name] for name in tool.input_schema["required"]})
    assert tools["ask"].description == CONFIG["graphs"]["ask"]["description"]
    assert tools["ask"].input_schema["required"] == ["question"]
    assert tools["moa"].input_schema["properties"]["messages"]["type"] == "string"


@pytest.mark.soak
async def test_a_graph_with_a_review_stops_there_over_mcp(server: DevServer) -> None:
    async with mcp_of(server) as mcp:
        told = await call(mcp, "reviewed", messages="What is 17 * 24?")

    assert "__interrupt__" in told
    assert "'stopped': 'running'" in told


@pytest.mark.soak
async def test_a_tool_answers_or_tells_why_not(server: DevServer, failing: dict[str, str]) -> None:
    async with mcp_of(server) as mcp:
        answered, conversation, *failures = await asyncio.gather(
            call(mcp, "ask", question="What is 17 * 24?"),
            call(mcp, "moa", messages="What is 17 * 24?"),
            *(call(mcp, tool, **arguments) for tool, arguments, _ in FAILURES),
        )

    told = ast.literal_eval(answered)
    assert {name: told[name] for name in ("answer", "missing", "error", "usd", "calls")} == {
        "answer": "17 * 24 = 408",
        "missing": None,
        "error": None,
        "usd": 0.0,
        "calls": 5,
    }
    assert "'17 * 24 = 408'" in conversation
    for failure, (_, _, why) in zip(map(ast.literal_eval, failures), FAILURES, strict=True):
        assert failure["answer"] == ""
        assert failure["error"].startswith(why)


async def test_a_tool_answers(server: DevServer) -> None:
    async with mcp_of(server) as mcp:
        answered, failed = await asyncio.gather(call(mcp, "ask", question="What is 17 * 24?"), call(mcp, "ask"))

    assert ast.literal_eval(answered)["answer"] == "17 * 24 = 408"
    assert ast.literal_eval(failed)["error"].startswith("found no question")


async def assistant_of(client: Any, graph: str) -> str:
    """Return the assistant that each graph has from the start."""
    assistants = await client.assistants.search(graph_id=graph, metadata={"created_by": "system"})
    return str(assistants[0]["assistant_id"])


async def send(server: DevServer, assistant: str, part: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "user", "messageId": "1", "parts": [part]}
    call = {"jsonrpc": "2.0", "id": "1", "method": "message/send", "params": {"message": message}}
    async with httpx2.AsyncClient(base_url=server.url) as http:
        reply = await http.post(f"/a2a/{assistant}", json=call, headers={"accept": "application/json"}, timeout=60)
    return dict(reply.json())


async def test_an_agent_answers_over_a2a(server: DevServer, client: Any) -> None:
    agent = await assistant_of(client, "moa")

    task = (await send(server, agent, {"kind": "text", "text": "What is 17 * 24?"}))["result"]

    assert task["status"]["state"] == "completed"
    assert [part["text"] for part in task["artifacts"][0]["parts"]] == ["17 * 24 = 408"]


async def test_an_agents_card_tells_what_it_is_for(server: DevServer, client: Any) -> None:
    agent = await assistant_of(client, "moa")

    card = await client.http.get(f"/a2a/{agent}/.well-known/agent-card.json")

    assert card["description"] == CONFIG["graphs"]["moa"]["description"]


@pytest.mark.soak
async def test_a_question_as_data_is_answered_over_a2a_or_its_failure_told(
    server: DevServer, client: Any, failing: dict[str, str]
) -> None:
    agent = await assistant_of(client, "ask")
    asked = {"kind": "data", "data": {"question": "What is 17 * 24?"}}

    done = (await send(server, agent, asked))["result"]
    failed = (await send(server, failing["ask poorly"], asked))["result"]

    assert "'answer': '17 * 24 = 408'" in done["artifacts"][0]["parts"][0]["text"]
    assert REFUSED in failed["artifacts"][0]["parts"][0]["text"]


async def test_a_wrong_form_is_told_in_the_answer(client: Any, failing: dict[str, str]) -> None:
    told = await client.runs.wait(None, failing["ask wrongly"], input={"question": "?"})

    assert (told["answer"], told["error"]) == ("", "found 0 for layers, expected 1 or more")


async def test_an_extra_that_is_missing_is_told_in_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    app = studio_module("app")

    def build(filled: Any) -> Any:
        raise MissingExtra("a PDF file", "pdf")

    monkeypatch.setattr(app, "build", build)
    running = SimpleNamespace(context={}, access_context="threads.create_run")
    running.execution_runtime = running

    graph = await app.ask({}, running)

    assert (await graph.ainvoke({"question": "?"}))["error"].startswith("a PDF file needs an optional package")


@pytest.mark.soak
async def test_studio_sees_the_mixture_inside_the_tool(client: Any) -> None:
    tool = await assistant_of(client, "ask")

    drawn = await client.assistants.get_graph(tool, xray=True)
    streamed = client.runs.stream(
        None, tool, input={"question": "What is 17 * 24?"}, stream_mode="messages-tuple", stream_subgraphs=True
    )
    written = [part.data[0]["content"] async for part in streamed if part.event.startswith("messages|ask")]

    assert {"ask:layer_1/words", "ask:gate_1", "ask:aggregate"} <= {node["id"] for node in drawn["nodes"]}
    assert "17 * 24 = 408" in "".join(written)


async def test_why_a_task_failed_is_on_its_thread(server: DevServer, client: Any, failing: dict[str, str]) -> None:
    task = (await send(server, failing["moa poorly"], {"kind": "text", "text": "?"}))["result"]

    assert task["status"]["state"] == "failed"
    thread = await client.threads.get(task["contextId"])
    assert thread["error"]["message"].startswith(REFUSED)


def variables_of(dockerfile: str) -> dict[str, str]:
    """Read the ENV lines as Docker and a shell do."""
    lines = [line.removeprefix("ENV ") for line in dockerfile.splitlines() if line.startswith("ENV ")]
    pairs = [shlex.split(line) for line in lines]
    assert all(len(pair) == 1 for pair in pairs)
    return {name: value for (pair,) in pairs for name, _, value in [pair.partition("=")]}


def langgraph(*arguments: str) -> None:
    """Run LangGraph's command line on the project, and tell nobody."""
    own = {"LANGGRAPH_CLI_NO_ANALYTICS": "1"}
    done = CliRunner().invoke(cli, [*arguments, "--config", str(ROOT / "langgraph.json")], env=own)
    assert done.exit_code == 0, done.output


def test_the_dockerfile_is_one(tmp_path: Path) -> None:
    langgraph("dockerfile", str(tmp_path / "Dockerfile"))

    dockerfile = (tmp_path / "Dockerfile").read_text("utf-8")
    home = f"/deps/{ROOT.name}"
    graphs = json.loads(variables_of(dockerfile)["LANGSERVE_GRAPHS"])
    assert {name: graph["path"].replace(home, ".") for name, graph in graphs.items()} == {
        name: graph["path"] for name, graph in CONFIG["graphs"].items()
    }
    assert all((ROOT / graph["path"].partition(":")[0]).is_file() for graph in CONFIG["graphs"].values())
    for name in ("store", "checkpointer"):
        assert json.loads(variables_of(dockerfile)[f"LANGGRAPH_{name.upper()}"]) == CONFIG[name]
    assert f"FROM langchain/langgraph-api:{CONFIG['python_version']}" in dockerfile
    for line in (line for line in dockerfile.splitlines() if line.startswith("RUN ") and " pip install " in line):
        assert ">=" not in line, "a shell would write to a file of that name"


def test_no_server_calls_what_a_checkpoint_names(tmp_path: Path) -> None:
    """`serde` says so too, and the server does not heed it: it reads with what this variable says."""
    strict = {"LANGGRAPH_STRICT_MSGPACK": "true"}
    langgraph("dockerfile", str(tmp_path / "Dockerfile"))
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    variables = composed["services"]["langgraph-api"]["environment"]

    for given in (CONFIG["env"], variables, variables_of((tmp_path / "Dockerfile").read_text("utf-8"))):
        assert strict.items() <= given.items()


def test_the_configuration_is_valid() -> None:
    langgraph("validate")


def test_the_services_are_those_of_langgraphs_own_template() -> None:
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    docker = DockerCapabilities(Version(25, 0, 0), Version(2, 0, 0), healthcheck_start_interval=True)
    template = yaml.safe_load(compose(docker, port=8123))

    assert set(composed["services"]) == set(template["services"])
    assert composed["volumes"] == template["volumes"]
    for name, theirs in template["services"].items():
        ours = composed["services"][name]
        assert ours["healthcheck"]["test"] == theirs["healthcheck"]["test"]
        assert ours.get("depends_on") == theirs.get("depends_on")
        assert ours.get("command") == theirs.get("command")
        assert ours.get("volumes") == theirs.get("volumes")
        assert set(ours.get("environment", ())) >= set(theirs.get("environment", ()))
        if "image" in theirs:
            assert ours["image"].partition(":")[0] == theirs["image"].partition(":")[0]
    (port,) = composed["services"]["langgraph-api"]["ports"]
    (theirs,) = template["services"]["langgraph-api"]["ports"]
    assert port.rpartition(":")[2] == theirs.rpartition(":")[2]
    assert "127.0.0.1" in port, "the server asks nobody who they are"


def left_out(path: str) -> bool:
    """Tell whether Docker leaves a file out of what it builds of: a line of its list covers it, or a folder of it."""
    lines = [re.escape(line.rstrip("/")) for line in (ROOT / ".dockerignore").read_text("utf-8").split()]
    patterns = [line.replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*") for line in lines]
    return any(re.fullmatch(f"{pattern}(/.*)?", path) for pattern in patterns)


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".env.local",
        "studio/.env",
        "threads.sqlite",
        "kept/threads.sqlite-wal",
        "rows.unfinished",
        "cache.db",
        "tests/conftest.py",
        "benchmarks/quality.py",
        ".git/config",
        ".langgraph_api/store.pckl",
        "core/__pycache__/state.pyc",
    ],
)
def test_an_image_holds_no_secrets_and_nothing_that_it_does_not_need(path: str) -> None:
    assert left_out(path)


def test_an_image_holds_what_is_installed_and_served() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    folders = {name: ROOT / name.removeprefix("langgraph_moa").strip(".") for name in project["packages"]}
    files = [
        file
        for name, folder in folders.items()
        for kind in ("*.py", *project["package-data"].get(name, ()))
        for file in folder.glob(kind)
    ]
    served = [CONFIG["http"]["app"], *(graph["path"] for graph in CONFIG["graphs"].values())]
    files += [ROOT / path.partition(":")[0] for path in served]
    files += [ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE", "setup.py", "studio/samples.toml")]

    assert len(files) > 100
    assert [str(file) for file in files if left_out(str(file.relative_to(ROOT)))] == []


@pytest.mark.parametrize(("runtime", "made"), [("inmem", 8), ("postgres", 0), (None, 0)])
async def test_samples_are_made_where_nothing_outlives_the_server(
    runtime: str | None, made: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = studio_module("samples")
    calls: list[int] = []

    async def add(assistants: list[Any], threads: list[Any]) -> None:
        calls.append(len(assistants))

    monkeypatch.setattr(samples, "add", add)
    monkeypatch.delenv("LANGGRAPH_RUNTIME_EDITION", raising=False)
    if runtime:
        monkeypatch.setenv("LANGGRAPH_RUNTIME_EDITION", runtime)

    async with samples.lifespan(samples.server):
        assert sum(calls) == made


def studio_module(name: str) -> Any:
    return module_at(ROOT / "studio" / f"{name}.py")
