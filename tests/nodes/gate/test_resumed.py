"""A run that failed for want of answers asks again who had failed, when it is resumed as LangGraph says."""

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import RetryPolicy
from langgraph_moa import AllProposersFailed, EarlyStop, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.nodes.rules import Failures
from panels import says
from reading import user
from records import a_proposal
from running import APIS, THREAD, run

QUESTION = user("How many?")


class Fails:
    """Answer from the n-th time on."""

    def __init__(self, times: int) -> None:
        self.times, self.asked = times, 0

    def __call__(self, messages: Any) -> str:
        self.asked += 1
        if self.asked <= self.times:
            raise RuntimeError("not now")
        return "Final answer: 4"


class Panel:
    """Be a mixture of one that answers and one that fails a few times, over a thread."""

    def __init__(self, *, fails: int, **options: Any) -> None:
        self.good, self.script, self.saver = says("Final answer: 4", "good"), Fails(fails), InMemorySaver()
        self.options = options

    def moa(self, **options: Any) -> Any:
        bad = ScriptedModel(script=self.script, name_of_model="bad")
        given: dict[str, Any] = {"min_proposals": 2, "early_stop": None, "checkpointer": self.saver, **self.options}
        return create_moa(proposers=[self.good, bad], aggregator=says("4", "last"), **{**given, **options})


@APIS
@pytest.mark.parametrize("rebuilt", [False, True])
async def test_each_time_it_is_resumed(api: str, *, rebuilt: bool) -> None:
    panel = Panel(fails=2)
    moa, given = panel.moa(), QUESTION
    for asked in (1, 2):
        with pytest.raises(AllProposersFailed, match="1 of 2 proposals were usable, expected at least 2"):
            await run(moa, api, given, THREAD)
        assert panel.script.asked == asked
        moa, given = panel.moa() if rebuilt else moa, None

    result = await run(moa, api, None, THREAD)

    assert (len(panel.good.asked), panel.script.asked) == (1, 3)
    assert [v["reason"] for v in result["verdicts"]] == ["2 of 2 proposals usable"]
    assert (result["run"]["calls"], result["run"]["stopped"]) == (5, "completed")


async def test_who_looks_on_is_told_why() -> None:
    panel = Panel(fails=1)
    moa = panel.moa()
    with pytest.raises(AllProposersFailed):
        await moa.ainvoke(QUESTION, THREAD)

    events = [event async for event in moa.astream(None, THREAD, stream_mode="custom")]

    assert [(e["moa"], e.get("next")) for e in events][:2] == [("verdict", "layer_1"), ("layer", None)]
    assert "the run was resumed, and who failed is asked again" in events[0]["reason"]
    assert events[1]["proposers"] == ["bad"]


async def test_waves_are_gone_through_again() -> None:
    second, third = Fails(1), Fails(1)
    moa = create_moa(
        proposers=[
            says("1", "a"),
            *(ScriptedModel(script=s, name_of_model=n) for s, n in ((second, "b"), (third, "c"))),
        ],
        aggregator=says("4", "last"),
        waves=[2],
        early_stop=EarlyStop(),
        min_proposals=2,
        checkpointer=InMemorySaver(),
    )
    with pytest.raises(AllProposersFailed):
        await moa.ainvoke(QUESTION, THREAD)
    assert (second.asked, third.asked) == (1, 1)

    result = await moa.ainvoke(None, THREAD)

    assert (second.asked, third.asked) == (2, 2)
    assert [(v["wave"], v["next"]) for v in result["verdicts"]] == [(1, "wave_2"), (2, "aggregate")]


async def test_a_parents_retry_policy_asks_again_on_a_thread_too() -> None:
    panel = Panel(fails=1, checkpointer=None)
    graph = StateGraph(MessagesState)
    policy = RetryPolicy(initial_interval=0.0, jitter=False, retry_on=AllProposersFailed)
    graph.add_node("moa", panel.moa(), retry_policy=policy)
    graph.add_edge(START, "moa")
    graph.add_edge("moa", END)
    parent: Any = graph.compile(checkpointer=InMemorySaver())

    result = await parent.ainvoke(QUESTION, THREAD)

    assert result["messages"][-1].text == "4"
    assert panel.script.asked == 2


async def test_where_nobody_is_left_to_ask_it_fails_as_before() -> None:
    panel = Panel(fails=1)
    moa = panel.moa()
    with pytest.raises(AllProposersFailed):
        await moa.ainvoke(QUESTION, THREAD)
    failed = next(p for p in moa.get_state(THREAD).values["proposals"] if p["status"] == "error")
    await moa.aupdate_state(THREAD, {"proposals": [{**failed, "status": "dropped"}]}, as_node="layer_1/good")
    await moa.aupdate_state(THREAD, {}, as_node="layer_1/bad")

    for _ in range(2):
        with pytest.raises(AllProposersFailed):
            await moa.ainvoke(None, THREAD)
    assert panel.script.asked == 1


def test_failures_are_new_until_they_are_raised_and_bounded() -> None:
    failures = Failures()
    proposals = [a_proposal("", "a", status="error", position=n) for n in range(10_003)]

    failures.add(proposals)

    assert not failures.any_new(proposals[:3])
    assert failures.any_new(proposals[2:5])
    failures.forget(proposals[2:5])
    assert not failures.any_new(proposals[2:5])
    assert failures.any_new(proposals[-1:])
