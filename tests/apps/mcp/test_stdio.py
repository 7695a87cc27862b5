"""Lines of a client, in and out."""

import json
import socket
from typing import Any

from commands import in_a_process
from langgraph_moa.apps.mcp.stdio import _lines
from mcp_clients import START, lines, send


async def test_a_socket_whose_other_end_broke_off_is_the_end_of_the_requests() -> None:
    ours, theirs = socket.socketpair()  # which is what some clients take for a pipe
    with ours:
        ours.send(b"never read")
        theirs.send(b"one\ntwo")
        theirs.close()

        assert [line async for line in _lines(ours.fileno())] == ["one"]


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
