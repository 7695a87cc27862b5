"""A moderator keeps the best proposals of a layer, and says when no more are needed."""

from functools import partial
from typing import Any, cast

import pytest
from langgraph_moa import (
    Budget,
    ConfigError,
    EarlyStop,
    Moderator,
    Price,
    Proposer,
    create_moa,
    create_smoa,
    resolve_model,
)
from loopback import Loopback, Reply
from moderating import NAMES, keeping, mixture, told
from reading import QUESTION, proposals_in, references_in, user
from running import APIS, run
from tables import each


@APIS
async def test_only_who_is_kept_is_read_by_the_next_layer_and_the_aggregator(loopback: Loopback, api: str) -> None:
    keeping(loopback, ["dora", "bert"], ["carl", "anna"], ["anna", "bert"])
    moa = mixture(loopback)

    result = await run(moa, api, QUESTION)

    for name in NAMES:
        assert told(loopback, name) == [[], ["bert 1", "dora 1"], ["anna 2", "carl 2"]]
    assert told(loopback, "last") == [["anna 3", "bert 3"]]
    assert [v["moderation"]["kept"] for v in result["verdicts"]] == [
        ["bert", "dora"],
        ["anna", "carl"],
        ["anna", "bert"],
    ]
    assert [v["reason"] for v in result["verdicts"]] == ["4 of 4 proposals usable; the moderator kept 2"] * 3
    report = result["run"]
    assert (report["stopped"], report["degraded"], report["saved"]) == ("completed", None, 0)
    assert report["calls"] == len(loopback.requests) == 12 + 3 + 1
    assert report["usage"]["total_tokens"] == loopback.tokens_billed


@pytest.mark.parametrize(("stop", "saved", "asked"), [(1, 8, 4), (2, 4, 8), (3, 0, 12)])
async def test_it_may_end_the_layers(loopback: Loopback, stop: int, saved: int, asked: int) -> None:
    keeping(loopback, ["dora", "bert"], stop=stop)

    result = await mixture(loopback).ainvoke(QUESTION)

    run = result["run"]
    assert len([r for r in loopback.requests if r.model in NAMES]) == asked
    assert told(loopback, "last") == [[f"bert {stop}", f"dora {stop}"]]
    assert (run["stopped"], run["saved"]) == ("moderated" if saved else "completed", saved)
    assert run["degraded"] is None
    if saved:
        assert (
            f"needs no more; layer{'s 2 and 3' if stop == 1 else ' 3'} skipped, {saved} calls saved"
            in (result["verdicts"][-1]["reason"])
        )


async def test_it_may_not_where_it_is_not_asked_to(loopback: Loopback) -> None:
    keeping(loopback, ["dora"], stop=1)

    result = await mixture(loopback, Moderator("moderator", keep=2, stops=False)).ainvoke(QUESTION)

    assert result["run"]["stopped"] == "completed"
    assert [v["moderation"]["stop"] for v in result["verdicts"]] == [False] * 3


async def test_no_more_than_that_many_are_kept_and_the_best_of_them(loopback: Loopback) -> None:
    keeping(loopback, ["dora", "carl", "anna"])

    await mixture(loopback, layers=2).ainvoke(QUESTION)

    assert told(loopback, "last") == [["carl 1", "dora 1"]]


async def test_nobody_is_named_to_it_and_the_order_is_shuffled(loopback: Loopback) -> None:
    for n, name in enumerate(NAMES):
        loopback.say(name, f"answer {n}")
    loopback.say("moderator", '{"best": [1, 2]}')
    orders = set()
    for seed in range(6):
        for _ in range(2):
            loopback.requests.clear()
            await mixture(loopback, Moderator("moderator", keep=2, seed=seed), layers=2).ainvoke(QUESTION)
            (asked,) = loopback.asked("moderator")
            assert not [name for name in NAMES if name in asked.prompt]
            orders.add((seed, *proposals_in(asked.body)))

    assert len(orders) == 6
    assert len({order[1:] for order in orders}) > 2


UNREADABLE: dict[str, Reply] = {
    "prose": Reply("Keep the second."),
    "empty": Reply(""),
    "out of range": Reply('{"best": [5, 1]}'),
    "no truth": Reply('{"best": [1], "stop": "true"}'),
    "cut": Reply('{"best": [1], "stop": true}', finish_reason="length"),
    "failed": Reply(status=500),
    "limited": Reply(status=429),
    "refused": Reply("", refusal="no"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_where_it_does_not_say_all_are_kept_and_the_run_tells(loopback: Loopback, kind: str) -> None:
    loopback.say("moderator", UNREADABLE[kind])

    result = await mixture(loopback, layers=3).ainvoke(QUESTION)

    assert told(loopback, "last") == [[f"{name} 2" for name in NAMES]]
    run = result["run"]
    assert run["degraded"].count("moderator") >= 1
    assert run["stopped"] == "completed"
    assert run["calls"] == len(loopback.requests)


@pytest.mark.parametrize(("calls", "moderated", "asked"), [(14, 2, 8), (10, 1, 8), (9, 1, 4), (6, 1, 4), (5, 0, 4)])
async def test_a_budget_is_never_exceeded_for_it(loopback: Loopback, calls: int, moderated: int, asked: int) -> None:
    keeping(loopback, ["dora", "bert"])

    result = await mixture(loopback, layers=3, budget=Budget(calls=calls)).ainvoke(QUESTION)

    run = result["run"]
    assert run["calls"] == len(loopback.requests) <= calls
    assert len(loopback.asked("last")) == 1
    asked_now = len([r for r in loopback.requests if r.model in NAMES])
    assert (len(loopback.asked("moderator")), asked_now) == (moderated, asked)
    if calls < 11:
        assert f"Budget(calls={calls})" in run["degraded"]


def test_a_strict_budget_needs_its_price() -> None:
    prices = {name: Price() for name in [*NAMES, "last"]}
    options: dict[str, Any] = {"proposers": NAMES, "aggregator": "last", "prices": prices, "max_tokens": 9}
    options |= {"resolve": partial(resolve_model, base_url="http://127.0.0.1:9/v1"), "budget": Budget(usd=1.0)}

    with pytest.raises(ConfigError, match="over moderator, whose price is unknown"):
        create_moa(**options, moderator=Moderator("moderator"))
    create_moa(**{**options, "prices": {**prices, "moderator": Price()}}, moderator=Moderator("moderator"))


@pytest.mark.parametrize(("usable", "layers", "asked"), [(2, 2, 0), (3, 2, 1), (2, 3, 2), (1, 3, 2)])
async def test_it_is_asked_where_there_is_anything_to_decide(
    loopback: Loopback, usable: int, layers: int, asked: int
) -> None:
    for name in NAMES[usable:]:
        loopback.say(name, Reply(status=500))
    keeping(loopback, ["anna"])

    result = await mixture(loopback, layers=layers).ainvoke(QUESTION)

    # After the last layer, it can only keep fewer.
    assert len(loopback.asked("moderator")) == asked - (layers == 3 and usable <= 2)
    assert "moderat" not in str(result["run"]["degraded"])


async def test_its_verdict_is_told_as_an_event(loopback: Loopback) -> None:
    keeping(loopback, ["dora", "bert"], stop=1)
    events = [event async for event in mixture(loopback).astream(QUESTION, stream_mode="custom")]

    (verdict,) = [event for event in events if event["moa"] == "verdict"]
    assert verdict["moderation"]["kept"] == ["bert", "dora"]
    assert (verdict["moderation"]["stop"], verdict["next"], verdict["saved"]) == (True, "aggregate", 8)
    assert verdict["moderation"]["call"]["model"] == "moderator"


async def test_nothing_it_says_is_streamed(loopback: Loopback) -> None:
    keeping(loopback, ["dora", "bert"])
    said = [message async for message, _ in mixture(loopback).astream(QUESTION, stream_mode="messages")]

    assert "".join(message.text for message in said) == "answer of last"


async def test_it_is_not_asked_where_agreement_has_ended_the_layers(loopback: Loopback) -> None:
    for name in NAMES:
        loopback.say(name, "Final answer: 12")

    result = await mixture(loopback, early_stop=EarlyStop()).ainvoke(QUESTION)

    assert loopback.asked("moderator") == []
    assert result["run"]["stopped"] == "agreed"


async def test_it_is_asked_about_a_whole_layer_and_not_about_a_wave(loopback: Loopback) -> None:
    keeping(loopback, ["dora", "anna"], stop=1)
    for name, answer in zip(NAMES, "1234", strict=True):
        loopback.say(name, f"{name}. Final answer: {answer}")
    stop = EarlyStop(min_responses=2)

    result = await mixture(loopback, early_stop=stop, waves=(2,)).ainvoke(QUESTION)

    assert len(loopback.asked("moderator")) == 1
    assert len(proposals_in(loopback.asked("moderator")[0].body)) == 4
    assert [v["moderation"] is None for v in result["verdicts"]] == [True, False]
    assert result["run"]["stopped"] == "moderated"


async def test_samples_are_kept_one_by_one(loopback: Loopback) -> None:
    keeping(loopback, ["anna 2", "anna 3"])

    result = await mixture(loopback, proposers=["anna"], samples=4, layers=2).ainvoke(QUESTION)

    assert told(loopback, "last") == [["anna 2", "anna 3"]]
    assert result["verdicts"][0]["moderation"]["kept"] == ["anna/2", "anna/3"]


async def test_the_same_model_twice_is_two_proposers(loopback: Loopback) -> None:
    loopback.say("moderator", '{"best": [1]}')

    result = await mixture(
        loopback, proposers=["anna", "anna"], layers=2, moderator=Moderator("moderator", keep=1)
    ).ainvoke(QUESTION)

    assert len(told(loopback, "last")[0]) == 1
    assert len(result["verdicts"][0]["moderation"]["kept"]) == 1


async def test_what_debaters_were_told_before_is_what_was_kept(loopback: Loopback) -> None:
    keeping(loopback, ["dora", "bert"])
    panel = [Proposer(name, debates=True) for name in NAMES]

    await mixture(loopback, proposers=panel, layers=4).ainvoke(QUESTION)

    (*_, last_round) = loopback.asked("anna")
    told_so_far = [references_in(m["content"]) for m in last_round.messages if m["role"] == "user"][1:]
    assert told_so_far == [["bert 1", "dora 1"], ["bert 2", "dora 2"]]


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"moderator": "offline:words"}, r"found 'offline:words' as the moderator, expected Moderator\(model, keep=...\)"),
    ({"moderator": Moderator("offline:words", keep=0)}, "found keep=0 for the moderator, expected a whole number from"),
    ({"moderator": Moderator("offline:words", keep=cast("Any", 1.5))}, "found keep=1.5 for the moderator"),
    ({"moderator": Moderator("offline:words", keep=True)}, "found keep=True for the moderator"),
    ({"moderator": Moderator("offline:words", seed=cast("Any", "x"))}, r"found seed='x' for Moderator\(...\)"),
    ({"moderator": Moderator("offline:words", stops=cast("Any", "no"))}, "found stops='no' for the moderator"),
    ({"moderator": Moderator("offline:nobody")}, "unknown offline model 'nobody'"),
    ({"moderator": Moderator(cast("Any", 7))}, "found int as a model"),
    (
        {"moderator": Moderator("offline:words"), "proposers": ["offline:words"], "aggregator": None, "layers": 1},
        "found a moderator with layers=1, expected proposals to moderate",
    ),
]


@each(("options", "expected"), MISTAKES)
def test_what_could_not_mean_anything_is_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        create_moa(**{"proposers": ["offline:words", "offline:stems"], "aggregator": "offline:words", **options})


@pytest.mark.parametrize(("stops", "label"), [(True, "moderated"), (False, None)])
def test_where_it_may_lead_is_drawn(stops: bool, label: str | None) -> None:
    moa = create_moa(
        proposers=["offline:words", "offline:stems"],
        aggregator="offline:words",
        layers=3,
        early_stop=None,
        moderator=Moderator("offline:words", stops=stops),
    )

    edges = {(e.source, e.target): e.data for e in moa.get_graph().edges}
    assert edges.get(("gate_1", "aggregate")) == label


async def test_the_offline_models_moderate() -> None:
    result = await create_smoa(
        proposers=["offline:words", "offline:stems", "offline:phrases", "offline:headings"],
        aggregator="offline:words",
        moderator="offline:words",
        early_stop=None,
        keep=2,
    ).ainvoke(user("Why does the question come last in the prompt?"))

    assert result["run"]["degraded"] is None
    assert all(len(v["moderation"]["kept"]) <= 2 for v in result["verdicts"] if v["moderation"])
