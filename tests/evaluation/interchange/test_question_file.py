"""Questions come out of tables, packed files and datasets as often as is wanted."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa import ConfigError, QuestionFile, abatch, create_moa, write_interchange
from langgraph_moa.core.offline.scripted import ScriptedModel

ITEMS: list[dict[str, Any]] = [{"key": f"k{n}", "prompt": f"What is {n} + 1?", "sum": n + 1} for n in range(4)]
NAMES = {"question": ["prompt"], "gold": ["sum"], "id": ["key"]}


@pytest.mark.parametrize("name", ["q.csv", "q.tsv.gz", "q.parquet", "q.jsonl.zst", "q.json", "hf"])
def test_a_batch_goes_through_it(name: str, tmp_path: Path) -> None:
    if name == "hf" or name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    write_interchange(ITEMS_AS_QUESTIONS, tmp_path / name)
    file = QuestionFile(tmp_path / name)

    questions = [*file]
    sums = asyncio.run(abatch(create_moa(proposers=[ScriptedModel(script="4")], layers=1), file, tmp_path / "rows"))

    assert [(q.id, q.messages[0]["content"], q.gold) for q in questions] == [
        (f"k{n}", f"What is {n} + 1?", str(n + 1)) for n in range(4)
    ]
    assert [q.id for q in file] == [q.id for q in questions]
    assert sums["answered"] == 4


ITEMS_AS_QUESTIONS = [{"id": item["key"], "question": item["prompt"], "gold": str(item["sum"])} for item in ITEMS]


def test_columns_of_other_names_are_named(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("key,prompt,sum\nk0,What is 0 + 1?,1\n")

    (question,) = QuestionFile(tmp_path / "q.csv", names=NAMES)

    assert (question.id, question.messages[0]["content"], question.gold) == ("k0", "What is 0 + 1?", "1")
    assert question.given["key" if "key" in question.given else "id"] == "k0"


@pytest.mark.parametrize("names", [{}, {"question": ["promt"]}, {"gold": ["sum"]}])
def test_a_column_that_is_not_there_is_told_with_those_that_are(names: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("key,prompt,sum,answer\nk0,What is 0 + 1?,1,1\n")

    with pytest.raises(ConfigError, match=r"found no question in row 2 of .*q.csv.*--map question=COLUMN; .*prompt"):
        [*QuestionFile(tmp_path / "q.csv", names=names)]
