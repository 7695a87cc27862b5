"""A benchmark's files: read, refused, and written whole or not at all."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmark_files import ALPACA, FLASK, MT_BENCH, OURS, row, write_json
from langgraph_moa.apps.batch.formats import FORMATS
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.batch.questions import Question, Row


def test_empty_lines_and_a_byte_order_mark_are_nothing(tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(b"\xef\xbb\xbf\r\n" + json.dumps(FLASK[0]).encode() + b"\r\n\n" + json.dumps(FLASK[1]).encode())

    assert [q.id for q in FORMATS["flask"].read(file)] == ["1", "2"]


WRONG: dict[str, tuple[str, bytes | list[Any], str]] = {
    "empty": ("flask", b"\n", "found no questions in in, expected those of FLASK; get their file again"),
    "empty array": ("alpaca_eval", b"[]", "found no questions in in, expected those of AlpacaEval 2.0"),
    "cut off": ("flask", b'{"idx": 1, "instruction": "a"}\n{"idx"', "found no JSON in line 2 of in (Expecting ':'"),
    "cut off array": ("flask", b'[{"idx": 1}', "found no JSON in in (Expecting ',' delimiter"),
    "not UTF-8": ("flask", b'{"idx": "\xff"}', "found no JSON in line 1 of in ('utf-8' codec"),
    "too deep": ("flask", b"[" * 100_000, "found no JSON in in (maximum recursion depth exceeded"),
    "a table": ("flask", b"idx,instruction\n1,a\n", "found no JSON in line 1 of in (Expecting value"),
    "no object": ("mt_bench", [MT_BENCH[0], 7], "found 7 in line 2 of in, expected an object as in MT-Bench"),
    "columns": (
        "alpaca_eval",
        [{"instruction": {"0": "a"}}],
        "found {'0': 'a'} for instruction in line 1 of in, expected a question's text; mend the file, or name",
    ),
    "another's": ("alpaca_eval", MT_BENCH, "found None for instruction in line 1 of in, expected a question's text"),
    "nothing asked": (
        "alpaca_eval",
        [ALPACA[0], {"instruction": " \n"}],
        r"found ' \n' for instruction in line 2 of in",
    ),
    "an input": (
        "alpaca_eval",
        [{"instruction": "a", "input": "b"}],
        "found an input beside the instruction in line 1",
    ),
    "asked twice": (
        "alpaca_eval",
        [*ALPACA, ALPACA[0]],
        "found the question in line 1 of in again in line 3 of in, expected it once; take one of them out",
    ),
    "one id twice": (
        "mt_bench",
        [MT_BENCH[0], {**MT_BENCH[1], "question_id": "81"}],
        "in line 1 of in again in line 2",
    ),
    "no id": (
        "mt_bench",
        [{"turns": ["a"]}],
        "found None for question_id in line 1 of in, expected a number or a name",
    ),
    "true": ("flask", [{"idx": True, "instruction": "a"}], "found True for idx in line 1 of in, expected a number or"),
    "no turns": (
        "mt_bench",
        [{"question_id": 1, "turns": []}],
        "found [] for turns in line 1 of in, expected a list of",
    ),
    "a turn": ("mt_bench", [{"question_id": 1, "turns": ["a", 2]}], "found 2 for turn 2 in line 1 of in, expected"),
    "raw without text": (
        "flask",
        [{"question_id": 1}],
        "found None for text in line 1 of in, expected a question's text",
    ),
}


@pytest.mark.parametrize("way", WRONG)
def test_a_wrong_file_gets_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.chdir(tmp_path)
    name, content, expected = WRONG[way]
    file = Path("in")
    file.write_bytes(content) if isinstance(content, bytes) else write_json(file, content)

    with pytest.raises(ConfigError) as told:
        list(FORMATS[name].read(file))

    assert expected in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_the_second_item_of_an_array_is_named_so(tmp_path: Path) -> None:
    file = write_json(tmp_path / "in", [ALPACA[0], {}], lines=False)

    with pytest.raises(ConfigError, match="found None for instruction in item 2 of "):
        list(FORMATS["alpaca_eval"].read(file))


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="none cannot be read: No such file or directory"):
        list(FORMATS[name].read(tmp_path / "none"))


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows_are_an_empty_file(tmp_path: Path, name: str) -> None:
    out = tmp_path / f"out{FORMATS[name].ending}"

    FORMATS[name].write([], out, generator="moa")

    assert out.read_text() == ("[\n]\n" if name == "alpaca_eval" else "")


@pytest.mark.parametrize("name", FORMATS)
def test_what_fails_midway_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    form, items = FORMATS[name], OURS[name][1]
    questions = list(form.read(write_json(tmp_path / "in", items)))
    out = tmp_path / f"out{form.ending}"
    out.write_text("old")

    def rows() -> Iterator[tuple[Question, Row]]:
        yield questions[0], row(questions[0], *["a"] * (1 + len(questions[0].later)))
        raise RuntimeError("gone")

    with pytest.raises(RuntimeError, match="gone"):
        form.write(rows(), out, generator="moa")

    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", out.name]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)

    with pytest.raises(ConfigError, match=r"cannot be written to .*out\.jsonl: No space left on device; mend that"):
        FORMATS["flask"].write([], tmp_path / "out.jsonl", generator="moa")
    assert list(tmp_path.iterdir()) == []


UNFIT: list[tuple[str, str, str, str]] = [
    (
        "alpaca_eval",
        "out.jsonl",
        "moa",
        "expected a name that ends in .json: the tool of AlpacaEval 2.0 reads no other",
    ),
    ("mt_bench", "out.json", "moa", "expected a name that ends in .jsonl: the tool of MT-Bench reads no other"),
    ("flask", "out", "moa", "expected a name that ends in .jsonl: the tool of FLASK reads no other"),
    ("flask", "no/out.jsonl", "moa", "expected a file in a folder that is there; make it first"),
    ("flask", "folder.jsonl", "moa", "expected a file in a folder that is there; make it first"),
    ("alpaca_eval", "out.json", " ", "found the generator ' ', expected a name for AlpacaEval 2.0 to show; give one"),
]


@pytest.mark.parametrize(("name", "out", "generator", "expected"), UNFIT)
def test_what_no_tool_would_read_is_refused_beforehand(
    tmp_path: Path, name: str, out: str, generator: str, expected: str
) -> None:
    (tmp_path / "folder.jsonl").mkdir()

    for refuses in (FORMATS[name].check, lambda out, generator: FORMATS[name].write([], out, generator=generator)):
        with pytest.raises(ConfigError) as told:
            refuses(tmp_path / out, generator=generator)
        assert expected in str(told.value)
