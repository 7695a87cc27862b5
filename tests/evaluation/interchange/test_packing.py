"""Packed files are read as they are written, and none fills a machine."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from langgraph_moa import ConfigError, read_interchange, write_interchange
from langgraph_moa.evaluation.interchange import packing
from langgraph_moa.evaluation.interchange.packing import unpacked_file, unpacked_name

ITEMS: list[dict[str, Any]] = [{"id": str(n), "question": f"What is {n} + 1? ä", "gold": str(n + 1)} for n in range(50)]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst", "a.csv.gz", "a.csv.zst", "a.json.gz", "a.tsv.zst"])
def test_what_is_packed_is_read_again(name: str, tmp_path: Path) -> None:
    assert write_interchange(ITEMS, tmp_path / name) == 50

    assert [*read_interchange(tmp_path / name)] == ITEMS
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_other_tools_read_it(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "a.jsonl.zst"):
        write_interchange(ITEMS, tmp_path / name)

    with gzip.open(tmp_path / "a.jsonl.gz") as packed:
        assert [json.loads(line) for line in packed] == ITEMS
    with zstandard.open(tmp_path / "a.jsonl.zst", "rb") as file:
        assert [json.loads(line) for line in file.read().splitlines()] == ITEMS


def test_several_frames_are_one_file(tmp_path: Path) -> None:
    lines = [json.dumps(item).encode() + b"\n" for item in ITEMS]
    (tmp_path / "a.jsonl.zst").write_bytes(b"".join(map(zstandard.compress, lines)))
    (tmp_path / "a.jsonl.gz").write_bytes(b"".join(map(gzip.compress, lines)))

    assert [*read_interchange(tmp_path / "a.jsonl.zst")] == [*read_interchange(tmp_path / "a.jsonl.gz")] == ITEMS


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_bomb_is_refused_before_it_is_unpacked(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_MOST_BYTES", 100_000)
    line = b'{"question": "' + b" " * 9_000 + b'x"}\n'
    content = line * 2_000
    path = tmp_path / f"bomb.jsonl{ending}"
    path.write_bytes(gzip.compress(content) if ending == ".gz" else zstandard.compress(content))

    with pytest.raises(ConfigError, match=r"found more than [\d,]+ bytes packed in .*bomb.jsonl"):
        [*read_interchange(path)]


@pytest.mark.parametrize("ending", [".gz", ".zst"])
@pytest.mark.parametrize("spoil", [lambda whole: whole[:-9], lambda whole: b"?" + whole, lambda whole: b"{}\n"])
def test_what_is_spoilt_is_one_sentence(ending: str, spoil: Any, tmp_path: Path) -> None:
    whole = write_interchange(ITEMS, tmp_path / f"a.jsonl{ending}") and (tmp_path / f"a.jsonl{ending}").read_bytes()
    path = tmp_path / f"b.jsonl{ending}"
    path.write_bytes(spoil(whole))

    with pytest.raises(ConfigError, match=r"b.jsonl.* cannot be read: .*expected JSON"):
        [*read_interchange(path)]


def test_names_and_what_is_no_text(tmp_path: Path) -> None:
    assert [unpacked_name(Path(name)) for name in ("a.csv.GZ", "b.zst", "c.csv")] == ["a.csv", "b", "c.csv"]
    with pytest.raises(ConfigError, match=r"expected a name without \.gz: only text is packed"):
        write_interchange(ITEMS, tmp_path / "a.parquet.gz")
    with unpacked_file(Path(__file__), "text") as file:
        assert file.read(3) == b'"""'
