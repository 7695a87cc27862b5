"""An estimate bounds what a run may cost."""

from typing import Any

import pytest
from langgraph_moa import (
    ConfigError,
    create_moa,
    estimate,
)
from langgraph_moa.core.offline.scripted import ScriptedModel

MODEL = ScriptedModel(script="x")


def test_tools_and_several_choices_are_bounded_too() -> None:
    plain = ScriptedModel(script="x", profile={"max_output_tokens": 100})
    tool = {"type": "function", "function": {"name": "look", "description": "word " * 200, "parameters": {}}}

    bounds = [
        estimate(create_moa(proposers=[model], aggregator=plain), "Which?")["tokens"]
        for model in (plain, plain.bind(n=3), plain.bind(tools=[tool]))
    ]

    assert None not in bounds
    one, three, tools = (bound or 0 for bound in bounds)
    assert three >= one + 200
    assert tools >= one + 500


@pytest.mark.parametrize("wrong", [(3, "hi"), (MODEL, "hi"), ("moa", 3)])
def test_an_estimate_of_something_else_is_refused(wrong: tuple[Any, Any]) -> None:
    moa = create_moa(proposers=[MODEL], aggregator=MODEL) if wrong[0] == "moa" else wrong[0]

    with pytest.raises(ConfigError, match=r"found (int|ScriptedModel) (without proposers|as messages)"):
        estimate(moa, wrong[1])
