"""Models that play a script, and panels of them."""

from typing import Any

from langgraph_moa import Proposer
from langgraph_moa.core.offline.scripted import ScriptedModel


def says(script: Any, name: str = "scripted", **fields: Any) -> ScriptedModel:
    """Make a model that says one line whenever it is asked, or a list of lines one after the other."""
    return ScriptedModel(script=script, name_of_model=name, **fields)


def panel(*scripts: Any) -> list[Proposer]:
    """Make proposers a, b, c, ... that say these."""
    return [Proposer(says(script, name), name=name) for script, name in zip(scripts, "abcdefgh", strict=False)]
