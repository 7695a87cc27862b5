"""The first layer is bounded once, by whoever comes first, and with the very prompts that are sent."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import AllProposersFailed, Budget, BudgetExceeded, create_moa, create_self_moa_seq
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.seats import Seat
from langgraph_moa.core.run.turn import Turn
from langgraph_moa.graphs.plan import plan_of
from langgraph_moa.nodes.prompting.prompt import Prompt
from langgraph_moa.nodes.prompting.prompt_writer import PromptWriter
from loopback import Loopback, Reply
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
    """Return the prompts of runs that are over, which nobody is to take any more."""
    return [opening._prompts for opening in plan_of(moa).rules.openings._recent]


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


@pytest.mark.parametrize("at_once", [None, 1])
async def test_what_was_written_is_kept_by_nobody(written: Counter[str], at_once: int | None) -> None:
    moa, _ = panel(3, Budget(calls=4))

    await moa.ainvoke(QUESTION, {"max_concurrency": at_once} if at_once else None)

    assert held(moa) == [{}]
    assert written == {f"p{n}": 1 for n in range(4)}


# LangGraph's own, of nodes that were waiting for their turn.
@pytest.mark.filterwarnings("ignore:coroutine 'arun_with_retry' was never awaited:RuntimeWarning")
async def test_runs_that_are_cancelled_leave_few_prompts() -> None:
    started: asyncio.Queue[None] = asyncio.Queue()

    async def hang(_: object) -> str:
        started.put_nowait(None)
        await asyncio.Event().wait()
        return "never"

    last, budget = ScriptedModel(), Budget(calls=9, strict=False)
    moa = create_moa(proposers=[RunnableLambda(hang) for _ in range(3)], aggregator=last, budget=budget)

    async def cancelled() -> None:
        run = asyncio.create_task(moa.ainvoke(QUESTION, {"max_concurrency": 1}))
        await started.get()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    for _ in range(12):
        await cancelled()

    assert [len(prompts) for prompts in held(moa)] == [2] * 8


async def test_one_who_carries_is_in_nobodys_race() -> None:
    """It would start the clock of those who are asked with it, and may be asked long before them."""
    moa = create_self_moa_seq(model=ScriptedModel(script="x"), samples=5, window=3, budget=Budget(seconds=60))

    await moa.ainvoke(QUESTION)

    titles = [title for race in plan_of(moa).rules.races._recent for title in race.joined]
    assert len(titles) == 5
    assert "best" not in titles


async def test_a_larger_budget_takes_up_what_a_smaller_one_cut(loopback: Loopback) -> None:
    saver, thread = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    question = {"messages": [HumanMessage("Which?", id="1")]}

    def within(seconds: float) -> Any:
        options: Any = {"proposers": ["m0", "m1"], "aggregator": "last", "early_stop": None, "checkpointer": saver}
        return create_moa(**options, resolve=loopback.resolve, budget=Budget(seconds=seconds))

    loopback.default = Reply(broken="hang")
    with pytest.raises(AllProposersFailed, match="cut at the run's deadline"):
        await within(0.3).ainvoke(question, thread)
    with pytest.raises(BudgetExceeded, match=r"Budget\(seconds=0.3\) is spent: "):
        await within(0.3).ainvoke(question, thread)
    loopback.default = Reply("an answer")
    result = await within(30).ainvoke(question, thread)

    assert (result["run"]["stopped"], result["messages"][-1].text) == ("completed", "an answer")
    assert {p["status"] for p in result["proposals"]} == {"ok"}
    assert 0.3 <= result["run"]["seconds"] < 30
