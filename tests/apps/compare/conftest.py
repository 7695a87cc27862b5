"""What tests of the command `compare` share."""

from pathlib import Path

import pytest
from sums import FEW, SUMS


@pytest.fixture
def sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write sixty questions of arithmetic, a quarter of them with wrong gold, and be where they are."""
    monkeypatch.chdir(tmp_path)
    Path("sums.jsonl").write_text(SUMS)
    return "sums.jsonl"


@pytest.fixture
def few(sums: str) -> str:
    """Write eight of them, where no verdict is waited for."""
    Path(sums).write_text(FEW)
    return sums
