"""Scripts for shells, made once for all tests of a process."""

from pathlib import Path

import pytest
from langgraph_moa.apps.program import app
from typer.testing import CliRunner


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a script for each shell, and files that may be completed."""
    folder = tmp_path_factory.mktemp("scripts")
    for name in ("bash", "zsh", "fish"):
        (folder / name).write_text(CliRunner().invoke(app, ["completion", name], prog_name="langgraph-moa").output)
    (folder / "questions.jsonl").touch()
    (folder / "moa.toml").touch()
    return folder
