"""Hugging Face's own package loads what is written here, and what it writes is read."""

from pathlib import Path
from typing import Any

import datasets
import pytest
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.interchange.forms import read_interchange, write_interchange

ITEMS: list[dict[str, Any]] = [
    {"id": str(n), "question": f"What is {n} + 1?", "gold": str(n + 1), "tags": ["x", f"{n}"], "n": n} for n in range(5)
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def test_it_loads_a_folder(tmp_path: Path) -> None:
    write_interchange(ITEMS, tmp_path / "hf")

    assert datasets.load_from_disk(str(tmp_path / "hf")).to_list() == ITEMS


@pytest.mark.parametrize(("builder", "name"), [("parquet", "a.parquet"), ("json", "a.jsonl"), ("arrow", "a.arrow")])
def test_it_loads_files(tmp_path: Path, builder: str, name: str) -> None:
    write_interchange(ITEMS, tmp_path / name)
    cache_dir = str(tmp_path / "cache")
    loaded = datasets.load_dataset(builder, data_files=str(tmp_path / name), split="train", cache_dir=cache_dir)

    assert loaded.to_list() == ITEMS


def test_a_table_holds_the_same_texts(tmp_path: Path) -> None:
    write_interchange(ITEMS, tmp_path / "a.csv")
    loaded = datasets.load_dataset(
        "csv", data_files=str(tmp_path / "a.csv"), split="train", cache_dir=str(tmp_path / "cache")
    )

    assert loaded["question"][:] == [item["question"] for item in ITEMS]


def test_what_it_saves_is_read_by_split(tmp_path: Path) -> None:
    features = datasets.Features({
        "question": datasets.Value("string"), "choices": datasets.List(datasets.Value("string")),
        "answer": datasets.ClassLabel(names=["A", "B"]), "chat": [{"role": datasets.Value("string")}],
    })  # fmt: skip
    rows = {"question": ["Which?"] * 3, "choices": [["x", "y"]] * 3, "answer": [1, 0, 1], "chat": [[{"role": "a"}]] * 3}
    whole = datasets.Dataset.from_dict(rows, features=features)
    datasets.DatasetDict({"train": whole, "test": whole.select([2])}).save_to_disk(str(tmp_path / "hf"))
    whole.shuffle(seed=1).save_to_disk(str(tmp_path / "shuffled"), num_shards=2)

    with pytest.raises(ConfigError, match="expected one of train, test"):
        [*read_interchange(tmp_path / "hf", names={"gold": ["answer"]})]
    [item] = read_interchange(tmp_path / "hf", names={"gold": ["answer"]}, split="test")
    assert item == {"question": "Which?\n\nA) x\nB) y", "choices": ["x", "y"], "chat": [{"role": "a"}], "gold": "B"}
    assert len([*read_interchange(tmp_path / "shuffled")]) == 3
