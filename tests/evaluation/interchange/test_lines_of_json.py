"""Lines and arrays of JSON, with a byte order mark, packed, or wrong."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.interchange import lines_of_json
from langgraph_moa.evaluation.interchange.losses import Losses
from tables import each

ITEMS: list[Any] = [{"id": "ä", "question": "a\u2028b?"}, {"question": "c?", "n": [1, None]}]


@each("name, packed", [("a.jsonl", False), ("a.jsonl.gz", True)])
def test_lines_come_back(tmp_path: Path, name: str, packed: bool) -> None:
    lines_of_json.write_json_lines(ITEMS, tmp_path / f"{name}.1")
    content = b"\xef\xbb\xbf" + (tmp_path / f"{name}.1").read_bytes() + b"\n"
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)

    assert [item for _, item in lines_of_json.json_lines(tmp_path / name, Losses())] == ITEMS


def test_an_array_comes_back(tmp_path: Path) -> None:
    lines_of_json.write_json_array(ITEMS, tmp_path / "a.json")
    document = lines_of_json.json_document(tmp_path / "a.json")

    assert document == ITEMS == json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert [item for _, item in lines_of_json.json_array(document, tmp_path, Losses())] == ITEMS


@each(
    "name, content, message",
    [
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "found no JSON in line 2 of"),
        ("b.jsonl", b'{"a": "\xff"}', "no UTF-8 in line 1"),
        ("c.jsonl", b"[1]", "expected an object"),
        ("d.jsonl.gz", b"no gzip", "cannot be read: Not a gzipped file"),
        ("e.jsonl.gz", gzip.compress(b'{"question": "a"}' * 99)[:30], "cannot be read: Compressed file ended"),
        ("f.jsonl", b"[" * 100_000, "found no JSON in line 1"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        [*lines_of_json.json_lines(tmp_path / name, Losses())]

    assert message in str(caught.value)


def test_a_folder_or_nothing_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(ConfigError, match="cannot be read"):
            lines_of_json.json_document(path)


def test_nan_in_json_becomes_null_and_is_told(tmp_path: Path) -> None:
    losses = Losses()
    (tmp_path / "a.jsonl").write_text('{"question": "a?", "gold": NaN}')

    assert [item for _, item in lines_of_json.json_lines(tmp_path / "a.jsonl", losses)] == [
        {"question": "a?", "gold": None}
    ]
    assert "NaN" in losses.sentences()[0]
