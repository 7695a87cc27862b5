"""A file that is served in this process: loaded once, read of itself, streamed, and gone with its process."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk
from langgraph_moa import AllProposersFailed, ConfigError, Proposer, create_moa, resolve_model
from langgraph_moa.core.local import gguf
from langgraph_moa.core.models.capabilities import prompt_limit_of, slots_of
from langgraph_moa.core.models.parts import secrets_of
from langgraph_moa.core.run.records import USABLE

QUESTION: Any = {"messages": [("user", "Which colour has grass?")]}
LONG: Any = {"messages": [("user", "Tell a long story. " * 500)]}
SHORT: Any = {"max_tokens": 8, "temperature": 0.0}
USED = """
import asyncio, sys, threading
from langgraph_moa import create_moa, resolve_model
from langgraph_moa.core.local import gguf
model = resolve_model(sys.argv[1]).model_copy(update={"extra_body": {"ignore_eos": True}})
threading.excepthook = lambda about: None  # what a thread makes of being cut off is its own affair
def url():
    print(next(iter(gguf._served.values())).url, flush=True)
async def ask():
    moa = create_moa(proposers=[model], layers=1)
    async for _ in moa.astream({"messages": [("user", "Hi")]}, stream_mode="messages"):
        url()
def answer():
    create_moa(proposers=[model], layers=1, max_tokens=2).invoke({"messages": [("user", "Hi")]})
    url()
"""
ENDS = {
    "its work is done": "answer()",
    "a thread is still asking": "threading.Thread(target=asyncio.run, args=[ask()], daemon=True).start(); input()",
    "SIGTERM": "asyncio.run(ask())",
}


def test_what_it_is_is_read_from_it(spec: str) -> None:
    model: Any = resolve_model(spec, max_tokens=48)
    served = gguf.serve(spec.removeprefix("gguf:"))

    assert (served.window, served.slots) == (2048, 2)
    assert "<|im_start|>" in served.template
    assert (prompt_limit_of(model), slots_of(model)) == (2000, 2)
    assert prompt_limit_of(resolve_model(spec)) == 1536
    with pytest.raises(ConfigError, match=r"max_tokens=2048 .+ its window of 2048 tokens"):
        resolve_model(spec, max_tokens=2048)


def test_a_file_is_loaded_once_however_it_is_named(spec: str, tmp_path: Path) -> None:
    (tmp_path / "other.gguf").symlink_to(spec.removeprefix("gguf:"))
    models: list[Any] = [resolve_model(named) for named in (spec, spec, f"gguf:{tmp_path}/other.gguf")]

    assert len({model.base_url for model in models}) == 1
    assert len(gguf._servers) == 1


def test_no_key_of_the_environment_is_sent_and_nobody_else_may_ask(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx2

    for name in ("OPENAI_API_KEY", "LANGGRAPH_MOA_API_KEY"):
        monkeypatch.setenv(name, "sk-a-secret-of-the-user")
    model: Any = resolve_model(spec)

    assert secrets_of(model) == {gguf.serve(spec.removeprefix("gguf:")).key}
    for path in ("/models", "/chat/completions"):
        assert httpx2.get(model.base_url + path, trust_env=False).status_code in (401, 404)


def test_the_sync_api_answers(spec: str) -> None:
    state = create_moa(proposers=[spec, spec], aggregator=spec, **SHORT).invoke(QUESTION)

    assert [p["status"] in USABLE for p in state["proposals"]] == [True, True]
    assert {p["model"] for p in state["proposals"]} == {f"gguf:{Path(spec).name}"}
    assert state["messages"][-1].text
    assert state["run"]["usd"] == 0.0
    assert not [note for note in state["run"]["notes"] if "served by" in note]


async def test_the_aggregator_streams_tokens(spec: str) -> None:
    moa = create_moa(proposers=[spec], aggregator=spec, **SHORT)

    parts: list[Any] = [part async for part in moa.astream(QUESTION, stream_mode="messages")]

    tokens = [
        (message.text, about["langgraph_node"]) for message, about in parts if isinstance(message, AIMessageChunk)
    ]
    assert len([text for text, _ in tokens if text]) > 2
    assert {node for _, node in tokens} == {"aggregate"}


def test_more_samples_than_slots_are_several_requests(spec: str) -> None:
    moa = create_moa(proposers=[Proposer(spec, samples=3)], aggregator="offline:words", **SHORT)

    state = moa.invoke(QUESTION)

    assert [p["status"] in USABLE for p in state["proposals"]] == [True] * 3
    assert state["run"]["calls"] == 3


def test_what_does_not_fit_its_window_is_not_sent(spec: str) -> None:
    moa = create_moa(proposers=[spec], aggregator="offline:words", **SHORT)

    with pytest.raises(AllProposersFailed, match="2,040") as failed:
        moa.invoke(LONG)

    assert [p["status"] for p in failed.value.failures] == ["skipped"]


@contextmanager
def running(*command: str) -> Iterator["subprocess.Popen[str]"]:
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, *command], text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("end", ENDS)
def test_its_server_ends_with_its_process(spec: str, end: str) -> None:
    with running("-c", USED + ENDS[end], spec) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        if end == "SIGTERM":
            process.send_signal(signal.SIGTERM)
        _, errors = process.communicate("\n", timeout=60)

    assert process.returncode == (-signal.SIGTERM if end == "SIGTERM" else 0), errors
    assert errors == ""
    port = int(url.split(":")[2].partition("/")[0])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


INTERRUPTED = """
import os, signal, sys
from langgraph_moa import resolve_model
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, where the tests are a background job
resolve_model(sys.argv[1])
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
"""


def test_ctrl_c_still_interrupts(spec: str) -> None:
    """Llama.cpp's server used to take SIGINT and SIGTERM for itself."""
    with running("-c", INTERRUPTED, spec) as process:
        shown, errors = process.communicate(timeout=60)

    assert (shown, errors, process.returncode) == ("True\n", "", 0)


def test_the_command_line_answers_and_is_quiet(spec: str, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").symlink_to(spec.removeprefix("gguf:"))
    command = ["-m", "langgraph_moa.apps.cli", "ask", "Which colour has grass?", "--max-tokens", "8"]
    both = ["--proposer", "gguf:model.gguf", "--proposer", f"gguf:{tmp_path}/model.gguf"]
    done = subprocess.run(
        [sys.executable, *command, *both], capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path
    )

    assert (done.returncode, bool(done.stdout.strip())) == (0, True), done.stderr
    assert "model.gguf-2  " in done.stderr
    assert "cost $0" in done.stderr or "free" in done.stderr
    assert not [line for line in done.stderr.splitlines() if "llama" in line or "srv" in line]
