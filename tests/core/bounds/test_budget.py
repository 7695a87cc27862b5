"""A budget holds what is spent against what a step takes at most."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langgraph_moa import Aggregator, Budget, ConfigError
from langgraph_moa.core.bounds.budget import call_at_most, check_bounded, prompt_at_most
from langgraph_moa.core.models.prices import Price
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_of
from tables import each

URL = "http://127.0.0.1:9/v1"


def cost(calls: int | None = 0, tokens: int | None = 0, usd: float | None = 0.0) -> Any:
    return {"calls": calls, "tokens": tokens, "usd": usd}


@each(
    ("budget", "spent", "step", "seconds", "misfit"),
    [
        (Budget(calls=3), cost(1), cost(2), 0, None),
        (Budget(calls=3), cost(2), cost(2), 0, "Budget(calls=3): 2 are spent, the step may take 2"),
        (Budget(tokens=1_000), cost(tokens=999), cost(tokens=1), 0, None),
        (Budget(tokens=1_000), cost(tokens=999), cost(tokens=2), 0, "Budget(tokens=1,000): 999 are spent, the step"),
        (Budget(usd=0.05), cost(usd=0.04), cost(usd=0.02), 0, "Budget(usd=0.05): 0.04 are spent, the step may take"),
        (Budget(usd=0.05), cost(usd=None), cost(usd=None), 0, None),
        (Budget(seconds=2), cost(), cost(), 1.9, None),
        (Budget(seconds=2), cost(), cost(), 2, "Budget(seconds=2) is spent: 2.0 s"),
        (Budget(calls=1, seconds=2), cost(1), cost(1), 3, "Budget(seconds=2)"),
    ],
)
def test_a_step_fits_or_its_limit_is_named(budget: Budget, spent: Any, step: Any, seconds: float, misfit: str) -> None:
    found = budget.misfit(spent, step, seconds)

    assert (found is None) == (misfit is None)
    assert (found or "").startswith(misfit or "")


@pytest.mark.parametrize(("seconds", "gone", "rest"), [(None, 5, None), (9, 5, 4), (9, 10, 0)])
def test_the_seconds_that_are_over_are_never_below_none(seconds: float | None, gone: float, rest: float | None) -> None:
    assert Budget(seconds=seconds).left(gone) == rest


def test_a_prompt_is_bounded_by_its_bytes_and_pictures() -> None:
    text, picture = {"type": "text", "text": "abcd"}, {"type": "image_url", "image_url": {"url": "x"}}
    call = AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "1"}])

    assert prompt_at_most([HumanMessage("abcd")]) == 2 + 8
    assert prompt_at_most([HumanMessage("abcd")] * 2) == 2 * 10
    assert prompt_at_most([HumanMessage("abcd")], rate=4) == 1 + 8
    assert prompt_at_most([HumanMessage([text, picture])]) == 2 + 8 + 16_384
    assert prompt_at_most([call]) > prompt_at_most([AIMessage("")])
    unread = AIMessage("", invalid_tool_calls=[{"name": "look", "args": "x" * 900, "id": "1", "error": None}])
    assert prompt_at_most([unread]) > 450


def seat(model: Any = None, **options: Any) -> Any:
    given = ScriptedModel(name_of_model="m") if model is None else model
    prices = {"m": Price(input=1_000_000, output=2_000_000)}
    return seat_of(Aggregator(given, **options), Defaults(prices=prices), role="aggregator")


def test_a_call_is_bounded_where_it_is_one_with_a_limit() -> None:
    prompt = [HumanMessage("abcd")]

    assert call_at_most(seat(max_tokens=5), prompt) == cost(1, 15, 10.0 + 2 * 5)
    assert call_at_most(seat(max_tokens=5), prompt, more=3) == cost(1, 18, 13.0 + 2 * 5)
    assert call_at_most(seat(max_tokens=5), prompt, more=None) == cost(1, None, None)
    assert call_at_most(seat(), prompt) == cost(1, None, None)
    assert call_at_most(seat(RunnableLambda(str)), prompt) == cost(None, None, None)


@each(
    ("budget", "model", "expected"),
    [
        (None, seat(RunnableLambda(str)), None),
        (Budget(seconds=1), seat(RunnableLambda(str)), None),
        (Budget(calls=9, strict=False), seat(RunnableLambda(str)), None),
        (Budget(calls=9), seat(), None),
        (Budget(calls=9), seat(RunnableLambda(str)), "found Budget(calls=...) over str, a chain or graph"),
        (Budget(calls=9, tokens=9), seat(), "found Budget(tokens=...) over m without a limit of its answer"),
        (Budget(usd=9), seat("n", base_url=URL, max_tokens=5), "over n, whose price is unknown"),
        (Budget(usd=9), seat(max_tokens=5), None),
    ],
)
def test_what_cannot_be_bounded_is_refused(budget: Budget | None, model: Any, expected: str | None) -> None:
    if expected is None:
        check_bounded(budget, [model])
        return
    with pytest.raises(ConfigError) as refused:
        check_bounded(budget, [seat(max_tokens=1), model])

    assert expected in str(refused.value)
