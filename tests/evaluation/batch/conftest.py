"""What tests of batches share."""

from pathlib import Path

import pytest
from langgraph_moa.evaluation.batch.rows import RowFile


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "rows.jsonl"


@pytest.fixture
def file(tmp_path: Path) -> RowFile:
    return RowFile(tmp_path / "rows.jsonl")
