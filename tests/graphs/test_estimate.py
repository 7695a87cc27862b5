"""An estimate bounds what a run may cost."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph_moa import (
    ConfigError,
    create_moa,
    estimate,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.graphs.estimate import usual_cost

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


def test_a_usual_cost_is_counted_by_hand() -> None:
    """Two write 500 tokens each, which the third reads; each is told the question, and the last our own words, too."""
    model = ScriptedModel(script="x", profile={"max_output_tokens": 64_000})
    moa = create_moa(proposers=[model, model], aggregator=model)
    alone = create_moa(proposers=[model], layers=1)
    question = "w" * 400

    one, three = usual_cost(alone, question), usual_cost(moa, question)

    assert one == {"calls": 1, "tokens": 100 + 8 + 500, "usd": 0.0}
    assert three["calls"] == 3
    assert 3 * 608 + 2 * 500 < (three["tokens"] or 0) < 3 * 608 + 2 * 500 + 1_000
    assert (three["tokens"] or 0) < (estimate(moa, question)["tokens"] or 0) / 50


def test_a_usual_answer_keeps_to_max_tokens() -> None:
    model = ScriptedModel(script="x", profile={"max_output_tokens": 64_000})
    moa = create_moa(proposers=[model], layers=1, max_tokens=20)

    assert usual_cost(moa, "w" * 400)["tokens"] == 100 + 8 + 20
    assert usual_cost(moa, "w" * 400, answer=10)["tokens"] == 100 + 8 + 10


def test_a_chain_has_no_usual_cost() -> None:
    chain: RunnableLambda[Any, Any] = RunnableLambda(lambda messages: AIMessage("x"))

    assert usual_cost(create_moa(proposers=[chain, MODEL], aggregator=MODEL), "hi")["calls"] is None
