"""What tests of threads share."""

from pathlib import Path

import pytest


@pytest.fixture
def where(tmp_path: Path) -> list[str]:
    return ["--thread", "t", "--store", str(tmp_path / "store.db")]
