"""The command that says what can be asked here."""

from commands import Run
from langgraph_moa.core.models.presets import PRESETS_FILE


def test_models_names_the_file_to_edit(run: Run) -> None:
    out = run("models").out

    assert str(PRESETS_FILE) in out
    assert "OPENAI_API_KEY is not set" in out
