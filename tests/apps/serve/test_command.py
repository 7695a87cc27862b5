"""The command `serve`: what it refuses, and a process that stops in order."""

import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from commands import Run, in_a_process
from loopback import Loopback, Reply
from openai import APIError, OpenAI

HI: Any = [{"role": "user", "content": "?"}]


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (["--host", "0.0.0.0"], "found --host 0.0.0.0 without keys, expected some where others can ask"),
        (["--key-file", "nowhere"], "found no file nowhere for --key-file"),
        (["--max-body", "0"], "found 0 for --max-body, expected a number of 0.001 or more"),
        (["--stop-within", "nan"], "found nan for --stop-within"),
        (["--keep-alive", "-1"], "found -1 for --keep-alive"),
        (["--at-once", "0"], "--at-once"),
        (["--cors", "https://chat.example/"], "found --cors https://chat.example/, expected * or where a page is from"),
        (["--cors", "chat.example"], "found --cors chat.example"),
        (["--port", "99999"], "--port"),
        (["nothing"], "found 'nothing', expected a settings file, a preset, a system, or file.py:name"),
        (["--preset", "nobodys"], "unknown preset"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_told_before_anybody_listens(
    run: Run, monkeypatch: pytest.MonkeyPatch, flags: list[str], why: str
) -> None:
    monkeypatch.delenv("LANGGRAPH_MOA_SERVE_KEY", raising=False)
    served = run("serve", "--no-settings", *flags)

    assert (served.code, served.out) in {(1, ""), (2, "")}
    assert why in served.err


def test_a_port_that_is_taken(loopback: Loopback, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        served = run("serve", "--no-settings", "--preset", "offline", "--port", str(port))

    assert served.code == 1
    assert f"error: nobody can listen at 127.0.0.1:{port}: " in served.err


def started(loopback: Loopback, *flags: str) -> tuple["Popen[str]", str]:
    """Start the command over two models; return its process and its address."""
    models = ["--proposer", "a", "--proposer", "b", "--aggregator", "c", "--base-url", loopback.url]
    process = in_a_process("serve", "--no-settings", "--port", "0", *models, *flags)
    assert process.stderr
    for line in process.stderr:
        if line.startswith("serving at "):
            return process, line.removeprefix("serving at ").partition(";")[0]
    raise AssertionError("it ended")


def test_sigterm_lets_what_is_under_way_end(loopback: Loopback, tmp_path: Path) -> None:
    loopback.default = Reply("an answer", delay=0.5)
    keys = tmp_path / "keys"
    keys.write_text("anna " + "k3" * 10, "utf-8")
    process, url = started(loopback, "--key-file", str(keys))

    with OpenAI(base_url=url, api_key="k3" * 10, max_retries=0) as client, ThreadPoolExecutor() as threads:
        question = threads.submit(client.chat.completions.create, model="moa", messages=HI)
        loopback.wait_until(lambda: len(loopback.requests) == 2)
        process.send_signal(signal.SIGTERM)
        answer: Any = question.result(60)
    _, err = process.communicate(timeout=60)

    assert answer.choices[0].message.content == "an answer"
    assert process.returncode == 0
    assert "stopping: 1 under way, for at most 30 s; once more ends them now" in err
    assert "POST /v1/chat/completions: 200 after " in err
    assert "k3" * 10 not in err


def test_a_second_signal_waits_for_nothing(loopback: Loopback) -> None:
    loopback.default = Reply("never", delay=600)
    process, url = started(loopback, "--no-log", "--keep-alive", "0.05")

    with OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        stream = client.chat.completions.create(model="moa", messages=HI, stream=True)
        loopback.wait_until(lambda: len(loopback.requests) == 2)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        with pytest.raises(APIError, match="this server is stopping"):
            list(stream)
    process.communicate(timeout=60)

    assert process.returncode == 0
    assert all(request.closed_early.wait(30) for request in loopback.requests)
