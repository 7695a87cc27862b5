"""The command `mcp`, through the SDK's own client: in memory, and as a process where that is the point."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import warm
from commands import Run, in_a_process
from loopback import Loopback, Reply
from mcp import Client, StdioServerParameters
from mcp_clients import START, lines, send, texts


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
    assert served.err == asked.err.replace("-moa ask --help", "-moa mcp --help")


@pytest.mark.parametrize("wait", ["0", "-1", "nan", "inf", "-inf", "1e400"])
def test_a_call_takes_some_time(run: Run, wait: str) -> None:
    why = f"error: found {float(wait):g} for --wait, expected a number of seconds that is above 0 and finite"
    assert run("mcp", "--wait", wait).err == f"{why} (see langgraph-moa mcp --help)\n"


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


TELLS = "models: as given, 2 proposers\n"


def served(loopback: Loopback) -> list[str]:
    """Return the command whose models never answer."""
    loopback.default = Reply("never", delay=60)
    return ["mcp", "--proposer", "a", "--proposer", "b", "--aggregator", "a", "--base-url", loopback.url]


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


@pytest.mark.soak
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


@pytest.mark.parametrize(("stream", "name"), [("stdin", "standard input"), ("stdout", "standard output")])
def test_a_closed_stream_is_told_before_anything_is_built(
    run: Run, monkeypatch: pytest.MonkeyPatch, stream: str, name: str
) -> None:
    monkeypatch.setattr(sys, stream, None)

    served = run("mcp", "--proposer", "offline:nobody")

    assert served.code
    assert served.err == f"error: found {name} closed, expected an MCP client there; let one start this command\n"
