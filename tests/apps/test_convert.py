"""`convert` as a person meets it: from CSV to lines and logs, and what is wrong on its line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from langgraph_moa.apps.convert import convert
from langgraph_moa.core.errors import ConfigError
from tables import each

DATA = Path(__file__).parents[1] / "data"
Called = Callable[..., tuple[str, str]]


@pytest.fixture
def called(capsys: pytest.CaptureFixture[str]) -> Called:
    app = typer.Typer()
    app.command()(convert)

    def call(*arguments: object) -> tuple[str, str]:
        app([str(argument) for argument in arguments], standalone_mode=False)
        return capsys.readouterr()

    return call


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text("prompt;right\nWhat is 2 + 2?;4\n", encoding="utf-8")
    return tmp_path / "a.csv"


def test_a_table_becomes_questions(called: Called, table: Path, tmp_path: Path) -> None:
    out, err = called(table, tmp_path / "a.jsonl", "--map", "question=prompt", "--map", "gold=right")

    assert (out.split(" to ")[0], err) == ("1 line written", "")
    assert json.loads((tmp_path / "a.jsonl").read_text()) == {"question": "What is 2 + 2?", "gold": "4"}


def test_logs_are_printed_as_records_and_what_is_changed_is_told_beside(called: Called) -> None:
    out, err = called(DATA / "sums-one.eval", DATA / "sums-two.eval", "-")

    assert [[*json.loads(line)["responses"]] for line in out.splitlines()] == [
        ["mockllm/one", "mockllm/one #2", "mockllm/two"]
    ] * 2
    assert "all are kept as `golds`" in err


@each(
    "options, message",
    [
        (["a.xyz"], "whose name does not tell its form"),
        (["a.jsonl", "--to", "jsnl"], "did you mean"),
        (["a.jsonl", "--map", "question"], "expected NAME=COLUMN"),
        (["a.jsonl", "--map", "question=prmpt"], "expected what --map names; did you mean 'prompt'?"),
        (["a.jsonl", "--map", "question=prompt", "--map", "gold=rihgt"], "did you mean 'right'"),
        (["a.jsonl", "--map", "question=prompt", "--split", "test"], "found --split test"),
        (["a.csv"], "as IN and as OUT"),
        (["-", "--to", "csv"], "found --to csv for standard output"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_and_nothing_is_written(
    called: Called, table: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    before = table.read_text()
    out = options[0] if options[0] == "-" else tmp_path / options[0]
    with pytest.raises(ConfigError) as caught:
        called(table, out, *options[1:])

    assert message in str(caught.value)
    assert table.read_text() == before
    assert [*tmp_path.iterdir()] == [table]


def test_a_pipe_needs_its_form(called: Called, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="add --from jsonl"):
        called("-", tmp_path / "a.csv")
