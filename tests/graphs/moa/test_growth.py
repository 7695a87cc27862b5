"""What a call costs does not grow with those beside it: what is done for each of 15 and of 60 proposers is counted."""

import sys
from collections import Counter
from collections.abc import Callable
from types import CodeType
from typing import Any, cast
from uuid import uuid4

import pytest
from langgraph_moa import Budget, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.run import state
from langgraph_moa.core.run.turn import Turn
from langgraph_moa.nodes.prompting.prompt_writer import PromptWriter
from langgraph_moa.prompts.fence import _fenced, _unforged
from reading import user

STEPS: dict[str, Callable[..., Any]] = {
    "prompts": PromptWriter.write,
    "references": Turn.references,
    "layers sorted": cast("Any", vars(Turn)["_layers"]).func,
    "places looked for": state._found_at,
}


async def counted(size: int, budget: Budget | None) -> Counter[str]:
    """Run a mixture of three layers, and count what is called; fences are counted where they are written."""
    names: dict[CodeType, str] = {step.__code__: name for name, step in STEPS.items()}
    names |= {_fenced.__wrapped__.__code__: "fences", _unforged.__wrapped__.__code__: "texts"}
    models = [ScriptedModel(script=[f"{n}, {uuid4()}", f"{n}, again"], name_of_model=f"p{n}") for n in range(size)]
    options: dict[str, Any] = {"early_stop": None, "max_tokens": 50, "layers": 3, "budget": budget}
    moa = create_moa(proposers=models, aggregator=ScriptedModel(script="last"), **options)
    counts: Counter[str] = Counter()

    def count(frame: Any, event: str, argument: object) -> None:
        if event == "call" and (name := names.get(frame.f_code)):
            counts[name] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        await moa.ainvoke(user("Which?"))
    finally:
        sys.setprofile(before)
    return counts


@pytest.mark.parametrize("budget", [None, Budget(calls=200), Budget(tokens=10_000_000, seconds=600)], ids=str)
async def test_sixty_proposers_take_four_times_as_much_as_fifteen(budget: Budget | None) -> None:
    few, many = await counted(15, budget), await counted(60, budget)

    assert set(few) == {*STEPS, "fences", "texts"}
    for step in (*STEPS, "texts"):
        assert many[step] <= 4 * few[step] + 8, step
    assert many["fences"] <= 3  # what layer 2 reads, what the aggregator does, and a bound of that
