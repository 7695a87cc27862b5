"""What tests of the command `batch` share."""

from pathlib import Path

import pytest
from batches import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)
