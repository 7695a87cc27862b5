"""What models are called."""

from pathlib import Path
from typing import Any

import pytest
from langgraph_moa.core.models.labels import model_label, short_name
from langgraph_moa.core.offline.scripted import ScriptedModel


@pytest.mark.parametrize(
    ("spec", "label"),
    [
        ("openai:x", "openai:x"),
        (ScriptedModel(name_of_model="m"), "m"),
        (ScriptedModel(name_of_model="m").bind(stop=[]), "m"),
    ],
)
def test_labels(spec: Any, label: str) -> None:
    assert model_label(spec) == label


def test_a_label_has_no_folders(folder: Path) -> None:
    assert model_label(f"gguf:{folder}/a/m.gguf") == "gguf:m.gguf"
    assert short_name(f"gguf:{folder}/a/m.gguf") == "m.gguf"
    assert model_label("gguf:/none/such.gguf") == "gguf:such.gguf"
