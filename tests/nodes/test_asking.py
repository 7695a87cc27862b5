"""Whose thinking left no room for an answer is told so, and asked once more with more of it, within budgets."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import (
    AllProposersFailed,
    Budget,
    ChatMoA,
    MoAError,
    Price,
    Proposer,
    create_moa,
    create_ranker,
    create_self_moa,
    create_single,
    estimate,
    report,
)
from langgraph_moa.apps.ask.lines import run_summary
from loopback import Loopback, Reply

QUESTION: Any = {"messages": [("user", "What is 12 * 4?")]}
ENOUGH = 200
PRICE = Price(input=1.0, output=10.0)


def thinking(body: dict[str, Any]) -> Reply:
    """Think for 150 tokens, then answer in ten; where that is not allowed, stop while thinking."""
    limit = body.get("max_tokens") or 1000
    if limit < ENOUGH:
        return Reply("", finish_reason="length", reasoning="Hm. " * 40, usage=used(limit, limit - 1))
    return Reply("It is 48.\nFinal answer: 48", reasoning="Hm. " * 40, usage=used(160, 150))


def used(written: int, thought: int) -> dict[str, Any]:
    details = {"reasoning_tokens": thought}
    total = {"prompt_tokens": 20, "completion_tokens": written, "total_tokens": 20 + written}
    return {**total, "completion_tokens_details": details}


def limits(loopback: Loopback, name: str) -> list[int]:
    return [request.body["max_tokens"] for request in loopback.asked(name)]


def built(loopback: Loopback, **options: Any) -> Any:
    options = {"proposers": ["a", "b"], "aggregator": "agg", "max_tokens": 100, "early_stop": None, **options}
    return create_moa(**options, resolve=loopback.resolve, prices=dict.fromkeys(["a", "b", "agg"], PRICE))


async def test_it_is_told_and_nothing_more_without_the_option(loopback: Loopback) -> None:
    loopback.default = thinking
    loopback.say("b", "48")

    state = await built(loopback).ainvoke(QUESTION)

    first = state["proposals"][0]
    assert first["error"] == "the answer holds no text (finish reason 'length'): reasoning took 99 of 100 tokens"
    assert (first["status"], first["no_room"]) == ("empty", True)
    assert [limits(loopback, name) for name in ("a", "b", "agg")] == [[100]] * 3


async def test_it_is_asked_once_more_with_more_room(loopback: Loopback) -> None:
    loopback.default = thinking

    state = await built(loopback, more_room=True).ainvoke(QUESTION)

    run = state["run"]
    assert [limits(loopback, name) for name in ("a", "b", "agg")] == [[100, 200]] * 3
    assert [(p["status"], p["calls"], p["more_room"], p["error"]) for p in state["proposals"]] == [
        ("ok", 2, 200, None)
    ] * 2
    assert [(call["status"], call.get("more_room")) for call in run["aggregators"]] == [("empty", None), ("ok", 200)]
    assert (run["calls"], run["degraded"], state["messages"][-1].text) == (6, None, "It is 48.\nFinal answer: 48")
    assert "a (layer 1): thinking left no room for an answer; it was asked once more with 200 tokens" in run["notes"]
    assert run["usage"]["output_token_details"]["reasoning"] == 3 * (99 + 150)
    assert run["usage"]["total_tokens"] == loopback.tokens_billed == 3 * (120 + 180)
    assert "900 tokens (747 thought)" in run_summary(run)
    assert "(747 thought)" in report(state)
    assert run["usd"] == pytest.approx((6 * 20 * 1 + 3 * (100 + 160) * 10) / 1e6)


async def test_once_is_enough_and_the_first_answer_stays_where_it_is_better(loopback: Loopback) -> None:
    cut: Any = {"finish_reason": "length", "reasoning": "Hm. " * 40}
    answers = {
        "a": [Reply("", **cut, usage=used(100, 100)), Reply("", **cut, usage=used(200, 200))],
        "b": [Reply("It is", **cut, usage=used(100, 95)), Reply(status=500)],
        "agg": [Reply("It may be 48", **cut, usage=used(100, 60)), Reply("48")],
    }
    for name, replies in answers.items():
        loopback.say(name, lambda body, replies=replies: replies.pop(0))

    state = await built(loopback, more_room=True).ainvoke(QUESTION)

    a, b = state["proposals"]
    assert (a["status"], a["calls"], b["status"], b["text"]) == ("empty", 2, "truncated", "It is")
    assert "reasoning took 95 of 100 tokens; asked once more with 200 tokens: error" in b["error"]
    assert "reasoning took 200 of 200 tokens" in a["error"]
    assert state["messages"][-1].text == "48"


async def test_an_aggregators_first_answer_stays_where_the_second_failed(loopback: Loopback) -> None:
    cut = Reply("It may be 48", finish_reason="length", reasoning="Hm. " * 40, usage=used(100, 60))
    replies = [cut, Reply(status=500)]
    loopback.say("agg", lambda body: replies.pop(0))

    state = await built(loopback, more_room=True).ainvoke(QUESTION)

    assert state["messages"][-1].text == "It may be 48"
    assert [call["status"] for call in state["run"]["aggregators"]] == ["error", "truncated"]
    assert (state["run"]["truncated"], state["run"]["stopped"]) == (True, "completed")


async def test_what_was_cut_while_it_answered_is_left_as_it_is(loopback: Loopback) -> None:
    loopback.default = Reply("A long answer that goes on", finish_reason="length", usage=used(100, 10))

    state = await built(loopback, more_room=True).ainvoke(QUESTION)

    assert limits(loopback, "a") == [100]
    assert (state["proposals"][0]["error"], state["run"]["calls"]) == ("the answer was cut at its token limit", 3)


async def test_servers_that_say_that_all_is_well_are_not_believed(loopback: Loopback) -> None:
    loopback.default = thinking
    loopback.say("a", Reply("", usage={"prompt_tokens": 20, "completion_tokens": 100, "total_tokens": 120}))
    loopback.say("b", Reply("", reasoning="Hm. " * 40, usage=used(90, 90)))
    loopback.say("c", "48")

    state = await built(loopback, proposers=["a", "b", "c"], more_room=True).ainvoke(QUESTION)

    assert [len(loopback.asked(name)) for name in ("a", "b")] == [2, 1]
    assert state["messages"][-1].text


async def test_thinking_in_the_text_counts_as_well(loopback: Loopback) -> None:
    loopback.default = thinking
    loopback.say("a", Reply("<think>Hm. Hm. Hm.", finish_reason="length"))

    state = await built(loopback, more_room=True).ainvoke(QUESTION)

    assert limits(loopback, "a") == [100, 200]
    assert "it only thought, 11 characters" in state["proposals"][0]["error"]


async def test_samples_of_one_request_are_asked_again_without_those_that_answered(loopback: Loopback) -> None:
    short = Reply("", finish_reason="length", reasoning="Hm. " * 40, usage=used(250, 200))
    first = Reply("48", choices=[Reply("48"), short, short], usage=used(250, 200))
    replies = [first, Reply("48", usage=used(300, 150))]
    loopback.say("m", lambda body: replies.pop(0) if replies else Reply("48"))

    moa = create_self_moa(model="m", samples=3, max_tokens=100, more_room=True, resolve=loopback.resolve)
    state = await moa.ainvoke(QUESTION)

    assert [(r.n, r.body["max_tokens"]) for r in loopback.requests[:2]] == [(3, 100), (2, 200)]
    assert [(p["status"], p.get("more_room"), p.get("no_room")) for p in state["proposals"]] == [
        ("ok", None, None),
        ("ok", 200, None),
        ("ok", 200, None),
    ]
    assert state["run"]["usage"]["total_tokens"] == loopback.tokens_billed


async def test_without_a_limit_nothing_is_raised(loopback: Loopback) -> None:
    loopback.default = Reply("", finish_reason="length", reasoning="Hm.")
    loopback.say("b", "48")

    state = await built(loopback, more_room=True, max_tokens=None, aggregator="b").ainvoke(QUESTION)

    assert (len(loopback.asked("a")), state["proposals"][0]["status"]) == (1, "empty")


@pytest.mark.parametrize("tokens", [500, 1500, 2500, 3500, 6000])
async def test_a_budget_holds_whether_it_allows_more_or_not(loopback: Loopback, tokens: int) -> None:
    loopback.default = thinking
    moa = built(loopback, more_room=True, budget=Budget(tokens=tokens, calls=5))

    try:
        state = await moa.ainvoke(QUESTION)
    except Exception:  # noqa: BLE001 - a budget that allows nothing may end the run
        assert loopback.tokens_billed <= tokens
        return

    assert loopback.tokens_billed <= tokens
    assert len(loopback.requests) == state["run"]["calls"] <= 5


async def test_a_budget_that_does_not_allow_more_is_told(loopback: Loopback) -> None:
    loopback.default = thinking
    loopback.say("b", "48")

    state = await built(loopback, more_room=True, budget=Budget(calls=4)).ainvoke(QUESTION)

    limit = "Budget(calls=4): 0 were spent before this step, which may take 5 in all"
    assert f"; not asked again: {limit}" in state["proposals"][0]["error"]
    assert limits(loopback, "agg") == [100, 200]


async def test_an_estimate_reckons_with_it(loopback: Loopback) -> None:
    bounds = [estimate(built(loopback, more_room=more), "What is 12 * 4?") for more in (False, True)]

    assert [bound["calls"] for bound in bounds] == [3, 6]
    assert (bounds[1]["tokens"] or 0) > 2 * (bounds[0]["tokens"] or 0)


async def test_rankers_are_asked_with_more_room(loopback: Loopback) -> None:
    loopback.default = thinking
    loopback.say("r", lambda body: Reply('{"best": [2]}') if body["max_tokens"] > 100 else thinking(body))
    loopback.say("a", "48")
    loopback.say("b", "49")

    moa = create_ranker(proposers=["a", "b"], ranker="r", max_tokens=100, more_room=True, resolve=loopback.resolve)
    state = await moa.ainvoke(QUESTION)

    assert limits(loopback, "r") == [100, 200]
    assert state["run"]["stopped"] == "completed"


async def test_one_alone_streams_its_second_answer_and_abandons_the_first(loopback: Loopback) -> None:
    cut = Reply("It may be 4", finish_reason="length", reasoning="Hm. " * 40, usage=used(100, 60))
    replies = [cut, Reply("48")]
    loopback.default = lambda body: replies.pop(0)
    moa = create_single(model="m", max_tokens=100, more_room=True, resolve=loopback.resolve)

    modes: Any = ["messages", "custom", "values"]
    parts: Any = [part async for part in moa.astream(QUESTION, stream_mode=modes)]

    abandoned = [data for mode, data in parts if mode == "custom" and data["moa"] == "abandoned"]
    shown = {data[0].id for mode, data in parts if mode == "messages" and data[0].text == "It "}
    assert [{*event["message_ids"]} for event in abandoned] == [shown]
    assert parts[-1][1]["messages"][-1].text == "48"


async def test_a_run_that_is_resumed_asks_nobody_twice(loopback: Loopback) -> None:
    loopback.default = thinking
    loopback.say("agg", Reply(broken="hang"))
    moa = built(loopback, more_room=True, checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}

    run = asyncio.ensure_future(moa.ainvoke(QUESTION, config))
    await asyncio.to_thread(loopback.wait_for, "agg")
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    loopback.say("agg", thinking)
    state = await moa.ainvoke(None, config)

    assert [limits(loopback, name) for name in ("a", "b")] == [[100, 200]] * 2
    assert (state["run"]["calls"], state["proposals"][0]["more_room"]) == (6, 200)


async def test_a_chat_moa_streams_the_whole_answer(loopback: Loopback) -> None:
    cut = Reply("It may be 4", finish_reason="length", reasoning="Hm. " * 40, usage=used(100, 60))
    replies = [cut, Reply("It is 48.")]
    loopback.say("agg", lambda body: replies.pop(0))
    chat = ChatMoA(built(loopback, more_room=True))

    pieces: list[Any] = [piece async for piece in chat.astream("What is 12 * 4?")]

    assert "".join(piece.text for piece in pieces).endswith("It is 48.")


@pytest.mark.parametrize("seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(12, 200))])
async def test_no_budget_is_overrun_whatever_is_asked_for(loopback: Loopback, seed: int) -> None:
    dice = Random(seed)

    def script(body: dict[str, Any]) -> Reply:
        if dice.random() < 0.2:
            return Reply(status=500)
        reply = thinking(body)
        written = min((reply.usage or {})["completion_tokens"], body["max_tokens"])
        return replace(reply, usage=used(written, written - 1)) if dice.random() < 0.5 else reply

    loopback.default = script
    limit = {"tokens": dice.randint(200, 9000), "calls": dice.randint(2, 20), "usd": dice.uniform(0.0005, 0.05)}
    name = dice.choice([*limit])
    moa = built(
        loopback,
        proposers=[Proposer("a", samples=dice.randint(1, 3), instead=dice.choice([[], ["b"]])), "b"],
        layers=dice.choice([2, 3]),
        max_tokens=dice.choice([60, 120, 250]),
        more_room=dice.random() < 0.8,
        vary=dice.choice([None, "wording"]),
        references=dice.choice(["answers", "reasoning"]),
        reasoning_effort=dice.choice([None, "low", "off"]),
        budget=Budget(**{name: limit[name]}),  # type: ignore[arg-type]
    )

    state: Any = {}
    with suppress(MoAError):
        state = await moa.ainvoke(QUESTION)

    assert loopback.tokens_billed <= limit["tokens"] or name != "tokens"
    assert sum(price_of(usage) for usage in loopback.billed) <= limit["usd"] or name != "usd"
    assert not state or state["run"]["calls"] <= limit["calls"] or name != "calls"


def price_of(usage: dict[str, Any]) -> float:
    return float(usage["prompt_tokens"] * PRICE.input + usage["completion_tokens"] * PRICE.output) / 1e6


async def test_a_call_of_ones_own_is_a_seats(loopback: Loopback) -> None:
    loopback.default = thinking
    own = Proposer("a", max_tokens=150)

    await built(loopback, proposers=[own, "b"], more_room=True).ainvoke(QUESTION)

    assert [limits(loopback, name) for name in ("a", "b")] == [[150, 300], [100, 200]]


async def test_who_takes_a_place_is_asked_once_more_too(loopback: Loopback) -> None:
    loopback.default = thinking
    loopback.say("a", Reply("", refusal="No."))

    state = await built(loopback, proposers=[Proposer("a", instead=["b"])], more_room=True).ainvoke(QUESTION)

    (proposal,) = state["proposals"]
    assert [limits(loopback, name) for name in ("a", "b")] == [[100], [100, 200]]
    assert [proposal.get(name) for name in ("model", "status", "calls", "more_room")] == ["b", "ok", 3, 200]
    assert state["run"]["usage"]["total_tokens"] == loopback.tokens_billed


@pytest.mark.parametrize(
    ("calls", "asked", "words"),
    [
        (7, [[100, 200], [100, 200]], ""),
        (
            6,
            [[100, 200], [100]],
            "; not asked again: Budget(calls=6): 0 were spent before this step, which may take 7 in",
        ),
        (5, [[100, 200], []], "; nobody was asked instead: Budget(calls=5): 0 were spent before this step, which may"),
        (4, [[100], []], "; not asked again: Budget(calls=4): 0 were spent before this step, which may take 5 in all"),
    ],
)
async def test_a_budget_reckons_with_more_room_for_all_substitutes(
    loopback: Loopback, calls: int, asked: list[list[int]], words: str
) -> None:
    loopback.say("a", Reply("", finish_reason="length", reasoning="Hm. " * 40, usage=used(100, 100)))
    loopback.say("b", thinking)
    loopback.default = Reply("48")
    seats = [Proposer("a", instead=["b"]), "c"]
    moa = built(loopback, proposers=seats, more_room=True, budget=Budget(calls=calls))
    assert estimate(built(loopback, proposers=seats, more_room=True), "Hi")["calls"] == 8

    state = await moa.ainvoke(QUESTION)

    assert [limits(loopback, name) for name in ("a", "b")] == asked
    assert words in (state["proposals"][0]["error"] or "")


@pytest.mark.parametrize(
    ("more_room", "cure"),
    [
        (True, "raise max_tokens, or lower the reasoning_effort"),
        (False, "raise max_tokens, set more_room, or lower the reasoning_effort"),
    ],
)
async def test_what_to_do_is_nothing_that_was_done(loopback: Loopback, *, more_room: bool, cure: str) -> None:
    loopback.default = Reply("", finish_reason="length", reasoning="Hm. " * 40)

    with pytest.raises(AllProposersFailed) as caught:
        await built(loopback, more_room=more_room).ainvoke(QUESTION)

    assert str(caught.value).endswith(f"; {cure}")
