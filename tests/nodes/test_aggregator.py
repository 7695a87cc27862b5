"""A paid proposal is never lost: where no aggregator answers, the best one is the answer."""

from typing import cast

import pytest
from langchain_core.messages import AIMessage
from langgraph_moa import create_moa
from langgraph_moa.core.agreement.vote import best_proposal
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.run.records import Proposal
from loopback import Loopback, Reply
from mixtures import chain_of
from reading import QUESTION
from tables import each


@pytest.mark.parametrize("api", ["invoke", "ainvoke"])
async def test_when_all_fail_the_best_proposal_is_the_answer(loopback: Loopback, api: str) -> None:
    loopback.say("first", Reply(status=401))
    loopback.say("second", Reply(""))
    moa = chain_of(loopback, "first", "second")

    result = await moa.ainvoke(QUESTION) if api == "ainvoke" else moa.invoke(QUESTION)

    assert result["messages"][-1].text == "answer of m0"
    for told in ("aggregator first: error", "aggregator second: empty", "proposal of m0, word for word"):
        assert told in result["run"]["degraded"]
    assert result["run"]["truncated"] is False


async def test_an_answer_that_was_cut_at_its_limit_says_so(loopback: Loopback) -> None:
    loopback.say("last", Reply("cut in the mid", finish_reason="length"))

    result = await chain_of(loopback, "last", "never").ainvoke(QUESTION)

    assert result["messages"][-1].text == "cut in the mid"
    assert result["run"]["truncated"] is True
    assert "truncated" in result["run"]["degraded"]
    assert result["messages"][-1].response_metadata["moa"]["truncated"] is True
    assert loopback.asked("never") == []


def proposal(text: str, status: str = "ok", *, model: str = "", served: str | None = None) -> Proposal:
    return cast("Proposal", {"text": text, "status": status, "model": model, "served_model": served})


BEST: list[tuple[list[Proposal], int]] = [
    ([proposal("one"), proposal("two")], 0),
    ([proposal("cut", "truncated"), proposal("two"), proposal("three")], 1),
    ([proposal("It is 5. Answer: 5"), proposal("Answer: 7"), proposal("So the answer is **7**.")], 1),
    ([proposal("Lima"), proposal("Cusco"), proposal(" cusco. ")], 1),
    ([proposal(r"x \boxed{4}"), proposal("y y y\n#### 9"), proposal("y y\n#### 9"), proposal("z\n#### 9")], 1),
    ([proposal("a", "truncated"), proposal("a"), proposal("b")], 1),
    (
        [
            *(proposal("Answer: 5", model=name, served="one") for name in "abc"),
            *(proposal("Answer: 6", model=name, served=name) for name in "de"),
        ],
        3,
    ),
]


@each(("proposals", "best"), BEST)
def test_the_best_proposal_is_the_largest_groups_medoid_else_the_first_whole_one(
    proposals: list[Proposal], best: int
) -> None:
    assert best_proposal(proposals) is proposals[best]


def test_a_truncated_best_proposal_is_marked_too() -> None:
    cut = AIMessage("cut of", response_metadata={"finish_reason": "length"})
    moa = create_moa(proposers=[ScriptedModel(script=cut)], aggregator=ScriptedModel(script=ValueError("x")))

    assert moa.invoke(QUESTION)["run"]["truncated"] is True
