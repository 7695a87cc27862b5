"""What is no ordinary file is known without opening it."""

import os
from pathlib import Path

from langgraph_moa.evaluation.batch.ordinary import file_kind


def test_a_kind_is_named_and_a_file_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "file").write_text("x")

    kinds = {name: file_kind(tmp_path / name) for name in ("pipe", "link", "file", "nothing", ".", "\0")}

    assert kinds == {"pipe": "a pipe", "link": "a pipe", "file": None, "nothing": None, ".": "a folder", "\0": None}
    assert file_kind(Path(os.devnull)) == "a device"
