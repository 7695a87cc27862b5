"""Hugging Face's own package loads what is written here, and what it writes is read."""

import asyncio
from pathlib import Path
from typing import Any

import datasets
import pandas
import pytest
from langgraph_moa import QuestionFile, abatch, create_moa
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.core.offline.scripted import ScriptedModel
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


@pytest.mark.parametrize("name", ["q.csv", "q.csv.gz", "q.parquet", "q.jsonl.gz", "q.jsonl.zst"])
def test_what_pandas_writes_is_asked(name: str, tmp_path: Path) -> None:
    frame = pandas.DataFrame([{"prompt": f"What is {n} + 1?", "answer": n + 1} for n in range(3)])
    path = str(tmp_path / name)
    if ".csv" in name:
        frame.to_csv(path, index=False)
    elif name.endswith("parquet"):
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True)

    questions = [*QuestionFile(path, names={"question": ["prompt"], "gold": ["answer"]})]

    assert [(q.messages[0]["content"], q.gold) for q in questions] == [
        (f"What is {n} + 1?", str(n + 1)) for n in range(3)
    ]


def test_its_datasets_are_asked_from_a_folder_and_as_they_are(tmp_path: Path) -> None:
    whole = datasets.Dataset.from_list([{"question": f"What is {n} + 1?", "gold": str(n + 1)} for n in range(3)])
    datasets.DatasetDict({"train": whole, "test": whole.select([0])}).save_to_disk(str(tmp_path / "hf"))
    moa = create_moa(proposers=[ScriptedModel(script="1")], layers=1)

    sums = [
        asyncio.run(abatch(moa, given, tmp_path / f"{n}.jsonl"))
        for n, given in enumerate(
            [QuestionFile(tmp_path / "hf", split="test"), whole, whole.to_pandas().to_dict("records")]
        )
    ]

    assert [one["answered"] for one in sums] == [1, 3, 3]


def test_it_and_pandas_read_what_a_batch_writes(tmp_path: Path) -> None:
    rows = [{"id": str(n), "answer": "ä", "run": {"calls": 1}, "error": None, "gold": None} for n in range(3)]
    for name in ("r.csv", "r.parquet", "r.jsonl.gz", "r.jsonl.zst"):
        write_interchange(rows, tmp_path / name)
    read = [
        pandas.read_csv(tmp_path / "r.csv"),
        pandas.read_parquet(tmp_path / "r.parquet"),
        *(pandas.read_json(tmp_path / name, lines=True) for name in ("r.jsonl.gz", "r.jsonl.zst")),
    ]

    assert [list(frame["answer"]) for frame in read] == [["ä"] * 3] * 4
    packed = datasets.load_dataset(
        "json", data_files=str(tmp_path / "r.jsonl.gz"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert packed["answer"][:] == ["ä"] * 3
