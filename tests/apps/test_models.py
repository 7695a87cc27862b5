"""The command that says what can be asked here."""

from pathlib import Path

import pytest
from commands import Run
from langgraph_moa.apps import models
from langgraph_moa.core.models.presets import PRESETS_FILE, presets
from syrupy.assertion import SnapshotAssertion


def test_models_names_the_file_to_edit(run: Run) -> None:
    out = run("models").out

    assert str(PRESETS_FILE) in out
    assert "OPENAI_API_KEY is not set" in out


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_on_screens(monkeypatch: pytest.MonkeyPatch, run: Run, columns: int, snapshot: SnapshotAssertion) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(models, "PRESETS_FILE", Path("presets.toml"))

    assert run("models").out == snapshot


def test_in_a_pipe_each_preset_has_its_ids_whole(run: Run) -> None:
    lines = run("models").out.splitlines()

    for name, preset in presets().items():
        row = next(line for line in lines if line.startswith(f"{name}  "))
        assert row.endswith(preset["aggregator"])
        assert preset["proposers"][0] in row
