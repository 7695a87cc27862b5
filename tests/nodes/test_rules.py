"""Spending is bounded, and the run says by what."""

import re
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda
from langgraph_moa import (
    AllProposersFailed,
    Budget,
    BudgetExceeded,
    ConfigError,
    Limits,
    Price,
    Proposer,
    create_moa,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback, Reply
from reading import QUESTION, references_in, user
from running import APIS, run
from tables import each

FREE = {name: Price() for name in ("m0", "m1", "m2", "aggregator")}


DEAR = {name: Price(input=1.0, output=10.0) for name in ("m0", "m1", "m2", "aggregator")}


def mixture(server: Loopback, budget: Budget, **options: Any) -> Any:
    resolve = server.resolve
    defaults: dict[str, Any] = {"proposers": ["m0", "m1", "m2"], "aggregator": "aggregator", "layers": 3}
    defaults["early_stop"] = None
    return create_moa(**{**defaults, "max_tokens": 100, **options}, resolve=resolve, budget=budget)


CALLS: list[tuple[int, list[str], str, str]] = [
    (7, ["m"] * 6 + ["aggregator"], "completed", "answer of aggregator"),
    (6, ["m"] * 3 + ["aggregator"], "budget", "answer of aggregator"),
    (4, ["m"] * 3 + ["aggregator"], "budget", "answer of aggregator"),
    (3, ["m"] * 3, "budget", "answer of m0"),
]


@pytest.mark.parametrize(("limit", "asked", "stopped", "answer"), CALLS)
@APIS
async def test_a_step_that_does_not_fit_is_not_started(
    loopback: Loopback, api: str, limit: int, asked: list[str], stopped: str, answer: str
) -> None:
    moa = mixture(loopback, Budget(calls=limit))

    result = await run(moa, api, QUESTION)

    assert [r.model[:1] if r.model != "aggregator" else r.model for r in loopback.requests] == asked
    assert (result["run"]["stopped"], result["messages"][-1].text) == (stopped, answer)
    assert result["run"]["calls"] == len(asked)
    if stopped == "budget":
        assert f"Budget(calls={limit}): 3 are spent, the step may take " in result["run"]["degraded"]
    else:
        assert result["run"]["degraded"] is None


@pytest.mark.parametrize(
    ("budget", "options"),
    [
        (Budget(calls=2), {}),
        (Budget(tokens=300), {}),
        (Budget(usd=0.0001), {"prices": DEAR}),
        (Budget(tokens=100), {"proposers": ["m0"], "aggregator": None, "layers": 1}),
    ],
)
async def test_a_first_step_that_does_not_fit_is_refused_before_anything_is_spent(
    loopback: Loopback, budget: Budget, options: dict[str, Any]
) -> None:
    with pytest.raises(BudgetExceeded, match="nothing was asked"):
        await mixture(loopback, budget, **options).ainvoke(QUESTION)

    assert loopback.requests == []


@pytest.mark.parametrize(
    ("budget", "prices"), [(Budget(tokens=2000), None), (Budget(usd=0.005), DEAR)], ids=["tokens", "usd"]
)
async def test_what_servers_count_is_what_is_spent(loopback: Loopback, budget: Budget, prices: Any) -> None:
    moa = mixture(loopback, budget, prices=prices)

    result = await moa.ainvoke(QUESTION)

    assert result["run"]["stopped"] == "budget"
    assert [r.model for r in loopback.requests][-1] == "aggregator"
    spent = result["run"]["usage"]["total_tokens"] if budget.tokens else result["run"]["usd"]
    assert 0 < spent <= (budget.tokens or budget.usd or 0)


async def test_a_call_that_nobody_counted_is_held_against_the_budget_at_most(loopback: Loopback) -> None:
    for lost in ("m1", "m2"):
        loopback.say(lost, Reply(broken="hang"))
    options = {"timeout": 0.3, "prices": DEAR, "layers": 2}

    roomy = await mixture(loopback, Budget(usd=1.0), **options).ainvoke(QUESTION)
    bound = roomy["proposals"][2]["at_most"]["usd"]
    tight = await mixture(loopback, Budget(usd=3.05 * bound), **options).ainvoke(QUESTION)

    assert [(p["status"], p["usd"]) for p in roomy["proposals"][1:]] == [("timeout", None)] * 2
    assert bound > 0.001
    assert (roomy["run"]["stopped"], roomy["run"]["usd"]) == ("completed", None)
    assert (tight["run"]["stopped"], tight["messages"][-1].text) == ("budget", "answer of m0")


async def test_an_aggregator_that_does_not_fit_gives_way_to_one_that_does(loopback: Loopback) -> None:
    prices = {**FREE, "dear": Price(output=1_000_000)}
    moa = mixture(loopback, Budget(usd=1.0), prices=prices, aggregator=["dear", "aggregator"], layers=2)

    result = await moa.ainvoke(QUESTION)

    assert result["messages"][-1].text == "answer of aggregator"
    assert [c["status"] for c in result["run"]["aggregators"]] == ["skipped", "ok"]
    assert "aggregator dear: skipped (Budget(usd=1.0): 0 are spent, the step may take 100)" in str(
        result["run"]["degraded"]
    )


@APIS
async def test_seconds_cut_calls_in_flight(loopback: Loopback, api: str) -> None:
    loopback.say("m1", Reply(broken="hang"))
    moa = mixture(loopback, Budget(seconds=2), timeout=60)

    result = await run(moa, api, QUESTION)

    assert [p["status"] for p in result["proposals"]] == ["ok", "timeout", "ok"]
    why = re.fullmatch(
        r"cut at the run's deadline: the last ([\d.]+) s of its budget were over", result["proposals"][1]["error"]
    )
    assert why
    assert float(why[1]) <= 2
    assert await loopback.asked("m1")[0].closed()
    assert (result["run"]["stopped"], result["messages"][-1].text) == ("budget", "answer of m0")
    spent = re.search(r"Budget\(seconds=2\) is spent: ([\d.]+) s", result["run"]["degraded"])
    assert spent
    assert float(spent[1]) >= 2


async def test_seconds_cut_the_aggregator_too(loopback: Loopback) -> None:
    loopback.say("aggregator", Reply(broken="hang"))

    result = await mixture(loopback, Budget(seconds=2), timeout=60, layers=2).ainvoke(QUESTION)

    assert result["messages"][-1].text == "answer of m0"
    assert result["run"]["stopped"] == "budget"
    assert "aggregator aggregator: timeout (cut at the run's deadline" in result["run"]["degraded"]


async def test_nobody_in_time_is_one_error(loopback: Loopback) -> None:
    loopback.default = Reply(broken="hang")

    with pytest.raises(AllProposersFailed, match="m2: timeout \\(cut at the run's deadline"):
        await mixture(loopback, Budget(seconds=0.2), timeout=60).ainvoke(QUESTION)


async def test_an_unstrict_budget_counts_an_agents_calls_when_it_has_made_them(loopback: Loopback) -> None:
    inner = create_moa(proposers=["offline:words"] * 4, aggregator="offline:words")
    moa = create_moa(proposers=[inner], aggregator="offline:words", layers=3, budget=Budget(calls=5, strict=False))

    result = await moa.ainvoke(user("1 + 1"))

    assert (result["run"]["stopped"], result["run"]["calls"]) == ("budget", 5)
    assert result["messages"][-1].text == "1 + 1 = 2"


MODEL = ScriptedModel(script="x")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"budget": Budget()}, "found Budget() without a limit"),
    ({"budget": 5}, "found 5 as the budget"),
    ({"budget": Budget(calls=0)}, "found calls=0 for the budget"),
    ({"budget": Budget(usd=-1)}, "found usd=-1 for the budget"),
    ({"budget": Budget(seconds=0)}, "found seconds=0 for the budget"),
    ({"budget": Budget(tokens=1000)}, "found Budget(tokens=...) over scripted without a limit of its answer"),
    (
        {"budget": Budget(calls=9), "proposers": [RunnableLambda(str)]},
        "a chain or graph whose calls nobody can count beforehand",
    ),
    ({"budget": Budget(calls=9), "proposers": [MODEL.with_retry()]}, "whose calls nobody can count beforehand"),
    ({"prices": {"x": 5}}, "found 5 as the price of 'x'"),
    ({"prices": [1]}, "found list as prices"),
    ({"prices": {"x": Price(input=-1)}}, "expected Price(input=..., output=...) from 0"),
]


@each(("options", "expected"), REFUSED)
def test_wrong_budgets_are_refused_in_one_sentence(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        create_moa(**{"proposers": [MODEL], "aggregator": MODEL, **options})

    assert expected in str(refused.value)


def test_an_unknown_price_is_refused_unless_told_otherwise(loopback: Loopback) -> None:
    with pytest.raises(ConfigError, match=r"over m0, whose price is unknown, .* give it under prices by 'm0'"):
        mixture(loopback, Budget(usd=1.0))

    mixture(loopback, Budget(usd=1.0, strict=False))
    mixture(loopback, Budget(usd=1.0), prices=FREE)


async def test_a_picture_counts_though_it_has_no_text(loopback: Loopback) -> None:
    picture = HumanMessage([{"type": "image_url", "image_url": {"url": "http://x/y.png"}}])

    with pytest.raises(BudgetExceeded):
        await mixture(loopback, Budget(tokens=3000)).ainvoke({"messages": [picture]})


async def test_references_of_the_first_layer_reach_the_aggregator_when_the_second_is_not_asked(
    loopback: Loopback,
) -> None:
    await mixture(loopback, Budget(calls=4)).ainvoke(QUESTION)

    (last,) = loopback.asked("aggregator")
    assert references_in(last.messages[-1]["content"]) == ["answer of m0", "answer of m1", "answer of m2"]


def test_a_proposers_own_limit_bounds_it(loopback: Loopback) -> None:
    resolve = loopback.resolve
    proposers: list[Any] = [Proposer("m0", max_tokens=10)]

    with pytest.raises(ConfigError, match="over aggregator without a limit of its answer"):
        create_moa(proposers=proposers, aggregator="aggregator", resolve=resolve, budget=Budget(tokens=10**6))


async def test_attempts_of_earlier_aggregators_are_spent(loopback: Loopback) -> None:
    loopback.say("broken", Reply(status=500))
    chain = ["broken", "aggregator"]

    result = await mixture(loopback, Budget(calls=4), aggregator=chain, layers=2).ainvoke(QUESTION)

    assert [c["status"] for c in result["run"]["aggregators"]] == ["error", "skipped"]
    assert (result["run"]["calls"], result["run"]["stopped"], result["messages"][-1].text) == (
        4,
        "budget",
        "answer of m0",
    )


async def test_all_steps_share_the_seconds(loopback: Loopback) -> None:
    for name in ("m0", "m1", "m2"):
        loopback.say(name, lambda body: Reply("slow", delay=0.3))
    loopback.say("hangs", Reply(broken="hang"))
    moa = mixture(loopback, Budget(seconds=2.0), aggregator=["hangs", "aggregator"], timeout=None)

    result = await moa.ainvoke(QUESTION)

    cut, skipped = result["run"]["aggregators"]
    assert (cut["status"], skipped["status"]) == ("timeout", "skipped")
    assert cut["seconds"] < 1.8
    assert (result["run"]["stopped"], result["messages"][-1].text) == ("budget", "slow")


async def test_a_layer_has_what_the_one_before_left(loopback: Loopback) -> None:
    for name in ("m0", "m1", "m2"):
        loopback.say(name, lambda body: Reply("slow", delay=30 if "<reference-" in str(body) else 0.5))

    result = await mixture(loopback, Budget(seconds=2.5), timeout=None).ainvoke(QUESTION)

    late = result["proposals"][3:]
    assert [p["status"] for p in late] == ["timeout"] * 3
    assert max(p["seconds"] for p in late) < 2.1  # of 2.5, of which the layer before took 0.5
    assert "3 of 3 proposals of layer 2 are missing" in result["run"]["degraded"]


async def test_waiting_in_line_spends_the_seconds(loopback: Loopback) -> None:
    line = Limits(provider="openai", concurrency=1)
    moa = mixture(
        loopback, Budget(seconds=2), proposers=["offline:words"], aggregator=["x", "y", "z"], layers=2, limits=[line]
    )

    async with line:
        result = await moa.ainvoke(QUESTION)

    assert [c["calls"] for c in result["run"]["aggregators"]] == [0, 0, 0]
    assert result["run"]["stopped"] == "budget"
    assert result["run"]["seconds"] > 1.9
    assert loopback.requests == []


NONSENSE = [
    {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    {"prompt_tokens": -5, "completion_tokens": 3, "total_tokens": -2},
    {"prompt_tokens": 5, "completion_tokens": 50, "total_tokens": 5},
]


@pytest.mark.parametrize("usage", NONSENSE)
async def test_usage_that_nobody_counted_is_taken_at_most(loopback: Loopback, usage: dict[str, int]) -> None:
    loopback.default = Reply("free?", usage=usage)

    result = await mixture(loopback, Budget(tokens=3_500), prices=DEAR).ainvoke(QUESTION)

    assert [p["usage"] for p in result["proposals"]] == [None] * 3
    assert result["run"]["usd"] is None
    assert result["run"]["stopped"] == "budget"


async def test_what_a_mixture_inside_has_asked_is_counted_though_it_failed(loopback: Loopback) -> None:
    loopback.say("m0", Reply(status=500))
    inner = mixture(loopback, Budget(calls=9), proposers=["m0", "m0", "m0"], layers=2)
    moa = create_moa(proposers=[inner, "offline:words"], aggregator="offline:words")

    result = await moa.ainvoke(QUESTION)

    assert result["proposals"][0]["calls"] == len(loopback.requests) == 3
