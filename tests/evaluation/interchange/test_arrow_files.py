"""Parquet and Arrow files, and the folders of datasets: whole, cut, with splits, and with names that lead elsewhere."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.interchange import arrow_files
from langgraph_moa.evaluation.interchange.losses import Losses
from langgraph_moa.evaluation.interchange.spool import Spool
from tables import each

ITEMS = [{"id": str(n), "question": f"{n}?", "responses": {"a": {"text": str(n)}}} for n in range(150)]


def write(writer: Any, path: Path, items: list[dict[str, Any]] = ITEMS) -> Path:
    with Spool(iter(items)) as spool:
        writer(spool, path, Losses())
    return path


def items_of(rows: Any) -> list[dict[str, Any]]:
    return [item for _, item in rows]


def test_files_come_back(tmp_path: Path) -> None:
    parquet = write(arrow_files.write_parquet, tmp_path / "a.parquet")
    arrow = write(arrow_files.write_arrow, tmp_path / "a.arrow")
    folder = write(arrow_files.write_dataset, tmp_path / "hf")
    with (
        pa.OSFile(str(tmp_path / "file.arrow"), "wb") as file,
        pa.ipc.new_file(file, pa.schema([("q", pa.string())])) as out,
    ):
        out.write_batch(pa.record_batch({"q": pa.array(["a"])}))

    assert items_of(arrow_files.parquet_rows(parquet, Losses())) == ITEMS
    assert items_of(arrow_files.arrow_rows(arrow, Losses())) == ITEMS
    assert items_of(arrow_files.dataset_rows(folder, None, Losses())) == ITEMS
    assert items_of(arrow_files.arrow_rows(tmp_path / "file.arrow", Losses())) == [{"q": "a"}]


@each("share", [0.0, 0.3, 0.6, 0.99])
def test_a_file_that_was_cut_is_refused(tmp_path: Path, share: float) -> None:
    for writer, reader in (
        (arrow_files.write_parquet, arrow_files.parquet_rows),
        (arrow_files.write_arrow, arrow_files.arrow_rows),
    ):
        path = tmp_path / f"{writer.__name__}-{share}"
        content = write(writer, path).read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(ConfigError, match="cannot be read"):
            items_of(reader(path, Losses()))


def test_which_split_must_be_named(tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / "hf").mkdir(exist_ok=True)
        write(arrow_files.write_dataset, tmp_path / "hf" / split, [{"question": split}])
    (tmp_path / "hf" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')

    assert items_of(arrow_files.dataset_rows(tmp_path / "hf", "test", Losses())) == [{"question": "test"}]
    for given, message in ((None, "no --split"), ("tset", "did you mean 'test'")):
        with pytest.raises(ConfigError, match=message):
            items_of(arrow_files.dataset_rows(tmp_path / "hf", given, Losses()))
    with pytest.raises(ConfigError, match="is one dataset"):
        items_of(arrow_files.dataset_rows(tmp_path / "hf" / "test", "test", Losses()))


def test_a_folder_of_parquet_files_has_splits_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for n in range(2):
        write(arrow_files.write_parquet, tmp_path / "data" / f"train-0000{n}-of-00002.parquet", [{"question": str(n)}])
    write(arrow_files.write_parquet, tmp_path / "data" / "test-00000-of-00001.parquet", [{"question": "t"}])

    assert arrow_files.is_dataset_folder(tmp_path)
    assert items_of(arrow_files.dataset_rows(tmp_path, "train", Losses())) == [{"question": "0"}, {"question": "1"}]
    with pytest.raises(ConfigError, match="expected one of test, train"):
        items_of(arrow_files.dataset_rows(tmp_path, None, Losses()))


@each(
    "state, message",
    [
        ("{", "expected what datasets' save_to_disk wrote"),
        (json.dumps({"_data_files": [{"filename": "../../etc/passwd"}]}), "expected one of a file in it"),
        (json.dumps({"_data_files": [{"filename": "none.arrow"}]}), "cannot be read"),
        (json.dumps({"_indices_data_files": [{"filename": "i.arrow"}]}), "save it anew"),
    ],
)
def test_a_folder_that_is_wrong_is_refused(tmp_path: Path, state: str, message: str) -> None:
    (tmp_path / "state.json").write_text(state)

    with pytest.raises(ConfigError, match=message):
        items_of(arrow_files.dataset_rows(tmp_path, None, Losses()))


def test_an_empty_folder_is_none(tmp_path: Path) -> None:
    assert not arrow_files.is_dataset_folder(tmp_path)
    with pytest.raises(ConfigError, match="found no dataset"):
        items_of(arrow_files.dataset_rows(tmp_path, None, Losses()))
