"""A rewriter turns what a conversation points to into search queries."""

from typing import Any

import pytest
from lamps import GREEN, QUESTION, Ears, finds, searching
from langgraph_moa import (
    Budget,
    BudgetExceeded,
    ConfigError,
    estimate,
)
from panels import says
from running import APIS, run

REWRITTEN: list[tuple[str, list[str]]] = [
    ("lamp colour", ["lamp colour"]),
    ("1. lamp colour\n\n- green lamp\n * 2 lamps", ["lamp colour", "green lamp", "2 lamps"]),
    ("a\nb\nc\nd\ne", ["a", "b", "c"]),
    ("What colour is the lamp?\na\na", ["a"]),
]


@APIS
@pytest.mark.parametrize(("said", "queries"), REWRITTEN)
async def test_a_question_is_rewritten_and_looked_for_itself_too(said: str, queries: list[str], api: str) -> None:
    ears, rewriter = Ears(), says(said, "rewriter")

    result = await run(searching(ears, rewriter=rewriter, proposers=[says("x", "p")]), api, QUESTION)

    assert sorted(ears.queries) == sorted(["What colour is the lamp?", *queries])
    assert {f["query"] for p in result["proposals"] if p["layer"] == 0 for f in p["found"]} == set(ears.queries)
    assert (result["run"]["calls"], result["run"]["layers"], result["run"]["degraded"]) == (3, 2, None)
    assert result["proposals"][0]["layer"] == -1
    (messages,) = rewriter.asked
    assert [m.type for m in messages] == ["human"]
    assert messages[0].text.startswith("What colour is the lamp?\n\nWrite search queries")


@pytest.mark.parametrize("failure", [ValueError("down"), "", " \n "])
async def test_a_rewriter_that_fails_leaves_the_question_as_it_is(failure: Any) -> None:
    ears = Ears()

    result = await searching(ears, rewriter=says(failure, "rewriter")).ainvoke(QUESTION)

    assert ears.queries == ["What colour is the lamp?"]
    status = "empty" if isinstance(failure, str) else "error"
    assert result["run"]["degraded"] == f"the question was not rewritten (rewriter: {status})"
    assert result["messages"][-1].text == "It is green [E1]."


async def test_a_rewriter_sees_the_conversation_and_is_not_streamed() -> None:
    rewriter = says("the lamp of the hall", "rewriter")
    given = {"messages": [("user", "There is a lamp in the hall."), ("ai", "I see."), ("user", "Its colour?")]}

    parts: Any = searching(finds(GREEN), rewriter=rewriter).astream(given, stream_mode="messages")
    tokens = [message.text async for message, _ in parts]

    assert "".join(tokens) == "It is green [E1]."
    asked = [m.text.partition("\n\n")[0] for m in rewriter.asked[0]]
    assert asked == ["There is a lamp in the hall.", "I see.", "Its colour?"]


BUDGETS: list[tuple[int, list[int], str]] = [
    (3, [1, 1, 1], "completed"),
    (2, [1, 1, 0], "budget"),
]


@pytest.mark.parametrize(("calls", "asked", "stopped"), BUDGETS)
def test_a_rewriters_call_counts(calls: int, asked: list[int], stopped: str) -> None:
    models = [says("q", "rewriter"), says("green [E1]", "p"), says("It is green [E1].", "last")]
    moa = searching(
        finds(GREEN), rewriter=models[0], proposers=[models[1]], aggregator=models[2], budget=Budget(calls=calls)
    )

    result = moa.invoke(QUESTION)

    assert [len(model.asked) for model in models] == asked
    assert (result["run"]["calls"], result["run"]["stopped"]) == (sum(asked), stopped)


def test_a_first_layer_that_no_longer_fits_after_rewriting_is_not_asked() -> None:
    rewriter, proposer = says("q", "rewriter"), says("green [E1]", "p")
    moa = searching(finds(GREEN), rewriter=rewriter, proposers=[proposer], budget=Budget(calls=1))

    with pytest.raises(BudgetExceeded):
        moa.invoke(QUESTION)

    assert (len(rewriter.asked), len(proposer.asked)) == (1, 0)


def test_a_rewriter_that_does_not_fit_is_not_asked() -> None:
    limit: Any = {"profile": {"max_output_tokens": 500}}
    rewriter = says("q", "rewriter", **limit)
    moa = searching(
        finds(GREEN),
        rewriter=rewriter,
        proposers=[says("x", "p", **limit)],
        aggregator=says("x", "last", **limit),
        budget=Budget(tokens=400),
    )

    with pytest.raises(BudgetExceeded):
        moa.invoke(QUESTION)

    assert rewriter.asked == []


def test_a_rewriter_is_bounded_and_estimated_like_everybody_else() -> None:
    limit: Any = {"profile": {"max_output_tokens": 50}}
    panel = {"proposers": [says("x", "p", **limit)], "aggregator": says("x", "last", **limit)}

    with pytest.raises(ConfigError, match="over rewriter without a limit of its answer"):
        searching(finds(GREEN), rewriter=says("q", "rewriter"), budget=Budget(tokens=10**6), **panel)

    moa = searching(finds(GREEN), rewriter=says("q", "rewriter", **limit), early_stop=None, **panel)
    bound, run = estimate(moa, "What colour is the lamp?"), moa.invoke(QUESTION)["run"]
    assert bound["calls"] == run["calls"] == 3
