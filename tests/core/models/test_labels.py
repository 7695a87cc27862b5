"""What models are called."""

from typing import Any

import pytest
from langgraph_moa.core.models.labels import model_label
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
