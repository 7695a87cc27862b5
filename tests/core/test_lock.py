"""One process at a time writes to a file."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.core import lock
from langgraph_moa.core.lock import locked
from langgraph_moa.evaluation.batch.rows import RowFile

HOLD = """
import sys, pathlib
from langgraph_moa.evaluation.batch.rows import RowFile
with RowFile(pathlib.Path(sys.argv[1])).locked():
    print("held", flush=True)
    input()
"""


def test_a_lock_is_gone_with_whoever_is_killed(tmp_path: Path) -> None:
    file = RowFile(tmp_path / "rows.jsonl")
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


def test_whoever_opened_a_lock_that_is_removed_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, first = tmp_path / "f", ExitStack()
    first.enter_context(locked(file, busy="busy"))
    take = lock._take

    def release_and_take(opened: int) -> None:
        first.close()  # between another's opening the lock and its taking it
        take(opened)

    monkeypatch.setattr(lock, "_take", release_and_take)

    with locked(file, busy="busy"), pytest.raises(ConfigError, match=r"^busy$"), locked(file, busy="busy"):
        pass
    assert not list(tmp_path.iterdir())


AT_WORK = """
import sys, pathlib
from langgraph_moa.core.lock import locked
from langgraph_moa.core.errors import ConfigError
folder = pathlib.Path(sys.argv[1])
for _ in range(400):
    try:
        with locked(folder / "f", busy="busy"):
            (folder / "alone").mkdir()
            (folder / "alone").rmdir()
    except ConfigError as exc:
        assert str(exc) == "busy", exc
"""


def test_many_who_take_and_remove_a_lock_are_never_two_at_once(tmp_path: Path) -> None:
    workers = [subprocess.Popen([sys.executable, "-c", AT_WORK, str(tmp_path)]) for _ in range(4)]

    assert [worker.wait() for worker in workers] == [0, 0, 0, 0], "mkdir fails for whoever is not alone"
    assert not list(tmp_path.iterdir())


def test_a_lock_holds_by_whatever_path(tmp_path: Path) -> None:
    file = RowFile(tmp_path / "rows.jsonl")
    (tmp_path / "link.jsonl").symlink_to(file.path)

    with file.locked(), pytest.raises(ConfigError, match="another batch"), RowFile(tmp_path / "link.jsonl").locked():
        pass
