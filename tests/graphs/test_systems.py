"""Each system is a mixture like any other: drawn, refused, bounded, resumed, streamed and worn as one."""

import asyncio
import json
from collections import Counter
from functools import partial
from typing import Any, get_args

import pytest
from every_system import EACH, answering, build
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from langgraph_moa import (
    Aggregator,
    Budget,
    ChatMoA,
    ConfigError,
    EarlyStop,
    Moderator,
    Proposer,
    Quorum,
    Vote,
    estimate,
    resolve_model,
)
from langgraph_moa.apps.settings.systems import SystemName
from loopback import Loopback, Reply
from reading import QUESTION, proposals_in, user
from running import THREAD
from syrupy.assertion import SnapshotAssertion
from tables import each


def test_all_of_them_are_here() -> None:
    assert EACH.keys() == {*get_args(SystemName)} - {"moa-lite"}


@pytest.mark.parametrize("name", EACH)
def test_its_graph_is_drawn(name: str, snapshot: SnapshotAssertion) -> None:
    resolve = partial(resolve_model, base_url="http://127.0.0.1:9/v1")

    assert EACH[name](resolve=resolve).get_graph().draw_mermaid() == snapshot


@pytest.mark.parametrize("name", EACH)
async def test_all_apis_give_the_same(loopback: Loopback, name: str) -> None:
    answering(loopback)

    answers, calls = [], []
    for api in ("ainvoke", "invoke", "events", "worn", "stream"):
        loopback.requests.clear()
        moa = build(name, loopback)
        if api == "ainvoke":
            answer = (await moa.ainvoke(QUESTION))["messages"][-1]
        elif api == "invoke":
            answer = (await asyncio.to_thread(moa.invoke, QUESTION))["messages"][-1]
        elif api == "worn":
            answer = await ChatMoA(moa).ainvoke("Which?")
        elif api == "stream":
            answer = [state async for state in moa.astream(QUESTION, stream_mode="values")][-1]["messages"][-1]
        else:
            events = [event async for event in moa.astream_events(QUESTION, version="v2")]
            answer = events[-1]["data"]["output"]["messages"][-1]
        answers.append(answer.text)
        calls.append(sorted((r.model, r.n) for r in loopback.requests))
        assert answer.response_metadata["moa"]["degraded"] is None

    assert len({*answers}) == 1
    assert all(made == calls[0] for made in calls)


@pytest.mark.parametrize("name", [name for name in EACH if name != "single"])
async def test_a_person_can_look_first(loopback: Loopback, name: str) -> None:
    answering(loopback)
    moa = build(name, loopback, review=True, checkpointer=InMemorySaver())

    waiting = await moa.ainvoke(QUESTION, THREAD)
    result = await moa.ainvoke(Command(resume="accept"), THREAD)

    assert "__interrupt__" in waiting
    assert result["run"]["degraded"] is None
    assert result["messages"][-1].text


@pytest.mark.parametrize("most", [128, 1], ids=["n", "alone"])
@pytest.mark.parametrize("words", [20, 3_000])
@pytest.mark.parametrize("name", EACH)
async def test_the_estimate_is_a_bound(loopback: Loopback, name: str, words: int, most: int) -> None:
    answering(loopback, words)
    loopback.most_choices = most
    whole: Any = {} if name == "self-moa-seq" else {"early_stop": None}
    moa = build(name, loopback, max_tokens=words, **whole)

    bound: Any = estimate(moa, "Which?")
    result = await moa.ainvoke(QUESTION)

    used = loopback.tokens_billed
    assert bound["unbounded"] == [] or bound["usd"] is None
    assert len(loopback.requests) <= bound["calls"]
    assert used == result["run"]["usage"]["total_tokens"] <= bound["tokens"]
    # Groups may all fail, and what is left is read in windows; an analyst may be asked once more.
    if most == 1 and name not in ("grouped", "fusion"):
        assert len(loopback.requests) == bound["calls"]


async def test_the_estimate_of_a_long_debate_is_a_bound(loopback: Loopback) -> None:
    answering(loopback, 3_000)
    moa = build("debate", loopback, max_tokens=3_000, rounds=6)

    bound = estimate(moa, "Which?")
    await moa.ainvoke(QUESTION)

    assert loopback.tokens_billed <= (bound["tokens"] or 0)


@pytest.mark.parametrize("calls", range(4, 14))
@pytest.mark.parametrize("name", ["self-moa-seq", "debate", "smoa", "fusion", "grouped", "ranker"])
async def test_a_budget_bounds_it(loopback: Loopback, name: str, calls: int) -> None:
    answering(loopback)
    loopback.most_choices = 1  # the bound is of calls that are made one by one

    result = await build(name, loopback, budget=Budget(calls=calls)).ainvoke(QUESTION)

    assert len(loopback.requests) == result["run"]["calls"] <= calls
    assert result["messages"][-1].text


@pytest.mark.parametrize("name", EACH)
async def test_a_second_question_sees_nothing_of_the_first(loopback: Loopback, name: str) -> None:
    turn = Counter[str]()

    def script(body: dict[str, Any]) -> Reply:
        if proposals_in(body):
            return Reply('{"best": [1], "stop": false}')
        return Reply(f"SECRET of {body['model']}\nFinal answer: {len(turn)}")

    loopback.default = script
    moa = build(name, loopback, checkpointer=InMemorySaver())
    await moa.ainvoke(QUESTION, THREAD)
    first = loopback.requests[:]
    loopback.requests.clear()
    turn["second"] += 1

    result = await moa.ainvoke(user("And then?"), THREAD)

    assert len(loopback.requests) == len(first)
    turns = [[m for m in request.messages if m["role"] != "system"] for request in loopback.requests]
    assert len({json.dumps(messages[:2]) for messages in turns}) == 1  # the question, the answer, nothing else of it
    for messages in turns:
        assert "Final answer: 0" not in json.dumps(messages[2:])
    assert "Final answer: 1" in result["messages"][-1].text


OFFLINE: dict[str, dict[str, Any]] = {
    "moa": {"proposers": ["offline:words", "offline:stems"], "aggregator": "offline:words"},
    "single": {"model": "offline:words"},
    "self-moa": {"model": "offline:words"},
    "self-moa-seq": {"model": "offline:words"},
    "ranker": {"proposers": ["offline:words", "offline:stems"], "ranker": "offline:words"},
    "best-of-n": {"model": "offline:words"},
    "vote": {"proposers": ["offline:words", "offline:stems"]},
    "debate": {"proposers": ["offline:words", "offline:stems"]},
    "smoa": {
        "proposers": ["offline:words", "offline:stems"],
        "aggregator": "offline:words",
        "moderator": "offline:words",
    },
    "fusion": {"proposers": ["offline:words", "offline:stems"], "aggregator": "offline:words"},
    "grouped": {"proposers": ["offline:words", "offline:stems"], "aggregator": "offline:words"},
}


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("single", {"model": "offline:nobody"}, "unknown offline model 'nobody'"),
    ("single", {"aggregator": "offline:words"}, "found aggregator in create_single|unknown option 'aggregator'"),
    ("single", {"layers": 2}, "found layers in create_single, which decides it itself"),
    ("single", {"review": True}, "found review=True with layers=1"),
    ("single", {"model": Aggregator("offline:words")}, "found Aggregator"),
    ("self-moa-seq", {"model": Aggregator("offline:words")}, "found Aggregator"),
    ("debate", {"proposers": [Aggregator("offline:words")] * 2}, "found Aggregator"),
    ("grouped", {"aggregator": Proposer("offline:words")}, "found Proposer"),
    ("self-moa", {"samples": 0}, "found samples=0, expected a whole number from 1 to 100"),
    ("self-moa", {"samples": 1.5}, "found samples=1.5, expected a whole number"),
    ("self-moa", {"samples": 101}, "found samples=101"),
    ("self-moa", {"layers": 0}, "found layers=0"),
    ("self-moa", {"proposers": ["offline:words"]}, "found proposers in create_self_moa"),
    ("self-moa-seq", {"samples": 1}, "found samples=1, expected a whole number from 2 to 1,000"),
    ("self-moa-seq", {"samples": 1_001}, "found samples=1001"),
    ("self-moa-seq", {"samples": True}, "found samples=True"),
    ("self-moa-seq", {"window": 1}, "found window=1, expected a whole number from 2 to 100"),
    ("self-moa-seq", {"window": "6"}, "found window='6'"),
    ("self-moa-seq", {"layers": 2}, "found layers in create_self_moa_seq, which decides it itself"),
    ("self-moa-seq", {"early_stop": None}, "found early_stop in create_self_moa_seq, which decides it itself"),
    ("self-moa-seq", {"aggregator": Vote()}, "found Vote as a model"),
    ("ranker", {"ranker": []}, r"found Rank\(\[\]\) as the aggregator"),
    ("ranker", {"seed": "x"}, "found seed='x'"),
    ("ranker", {"aggregator": "offline:words"}, "found aggregator in create_ranker|unknown option 'aggregator'"),
    ("ranker", {"proposers": []}, "found no proposers"),
    ("best-of-n", {"samples": 0}, "found samples=0"),
    ("best-of-n", {"ranker": "offline:nobody"}, "unknown offline model"),
    ("vote", {"samples": 0}, "found samples=0"),
    ("vote", {"proposers": "offline:words"}, "found str as proposers"),
    ("debate", {"rounds": 1}, "found rounds=1, expected a whole number from 2"),
    ("debate", {"rounds": 2.0}, "found rounds=2.0"),
    ("debate", {"rounds": 100}, "found layers=101|found rounds=100"),
    ("debate", {"proposers": ["offline:words"]}, "found a debate of one, expected two agents or more"),
    ("debate", {"placement": "system_prompt"}, "found placement='system_prompt' in a debate, expected 'last'"),
    ("debate", {"layers": 3}, "found layers in create_debate, which decides it itself"),
    ("smoa", {"keep": 0}, "found keep=0 for the moderator"),
    ("smoa", {"layers": 1}, "found layers=1 with"),
    ("smoa", {"moderator": Moderator("offline:words")}, "found Moderator as a model"),
    ("grouped", {"group": 1}, "found group=1, expected a whole number from 2"),
    (
        "grouped",
        {"group": 2, "proposers": ["offline:words"] * 5},
        "found 5 proposers in 3 groups of 2, expected at most 2",
    ),
    ("grouped", {"group": 2, "samples": 3}, "found 3 samples of one proposer with group=2"),
    ("grouped", {"proposers": [["offline:words"], ["offline:stems"]]}, "found proposers by layer, expected one list"),
    ("grouped", {"proposers": []}, "found no proposers"),
    ("grouped", {"layers": 3}, "found layers in create_grouped_moa, which decides it itself"),
    *(
        (name, {"tempreature": 1}, "unknown option 'tempreature' of create_.*did you mean 'temperature'")
        for name in EACH
        if name != "moa"
    ),
    *((name, {"temperature": -1}, "found temperature=-1") for name in EACH),
]


@each(("name", "options", "expected"), MISTAKES)
def test_what_could_not_mean_anything_is_refused(name: str, options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        EACH[name].func(**{**OFFLINE[name], **options})


@each("name", EACH)
def test_it_takes_every_option_that_it_does_not_decide(name: str) -> None:
    saver = InMemorySaver()
    options: dict[str, Any] = {"temperature": 0.7, "max_tokens": 100, "name": "mine", "checkpointer": saver}
    options |= {"timeout": 5, "hide_texts": True, "mark_answers": False}
    options |= {} if name in ("single",) else {"quorum": Quorum(1), "min_proposals": 1}

    assert EACH[name].func(**{**OFFLINE[name], **options}).get_name() == "mine"


@each("name", EACH)
def test_the_offline_models_run_it(name: str) -> None:
    result = EACH[name].func(**OFFLINE[name]).invoke(user("What is 6 * 7?"))

    assert "42" in result["messages"][-1].text
    assert result["run"]["degraded"] is None


async def test_temperature_and_limit_reach_every_call(loopback: Loopback) -> None:
    answering(loopback)
    for name in EACH:
        await build(name, loopback, temperature=0.7, max_tokens=99).ainvoke(QUESTION)

    assert {(r.body["temperature"], r.body["max_tokens"]) for r in loopback.requests} == {(0.7, 99)}


async def test_a_proposers_own_settings_are_those_of_its_aggregator(loopback: Loopback) -> None:
    answering(loopback)
    mine = Proposer("anna", temperature=0.3, max_tokens=77, system_prompt="Be brief.")
    for name in ("self-moa", "self-moa-seq", "best-of-n"):
        loopback.requests.clear()
        await build(name, loopback, model=mine).ainvoke(QUESTION)
        assert {(r.body["temperature"], r.body["max_tokens"], r.messages[0]["content"]) for r in loopback.requests} == {
            (0.3, 77, "Be brief.")
        }


@pytest.mark.parametrize("then", ["aggregate", "answer"])
async def test_agreement_may_end_other_systems(loopback: Loopback, then: Any) -> None:
    answering(loopback)

    result = await build("smoa", loopback, early_stop=EarlyStop(then=then)).ainvoke(QUESTION)

    assert result["run"]["stopped"] == "agreed"
    assert loopback.asked("moderator") == []
