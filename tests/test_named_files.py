"""Whatever a path leads to that somebody named, nothing waits for it, and one sentence says what is wrong."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.apps.batch.formats import FORMATS
from langgraph_moa.apps.compare.folder import rows_of_systems
from langgraph_moa.apps.compare.grader_file import read_grader
from langgraph_moa.apps.settings.discovery import find_settings
from langgraph_moa.apps.settings.written import keys_in
from langgraph_moa.core.local.weights import checked_file
from langgraph_moa.core.offline.docs_retriever import DocsRetriever
from langgraph_moa.evaluation.batch.reading import read_questions
from langgraph_moa.evaluation.batch.rows import RowFile
from langgraph_moa.evaluation.comparing.wording import is_marked
from langgraph_moa.evaluation.grading.jury import Jury
from langgraph_moa.evaluation.recorded import read_record
from langgraph_moa.prompts.template import load_template


def of_systems(file: Path) -> None:
    with rows_of_systems(file.parent, []):
        pass


def of_wording(file: Path) -> None:
    (file.parent / "a.jsonl").touch()
    is_marked(file.parent, by_answer=True, mark=True)


def of_environment(file: Path) -> None:
    os.environ["LANGGRAPH_MOA_CONFIG"] = str(file)
    find_settings()


READERS: dict[str, Callable[[Path], Any]] = {
    "a.toml": keys_in,
    "b.toml": of_environment,
    "moa.yaml": keys_in,
    "pyproject.toml": keys_in,
    "prompt.md": load_template,
    "model.gguf": lambda file: checked_file(str(file)),
    "questions.jsonl": lambda file: list(read_questions(file)),
    "benchmark.jsonl": lambda file: list(FORMATS["flask"].read(file)),
    "record.jsonl": read_record,
    "rows.jsonl": lambda file: list(RowFile(file).rows()),
    "out.jsonl": lambda file: RowFile(file).check(),
    "grader.py": lambda file: read_grader(f"{file}:grade"),
    "docs.txt": lambda file: DocsRetriever(docs=file),
    "_systems.json": of_systems,
    "_asked.json": of_wording,
    "_verdicts.jsonl": lambda file: Jury(None, concurrency=1, file=file),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder"])
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str) -> None:
    monkeypatch.setenv("LANGGRAPH_MOA_CONFIG", "")  # and put back afterwards
    file = tmp_path / name
    {"a pipe": os.mkfifo, "a device": lambda path: path.symlink_to("/dev/zero"), "a folder": Path.mkdir}[kind](file)

    with pytest.raises(ConfigError) as refused:
        READERS[name](file)

    sentence = str(refused.value)
    assert "\n" not in sentence
    assert re.search(rf"{re.escape(str(file))}|{name}", sentence)
    assert not re.search(r"Errno|unexpected", sentence)


@pytest.mark.parametrize("name", [name for name in READERS if not name.startswith("out")])
def test_a_hole_of_ten_gigabytes_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("LANGGRAPH_MOA_CONFIG", "")
    monkeypatch.setattr("langgraph_moa.core.ordinary.LONGEST_LINE", 1_000_000)
    for module in ("apps.batch.benchmark", "evaluation.grading.jury"):
        monkeypatch.setattr(f"langgraph_moa.{module}._MOST_BYTES", 1_000_000)
    with (tmp_path / name).open("wb") as file:
        file.truncate(10_000_000_000)

    if name == "grader.py":
        pytest.skip("a grader is a program, and trusted as one")
    with pytest.raises(ConfigError, match=r"bytes|found no table|another format"):
        READERS[name](tmp_path / name)
