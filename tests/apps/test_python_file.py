"""What stands in a Python file that somebody names."""

from pathlib import Path

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.apps.python_file import named_in_python


def test_a_name_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("thing = 4\n", "utf-8")

    assert named_in_python(f"{file}:thing", option="--x", kind="thing") == ("thing", 4)
    assert named_in_python(f"{file}:other", option="--x", kind="thing") == ("other", None)


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "found no file .* for --x"), ("1/0", "the thing's file .* cannot be run: ZeroDivisionError")],
)
def test_files_that_cannot_be_run(tmp_path: Path, text: str | None, why: str) -> None:
    if text:
        (tmp_path / "mine.py").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=why):
        named_in_python(f"{tmp_path / 'mine.py'}:thing", option="--x", kind="thing")
