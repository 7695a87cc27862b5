"""A vote counts answers without a call, and abstains where there is nothing to count."""

from typing import Any

import pytest
from langgraph_moa import (
    AllProposersFailed,
    ChatMoA,
    EarlyStop,
    Proposer,
    Vote,
    create_moa,
)
from loopback import Loopback, Reply
from panels import says
from reading import QUESTION
from solving import QWEN, served, solvers

VOTES: dict[str, tuple[list[Any], Any, str, str]] = {
    "the most win": (["1", "2", "2"], Vote(), "2", "vote: 2 of 3 for the answer of b"),
    "a tie goes to the first declared": (
        ["1", "2", "2", "1"],
        Vote(),
        "1",
        "vote: 2 of 4 for the answer of a; tied with that of b, and declared first",
    ),
    "weights count": (["1", "2", "2"], Vote(weights={"a": 2.5}), "1", "vote: 2.5 of 4.5 for the answer of a"),
    "who does not say has no vote": (["1", "I cannot", "1"], Vote(), "1", "vote: 2 of 3 for the answer of a"),
}


@pytest.mark.parametrize("case", VOTES)
def test_votes_are_counted_without_a_call(case: str) -> None:
    answers, vote, expected, told = VOTES[case]

    result = create_moa(proposers=solvers(*answers), aggregator=vote).invoke(QUESTION)

    assert result["messages"][-1].text == f"Well.\nFinal answer: {expected}"
    assert told in result["run"]["notes"]
    assert (result["run"]["calls"], result["run"]["stopped"], result["run"]["degraded"]) == (
        len(answers),
        "completed",
        None,
    )
    assert result["run"]["aggregators"] == []


def test_a_vote_that_abstains_leaves_it_to_the_model_after_it() -> None:
    essays = [says(f"It depends on {n}, and on much else besides it.", n) for n in "abc"]

    written = create_moa(proposers=essays, aggregator=[Vote(), says("written", "z")]).invoke(QUESTION)
    alone = create_moa(proposers=essays, aggregator=Vote()).invoke(QUESTION)
    split = create_moa(proposers=solvers("1", "2", "3"), aggregator=[Vote(), says("written", "z")]).invoke(QUESTION)

    assert (written["messages"][-1].text, written["run"]["degraded"]) == ("written", None)
    assert written["run"]["notes"] == ["the vote abstained: no text ends on a short answer"]
    assert alone["messages"][-1].text.startswith("It depends on a")
    assert "the vote abstained" in alone["run"]["degraded"]
    assert "word for word" in alone["run"]["degraded"]
    assert split["run"]["notes"] == ["the vote abstained: no two proposals agree"]


def test_weights_of_a_sampled_proposer_count_for_each_sample() -> None:
    twice = Proposer(says("Final answer: 1", "m"), name="twice", samples=2)
    moa = create_moa(proposers=[twice, *solvers("2", "2")], aggregator=Vote(weights={"twice": 1.5}))

    assert moa.invoke(QUESTION)["run"]["notes"] == ["vote: 3 of 5 for the answer of twice/1"]


def test_one_answer_among_those_that_say_nothing_is_no_vote() -> None:
    result = create_moa(proposers=solvers("1", "I cannot say", "I cannot say"), aggregator=Vote()).invoke(QUESTION)

    assert "the vote abstained: no two proposals agree" in result["run"]["degraded"]


def test_a_vote_alone_makes_no_call_that_an_agreed_answer_could_save() -> None:
    moa = create_moa(proposers=solvers("1", "1", "1"), aggregator=Vote(), early_stop=EarlyStop(then="answer"))

    result = moa.invoke(QUESTION)

    assert (result["run"]["calls"], result["run"]["saved"], result["messages"][-1].text) == (
        3,
        0,
        "Well.\nFinal answer: 1",
    )


SHARED_VOTES: dict[str, tuple[dict[str, tuple[str, str]], dict[str, Any], str, str | None]] = {
    "one model's three names against two": (
        {**QWEN, "d": ("8", "d"), "e": ("8", "e")},
        {},
        "8",
        "vote: 2 of 3 for the answer of d; llama3, gemma3, phi4 share one model's votes: all were served by qwen05",
    ),
    "nobody else": (
        {"a": ("7", "x"), "b": ("7", "x"), "c": ("8", "x")},
        {},
        "7",
        "vote: 2 of 3 for the answer of a",
    ),
    "agreement of one with itself": (
        {"a": ("7", "x"), "b": ("7", "x"), "c": ("8", "c"), "d": ("9", "d")},
        {},
        "written",
        None,
    ),
    "weights are shared, too": (
        {"a": ("7", "x"), "b": ("7", "x"), "c": ("8", "c")},
        {"weights": {"a": 3, "b": 3, "c": 2}},
        "7",
        "vote: 3 of 5 for the answer of a; a, b share one model's votes: all were served by x",
    ),
}


@pytest.mark.parametrize("case", SHARED_VOTES)
async def test_a_model_outvotes_nobody_by_having_more_names(loopback: Loopback, case: str) -> None:
    answers, options, wins, note = SHARED_VOTES[case]
    loopback.say("last", Reply("Final answer: written"))
    moa = served(loopback, answers, aggregator=[Vote(**options), "last"], layers=2, early_stop=None)

    result = await moa.ainvoke(QUESTION)

    assert result["messages"][-1].text.endswith(f"Final answer: {wins}")
    if note:
        assert note in result["run"]["notes"]
    else:
        told = "the vote abstained: no two models agree; a, b share one model's votes: all were served by x"
        assert told in result["run"]["notes"]


def test_every_sample_of_one_declared_model_counts() -> None:
    sampled = Proposer(says([f"Final answer: {n}" for n in (1, 2, 2)], "m"), samples=3)
    moa = create_moa(proposers=[sampled, says("Final answer: 1", "n")], aggregator=Vote(), early_stop=None)

    result = moa.invoke(QUESTION)

    assert result["run"]["notes"] == ["vote: 2 of 4 for the answer of m/1; tied with that of m/2, and declared first"]


async def test_a_vote_alone_calls_no_tool() -> None:
    """A caller that binds tools past ChatMoA's own check is told that nobody answered."""
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    model = ChatMoA(create_moa(proposers=solvers("7", "7"), aggregator=Vote(), early_stop=None))

    with pytest.raises(AllProposersFailed, match="0 of 0"):
        await model.bind(tools=[tool], tool_choice="any").ainvoke("Which?")
