"""What is written takes its place when it is whole: by one process at a time, and what was there stays until then."""

from pathlib import Path

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.core.lock import locked
from langgraph_moa.evaluation.interchange.forms import read_interchange, write_interchange
from langgraph_moa.evaluation.interchange.placing import put, workshop

ITEMS = [{"id": "a", "question": "2 + 2?"}]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with locked(out, busy=""), pytest.raises(ConfigError, match="another process that writes"):
        write_interchange(ITEMS, out)

    assert write_interchange(ITEMS, out) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize("name", ["out.csv", "out"])
def test_what_fails_leaves_what_was_there(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    write_interchange(ITEMS, tmp_path / name)
    rename, calls = Path.rename, iter(range(9))

    def failing(path: Path, target: Path) -> Path:
        if next(calls) == 1:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    def refused(path: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", failing)
    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(ConfigError, match="No space left on device"):
        write_interchange([*ITEMS, {"id": "b", "question": "3?"}], tmp_path / name, anew=True)

    assert [item["id"] for item in read_interchange(tmp_path / name)] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_a_kill_has_left_is_removed_and_nobody_elses(tmp_path: Path) -> None:
    with workshop(tmp_path / "out.csv") as folder:
        name = folder.name
    (tmp_path / name).mkdir()
    (tmp_path / name / "half").write_text("x")
    (tmp_path / ".out.csv-mine").mkdir()

    write_interchange(ITEMS, tmp_path / "out.csv")

    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.csv-mine", "out.csv"]


def test_a_folder_is_swapped(tmp_path: Path) -> None:
    for name in ("place", "shop/place"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "name").write_text(name)

    put(tmp_path / "shop/place", tmp_path / "place")

    assert (tmp_path / "place/name").read_text() == "shop/place"
