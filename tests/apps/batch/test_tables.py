"""Batches read tables, packed files and datasets, and make such files of their rows once all are there."""

import gzip
import json
import signal
from pathlib import Path
from typing import Any

import pytest
from batches import Files
from commands import Run, finish, in_a_process
from langgraph_moa import read_interchange
from loopback import Loopback, Reply

OFFLINE = ["--proposer", "offline:words", "--layers", "1", "--no-settings"]
CSV = "key,prompt,sum\n" + "".join(f"k{n},What is {n} + 1?,{n + 1}\n" for n in range(4))
COLUMNS = ["--map", "question=prompt", "--map", "gold=sum", "--map", "id=key"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "q.csv").write_text(CSV)
    return tmp_path / "q.csv"


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.parquet", "out.jsonl.gz", "out.jsonl.zst", "out.arrow"])
def test_rows_become_a_table_in_the_order_of_the_questions(name: str, run: Run, table: Path) -> None:
    if name.endswith(("parquet", "arrow")):
        pytest.importorskip("pyarrow")
    out = table.with_name(name)

    done = run("batch", str(table), str(out), *OFFLINE, *COLUMNS)

    rows = [*read_interchange(out)]
    assert (done.code, done.out.partition(";")[0]) == (0, "4 questions: 4 answered")
    assert [(row["id"], row["answer"], row["gold"]) for row in rows] == [
        (f"k{n}", f"{n} + 1 = {n + 1}", str(n + 1)) for n in range(4)
    ]
    assert rows[0]["run"]["calls"] == 1
    lines = out.with_name(f"{name}.rows").read_text().splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == ["k0", "k1", "k2", "k3"]


def test_it_goes_on_and_more_questions_may_come(run: Run, table: Path) -> None:
    out = table.with_name("out.csv")
    command = ["batch", str(table), str(out), *OFFLINE, *COLUMNS]
    first = run(*command)
    table.write_text(CSV + "k9,What is 9 + 1?,10\n")

    again = run(*command, "--json")

    assert first.code == again.code == 0
    assert (json.loads(again.out)["done_before"], json.loads(again.out)["questions"]) == (4, 5)
    assert [row["id"] for row in read_interchange(out)] == ["k0", "k1", "k2", "k3", "k9"]


def test_a_kill_leaves_rows_and_no_half_of_a_table(table: Path, loopback: Loopback) -> None:
    out = table.with_name("out.parquet")
    pytest.importorskip("pyarrow")
    loopback.say("m", lambda body: Reply("ok", delay=0.0 if "What is 0" in str(body["messages"]) else 600.0))
    command = ["batch", str(table), str(out), "--proposer", "m", "--layers", "1", "--base-url", loopback.url]
    command += ["--no-settings", *COLUMNS, "--concurrency", "1"]
    process = in_a_process(*command)
    loopback.wait_until(lambda: len(loopback.requests) == 2)  # the first row is written by then
    process.send_signal(signal.SIGKILL)
    finish(process)
    assert not out.exists()
    loopback.say("m", "ok")

    done = finish(in_a_process(*command))

    assert done.code == 0, done.err
    assert [row["id"] for row in read_interchange(out)] == ["k0", "k1", "k2", "k3"]
    assert len(loopback.requests) == 2 + 3


def test_repeats_are_in_it_too(run: Run, table: Path) -> None:
    out = table.with_name("out.csv")
    run("batch", str(table), str(out), *OFFLINE, *COLUMNS, "--repeat", "2")

    assert [row["id"] for row in read_interchange(out)][:4] == ["k0", "k0#2", "k1", "k1#2"]


def test_a_table_may_come_through_a_pipe(table: Path) -> None:
    out = table.with_name("out.csv")
    process = in_a_process("batch", "-", str(out), *OFFLINE, *COLUMNS, "--from", "csv", talks=True)
    printed, told = process.communicate(CSV, timeout=60)

    assert process.returncode == 0, told
    assert printed.startswith("4 questions: 4 answered")
    assert [row["id"] for row in read_interchange(out)] == ["k0", "k1", "k2", "k3"]


WRONG: dict[str, tuple[list[str], str]] = {
    "a form that is none": (["q.csv", "o", "--from", "xlsx"], "found --from xlsx, expected one of jsonl"),
    "a form of OUT that is none": (["q.csv", "o", "--to", "inspect"], "found --to inspect, expected one of jsonl"),
    "a map without a column": (["q.csv", "o", "--map", "question"], "expected NAME=COLUMN"),
    "a column that is not there": (
        ["q.csv", "o", "--map", "question=promt"],
        "found no column 'promt' in row 2 of q.csv, expected what --map names; did you mean 'prompt'?",
    ),
    "no column at all": (["q.csv", "o"], "--map question=COLUMN"),
    "a split of no dataset": (["q.csv", "o", "--split", "test"], "found --split test for"),
    "a packed table that cannot be": (["q.csv", "o.parquet.gz"], "expected a name without .gz"),
    "a file that is there": (["q.csv", "there.csv", *COLUMNS], "and no there.csv.rows beside it"),
    "the questions themselves": (["q.csv", "q.csv", *COLUMNS], "found q.csv there, and no q.csv.rows"),
    "a benchmark's": (["q.csv", "o.json", "--format", "alpaca_eval", "--map", "id=key"], "expected that alone"),
}


@pytest.mark.parametrize("what", WRONG)
def test_mistakes_are_told_before_anything_is_asked(
    what: str, run: Run, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(table.parent)
    Path("there.csv").write_text("mine\n")
    arguments, told = WRONG[what]

    done = run("batch", *arguments, *OFFLINE)

    assert done.code != 0
    assert told in " ".join(done.err.split())
    assert Path("there.csv").read_text() == "mine\n"
    assert Path("q.csv").read_text() == CSV


def _hard(here: Path, name: str) -> Path:
    (here / name).hardlink_to(here / "q.csv")
    return here / name


def _soft(here: Path, name: str) -> Path:
    (here / name).symlink_to("q.csv")
    return here / name


TAKEN: dict[str, Any] = {
    "OUT": lambda here: ["q.csv"],
    "OUT by a link": lambda here: [str(_soft(here, "l.csv"))],
    "OUT by a hard link": lambda here: [str(_hard(here, "l.csv"))],
    "OUT by another form's name": lambda here: ["q.csv", "--to", "json"],
    "its rows": lambda here: [str(_soft(here, "o.csv.rows").with_suffix(""))],
    "its rows.unfinished": lambda here: [str(_soft(here, "o.jsonl.unfinished").with_suffix(""))],
    "its rows.batches": lambda here: [str(_hard(here, "o.jsonl.batches").with_suffix(""))],
    "OUT.lock": lambda here: [str(_soft(here, "o.jsonl.lock").with_suffix(""))],
    "--cache": lambda here: ["o.csv", "--cache", "q.csv"],
}


@pytest.mark.parametrize("what", TAKEN)
def test_questions_are_not_written_over(what: str, run: Run, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(table.parent)
    out, *others = TAKEN[what](table.parent)
    rows = Path(f"{out}.rows")
    if not rows.exists():
        rows.touch()  # as if a batch had begun there

    done = run("batch", "q.csv", out, *COLUMNS, *others, *OFFLINE)

    assert (done.code, f"as IN and as {what.partition(' by')[0]}, expected two files" in done.err) == (2, True), (
        done.err
    )
    assert table.read_text() == CSV


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["o.json", "--schema", "o.json"], "as --schema and as OUT"),
        (["o.csv", "--cache", "o.csv"], "as OUT and as --cache"),
        (["o.csv", "--cache", "o.csv.rows"], "as its rows and as --cache"),
    ],
)
def test_nor_is_anything_else_twice_in_one_file(
    arguments: list[str], told: str, run: Run, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(table.parent)
    Path("o.json").write_text('{"type": "object"}')

    done = run("batch", "q.csv", *arguments, *COLUMNS, *OFFLINE)

    assert (done.code, told in done.err) == (2, True), done.err
    assert {path.name for path in table.parent.iterdir()} == {"q.csv", "o.json"}


FORMS = ["out.csv", "out.jsonl.gz", "out.jsonl.zst", "out.parquet", "out.arrow", "out.json --to json", "out --to hf"]


@pytest.mark.parametrize("form", FORMS)
def test_one_more_question_makes_any_table_anew_and_a_kill_leaves_nothing_in_its_way(
    form: str, run: Run, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(table.parent)
    command = ["batch", "q.csv", *form.split(), *OFFLINE, *COLUMNS]
    monkeypatch.setattr("langgraph_moa.evaluation.interchange.placing.rmtree", lambda *_, **__: None)  # as if killed
    first = run(*command)
    monkeypatch.undo()
    monkeypatch.chdir(table.parent)
    table.write_text(CSV + "k9,What is 9 + 1?,10\n")

    again = run(*command, "--json")

    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert json.loads(again.out)["done_before"] == 4
    assert [row["id"] for row in read_interchange(form.split()[0])] == ["k0", "k1", "k2", "k3", "k9"]
    assert len([*table.parent.iterdir()]) == 3


def test_a_folder_in_the_way_is_told_before_anybody_is_asked_and_rows_are_told_of_after(
    run: Run, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(table.parent)
    command = ["batch", "q.csv", "out", "--to", "hf", *OFFLINE, *COLUMNS]
    assert run(*command).code == 0
    Path("out/mine.txt").write_text("mine")
    table.write_text(CSV + "k9,What is 9 + 1?,10\n")

    refused = run(*command)

    assert (refused.code, "found the folder out, which no batch wrote" in refused.err) == (2, True), refused.err
    assert Path("out.rows").read_text().count("\n") == 4
    assert Path("out/mine.txt").read_text() == "mine"
    monkeypatch.setattr("langgraph_moa.apps.batch.tables.is_own_dataset", lambda folder: True)  # put there meanwhile
    late = run(*command)
    assert '`langgraph-moa convert "out.rows" OTHER --from jsonl` makes' in " ".join(late.err.split())
    assert run("convert", "out.rows", "other.csv", "--from", "jsonl").code == 0
    assert len([*read_interchange("other.csv")]) == 5


@pytest.mark.parametrize("name", ["q.jsonl", "q.json", "q.jsonl.gz", "q2.csv"])
def test_a_number_without_end_is_told_as_one(name: str, run: Run, tmp_path: Path) -> None:
    number = "9" * 5_000
    line = f'{{"question": "Is it odd?", "gold": {number}}}\n'
    written = {"q.json": f"[{line}]", "q2.csv": f"question,gold (JSON)\nIs it odd?,{number}\n"}.get(name, line)
    (tmp_path / name).write_bytes(gzip.compress(written.encode()) if name.endswith("gz") else written.encode())

    done = run(
        "batch", str(tmp_path / name), str(tmp_path / "rows"), *OFFLINE, *(["--from", "json"] * (name[-1] == "n"))
    )

    assert "found a number of more than 4,300 digits" in done.err, done.err
    assert "no JSON" not in done.err


def test_a_comparison_reads_them_too(run: Run, table: Path, tmp_path: Path) -> None:
    packed = tmp_path / "q.csv.gz"
    packed.write_bytes(gzip.compress(CSV.encode()))
    systems = ["--system", "offline:words", "--system", "offline:stems", "--no-settings", "--json"]

    compared: dict[str, Any] = json.loads(run("compare", str(packed), *COLUMNS, *systems).out)

    assert {system["score"]["mean"] for system in compared["systems"]} == {1.0}


def test_files_of_lines_are_as_before(run: Run, files: Files) -> None:
    files.questions.write_text('{"question": "2 + 2?"}\n')

    run("batch", str(files.questions), str(files.rows), *OFFLINE)

    assert [row["answer"] for row in files.whole_rows()] == ["2 + 2 = 4"]
