"""One process at a time writes to a file."""

import subprocess
import sys
from pathlib import Path

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.evaluation.batch.rows import RowFile

HOLD = """
import sys, pathlib
from langgraph_moa.evaluation.batch.rows import RowFile
with RowFile(pathlib.Path(sys.argv[1])).locked():
    print("held", flush=True)
    input()
"""


def test_a_lock_is_gone_with_whoever_is_killed(file: RowFile) -> None:
    command = [sys.executable, "-c", HOLD, str(file.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        other.stdout.readline()
        with (
            pytest.raises(ConfigError, match=r"found another batch at work on .*rows\.jsonl, expected it free"),
            file.locked(),
        ):
            pass
        other.kill()
        other.wait()

    with file.locked(), pytest.raises(ConfigError, match="another batch"), RowFile(file.path).locked():
        pass
    assert list(file.path.parent.iterdir()) == []


def test_a_lock_holds_by_whatever_path(file: RowFile, tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to(file.path)

    with file.locked(), pytest.raises(ConfigError, match="another batch"), RowFile(tmp_path / "link.jsonl").locked():
        pass
