"""A layer in waves: where the first ones agree, the rest is not asked."""

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import (
    AllProposersFailed,
    Budget,
    EarlyStop,
    Proposer,
    Quorum,
    create_moa,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback
from panels import says
from reading import QUESTION
from running import THREAD
from solving import QWEN, served, solve, solvers


@pytest.mark.parametrize("then", ["aggregate", "answer"])
def test_a_wave_that_agrees_saves_the_rest(then: Any) -> None:
    result = solve("1", "1", "2", "3", early_stop=EarlyStop(then=then), waves=(2,), layers=3)

    assert [p["proposer"] for p in result["proposals"]] == ["a", "b"]
    (verdict,) = result["verdicts"]
    skipped = "the rest of the layer and layer 2" if then == "aggregate" else "the rest of the layer and layers 2 and 3"
    saved = 6 + (then == "answer")
    assert verdict["reason"] == f"2 of 2 agree: 1; {skipped} skipped, {saved} calls saved"
    assert result["messages"][-1].text == ("written" if then == "aggregate" else "Well.\nFinal answer: 1")


def test_a_wave_that_disagrees_asks_the_rest() -> None:
    result = solve("1", "2", "1", "1", waves=(2,), layers=3)

    assert [p["proposer"] for p in result["proposals"]] == list("abcd") * 2
    assert [(v["layer"], v["wave"], v["asked"], v["next"]) for v in result["verdicts"]] == [
        (1, 1, 2, "wave_2"),
        (1, 2, 4, "layer_2"),
        (2, 1, 4, "aggregate"),
    ]
    assert result["run"]["calls"] == 9


@pytest.mark.parametrize(
    ("answers", "asked"),
    [(["1", "1", "1", "9", "9", "9"], 2), (["1", "2", "1", "1", "1", "1"], 5), (list("123456"), 6)],
)
def test_several_waves(answers: list[str], asked: int) -> None:
    result = solve(*answers, waves=(2, 3), layers=2, early_stop=EarlyStop(quorum=0.8))

    assert len(result["proposals"]) == asked


def test_a_wave_whose_models_fail_asks_the_rest() -> None:
    result = solve(None, None, "1", "1", waves=(2,), layers=2)

    assert [p["status"] for p in result["proposals"]] == ["error", "error", "ok", "ok"]
    assert result["messages"][-1].text == "written"


def test_waves_are_drawn_with_their_own_gate_and_edges() -> None:
    moa = create_moa(
        proposers=solvers("1", "2", "3"), aggregator=says("x", "z"), waves=(2,), early_stop=EarlyStop(then="answer")
    )

    edges = {(edge.source, edge.target) for edge in moa.get_graph().edges}

    wave, gate = "gate_1/wave_1", "gate_1"
    assert {target for source, target in edges if source == wave} == {"layer_1/c", "answer"}
    assert {target for source, target in edges if source == gate} == {"aggregate", "answer"}
    assert {source for source, target in edges if target == wave} == {"layer_1/a", "layer_1/b"}
    assert {source for source, target in edges if target == gate} == {"layer_1/c"}
    assert moa.get_graph().draw_mermaid().count("wave_1") > 0


def test_a_quorum_counts_over_waves() -> None:
    slow = Proposer(ScriptedModel(script="Final answer: 5", name_of_model="slow", delay=60), name="slow")
    moa = create_moa(proposers=[*solvers("1", "2", "3"), slow], aggregator=says("x", "z"), waves=(2,), quorum=Quorum(3))

    assert [p["status"] for p in moa.invoke(QUESTION)["proposals"]] == ["ok", "ok", "ok", "cancelled"]


def test_a_wave_that_does_not_fit_the_budget_is_not_asked() -> None:
    result = solve("1", "2", "3", "4", waves=(2,), layers=2, budget=Budget(calls=4))

    assert [p["proposer"] for p in result["proposals"]] == ["a", "b"]
    assert (result["run"]["stopped"], result["messages"][-1].text) == ("budget", "written")
    assert "Budget(calls=4): 2 are spent, the step may take 3" in result["run"]["degraded"]


async def test_the_same_message_may_be_put_again_over_waves() -> None:
    down = set("cbd")

    def says_or_fails(name: str) -> Any:
        def said(messages: Any) -> str:
            if name in down:
                raise ValueError("down")
            return "Final answer: " + name

        return Proposer(ScriptedModel(script=said, name_of_model=name), name=name)

    moa = create_moa(
        proposers=[says_or_fails(n) for n in "acbd"],
        aggregator=says("written", "z"),
        waves=(2,),
        min_proposals=2,
        early_stop=EarlyStop(min_responses=2),
        checkpointer=InMemorySaver(),
    )
    with pytest.raises(AllProposersFailed):
        await moa.ainvoke(QUESTION, THREAD)
    down.clear()

    question: Any = {"messages": (await moa.aget_state(THREAD)).values["messages"]}
    again = await moa.ainvoke(question, THREAD)

    assert [(p["proposer"], p["calls"]) for p in again["proposals"]] == [("a", 1), ("c", 2), ("b", 2), ("d", 2)]
    assert [(v["wave"], v["next"]) for v in again["verdicts"]] == [(1, "wave_2"), (2, "aggregate")]
    assert again["messages"][-1].text == "written"


def test_waves_ask_proposers_with_all_their_samples() -> None:
    proposers = [Proposer(says("Final answer: 1", n), name=n, samples=2) for n in "abc"]

    result = create_moa(proposers=proposers, aggregator=says("x", "z"), waves=(2,)).invoke(QUESTION)

    assert [p["proposer"] for p in result["proposals"]] == ["a/1", "a/2", "b/1", "b/2"]
    assert result["run"]["saved"] == 2


def test_a_wave_made_again_forgets_the_verdict_after_it() -> None:
    moa = create_moa(
        proposers=solvers("1", "2", "1"), aggregator=says("x", "z"), waves=(2,), checkpointer=InMemorySaver()
    )
    moa.invoke(QUESTION, THREAD)
    (at_wave,) = [s for s in moa.get_state_history(THREAD) if s.next == ("gate_1/wave_1",)]

    again = moa.invoke(None, at_wave.config, interrupt_after=["gate_1/wave_1"])

    assert [(v["layer"], v["wave"]) for v in again["verdicts"]] == [(1, 1)]
    assert moa.get_state(THREAD).next == ("layer_1/c",)


async def test_a_wave_of_one_model_under_two_names_asks_the_rest(loopback: Loopback) -> None:
    result = await served(loopback, QWEN, waves=(2,)).ainvoke(QUESTION)

    assert result["verdicts"][0]["reason"] == "2 of 2 agree: 7, but all were served by one model, qwen05"
    assert result["verdicts"][0]["next"] == "wave_2"
