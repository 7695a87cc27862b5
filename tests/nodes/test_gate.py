"""A gate collects a layer, and says where the run goes: on, back to the layer before, or nowhere."""

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import (
    AllProposersFailed,
    InputError,
    create_moa,
)
from loopback import Loopback, Reply
from mixtures import mixture
from panels import says
from reading import QUESTION, references_in, user
from running import THREAD


async def test_all_fail(loopback: Loopback) -> None:
    loopback.default = Reply(status=500)

    with pytest.raises(AllProposersFailed) as failed:
        await mixture(loopback, "m0", "m1").ainvoke(QUESTION)

    assert [p["status"] for p in failed.value.failures] == ["error", "error"]
    assert loopback.asked("aggregator") == []


@pytest.mark.parametrize("min_proposals", [1, 3])
def test_too_few_usable_proposals_raise_one_error_that_names_each(min_proposals: int) -> None:
    moa = create_moa(
        proposers=[says(ValueError("boom")), says(""), says("fine" if min_proposals == 3 else TimeoutError())],
        aggregator=says("never"),
        min_proposals=min_proposals,
    )

    with pytest.raises(AllProposersFailed, match=f"expected at least {min_proposals}") as failed:
        moa.invoke(QUESTION)

    assert "scripted: error (ValueError: boom)" in str(failed.value)
    assert "scripted-2: empty" in str(failed.value)


def test_a_failed_later_layer_falls_back_to_the_one_before() -> None:
    last = says("from layer 1")
    moa = create_moa(proposers=[[says("kept")], [says(ValueError("x"))], [says("never")]], aggregator=last)

    result = moa.invoke(QUESTION)

    assert references_in(last.asked[0][-1].text) == ["kept"]
    assert result["run"]["stopped"] == "fell_back"
    assert "layer 2" in str(result["run"]["degraded"])
    assert result["verdicts"][-1]["reason"] == "0 of 1 proposals usable, 1 needed: answering from layer 1"


def test_a_conversation_that_changed_under_its_proposals_is_refused() -> None:
    moa = create_moa(proposers=[says("a")], aggregator=says("x"), checkpointer=InMemorySaver())

    moa.invoke(QUESTION, THREAD, interrupt_before=["aggregate"])
    with pytest.raises(InputError, match="the conversation changed"):
        moa.update_state(THREAD, user("something else?"), as_node="gate_1")

    assert moa.invoke(None, THREAD)["messages"][-1].text == "x"
