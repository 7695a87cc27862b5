"""`langgraph-moa batch` as a person meets it, and as it dies."""

import json
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from batches import ALONE, PANEL, Files, asked_in, check_repeats, kill_at, names, run_to_the_end
from commands import Run, finish, in_a_process
from langgraph_moa import ConfigError
from langgraph_moa.apps.ask.output import check_writable
from langgraph_moa.apps.ask.store import is_there
from langgraph_moa.apps.batch.formats import FORMATS
from langgraph_moa.evaluation.batch.rows import RowFile
from loopback import Loopback, Reply
from reading import question_in

CONCURRENCY = 8
"""The default, which is how many questions a kill may hit."""


def test_offline_models_answer_a_file(run: Run, files: Files) -> None:
    files.questions.write_text('{"id": "sum", "question": "What is 17 * 24?", "gold": 408}\n{"question": "2 + 2?"}\n')

    done = run("batch", str(files.questions), str(files.rows))
    again = run("batch", str(files.questions), str(files.rows), "--json")

    assert (done.code, done.out.partition(";")[0]) == (0, "2 questions: 2 answered")
    assert "10 calls" in done.out
    assert done.err.splitlines()[1:] == ["2 questions"]
    rows = {row["id"]: row for row in files.whole_rows()}
    assert (rows["sum"]["answer"], rows["sum"]["gold"]) == ("17 * 24 = 408", "408")
    assert again.err.splitlines()[1:] == ["2 questions, 2 done before"]
    assert (json.loads(again.out)["done_before"], json.loads(again.out)["calls"]) == (2, 10)
    assert names(files) == {"questions.jsonl", "rows.jsonl"}


def test_gold_by_another_name_is_told(run: Run, files: Files) -> None:
    files.questions.write_text('{"question": "2 + 2?", "answer": 4}\n')

    done = run("batch", str(files.questions), str(files.rows))

    assert (done.code, "found `answer` and no `gold` in 1 of 1 questions" in done.err) == (0, True)


WRONG: list[tuple[list[str], int, str]] = [
    (["--concurrency", "0"], 2, "found concurrency=0"),
    (["--concurrency", "x"], 2, "Invalid value for '--concurrency'"),
    (["--budget", "5"], 2, "found --budget 5, expected a limit and its number, such as --budget calls=20"),
    (["--budget", "euros=5"], 2, "unknown key 'euros'"),
    (["--budget", "calls=0"], 2, "found 0 for budget.calls"),
    (["--budget", "calls=1", "--budget", "calls=2"], 2, "found --budget calls=... twice"),
    (["--run-budget", "5"], 2, "found --run-budget 5, expected a limit and its number, such as --run-budget calls=20"),
    (["--format", "alpaca"], 2, "found --format alpaca, expected a benchmark's; did you mean 'alpaca_eval'?"),
    (["--generator", "x"], 2, "found --generator without --format, expected both"),
    (["--preset", "nobody"], 2, "nobody"),
    (["--no-such-option"], 2, "No such option: --no-such-option"),
]


PLACES = [
    (".", "for the rows, expected a file in a folder that is there"),
    ("nowhere/rows.jsonl", "for the rows, expected a file in a folder that is there"),
    ("fifo", "error: found a pipe for the rows, "),
    ("/dev/null", "error: found a device for the rows, "),
    (
        "/dev/stdout",
        "error: found /dev/stdout for the rows, expected a file, for a batch that was stopped goes on from it",
    ),
    ("/dev/fd/1", "error: found /dev/fd/1 for the rows, "),
    ("-", "error: found standard output for the rows, "),
]


@pytest.mark.parametrize(("out", "told"), PLACES)
def test_a_place_where_no_rows_can_be_written_is_told(run: Run, files: Files, out: str, told: str) -> None:
    files.ask(1)
    os.mkfifo(files.folder / "fifo")

    done = run("batch", str(files.questions), out if out == "-" else str(files.folder / out))

    assert (done.code, told in done.err) == (1, True), done.err
    assert names(files) == {"questions.jsonl", "fifo"}


@pytest.mark.parametrize(("flags", "code", "told"), WRONG)
def test_wrong_options_get_one_clear_line(run: Run, files: Files, flags: list[str], code: int, told: str) -> None:
    files.ask(1)

    done = run("batch", str(files.questions), str(files.rows), *flags)

    assert (done.code, done.out) == (code, "")
    assert told in done.err
    assert "Traceback" not in done.err
    assert names(files) == {"questions.jsonl"}


BAD = [
    ("{", "found no JSON in line 3 of "),
    ('{"question": ""}', "found no text in `question` in line 3 of "),
    ('{"id": 0, "question": "again"}', "found the id '0' again in line 3 of "),
    ('{"messages": [{"role": "bot", "content": "x"}]}', "found the role 'bot' in `messages` in line 3 of "),
]


@pytest.mark.parametrize(("line", "told"), BAD)
def test_a_bad_line_is_told_before_anybody_is_asked(
    run: Run, loopback: Loopback, files: Files, line: str, told: str
) -> None:
    files.ask(2)
    files.questions.write_text(files.questions.read_text() + line + "\n")

    done = run(*files.command(loopback, *PANEL))

    assert (done.code, done.err.splitlines()[-1][: len(told) + 7]) == (1, f"error: {told}")
    assert loopback.requests == []
    assert names(files) == {"questions.jsonl"}


def test_a_budget_is_the_whole_batchs(run: Run, loopback: Loopback, files: Files) -> None:
    files.ask(5)

    short = run(*files.command(loopback, *PANEL, "--budget", "calls=9"))
    enough = run(*files.command(loopback, *PANEL, "--budget", "calls=20"))

    assert (short.code, len(loopback.requests)) == (1, 20)
    assert names(files) == {"questions.jsonl", "rows.jsonl"}
    assert short.out.startswith("5 questions: 2 answered, 3 left; 8 calls")
    assert "stopped: Budget(calls=9): 8 are spent, the step may take 4; change that, and go on with" in short.err
    assert (enough.code, enough.out[:24]) == (0, "5 questions: 5 answered;")


def test_a_budget_of_each_run_is_another(run: Run, loopback: Loopback, files: Files) -> None:
    files.ask(3)

    done = run(*files.command(loopback, *PANEL, "--run-budget", "calls=3", "--budget", "calls=100"))

    assert done.code == 0
    assert {row["run"]["stopped"] for row in files.whole_rows()} == {"budget"}
    assert len(loopback.requests) == 9


def test_errors_are_told_and_asked_again(run: Run, loopback: Loopback, files: Files) -> None:
    files.ask(3)
    loopback.say("a", lambda body: Reply(status=500) if "<1>" in json.dumps(body) else Reply("fine"))
    done = run(*files.command(loopback, *ALONE))
    loopback.scripts.clear()

    again = run(*files.command(loopback, *ALONE, "--retry-errors"))

    assert (done.code, again.code) == (1, 0)
    assert done.out.startswith("3 questions: 2 answered, 1 error;")
    assert done.err.splitlines()[-1] == "1 question failed, its row says why; ask again with --retry-errors"
    assert Counter(id_ for _, id_ in asked_in(loopback, 0, None).elements()) == {"0": 1, "1": 2, "2": 1}


@pytest.mark.parametrize(
    ("ended_by", "code", "in_background"),
    [
        (signal.SIGINT, 130, False),
        (signal.SIGTERM, 143, True),
        pytest.param(signal.SIGTERM, 143, False, marks=pytest.mark.soak),
        pytest.param(signal.SIGINT, 130, True, marks=pytest.mark.soak),
    ],
)
def test_stopped_it_says_where_it_stands(
    loopback: Loopback, files: Files, ended_by: signal.Signals, code: int, in_background: bool
) -> None:
    files.ask(20)
    hangs = {f"<{n}>" for n in range(12, 20)}
    loopback.say("a", lambda body: Reply(broken="hang" if any(n in json.dumps(body) for n in hangs) else None))
    process = in_a_process(*files.command(loopback, *ALONE), in_background=in_background)
    loopback.wait_until(lambda: len(loopback.requests) == 20)
    process.send_signal(ended_by)
    if in_background and ended_by == signal.SIGINT:  # Ctrl-C is not for what runs there
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGTERM)
        code = 143
    done = finish(process)

    told = "stopped: 12 of 20 questions are done; the same command goes on with the rest"
    assert (done.code, done.err.splitlines()[-1]) == (code, told)
    assert "Traceback" not in done.err
    assert all(r.closed_early.wait(10) for r in loopback.requests[12:])
    assert len(list(files.whole_rows())) == 12


@pytest.mark.parametrize(
    ("how_many", "killed_at"), [(60, (20,)), pytest.param(1_500, (1, 400, 1_100), marks=pytest.mark.soak)]
)
def test_killed_nothing_is_lost_doubled_or_asked_again(
    loopback: Loopback, files: Files, how_many: int, killed_at: tuple[int, ...]
) -> None:
    files.ask(how_many)

    kills = [kill_at(files, loopback, ALONE, requests) for requests in killed_at]
    code, said, _ = run_to_the_end(files, loopback, ALONE)

    ids = [row["id"] for row in files.whole_rows()]
    assert code == 0, said
    assert (len(ids), set(ids)) == (how_many, {str(n) for n in range(how_many)})
    check_repeats(loopback, kills, at_most=CONCURRENCY)
    assert names(files) == {"questions.jsonl", "rows.jsonl"}


def test_killed_with_its_threads_kept_no_proposer_is_asked_again(loopback: Loopback, files: Files) -> None:
    files.ask(30)
    last = Counter[str]()

    def hang_once(body: dict[str, Any]) -> Reply:
        """Hang for question 9 and those after it, the first time that each is asked."""
        name = question_in(body["messages"][-1]["content"])
        last[name] += 1
        return (
            Reply(broken="hang")
            if last[name] == 1 and int(name.partition("<")[2].partition(">")[0]) > 9
            else Reply("x")
        )

    loopback.say("last", hang_once)
    process = in_a_process(*files.command(loopback, *PANEL))
    loopback.wait_until(lambda: len(loopback.asked("last")) == 10 + CONCURRENCY)
    process.kill()
    finish(process)
    assert "rows.jsonl.unfinished" in names(files)
    loopback.scripts.clear()

    code, said, _ = run_to_the_end(files, loopback, PANEL)

    asked = asked_in(loopback, 0, None)
    assert code == 0, said
    assert {count for (name, _), count in asked.items() if name != "last"} == {1}
    assert Counter(asked[("last", str(n))] for n in range(30)) == {1: 30 - CONCURRENCY, 2: CONCURRENCY}
    assert len(list(files.whole_rows())) == 30
    assert names(files) == {"questions.jsonl", "rows.jsonl"}


@pytest.mark.parametrize("sizes", [(10, 100), pytest.param((100, 1_000), marks=pytest.mark.soak)])
def test_more_questions_take_no_more_memory(loopback: Loopback, files: Files, sizes: tuple[int, int]) -> None:
    held = []
    for how_many in sizes:
        files.rows.unlink(missing_ok=True)
        files.ask(how_many)
        code, said, kilobytes = run_to_the_end(files, loopback, ALONE)
        assert code == 0, said
        held.append(kilobytes / 1024)

    assert held[1] - held[0] < 20


def test_what_servers_say_does_not_drive_the_terminal(run: Run, loopback: Loopback, files: Files) -> None:
    files.ask(12)
    loopback.say("a", Reply("\x1b[31mred\x07 \u202eno", status=400))

    done = run(*files.command(loopback, *ALONE))

    assert "stopped: the first 10 questions all failed alike" in done.err
    assert not set("\x1b\x07\u202e") & set(done.err + done.out)
    assert not set("\x1b\x07\u202e") & set("".join(row["error"] for row in files.whole_rows()))


# The benchmarks' own files


def test_a_benchmarks_files(run: Run, loopback: Loopback, files: Files) -> None:
    items = [{"instruction": f"Question <{n}>?", "dataset": "helpful_base"} for n in range(3)]
    (files.folder / "eval.json").write_text(json.dumps(items))
    given = ["batch", str(files.folder / "eval.json"), str(files.folder / "out.json"), "--base-url", loopback.url]

    done = run(*given, *ALONE, "--format", "alpaca_eval", "--generator", "Mixture")

    told = json.loads((files.folder / "out.json").read_text())
    assert done.code == 0
    assert [(t["instruction"], t["output"], t["generator"]) for t in told] == [
        (item["instruction"], "answer of a", "Mixture") for item in items
    ]
    assert names(files) == {"eval.json", "out.json", "out.json.rows"}


def test_a_benchmarks_file_is_written_once_all_is_answered(run: Run, loopback: Loopback, files: Files) -> None:
    items = [{"question_id": n, "category": "x", "turns": [f"Question <{n}>?", "Sure?"]} for n in range(4)]
    (files.folder / "q.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    given = ["batch", str(files.folder / "q.jsonl"), str(files.folder / "out.jsonl"), "--base-url", loopback.url]

    stopped = run(*given, *ALONE, "--format", "mt_bench", "--budget", "calls=5")
    early = names(files)
    done = run(*given, *ALONE, "--format", "mt_bench")

    told = [json.loads(line) for line in (files.folder / "out.jsonl").read_text().splitlines()]
    assert (stopped.code, early) == (1, {"q.jsonl", "out.jsonl.rows"})
    assert (done.code, len(loopback.requests)) == (0, 8)
    assert [t["question_id"] for t in told] == [0, 1, 2, 3]
    assert told[0]["choices"][0]["turns"] == ["answer of a"] * 2
    assert told[0]["model_id"] == "moa"


def test_a_benchmarks_questions_are_not_written_over(run: Run, files: Files) -> None:
    (files.folder / "q.jsonl").write_text('{"question_id": 1, "category": "x", "turns": ["A?"]}')
    (files.folder / "sub").mkdir()
    (files.folder / "link.jsonl").symlink_to("q.jsonl")

    for out in ("q.jsonl", "sub/../q.jsonl", "link.jsonl"):
        done = run("batch", str(files.folder / "q.jsonl"), str(files.folder / out), "--format", "mt_bench")

        assert (done.code, "as IN and as OUT, expected two files" in done.err) == (2, True)
    beside = files.folder / "out.jsonl.new"  # which is removed when the answers are written
    beside.write_bytes((files.folder / "q.jsonl").read_bytes())
    done = run("batch", str(beside), str(files.folder / "out.jsonl"), "--format", "mt_bench")
    assert (done.code, "as IN and as OUT.new" in done.err) == (2, True)
    assert json.loads((files.folder / "q.jsonl").read_text())["turns"] == ["A?"]
    assert beside.exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
def test_a_place_that_may_not_be_entered_is_told_with_what_it_is_for(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    out = tmp_path / "in/x.json"
    checks: dict[str, Callable[[], object]] = {
        f"the rows cannot be written to {out}: Permission denied; name": RowFile(out).check,
        f"the answers cannot be written to {out}: Permission denied": lambda: FORMATS["alpaca_eval"].check(
            out, generator="x"
        ),
        f"the report cannot be written to {out}: Permission denied": lambda: check_writable(out),
        f"the store {out} cannot be used: Permission denied; mend that, or name": lambda: is_there(out),
    }
    for sentence, check in checks.items():
        os.seteuid(65_534)
        try:
            with pytest.raises(ConfigError, match=f"^{re.escape(sentence)}"):
                check()
        finally:
            os.seteuid(0)
