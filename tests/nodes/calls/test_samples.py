"""Samples of one model are one request where its server goes along, and each its own where it does not."""

import asyncio
import json
from collections import Counter
from importlib.metadata import version
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from langgraph_moa import (
    AllProposersFailed,
    Budget,
    BudgetExceeded,
    EarlyStop,
    Limits,
    Price,
    Proposer,
    Quorum,
    create_moa,
    create_self_moa,
)
from langgraph_moa.core.models.transport import shared_async_client, shared_sync_client
from loopback import Loopback, Reply
from packaging.version import Version
from pydantic import SecretStr
from reading import QUESTION, references_in, user
from running import APIS, THREAD, run

TELLS_EVERY_REFUSAL = Version(version("langchain-openai")) >= Version("1.7.4")
"""Before, LangChain tells of the first choice's only: another one is an answer without text."""


def mixture(server: Loopback, **options: Any) -> Any:
    resolve = server.resolve
    defaults: dict[str, Any] = {"proposers": ["m"], "aggregator": "last", "samples": 4, "early_stop": None}
    return create_moa(**{**defaults, "resolve": resolve, **options})


def counting(server: Loopback, model: str = "m", **fields: Any) -> None:
    """Let each answer of a model be another one."""
    given: Counter[str] = Counter()

    def script(body: dict[str, Any]) -> Reply:
        given[model] += 1
        return Reply(f"{model} says {given[model]}", **fields)

    server.say(model, script)


def own(server: Loopback, **options: Any) -> ChatOpenAI:
    """Build a model as a user would."""
    clients: Any = {"http_client": shared_sync_client(), "http_async_client": shared_async_client()}
    return ChatOpenAI(model="m", api_key=SecretStr("k"), base_url=server.url, **{**clients, **options})


def asked_for(server: Loopback, model: str = "m") -> list[int]:
    return [r.n for r in server.asked(model)]


def bill_of(server: Loopback) -> dict[str, int]:
    """Return what the server counted, all answers together."""
    return {
        "input_tokens": sum(usage["prompt_tokens"] for usage in server.billed),
        "output_tokens": sum(usage["completion_tokens"] for usage in server.billed),
        "total_tokens": sum(usage["total_tokens"] for usage in server.billed),
    }


def counted(run: Any) -> dict[str, int]:
    return {key: run["usage"][key] for key in ("input_tokens", "output_tokens", "total_tokens")}


@pytest.mark.parametrize("api", ["async", "sync", "astream", "stream"])
async def test_all_samples_are_one_request(loopback: Loopback, api: str) -> None:
    counting(loopback)
    moa = mixture(loopback)

    async def streamed() -> Any:
        return [state async for state in moa.astream(QUESTION, stream_mode="values")][-1]

    apis: dict[str, Any] = {
        "async": lambda: moa.ainvoke(QUESTION),
        "sync": lambda: asyncio.to_thread(moa.invoke, QUESTION),
        "astream": streamed,
        "stream": lambda: asyncio.to_thread(lambda: list(moa.stream(QUESTION, stream_mode="values"))[-1]),
    }
    result = await apis[api]()

    assert asked_for(loopback) == [4]
    texts = [f"m says {n}" for n in range(1, 5)]
    assert [(p["proposer"], p["text"], p["status"]) for p in result["proposals"]] == [
        (f"m/{n}", text, "ok") for n, text in enumerate(texts, 1)
    ]
    (last,) = loopback.asked("last")
    assert references_in(last.messages[-1]["content"]) == texts
    assert result["run"]["calls"] == 2
    assert result["run"]["degraded"] is None


async def test_only_the_answer_is_streamed(loopback: Loopback) -> None:
    counting(loopback)
    said = [message async for message, _ in mixture(loopback, layers=3).astream(QUESTION, stream_mode="messages")]

    assert "".join(message.text for message in said) == "answer of last"


async def test_they_are_paid_for_once(loopback: Loopback) -> None:
    counting(loopback)
    prices = {"m": Price(input=1_000_000, output=1_000_000), "last": Price()}

    result = await mixture(loopback, prices=prices, layers=3).ainvoke(QUESTION)

    assert asked_for(loopback) == [4, 4]
    assert counted(result["run"]) == bill_of(loopback)
    billed = sum(usage["total_tokens"] for usage in loopback.billed[:2])
    assert result["run"]["usd"] == billed
    assert result["run"]["calls"] == len(loopback.requests) == 3
    assert [p["calls"] for p in result["proposals"]] == [1, 0, 0, 0] * 2
    assert [p["usd"] is not None for p in result["proposals"]] == [True] * 8
    assert [p["usage"] is None for p in result["proposals"]] == [False, True, True, True] * 2


async def test_it_is_told_who_served_each_of_them(loopback: Loopback) -> None:
    counting(loopback, served="m-2026-01-01")
    result = await mixture(loopback, prices={"m-2026-01-01": Price(input=1.0), "last": Price()}).ainvoke(QUESTION)

    assert {(p["proposer"], p["served_model"]) for p in result["proposals"]} == {
        (f"m/{n}", "m-2026-01-01") for n in range(1, 5)
    }
    assert result["run"]["usd"] is not None


REFUSALS = {"ignored": (1, None), "refused": (128, 400), "unprocessable": (128, 422)}


@pytest.mark.parametrize("kind", REFUSALS)
@APIS
async def test_a_server_that_knows_no_n_is_asked_for_each_alone_from_then_on(
    loopback: Loopback, kind: str, api: str
) -> None:
    counting(loopback)
    loopback.most_choices, loopback.refuses_n = REFUSALS[kind]
    moa = mixture(loopback)

    async def ask() -> Any:
        return await run(moa, api, QUESTION)

    first = await ask()
    before = asked_for(loopback)
    second = await ask()
    after = asked_for(loopback)[len(before) :]

    assert before == ([4, 1, 1, 1] if kind == "ignored" else [4, 1, 1, 1, 1])
    assert after == [1] * 4
    for result in (first, second):
        assert [p["status"] for p in result["proposals"]] == ["ok"] * 4
        assert len({p["text"] for p in result["proposals"]}) == 4
        assert (result["run"]["calls"], result["run"]["degraded"]) == (5, None)
    assert (
        counted(first["run"])["total_tokens"] + counted(second["run"])["total_tokens"]
        == (bill_of(loopback)["total_tokens"])
    )


async def test_a_server_that_gives_fewer_is_asked_for_those_left_and_for_all_again_next_time(
    loopback: Loopback,
) -> None:
    counting(loopback)
    loopback.most_choices = 2

    moa = mixture(loopback)
    result = await moa.ainvoke(QUESTION)
    await moa.ainvoke(QUESTION)

    assert asked_for(loopback) == [4, 1, 1] * 2
    assert len({p["text"] for p in result["proposals"]}) == 4
    assert result["run"]["calls"] == 4


async def test_a_question_that_is_refused_with_n_and_without_says_nothing_about_n(loopback: Loopback) -> None:
    told = json.dumps({"error": {"message": "maximum context length exceeded", "type": "x"}})
    counting(loopback)
    working = loopback.scripts["m"]
    moa = mixture(loopback)
    loopback.say("m", Reply(status=400, body=told))
    with pytest.raises(AllProposersFailed, match="maximum context length"):
        await moa.ainvoke(QUESTION)
    loopback.scripts["m"] = working
    loopback.requests.clear()

    await moa.ainvoke(QUESTION)

    assert asked_for(loopback) == [4]


FAILURES: dict[str, tuple[Reply, str, dict[str, Any]]] = {
    "401": (Reply(status=401), "error", {}),
    "404": (Reply(status=404), "error", {}),
    "429": (Reply(status=429), "rate_limited", {}),
    "500": (Reply(status=500), "error", {}),
    "hang": (Reply(broken="hang"), "timeout", {"timeout": 1.0}),
    "reset": (Reply(broken="reset"), "error", {}),
    "cut": (Reply(broken="cut"), "error", {}),
    "html": (Reply(body="<html>busy</html>"), "error", {}),
    "deadline": (Reply(broken="hang"), "timeout", {"budget": Budget(seconds=0.3)}),
    "quorum": (Reply(broken="hang"), "cancelled", {"quorum": Quorum(1)}),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_what_went_wrong_is_told_of_each_and_done_once(loopback: Loopback, failure: str) -> None:
    reply, status, options = FAILURES[failure]
    loopback.say("m", reply)

    moa = mixture(loopback, proposers=[Proposer("m", samples=3), "other"], samples=1, **options)
    result = await moa.ainvoke(QUESTION)

    tries = 3 if failure in ("reset", "cut") else 1  # the client's own, for what broke off
    assert asked_for(loopback) == [3] * tries
    found = [p for p in result["proposals"] if p["model"] == "m"]
    assert [p["status"] for p in found] == [status] * 3
    assert len({p["error"] for p in found}) == 1
    assert [p["calls"] for p in found] == [1, 0, 0]
    if status != "cancelled":
        for n in range(1, 4):
            assert f"m/{n}: {status}" in result["run"]["degraded"]
    if failure in ("hang", "deadline", "quorum"):
        assert await asyncio.to_thread(loopback.asked("m")[0].closed_early.wait, 60)


OUTCOMES: dict[str, tuple[Reply, str]] = {
    "ok": (Reply("fine"), "ok"),
    "truncated": (Reply("half a", finish_reason="length"), "truncated"),
    "filtered": (Reply("no", finish_reason="content_filter"), "refused"),
    "refused": (Reply("", refusal="I will not."), "refused"),
    "empty": (Reply(""), "empty"),
    "tool": (Reply("", tool_calls=[("look", {})]), "empty"),
}


@pytest.mark.parametrize("first", OUTCOMES)
async def test_each_choice_ends_in_its_own_way(loopback: Loopback, first: str) -> None:
    order = [first, *(name for name in OUTCOMES if name != first)]
    loopback.say("m", Reply(choices=[OUTCOMES[name][0] for name in order]))

    result = await mixture(loopback, samples=len(order)).ainvoke(QUESTION)

    assert asked_for(loopback) == [6]
    expected = [OUTCOMES[name][1] for name in order]
    if first != "refused" and not TELLS_EVERY_REFUSAL:
        expected[order.index("refused")] = "empty"
    assert [p["status"] for p in result["proposals"]] == expected
    reasons = [OUTCOMES[name][0].finish_reason if name != "tool" else "tool_calls" for name in order]
    assert [p["finish_reason"] for p in result["proposals"]] == reasons
    (last,) = loopback.asked("last")
    assert sorted(references_in(last.messages[-1]["content"])) == ["fine", "half a"]
    assert counted(result["run"]) == bill_of(loopback)


async def test_the_cache_keeps_each_of_them(loopback: Loopback) -> None:
    counting(loopback)
    cache: Any = InMemoryCache()

    few = await mixture(loopback, cache=cache, samples=2).ainvoke(QUESTION)
    many = await mixture(loopback, cache=cache, samples=5).ainvoke(QUESTION)
    again = await mixture(loopback, cache=cache, samples=5).ainvoke(QUESTION)

    assert asked_for(loopback) == [2, 3]
    assert [p["text"] for p in many["proposals"][:2]] == [p["text"] for p in few["proposals"]]
    assert [p["text"] for p in again["proposals"]] == [p["text"] for p in many["proposals"]]
    assert [p["cached"] for p in many["proposals"]] == [True, True, False, False, False]
    assert [p["cached"] for p in again["proposals"]] == [True] * 5
    assert [r["run"]["calls"] for r in (few, many, again)] == [2, 2, 1]
    assert len({p["text"] for p in many["proposals"]}) == 5


async def test_the_cache_keeps_whole_answers_only(loopback: Loopback) -> None:
    cache: Any = InMemoryCache()
    half, empty = Reply("half a", finish_reason="length"), Reply("")
    loopback.say("m", Reply(choices=[half, Reply("fine"), empty]))
    await mixture(loopback, cache=cache, samples=3).ainvoke(QUESTION)
    counting(loopback)

    result = await mixture(loopback, cache=cache, samples=3).ainvoke(QUESTION)

    assert asked_for(loopback) == [3, 2]
    assert [(p["text"], p["cached"]) for p in result["proposals"]] == [
        ("m says 1", False),
        ("fine", True),
        ("m says 2", False),
    ]


async def test_one_that_is_missing_is_asked_alone(loopback: Loopback) -> None:
    counting(loopback)
    cache: Any = InMemoryCache()
    await mixture(loopback, cache=cache, samples=3).ainvoke(QUESTION)

    await mixture(loopback, cache=cache, samples=4).ainvoke(QUESTION)

    assert asked_for(loopback) == [3, 1]


async def test_a_run_that_failed_is_gone_on_with_by_those_who_did_not_answer(loopback: Loopback) -> None:
    loopback.say("m", Reply(choices=[Reply("one"), Reply(""), Reply(""), Reply("four")]))
    saver = InMemorySaver()
    moa = mixture(loopback, min_proposals=4, checkpointer=saver)
    question = {"messages": [{"role": "user", "content": "Which?", "id": "q"}]}
    with pytest.raises(AllProposersFailed):
        await moa.ainvoke(question, THREAD)
    counting(loopback)

    result = await moa.ainvoke(question, THREAD)

    assert asked_for(loopback) == [4, 2]
    assert [p["text"] for p in result["proposals"]] == ["one", "m says 1", "m says 2", "four"]
    assert result["run"]["calls"] == 3
    assert counted(result["run"]) == bill_of(loopback)


async def test_a_person_sends_one_of_them_back(loopback: Loopback) -> None:
    counting(loopback)
    moa = mixture(loopback, review=True, checkpointer=InMemorySaver(), layers=3)
    await moa.ainvoke(QUESTION, THREAD)
    await moa.ainvoke(Command(resume={"decisions": [{"proposer": "m/2", "action": "retry"}]}), THREAD)

    result = await moa.ainvoke(Command(resume="accept"), THREAD)

    assert asked_for(loopback) == [4, 4, 1]
    assert [p["text"] for p in result["proposals"]][4:] == ["m says 5", "m says 9", "m says 7", "m says 8"]
    assert counted(result["run"]) == bill_of(loopback)
    assert result["run"]["calls"] == 4


async def test_a_person_sends_several_of_them_back(loopback: Loopback) -> None:
    counting(loopback)
    moa = mixture(loopback, review=True, checkpointer=InMemorySaver())
    await moa.ainvoke(QUESTION, THREAD)
    back = [{"proposer": f"m/{n}", "action": "retry"} for n in (1, 3)]
    await moa.ainvoke(Command(resume={"decisions": back}), THREAD)

    result = await moa.ainvoke(Command(resume="accept"), THREAD)

    assert asked_for(loopback) == [4, 2]
    assert [p["text"] for p in result["proposals"]] == ["m says 5", "m says 2", "m says 6", "m says 4"]
    assert counted(result["run"]) == bill_of(loopback)


async def test_they_count_for_the_quorum(loopback: Loopback) -> None:
    loopback.say("slow", Reply(broken="hang"))

    result = await mixture(loopback, proposers=[Proposer("m", samples=4), "slow"], quorum=Quorum(4), samples=1).ainvoke(
        QUESTION
    )

    assert [p["status"] for p in result["proposals"]] == ["ok"] * 4 + ["cancelled"]


async def test_they_count_for_an_agreement_that_does_not_wait(loopback: Loopback) -> None:
    loopback.say("m", "Final answer: 12")
    loopback.say("slow", Reply(broken="hang"))
    stop = EarlyStop(quorum=0.75, min_responses=1, as_completed=True, then="answer")

    result = await mixture(loopback, proposers=[Proposer("m", samples=4), "slow"], early_stop=stop, samples=1).ainvoke(
        QUESTION
    )

    assert [p["status"] for p in result["proposals"]] == ["ok"] * 4 + ["cancelled"]
    assert result["run"]["stopped"] == "agreed"


BUDGETS: list[tuple[Budget, bool]] = [
    (Budget(calls=5), True),
    (Budget(calls=3), False),
    (Budget(tokens=3_000), True),
    (Budget(tokens=300), False),
]


@pytest.mark.parametrize(("budget", "fits"), BUDGETS, ids=str)
@pytest.mark.parametrize("most", [128, 1])
async def test_a_budget_bounds_them_as_if_each_were_asked_alone(
    loopback: Loopback, budget: Budget, fits: bool, most: int
) -> None:
    loopback.most_choices = most
    moa = mixture(loopback, budget=budget, max_tokens=100)
    if not fits:
        with pytest.raises(BudgetExceeded, match="nothing was asked"):
            await moa.ainvoke(QUESTION)
        assert loopback.requests == []
        return

    result = await moa.ainvoke(QUESTION)

    assert result["run"]["stopped"] == "completed"
    assert result["run"]["calls"] == len(loopback.requests)


async def test_what_nobody_counted_is_bounded_for_all_of_them(loopback: Loopback) -> None:
    loopback.say("m", Reply("fine", usage=None))

    result = await mixture(loopback, max_tokens=100).ainvoke(QUESTION)

    first, *others = result["proposals"]
    assert first["at_most"]["tokens"] >= 400
    assert [p["at_most"] for p in others] == [None] * 3


async def test_streamed_proposals_are_asked_for_one_at_a_time(loopback: Loopback) -> None:
    counting(loopback)

    result = await mixture(loopback, stream_proposals=True).ainvoke(QUESTION)

    assert asked_for(loopback) == [1] * 4
    assert "layer_1/m/4" in mixture(loopback, stream_proposals=True).nodes
    assert len({p["text"] for p in result["proposals"]}) == 4


OWN: dict[str, tuple[Any, list[int]]] = {
    "as it is": (lambda server: own(server), [4]),
    "streaming": (lambda server: own(server, streaming=True), [4]),
    "bound": (lambda server: own(server).bind(stop=["END"]), [4]),
    "named": (lambda server: own(server).with_config(run_name="x"), [4]),
    "one choice": (lambda server: own(server, n=1), [1] * 4),
    "bound to one": (lambda server: own(server).bind(n=1), [1] * 4),
    "several already": (lambda server: own(server, n=2), [2] * 4),
    "bound to several": (lambda server: own(server).bind(n=2), [2] * 4),
    "with retries": (lambda server: own(server).with_retry(), [1] * 4),
    "with fallbacks": (lambda server: own(server).with_fallbacks([own(server)]), [1] * 4),
    "a chain": (lambda server: own(server) | (lambda message: message), [1] * 4),
}


@pytest.mark.parametrize("kind", OWN)
async def test_a_users_own_model_is_asked_as_it_was_set(loopback: Loopback, kind: str) -> None:
    build, expected = OWN[kind]
    counting(loopback)

    result = await mixture(loopback, proposers=[build(loopback)]).ainvoke(QUESTION)

    assert asked_for(loopback) == expected
    assert [p["status"] for p in result["proposals"]] == ["ok"] * 4
    assert [bool(r.body.get("stream")) for r in loopback.asked("m")] == [False] * len(expected)
    if kind == "bound":
        assert loopback.asked("m")[0].body["stop"] == ["END"]


RESPONSES: dict[str, Any] = {
    "reasoning": lambda server: own(server, reasoning={"effort": "low"}),
    "asked for": lambda server: own(server, use_responses_api=True),
    "version": lambda server: own(server, output_version="responses/v1"),
    "bound reasoning": lambda server: own(server).bind(reasoning={"effort": "low"}),
    "its own tool": lambda server: own(server).bind_tools([{"type": "web_search"}]),
}


@pytest.mark.parametrize("kind", RESPONSES)
async def test_the_responses_api_knows_no_n(loopback: Loopback, kind: str) -> None:
    moa = mixture(loopback, proposers=[RESPONSES[kind](loopback), "other"], samples=2)

    result = await moa.ainvoke(QUESTION)

    # The loopback server has no such API: what counts is that each sample was asked for, and none with `n`.
    found = [p for p in result["proposals"] if p["model"] == "m"]
    assert [(p["status"], p["calls"]) for p in found] == [("error", 1)] * 2
    assert "404" in found[0]["error"]


async def test_samples_in_other_mixtures_of_the_same_model_are_not_taken_for_another(loopback: Loopback) -> None:
    """What a server does is remembered of a proposer, and not of its name."""
    loopback.refuses_n = 400
    await mixture(loopback).ainvoke(QUESTION)
    loopback.refuses_n = None
    loopback.requests.clear()

    await mixture(loopback).ainvoke(QUESTION)

    assert asked_for(loopback) == [4]


async def test_the_same_model_twice_makes_a_request_each(loopback: Loopback) -> None:
    counting(loopback)

    result = await mixture(loopback, proposers=["m", "m"], samples=2).ainvoke(QUESTION)

    assert asked_for(loopback) == [2, 2]
    assert [p["proposer"] for p in result["proposals"]] == ["m/1", "m/2", "m-2/1", "m-2/2"]
    assert len({p["text"] for p in result["proposals"]}) == 4


async def test_limits_count_one_request(loopback: Loopback) -> None:
    counting(loopback)

    result = await mixture(loopback, limits=[Limits(provider="openai", concurrency=1)]).ainvoke(QUESTION)

    assert asked_for(loopback) == [4]
    assert result["run"]["degraded"] is None


async def test_a_cancelled_run_closes_its_one_request(loopback: Loopback) -> None:
    loopback.say("m", Reply(broken="hang"))
    run = asyncio.create_task(mixture(loopback).ainvoke(QUESTION))
    await asyncio.to_thread(loopback.wait_for, "m")

    run.cancel()

    with pytest.raises(asyncio.CancelledError):
        await run
    assert await asyncio.to_thread(loopback.asked("m")[0].closed_early.wait, 60)


async def test_a_conversation_with_tools_is_told_to_all_of_them(loopback: Loopback) -> None:
    call = {"id": "c", "name": "look", "args": {"at": "map"}}
    conversation: Any = [("user", "Where?"), {"role": "assistant", "content": "", "tool_calls": [call]}]
    conversation.append({"role": "tool", "content": "Lima", "tool_call_id": "c"})

    result = await mixture(loopback).ainvoke({"messages": conversation})

    assert asked_for(loopback) == [4]
    assert [p["status"] for p in result["proposals"]] == ["ok"] * 4
    assert "Lima" in loopback.asked("m")[0].prompt
    assert {m["role"] for m in loopback.asked("m")[0].messages} == {"user", "assistant"}


async def test_two_turns_on_one_thread(loopback: Loopback) -> None:
    counting(loopback)
    moa = mixture(loopback, checkpointer=InMemorySaver())
    await moa.ainvoke(QUESTION, THREAD)

    result = await moa.ainvoke(user("And then?"), THREAD)

    assert asked_for(loopback) == [4, 4]
    assert [p["text"] for p in result["proposals"]] == [f"m says {n}" for n in range(5, 9)]


async def test_one_request_for_six_samples_bills_a_quarter_of_six(
    loopback: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    """One model, six samples, three layers, a question of 1,500 tokens: the prompt is billed once a layer."""
    question = user(" ".join(f"word{n}" for n in range(1_500)))
    answer = " ".join(f"said{n}" for n in range(150))
    loopback.say("m", answer)
    billed = {}
    for most in (128, 1):
        loopback.most_choices = most
        loopback.billed.clear()
        loopback.requests.clear()
        moa = create_self_moa(model="m", samples=6, layers=3, early_stop=None, resolve=loopback.resolve)
        if most == 1:
            await moa.ainvoke(user("Do you take n?"))  # it is remembered that this server does not
            loopback.billed.clear()
            loopback.requests.clear()
        result = await moa.ainvoke(question)
        assert counted(result["run"]) == bill_of(loopback)
        billed[most] = bill_of(loopback)["input_tokens"], len(loopback.requests)

    (once, requests), (six_times, more_requests) = billed[128], billed[1]
    assert (requests, more_requests) == (3, 13)
    with capsys.disabled():
        share = once / six_times
        print(f"\nprompt tokens: {once:,} in {requests} requests, {six_times:,} in {more_requests}: {share:.2f}")
    assert once <= 0.3 * six_times
