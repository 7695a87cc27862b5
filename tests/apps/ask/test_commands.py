"""The commands `ask` and `resume` as a person meets them."""

import json
import sys
from pathlib import Path

import pytest
from commands import Run
from loopback import Loopback, Reply


def test_ask_without_a_key_says_which_models_and_why(run: Run) -> None:
    done = run("ask", "What is 17 * 24?")

    assert (done.code, done.out) == (0, "17 * 24 = 408\n")
    assert done.err.startswith(
        "models: preset 'offline', because no key is set (TOGETHER_API_KEY, OPENAI_API_KEY); no "
    )
    assert "no language model is asked: set a key, or name a server (--base-url URL) or a file" in done.err
    assert "gate 1: 4 of 4 agree: 408" in done.err
    assert "completed: 2 layers, 5 calls" in done.err


def test_ask_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("What is 2 + 2?\n"))

    assert run("ask", "-").out == "2 + 2 = 4\n"


def test_ask_for_json(run: Run) -> None:
    report = json.loads(run("ask", "What is 2 + 3?", "--json", "--layers", "3", "--samples", "2").out)

    assert set(report) == {"answer", "proposals", "verdicts", "run"}
    assert report["answer"] == "2 + 3 = 5"
    run_ = report["run"]
    assert (len(report["proposals"]), run_["calls"], run_["layers"]) == (8, 9, 2)
    assert (run_["stopped"], run_["saved"]) == ("agreed", 8)
    assert report["proposals"][0].keys() >= {
        "turn",
        "layer",
        "proposer",
        "sample",
        "status",
        "text",
        "served_model",
        "finish_reason",
        "usage",
        "seconds",
        "error",
    }


def test_ask_one_model_alone_as_json(run: Run) -> None:
    report = json.loads(run("ask", "1+1", "--json", "--layers", "1", "--proposer", "offline:words").out)

    assert (report["answer"], report["proposals"], report["run"]["calls"]) == ("1+1 = 2", [], 1)


def test_docs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pump.md").write_text("# Pumps\n\nThe pump is primed with water.\n")

    done = run("ask", "How is the pump primed?", "--docs", str(tmp_path))

    assert done.out == "“The pump is primed with water.” [E1]\n"
    assert "evidence: 1 passage from pump.md" in done.err
    assert "[E1] pump.md" in done.err


def test_a_server_of_ones_own(run: Run, loopback: Loopback) -> None:
    loopback.say("judge", "the final answer")
    arguments = ["--base-url", loopback.url, "--proposer", "qwen3:8b", "--proposer", "b", "--aggregator", "judge"]

    done = run("ask", "Hm?", *arguments, "--temperature", "0.2", "--max-tokens", "77", "--timeout", "9")

    assert (done.code, done.out) == (0, "the final answer\n")
    assert [r.model for r in loopback.requests][-1] == "judge"
    assert {r.body["model"] for r in loopback.requests} == {"qwen3:8b", "b", "judge"}
    assert {(r.body["temperature"], r.body["max_tokens"]) for r in loopback.requests} == {(0.2, 77)}
    assert [bool(r.body.get("stream")) for r in loopback.requests] == [False, False, True]
    assert "qwen3-8b  ok" in done.err


def test_where_references_go_is_a_flag(run: Run, loopback: Loopback) -> None:
    arguments = ["--base-url", loopback.url, "--proposer", "a", "--aggregator", "last", "--placement"]

    assert run("ask", "Hm?", *arguments, "system_prompt").code == 0
    assert run("ask", "Hm?", *arguments, "middle").code == 2

    (request,) = loopback.asked("last")
    assert request.messages[0]["role"] == "system"


def test_without_streaming_nothing_streams(run: Run, loopback: Loopback) -> None:
    done = run("ask", "Hm?", "--base-url", loopback.url, "--proposer", "a", "--no-stream")

    assert done.out == "answer of a\n"
    assert not any(r.body.get("stream") for r in loopback.requests)
    assert "a aggregates (name another with --aggregator)" in done.err


def test_all_failed_is_one_line(run: Run, loopback: Loopback) -> None:
    loopback.default = Reply(status=500)

    done = run("ask", "x", "--base-url", loopback.url, "--proposer", "a", "--proposer", "b")

    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("error: 0 of 2 proposals were usable, expected at least 1: a: error (")


def test_a_degraded_answer_is_told(run: Run, loopback: Loopback) -> None:
    loopback.say("judge", Reply("half an answer that breaks off here", broken="reset_mid_stream"))

    done = run("ask", "x", "--base-url", loopback.url, "--proposer", "a", "--aggregator", "judge")

    assert done.out.endswith("answer of a\n")
    assert "the answer above was abandoned" in done.err
    assert "degraded: aggregator judge: error" in done.err


def test_what_a_model_says_cannot_drive_the_terminal(run: Run, loopback: Loopback) -> None:
    loopback.default = Reply("\x1b]0;owned\x07 [bold]hi[/bold]", served="x")

    done = run("ask", "x", "--base-url", loopback.url, "--proposer", "a")

    assert done.out == "]0;owned [bold]hi[/bold]\n"


def test_a_kept_run_that_is_finished_can_still_be_shown(run: Run, tmp_path: Path) -> None:
    thread = ["--thread", "t", "--store", str(tmp_path / "t.db")]
    run("ask", "What is 17 * 24?", *thread)

    run("resume", *thread, "--report", str(tmp_path / "run.html"))

    assert "17 * 24 = 408" in (tmp_path / "run.html").read_text(encoding="utf-8")
