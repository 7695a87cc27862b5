"""The first layer is bounded once, by whoever comes first, and with the very prompts that are sent."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import Budget, BudgetExceeded, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.seats import Seat
from langgraph_moa.core.run.turn import Turn
from langgraph_moa.graphs.plan import plan_of
from langgraph_moa.nodes.calls.prompt import Prompt
from langgraph_moa.nodes.calls.prompt_writer import PromptWriter
from reading import user

QUESTION = user("Which?")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the prompts that are written, by whom they ask."""
    counts: Counter[str] = Counter()
    write = PromptWriter.write

    def counting(self: PromptWriter, seat: Seat, turn: Turn, layer: int, *texts: Any) -> Prompt:
        counts[seat.title] += 1
        return write(self, seat, turn, layer, *texts)

    monkeypatch.setattr(PromptWriter, "write", counting)
    return counts


def panel(size: int, budget: Budget | None, *lines: str, **options: Any) -> tuple[Any, list[ScriptedModel]]:
    models = [ScriptedModel(script=list(lines or ("an answer",)), name_of_model=f"p{n}") for n in range(size + 1)]
    last = models.pop()
    options = {"early_stop": None, "max_tokens": 50, "budget": budget} | options
    return create_moa(proposers=models, aggregator=last, **options), models


def held(moa: Any) -> list[Any]:
    return [race.prompts for race in plan_of(moa).rules.races._recent]


@pytest.mark.parametrize("budget", [None, Budget(calls=31), Budget(tokens=100_000), Budget(seconds=60, calls=40)])
@pytest.mark.parametrize("api", ["async", "sync"])
async def test_thirty_proposers_prompts_are_written_once_each(
    written: Counter[str], budget: Budget | None, api: str
) -> None:
    moa, models = panel(30, budget)

    result = await (moa.ainvoke(QUESTION) if api == "async" else asyncio.to_thread(moa.invoke, QUESTION))

    assert result["run"]["stopped"] == "completed"
    assert written == {f"p{n}": 1 for n in range(31)}
    assert all(len(model.asked) == 1 for model in models)


async def test_nobody_is_asked_where_all_do_not_fit(written: Counter[str]) -> None:
    moa, models = panel(30, Budget(calls=29))

    with pytest.raises(BudgetExceeded, match=r"Budget\(calls=29\): 0 are spent, the step may take 30"):
        await moa.ainvoke(QUESTION)

    assert written == {f"p{n}": 1 for n in range(30)}
    assert not any(model.asked for model in models)
    assert held(moa) == [{}]


async def test_a_second_turn_is_bounded_anew(written: Counter[str]) -> None:
    moa, _ = panel(3, Budget(calls=4), "one", "two", checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "t"}}

    await moa.ainvoke(QUESTION, thread)
    result = await moa.ainvoke(user("And now?"), thread)

    assert [p["text"] for p in result["proposals"]] == ["two"] * 3
    assert written == {f"p{n}": 2 for n in range(4)}


async def test_what_was_written_is_kept_by_nobody() -> None:
    """Races are remembered for a thousand layers: prompts in them would be, too."""
    moa, _ = panel(3, Budget(calls=4))

    await moa.ainvoke(QUESTION)

    assert held(moa) == [{}]
