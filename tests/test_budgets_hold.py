"""Whatever options a mixture has, and whatever its models do, no run spends more than its budget."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langgraph_moa import (
    Aggregator,
    AllProposersFailed,
    Analyst,
    Budget,
    BudgetExceeded,
    Confident,
    InputError,
    Pick,
    Price,
    Proposer,
    Rank,
    create_moa,
)
from langgraph_moa.core.portal import close_portals
from loopback import Loopback, Reply, serve
from pictures import PICTURE
from reading import user

RUNS = 200
MODELS = ["m0", "m1", "m2", "m3", "last", "other", "stronger"]
PRICE = Price(input=1000, output=5000)
"""US dollars a million tokens, so that cents bound a run."""
QUESTION = "How many days has a leap year?"
NO_PICTURES = '{"error": {"message": "this model does not support image input"}}'
PICTURED: Any = {"messages": [("user", [{"type": "text", "text": QUESTION}, PICTURE])]}


def scripted(dice: random.Random) -> Callable[[dict[str, Any]], Reply]:
    """Return models that answer, differ, or fail, as the dice fall."""

    def answer(body: dict[str, Any]) -> Reply:
        days = dice.choice(["366", "366", "365"])
        return dice.choice(
            [
                Reply(f"It has {days} days.\nFinal answer: {days}"),
                Reply(f"It has {days} days.\nFinal answer: {days}"),
                Reply(f"It has {days} days.\nFinal answer: {days}"),
                Reply('{"best": [1], "stop": false}'),
                Reply(dice.choice(["95", "probability: 0.3", '{"probability": 0.95}'])),
                Reply("It has", finish_reason="length"),
                Reply("", finish_reason="length"),
                Reply(""),
                Reply("", refusal="no"),
                Reply(status=500),
                Reply(status=400, body='{"error": {"message": "unsupported parameter: reasoning_effort"}}'),
                Reply(status=400, body='{"error": {"message": "Unsupported service_tier: flex"}}'),
                *([Reply(status=400, body=NO_PICTURES)] * ("image_url" in str(body["messages"]))),
            ]
        )

    return answer


def options_of(dice: random.Random) -> dict[str, Any]:
    """Return what one run is built with: each option is there, or not."""

    def some(**options: Any) -> dict[str, Any]:
        return {name: value for name, value in options.items() if dice.random() < 0.4}

    def seat(model: str) -> Any:
        others = dice.choice([["other"], ["other", Proposer("stronger", max_tokens=40)]])
        tier = dice.choice(["flex", "flex-or-default"])
        own = some(reasoning_effort="low", samples=dice.choice([1, 2, 3]), instead=others, unreadable="text", tier=tier)
        return Proposer(model, **own)

    ways: list[Any] = [{}, {"model": "other"}, {"logprobs": "mean"}, {"function": lambda *_: 0.5}]
    sure = Confident(0.8, **dice.choice(ways))
    ladder: Any = dice.choice(
        [{}, {}, {"waves": (2,)}, {"waves": (1, 1), "confidence": sure}, {"escalate": ["stronger"]}]
    )
    writer = Aggregator("last", **some(reasoning_effort="high"))
    aggregator = dice.choice([writer, [writer, "other"], [Pick(len), writer], Rank("last")])
    return {
        "proposers": [seat(model) for model in dice.sample(MODELS[:4], dice.choice([3, 4]))],
        "aggregator": aggregator,
        "layers": dice.choice([2, 2, 3]),
        **ladder,
        **({"analyst": Analyst("other")} if dice.random() < 0.3 else {}),
        **some(draft=True, reasoning_effort="medium", tier="flex", samples=2, more_room=True),
        **({"references": "reasoning"} if aggregator in (writer, [writer, "other"]) and dice.random() < 0.4 else {}),
        **({"vary": "wording", "samples": 2} if dice.random() < 0.3 else {}),
    }


def budget_of(dice: random.Random) -> Budget:
    bounds: dict[str, Any] = {
        "calls": dice.randint(1, 14),
        "tokens": dice.randint(300, 9000),
        "usd": dice.uniform(0.5, 12.0),
    }
    return Budget(**{name: bounds[name] for name in dice.sample(sorted(bounds), dice.choice([1, 1, 2]))})


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with serve() as running:
        yield running
        close_portals()


def check(server: Loopback, number: int) -> str:
    """Run one mixture and hold what the server billed against its budget; return what came of it."""
    dice = random.Random(number)
    server.requests.clear()
    server.billed.clear()
    server.default = scripted(dice)
    budget, options = budget_of(dice), options_of(dice)
    moa = create_moa(
        **options, budget=budget, max_tokens=20, resolve=server.resolve, prices=dict.fromkeys(MODELS, PRICE)
    )
    end = "answered"
    try:
        run = moa.invoke(dice.choice([user(QUESTION), PICTURED]))["run"]
    except (BudgetExceeded, InputError):  # which too few who see raise, before anybody is asked
        end = "refused"
    except AllProposersFailed:
        end = "failed"
    else:
        assert run["calls"] >= len(server.billed), options
    context = f"{budget} {options}"
    assert end != "refused" or server.requests == [], context
    assert budget.calls is None or len(server.billed) <= budget.calls, context
    assert budget.tokens is None or server.tokens_billed <= budget.tokens, context
    assert budget.usd is None or usd_billed(server) <= budget.usd, context
    return end


def usd_billed(server: Loopback) -> float:
    tokens = {"prompt_tokens": PRICE.input, "completion_tokens": PRICE.output}
    return float(sum(usage[name] * usd for usage in server.billed for name, usd in tokens.items()) / 1_000_000)


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("runs", [range(24), pytest.param(range(RUNS), marks=pytest.mark.soak)], ids=len)
def test_no_run_spends_more_than_its_budget(server: Loopback, runs: range) -> None:
    ends = [check(server, number) for number in runs]

    assert {"answered", "refused"} <= set(ends)
