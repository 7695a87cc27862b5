"""The table of forms: which is told by what, what every form gives back, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.batch.reading import read_questions
from langgraph_moa.evaluation.interchange.forms import FILE_FORMS, file_form, read_interchange, write_interchange
from langgraph_moa.evaluation.interchange.losses import Losses
from langgraph_moa.evaluation.recorded import read_record
from tables import each

DATA = Path(__file__).parents[2] / "data"
RECORD: dict[str, Any] = {
    "id": "a",
    "question": "=2 + 2?",
    "gold": "4",
    "responses": {"m": {"text": "It is 4", "score": 1.0}},
    "note": ["x", None],
}


@pytest.mark.parametrize(
    ("name", "form"),
    [
        *((f"a{form.endings[0]}", None) for form in FILE_FORMS.values() if form.endings),
        ("hf", None),
        ("logs", "inspect"),
        ("a.jsonl", "langsmith"),
        ("b.tsv", None),
        ("C.TSV.GZ", None),
        ("D.EVAL", None),
        ("E.PARQUET", None),
    ],
)
def test_every_form_gives_back_what_was_written(tmp_path: Path, name: str, form: str | None) -> None:
    assert write_interchange([RECORD], tmp_path / name, form=form) == 1
    assert [*read_interchange(tmp_path / name, form=form)] == [RECORD]
    assert [*read_interchange(tmp_path / name)] == [RECORD]


def test_what_is_read_is_what_batch_and_calibrate_read(tmp_path: Path) -> None:
    write_interchange(read_interchange(DATA / "sums-one.eval", DATA / "sums-two.eval"), tmp_path / "a.jsonl")
    proposers, rows = read_record(tmp_path / "a.jsonl")

    assert proposers == ["mockllm/one", "mockllm/one #2", "mockllm/two"]
    assert [question.gold for question in read_questions(tmp_path / "a.jsonl")] == ["4", "6"]
    assert [row.gold is not None for row in rows] == [True, True]


@each(
    "name, is_read, form",
    [
        ("a.ndjson", True, "jsonl"),
        ("a.csv.gz", True, "csv"),
        ("A.CSV", True, "csv"),
        ("a.eval", False, "inspect"),
        ("a", False, "hf"),
    ],
)
def test_which_form_a_name_tells(name: str, is_read: bool, form: str) -> None:
    assert file_form(Path(name), is_read=is_read) is FILE_FORMS[form]


def test_which_form_a_folder_has(tmp_path: Path) -> None:
    assert file_form(tmp_path, is_read=True) is FILE_FORMS["hf"]
    (tmp_path / "a.eval").touch()
    assert file_form(tmp_path, is_read=True) is FILE_FORMS["inspect"]


@each(
    "name, form, message",
    [
        ("a.xyz", None, "say which with --from (jsonl, "),
        ("a.csv", "cvs", "did you mean 'csv'?"),
        ("none.csv", None, "found nothing at"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, form: str | None, message: str) -> None:
    (tmp_path / "a.xyz").touch()
    (tmp_path / "a.csv").touch()
    with pytest.raises(ConfigError) as caught:
        [*read_interchange(tmp_path / name, form=form)]

    assert message in str(caught.value)


def test_an_id_that_stands_twice_is_refused_but_for_repeats(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,question\n1,a\n1,b\n")
    (tmp_path / "b.jsonl").write_text("".join(json.dumps({"id": 1, "answer": "x", "repeat": n}) + "\n" for n in (1, 2)))

    with pytest.raises(ConfigError, match="found the id '1' again in row 3 of"):
        [*read_interchange(tmp_path / "a.csv")]
    assert len([*read_interchange(tmp_path / "b.jsonl")]) == 2


def test_what_was_there_stays_where_writing_fails(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")
    for items, message in (([], "found nothing to write"), (iter([{"id": 1}]), None)):
        if message:
            with pytest.raises(ConfigError, match=message):
                write_interchange(items, tmp_path / "a.csv")
            assert (tmp_path / "a.csv").read_text() == "old"
        else:
            write_interchange(items, tmp_path / "a.csv")
    (tmp_path / "folder" / "x").mkdir(parents=True)
    with pytest.raises(ConfigError, match="OUT"):
        write_interchange([{"id": 1}], tmp_path / "folder", form="hf")
    with pytest.raises(ConfigError, match="in a folder that is there"):
        write_interchange([{"id": 1}], tmp_path / "none" / "a.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "folder"]


def test_a_split_is_a_dataset_s(tmp_path: Path) -> None:
    write_interchange([RECORD], tmp_path / "a.jsonl")

    with pytest.raises(ConfigError, match="expected none but for datasets"):
        [*read_interchange(tmp_path / "a.jsonl", split="test", losses=Losses())]
