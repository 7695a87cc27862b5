"""The command line as a person meets it."""

import json
import signal
import sys
import time
from pathlib import Path

import pytest
from commands import Run, finish, in_a_process
from langgraph_moa.apps.settings.flags import with_mixture
from langgraph_moa.apps.settings.settings import Settings
from langgraph_moa.core.models.presets import PRESETS_FILE
from loopback import Loopback, Reply
from typer import Typer
from typer.testing import CliRunner


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


def test_the_only_model_of_a_server_need_not_be_named(run: Run, loopback: Loopback) -> None:
    loopback.listing = Reply(body='{"data": [{"id": "qwen3:8b", "meta": {"n_ctx": 4096}}]}')

    done = run("ask", "Hm?", "--base-url", loopback.url)

    assert (done.code, done.out) == (0, "answer of qwen3:8b\n")
    assert done.err.startswith(f"models: qwen3:8b, the only one of {loopback.url}\n")


@pytest.mark.parametrize(
    ("listing", "told"),
    [
        ('{"data": [{"id": "a"}, {"id": "b"}, {"id": "\\u001b[31mred"}]}', "; it serves: a, b\n"),
        ('{"data": []}', "; it serves: none that answers a chat\n"),
        ("<html>", "; found a web page at "),
    ],
)
def test_a_server_with_other_than_one_model_needs_a_name(run: Run, loopback: Loopback, listing: str, told: str) -> None:
    loopback.listing = Reply(body=listing)

    done = run("ask", "Hm?", "--base-url", loopback.url)

    assert done.code == 1
    assert f"found the server '{loopback.url}' but no models, expected --proposer MODEL" in done.err
    assert told in done.err
    assert not loopback.requests


@pytest.mark.parametrize(
    ("written", "flag", "marks"),
    [(None, None, True), (None, "--no-mark-answers", False), (False, None, False), (False, "--mark-answers", True)],
)
def test_marks_are_asked_for_as_the_flag_says_or_else_the_file(
    tmp_path: Path, written: bool | None, flag: str | None, marks: bool
) -> None:
    file = tmp_path / "c.toml"
    file.write_text("" if written is None else f"mark_answers = {str(written).lower()}")
    seen: list[Settings] = []

    def command(settings: Settings) -> None:
        seen.append(settings)

    app = Typer()
    app.command()(with_mixture(command))
    done = CliRunner().invoke(app, ["--config", str(file), *([flag] if flag else [])])

    assert done.exit_code == 0, done.output
    assert seen[0].mark_answers is marks


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


def test_a_key_chooses_its_preset_and_is_never_shown(
    run: Run, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "tiger-burning-bright-42"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.setenv("OPENAI_BASE_URL", loopback.url)
    loopback.say("gpt-5.4-mini", Reply(status=401, body=json.dumps({"error": {"message": f"bad {key}"}})))

    shown = [run("ask", "Hm?"), run("ask", "Hm?", "--json"), run("models")]

    assert "models: preset 'openai', because OPENAI_API_KEY is set" in shown[0].err
    assert "gpt-5.4-mini  error" in shown[0].err
    assert "OPENAI_API_KEY is set" in shown[2].out
    assert {r.headers["Authorization"] for r in loopback.requests} == {f"Bearer {key}"}
    for done in shown:
        assert done.code == 0
        assert key not in done.out + done.err


def test_together_comes_before_openai(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.setenv("TOGETHER_API_KEY", "y")

    assert "default here: preset 'together', because TOGETHER_API_KEY is set" in run("models").out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "c.toml",
            'layers = 3\nproposers = ["offline:words", {model = "offline:stems", name = "second", samples = 2}]',
        ),
        ("c.yaml", "layers: 3\nproposer: [offline:words, {model: offline:stems, name: second, samples: 2}]"),
    ],
)
def test_settings_from_a_file_and_flags_win(run: Run, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    report = json.loads(run("ask", "1+1", "--json", "--config", str(tmp_path / name)).out)
    flat = json.loads(run("ask", "1+1", "--json", "--config", str(tmp_path / name), "--layers", "2").out)

    assert [p["proposer"] for p in report["proposals"]] == ["words", "second/1", "second/2"] * 2
    assert flat["run"]["layers"] == 2


def test_lists_of_proposers_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(
        'proposers = [["offline:words", "offline:stems"], ["offline:phrases"]]\naggregator = "offline:words"\n'
        "max-tokens = 50"
    )

    report = json.loads(run("ask", "1+1", "--json", "--config", str(tmp_path / "c.toml")).out)

    assert [p["layer"] for p in report["proposals"]] == [1, 1, 2]


WRONG: list[tuple[list[str], str]] = [
    (["ask"], "Missing argument 'QUESTION'"),
    (["ask", ""], "found an empty question"),
    (["ask", "x", "--frob"], "No such option: --frob"),
    (["ask", "x", "--preset", "opn"], "unknown preset 'opn'; did you mean 'openai'?"),
    (["ask", "x", "--preset", "openai"], "OPENAI_API_KEY is not set"),
    (["ask", "x", "--proposer", "gpt"], "found the model 'gpt', expected 'provider:model'"),
    (["ask", "x", "--proposer", "opnai:gpt"], "did you mean 'openai'?"),
    (["ask", "x", "--layers", "0"], "found 0 for layers, expected 1 or more"),
    (["ask", "x", "--layers", "many"], "should be a valid integer"),
    (["ask", "x", "--samples", "0"], "found 0 for samples, expected 1 or more"),
    (["ask", "x", "--timeout", "-1"], "found -1.0 for timeout, expected more than 0"),
    (["ask", "x", "--temperature", "-1"], "found -1.0 for temperature, expected 0 or more"),
    (["ask", "x", "--max-tokens", "0"], "found 0 for max_tokens, expected 1 or more"),
    (["ask", "x", "--docs", "nowhere"], "found no file or folder 'nowhere'"),
    (["ask", "x", "--base-url", "http://u:pw@127.0.0.1:9"], "found the server 'http://127.0.0.1:9' but no models"),
    (["ask", "x", "--base-url", "http://h", "--proposer", "offline:words"], "offline models only"),
    (["ask", "x", "--config", "nowhere.toml"], "nowhere.toml cannot be read"),
    (["ask", "x", "--config", "README.md"], "expected one ending in .toml, .yaml or .yml"),
    (["graph", "--png", "nowhere/x.png"], "cannot be written to nowhere/x.png"),
    (["frob"], "No such command 'frob'"),
]


@pytest.mark.parametrize(("arguments", "expected"), WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_an_error_is_one_line_and_a_code(run: Run, arguments: list[str], expected: str) -> None:
    done = run(*arguments)

    assert done.code != 0
    assert done.out == ""
    errors = [line for line in done.err.splitlines() if not line.startswith("models: ")]
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    assert expected in errors[0]
    assert "pw" not in done.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("laiers = 3", "unknown key 'laiers' in"),
        ('wrong_citations = "remove"', "found wrong_citations without docs"),
        ('docs = "."\nwrong_citations = "mend"', "found 'mend' for wrong_citations in"),
        ("layers = 'three'", "found 'three' for layers in"),
        ("layers = ", "cannot be read"),
        ('sistem = "x"', "unknown key 'sistem' in"),
        ("proposers = [[]]", "found proposers that mix models with lists, or an empty list"),
        ("proposers = []", "found no proposers"),
        ('proposers = ["offline:words", ["offline:stems"]]', "mix models with lists"),
        ('preset = "offline"\nproposers = ["offline:words"]', "found the preset 'offline' and proposers"),
        ('proposer = ["offline:words"]\nproposers = ["offline:words"]', "found proposer and proposers"),
        ("layers = 99999999999", "expected 100 or less"),
        ('proposers = [{name = "x"}]', "found proposers.0 without model"),
        ('proposers = [{model = "offline:words", nam = "x"}]', "unknown key 'nam' in"),
    ],
)
def test_a_wrong_settings_file_is_refused(run: Run, tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "c.toml").write_text(text)

    done = run("ask", "x", "--config", str(tmp_path / "c.toml"))

    assert (done.code, done.out) == (1, "")
    (error,) = [line for line in done.err.splitlines() if not line.startswith("models: ")]
    assert expected in error


def test_a_flag_replaces_what_a_file_says_of_the_panel(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('proposers = ["offline:words"]')

    done = run("ask", "1+1", "--config", str(tmp_path / "c.toml"), "--preset", "offline")

    assert "models: preset 'offline', as asked" in done.err
    assert "found the preset" in run("ask", "1+1", "--preset", "offline", "--proposer", "offline:words").err


def test_alone_it_prints_its_help(run: Run) -> None:
    done = run()

    assert (done.code, done.err) == (0, "")
    assert "ask " in done.out


def test_what_a_terminal_cannot_show_is_no_error(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    loopback.default = Reply("Marañón → 河")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")

    done = finish(in_a_process("ask", "x", "--base-url", loopback.url, "--proposer", "a"))

    assert (done.code, done.out) == (0, "Mara??n ? ?\n")


@pytest.mark.parametrize("command", [["ask", "-"], ["chat"]])
def test_a_closed_standard_input_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    assert "found standard input closed" in run(*command).err


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


def test_graph_prints_mermaid(run: Run) -> None:
    done = run("graph", "--proposer", "offline:words", "--layers", "3")

    assert "layer_2/words" in done.out
    assert "moa_role" not in done.out


def test_graph_draws_a_picture(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("pygraphviz", reason="the extra `png` is not installed")

    assert run("graph", "--png", str(tmp_path / "moa.png")).code == 0
    assert (tmp_path / "moa.png").read_bytes().startswith(b"\x89PNG")


def test_without_the_extra_its_name_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)

    assert "pip install 'langgraph-moa[png]'" in run("graph", "--png", "x.png").err


def test_models_names_the_file_to_edit(run: Run) -> None:
    out = run("models").out

    assert str(PRESETS_FILE) in out
    assert "OPENAI_API_KEY is not set" in out


def test_version(run: Run) -> None:
    assert run("--version").out.startswith("langgraph-moa 0.")


def test_chat_remembers(run: Run, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("first?\n\n/history\n/what\nsecond?\n/quit\nnever\n"))

    done = run("chat", "--base-url", loopback.url, "--proposer", "a", "--aggregator", "z")

    assert done.code == 0
    assert done.out == "answer of z\nhuman: first?\nai: answer of z\nanswer of z\n"
    assert "unknown command '/what'; known: /history, /quit" in done.err
    texts = [m["content"] for m in loopback.asked("a")[-1].messages]
    assert texts == ["first?", "answer of z", "second?"]


def test_chat_goes_on_after_a_failed_turn(run: Run, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    loopback.say("a", lambda body: Reply(status=500) if len(loopback.asked("a")) == 1 else Reply("back"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("first?\nsecond?\n"))

    done = run("chat", "--base-url", loopback.url, "--proposer", "a", "--aggregator", "z")

    assert (done.code, done.out) == (0, "answer of z\n")
    assert "error: 0 of 1 proposals were usable" in done.err
    assert [m["content"] for m in loopback.asked("a")[-1].messages] == ["second?"]


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_stops_with_what_was_answered(loopback: Loopback, as_json: bool) -> None:
    loopback.say("slow", Reply(broken="hang"))
    panel = ["--proposer", "quick", "--proposer", "slow"]
    process = in_a_process("ask", "x", "--base-url", loopback.url, *panel, *(["--json"] if as_json else []))
    assert process.stderr
    err = ""
    while "quick  ok" not in err:
        line = process.stderr.readline()
        assert line, err
        err += line
    deadline = time.monotonic() + 30
    while not loopback.asked("slow") and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, rest = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in err + rest
    assert "Unclosed" not in err + rest
    assert loopback.asked("slow")[0].closed_early.wait(10)
    if as_json:
        report = json.loads(out)
        assert (report["answer"], [p["text"] for p in report["proposals"]]) == (None, ["answer of quick"])
        assert (report["run"]["stopped"], report["run"]["calls"]) == ("interrupted", 1)
        assert "moa" not in report["proposals"][0]
    else:
        assert "interrupted; answered so far:\n- layer 1, quick: answer of quick" in rest


EARLY_STOPS = [
    ([], "agreed: 2 layers, 5 calls (4 saved)"),
    (["--early-stop", "answer"], "agreed: 1 layer, 4 calls (5 saved)"),
    (["--early-stop", "shadow"], "completed: 3 layers, 9 calls,"),
    (["--early-stop", "off"], "completed: 3 layers, 9 calls,"),
    (["--waves", "2"], "agreed: 2 layers, 3 calls (6 saved)"),
    (["--aggregator", "vote"], "note: vote: 4 of 4 for the answer of words"),
]


@pytest.mark.parametrize(("flags", "told"), EARLY_STOPS)
def test_early_stop_by_flags(run: Run, flags: list[str], told: str) -> None:
    done = run("ask", "What is 17 * 24?", "--layers", "3", *flags)

    assert (done.code, done.out) == (0, "17 * 24 = 408\n")
    assert told in done.err


def test_a_flag_wins_over_a_shadow_in_a_file(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text("layers = 3\n[early_stop]\nshadow = true\n")

    done = run("ask", "What is 17 * 24?", "--config", str(config), "--early-stop", "answer")

    assert "agreed: 1 layer, 4 calls (5 saved)" in done.err


def test_early_stop_in_a_file(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text('layers = 3\nwaves = [2]\n[early_stop]\nthen = "answer"\nquorum = 0.9\nmin_responses = 2\n')

    done = run("ask", "What is 17 * 24?", "--config", str(config))

    assert "2 of 2 agree: 408; the rest of the layer and layers 2 and 3 skipped, 7 calls saved" in done.err


WRONG_STOPS = [
    (["--early-stop", "never"], "'never' is not one of 'aggregate', 'answer', 'shadow', 'off'"),
    (["--waves", "9"], "found waves=(9,) of 4 proposers, expected some to be left"),
    (["--waves", "2", "--early-stop", "off"], "found waves=(2,) without an early stop"),
]


@pytest.mark.parametrize(("flags", "expected"), WRONG_STOPS)
def test_wrong_early_stops_get_one_clear_line(run: Run, flags: list[str], expected: str) -> None:
    done = run("ask", "x", *flags)

    assert done.code != 0
    assert expected in done.err
    assert "Traceback" not in done.err


def test_a_report_is_a_page_of_the_run(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "run.html"

    done = run("ask", "What is 17 * 24?", "--report", str(page))

    assert (done.code, done.out) == (0, "17 * 24 = 408\n")
    assert f"report: {page}" in done.err
    assert "17 * 24 = 408" in page.read_text(encoding="utf-8")


def test_a_report_tells_of_a_run_that_failed_too(run: Run, loopback: Loopback, tmp_path: Path) -> None:
    loopback.default = Reply(status=500)
    page = tmp_path / "run.html"

    done = run("ask", "Why?", "--base-url", loopback.url, "--proposer", "a", "--report", str(page))

    assert done.code == 1
    html = page.read_text(encoding="utf-8")
    assert "There is no answer." in html
    assert "<b>failed</b>" in html
    assert "Why?" in html
    assert "0 of 1 proposals were usable, expected at least 1: a: error (Error code: 500" in html


@pytest.mark.parametrize("where", ["nowhere/run.html", "."])
def test_a_report_that_cannot_be_written_is_told_before_anything_is_asked(
    run: Run, loopback: Loopback, where: str
) -> None:
    done = run("ask", "x", "--base-url", loopback.url, "--proposer", "a", "--report", where)

    assert (done.code, done.out) == (1, "")
    assert f"the report cannot be written to {where}, expected a file in a folder that is there" in done.err
    assert loopback.requests == []


def test_a_kept_run_that_is_finished_can_still_be_shown(run: Run, tmp_path: Path) -> None:
    thread = ["--thread", "t", "--store", str(tmp_path / "t.db")]
    run("ask", "What is 17 * 24?", *thread)

    run("resume", *thread, "--report", str(tmp_path / "run.html"))

    assert "17 * 24 = 408" in (tmp_path / "run.html").read_text(encoding="utf-8")
