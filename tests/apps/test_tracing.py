"""A program that traces ends when its work is done."""

import os
from pathlib import Path
from unittest.mock import patch

import pytest
from commands import Output, finish, in_a_process
from ingest import ingest, metadata

LOST = "LangSmith did not take the traces within 0.9 s; they are lost"
pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


def ask(url: str, *more: str) -> Output:
    tracing = {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_ENDPOINT": url,
        "LANGSMITH_API_KEY": "lsv2_secret_key_of_mine",
        "LANGSMITH_PROJECT": "p",
    }
    # Left to itself, LangSmith's client would hold the end up for minutes.
    with patch.dict(os.environ, tracing):
        process = in_a_process("ask", "What is 17 * 24?", *more)
    done = finish(process)
    assert done.code == 0, done.err
    return done


def test_the_trace_is_there_when_the_program_has_ended(tmp_path: Path) -> None:
    (tmp_path / "f.toml").write_text("feedback = true\n")
    with ingest() as server:
        done = ask(server.url, "--config", str(tmp_path / "f.toml"))

        (root,) = server.roots
        assert root["outputs"]["messages"][-1]["content"] == "17 * 24 = 408"
        assert {"moa", "offline"} <= set(root["tags"])
        assert metadata(root)["moa_stopped"] == "completed"
        assert {one["key"]: one["score"] for one in server.feedback} == {"agreement": 1.0, "degraded": 0.0}
    assert LOST not in done.err


@pytest.mark.parametrize("hangs", [True, False], ids=["hangs", "is_gone"])
def test_without_langsmith_the_answer_comes_and_the_program_ends(hangs: bool) -> None:
    with ingest(hangs=True) as server:
        if not hangs:
            server.stop()
        done = ask(server.url)

    assert done.out == "17 * 24 = 408\n"
    assert done.err.splitlines()[-1] == LOST
    assert "secret" not in done.err
    assert "multipart" not in done.err


def test_a_thread_keeps_its_presets_tag(tmp_path: Path) -> None:
    thread = ["--thread", "t", "--store", str(tmp_path / "t.db")]
    with ingest() as server:
        ask(server.url, "--preset", "offline", *thread)
        ask(server.url, *thread)

        assert [{"moa", "offline"} <= set(root["tags"]) for root in server.roots] == [True, True]
