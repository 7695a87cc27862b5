"""Marked answers are asked for only where agreement can change the run."""

from typing import Any

from langgraph_moa import (
    EarlyStop,
    Vote,
    create_moa,
    judge_agreement,
    near_duplicates,
)
from loopback import Loopback
from panels import says
from reading import QUESTION
from tables import each

MARKED: dict[str, tuple[dict[str, Any], bool]] = {
    "two layers lead to the aggregator whatever they say": ({}, False),
    "three can end after the first": ({"layers": 3}, True),
    "the agreed proposal may be the answer": ({"early_stop": EarlyStop(then="answer")}, True),
    "the rest may be cut": ({"early_stop": EarlyStop(as_completed=True)}, True),
    "the rest may not be asked": ({"waves": (2,)}, True),
    "watched as if it could stop": ({"layers": 3, "early_stop": EarlyStop(shadow=True)}, True),
    "only watched, and nothing to leave out": ({"early_stop": EarlyStop(shadow=True)}, False),
    "more models than there are": ({"layers": 3, "early_stop": EarlyStop(min_responses=4)}, False),
    "a vote": ({"aggregator": Vote(), "layers": 3, "early_stop": None}, True),
    "nothing looks": ({"layers": 3, "early_stop": None}, False),
    "not wanted": ({"layers": 3, "mark_answers": False}, False),
    "a judge reads whole answers": (
        {"layers": 3, "early_stop": EarlyStop(agreement=judge_agreement("offline:words"))},
        False,
    ),
    "letters are compared": ({"layers": 3, "early_stop": EarlyStop(agreement=near_duplicates())}, False),
}


@each("case", MARKED)
def test_marking_is_asked_for_only_where_agreement_can_change_the_run(case: str) -> None:
    options, expected = MARKED[case]
    models, last = [says(f"I say {name}", f"model-{name}") for name in "abc"], says("x", "z")

    create_moa(**{"proposers": models, "aggregator": last, **options}).invoke(QUESTION)

    prompts = [prompt for model in models for prompt in model.asked]
    assert ["Final answer:" in prompt[0].text for prompt in prompts] == [expected] * len(prompts)
    assert all("Final answer:" not in prompt[-1].text for prompt in [*prompts, *last.asked])


async def test_our_own_messages_look_like_any_other_to_a_server(loopback: Loopback) -> None:
    moa = create_moa(proposers=["a"], aggregator="z", resolve=loopback.resolve)

    await moa.ainvoke(QUESTION)

    for request in loopback.requests:
        assert [(set(message), message["role"]) for message in request.messages] == [({"role", "content"}, "user")]
