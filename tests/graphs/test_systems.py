"""Each system is a mixture like any other: drawn, refused, bounded, resumed, streamed and worn as one."""

import asyncio
import json
from collections import Counter
from functools import partial
from typing import Any, get_args

import pytest
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
    Rank,
    Vote,
    create_best_of_n,
    create_debate,
    create_grouped_moa,
    create_moa,
    create_ranker,
    create_self_moa,
    create_self_moa_seq,
    create_single,
    create_smoa,
    create_vote,
    estimate,
    resolve_model,
)
from langgraph_moa.apps.settings.systems import SystemName
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback, Reply
from panels import says
from reading import QUESTION, proposals_in, references_in, user
from running import THREAD
from syrupy.assertion import SnapshotAssertion

THREE = ["anna", "bert", "carl"]
EACH: dict[str, "partial[Any]"] = {
    "moa": partial(create_moa, proposers=THREE, aggregator="last", layers=3),
    "single": partial(create_single, model="anna"),
    "self-moa": partial(create_self_moa, model="anna", samples=3),
    "self-moa-seq": partial(create_self_moa_seq, model="anna", samples=8, window=3),
    "ranker": partial(create_ranker, proposers=THREE, ranker="last"),
    "best-of-n": partial(create_best_of_n, model="anna", samples=3),
    "vote": partial(create_vote, proposers=THREE),
    "debate": partial(create_debate, proposers=THREE, rounds=3),
    "smoa": partial(create_smoa, proposers=THREE, aggregator="last", moderator="moderator", keep=2),
    "grouped": partial(create_grouped_moa, proposers=[*THREE, "dora"], aggregator="last", group=2),
}
"""Each system, small; the names are those of settings and of the command line."""


def build(name: str, server: Loopback, **options: Any) -> Any:
    return EACH[name](**{"resolve": server.resolve, **options})


def answering(server: Loopback, words: int = 6) -> None:
    """Let everybody answer, rankers and moderators as they should."""

    def script(body: dict[str, Any]) -> Reply:
        if proposals_in(body):
            return Reply('{"best": [2, 1], "stop": false}')
        return Reply(" ".join([body["model"], *["w"] * (words - 4)]) + "\nFinal answer: 12")

    server.default = script


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

    used = sum(usage["total_tokens"] for usage in loopback.billed)
    assert bound["unbounded"] == [] or bound["usd"] is None
    assert len(loopback.requests) <= bound["calls"]
    assert used == result["run"]["usage"]["total_tokens"] <= bound["tokens"]
    if most == 1 and name != "grouped":  # whose groups may all fail, and what is left is read in windows
        assert len(loopback.requests) == bound["calls"]


async def test_the_estimate_of_a_long_debate_is_a_bound(loopback: Loopback) -> None:
    answering(loopback, 3_000)
    moa = build("debate", loopback, max_tokens=3_000, rounds=6)

    bound = estimate(moa, "Which?")
    await moa.ainvoke(QUESTION)

    assert sum(usage["total_tokens"] for usage in loopback.billed) <= bound["tokens"]


@pytest.mark.parametrize("calls", range(4, 14))
@pytest.mark.parametrize("name", ["self-moa-seq", "debate", "smoa", "grouped", "ranker"])
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


# Mistakes.


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
    "grouped": {"proposers": ["offline:words", "offline:stems"], "aggregator": "offline:words"},
}
MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("single", {"model": "offline:nobody"}, "unknown offline model 'nobody'"),
    ("single", {"aggregator": "offline:words"}, "found aggregator in create_single|unknown option 'aggregator'"),
    ("single", {"layers": 2}, "found layers in create_single, which decides it itself"),
    ("single", {"review": True}, "found review=True with layers=1"),
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


@pytest.mark.parametrize(("name", "options", "expected"), MISTAKES, ids=lambda value: str(value)[:40])
def test_what_could_not_mean_anything_is_refused(name: str, options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        EACH[name].func(**{**OFFLINE[name], **options})


@pytest.mark.parametrize("name", EACH)
def test_it_takes_every_option_that_it_does_not_decide(name: str) -> None:
    saver = InMemorySaver()
    options: dict[str, Any] = {"temperature": 0.7, "max_tokens": 100, "name": "mine", "checkpointer": saver}
    options |= {"timeout": 5, "hide_texts": True, "mark_answers": False}
    options |= {} if name in ("single",) else {"quorum": Quorum(1), "min_proposals": 1}

    assert EACH[name].func(**{**OFFLINE[name], **options}).get_name() == "mine"


@pytest.mark.parametrize("name", EACH)
def test_the_offline_models_run_it(name: str) -> None:
    result = EACH[name].func(**OFFLINE[name]).invoke(user("What is 6 * 7?"))

    assert "42" in result["messages"][-1].text
    assert result["run"]["degraded"] is None


# Who reads whom.


def test_one_reads_whom_it_names_and_nobody_else() -> None:
    second = [says("x", "second"), says("x", "third"), says("x", "fourth")]
    reads: list[Any] = [("carl", "anna"), (), None]
    last = says("done", "last")

    create_moa(
        proposers=[
            [Proposer(says(f"{name}'s", name), name=name) for name in THREE],
            [Proposer(model, reads=names) for model, names in zip(second, reads, strict=True)],
        ],
        aggregator=last,
        early_stop=None,
    ).invoke(QUESTION)

    asked = [references_in(model.asked[0][-1].text) for model in second]
    assert asked == [["anna's", "carl's"], [], ["anna's", "bert's", "carl's"]]
    assert references_in(last.asked[0][-1].text) == ["x"] * 3


def test_one_reads_all_samples_of_whom_it_names() -> None:
    reader = says("x", "reader")

    create_moa(
        proposers=[
            [Proposer(says(["a", "b"], "anna"), samples=2), says("c", "bert")],
            [Proposer(reader, reads=("anna",), samples=1)],
        ],
        aggregator=says("done", "last"),
    ).invoke(QUESTION)

    assert references_in(reader.asked[0][-1].text) == ["a", "b"]


def test_one_whose_authors_all_failed_is_not_asked() -> None:
    reader, other = says("x", "reader"), says("y", "other")

    result = create_moa(
        proposers=[
            [Proposer(says(ValueError("no"), "anna"), name="anna"), says("c", "bert")],
            [Proposer(reader, reads=("anna",)), other],
        ],
        aggregator=says("done", "last"),
    ).invoke(QUESTION)

    assert reader.asked == []
    assert [p["status"] for p in result["proposals"]] == ["error", "ok", "skipped", "ok"]
    assert "nobody answered whose proposals it reads" in result["proposals"][2]["error"]


READS: list[tuple[Any, str]] = [
    (("dora",), "found 'dora' among reads, no proposer of the layer before; .*known: anna, bert"),
    (("ana",), "did you mean 'anna'"),
    ("anna", "found reads='anna'.*expected a tuple of proposers' names"),
    ((1,), r"found reads=\(1,\)"),
    ({"anna"}, "found reads="),
]


@pytest.mark.parametrize(("reads", "expected"), READS, ids=str)
def test_whom_nobody_can_read_is_refused(reads: Any, expected: str) -> None:
    first = [Proposer("offline:words", name="anna"), Proposer("offline:words", name="bert")]
    second = [Proposer("offline:words", reads=reads)]

    with pytest.raises(ConfigError, match=expected):
        create_moa(proposers=[first, second], aggregator="offline:words")


def test_the_first_layer_can_read_nobody() -> None:
    with pytest.raises(ConfigError, match="found 'anna' among reads, no proposer of the layer before"):
        create_moa(proposers=[Proposer("offline:words", name="anna", reads=("anna",))], aggregator="offline:words")


def test_a_flat_list_reads_itself() -> None:
    one = says(["a1", "a2"], "anna")
    other = says(["b1", "b2"], "bert")
    panel = [Proposer(one, name="anna", reads=("bert",)), Proposer(other, name="bert", reads=())]

    create_moa(proposers=panel, aggregator=says("x", "last"), layers=3, early_stop=None).invoke(QUESTION)

    assert references_in(one.asked[1][-1].text) == ["b1"]
    assert references_in(other.asked[1][-1].text) == []


# Debates.


def test_a_debater_remembers_what_it_said_itself() -> None:
    one, other = says(["a1", "a2", "a3"], "anna"), says(["b1", "b2", "b3"], "bert")

    create_debate(proposers=[one, other], rounds=3, mark_answers=False).invoke(QUESTION)

    told = [[(m.type, references_in(m.text) or m.text) for m in messages] for messages in one.asked]
    assert told == [
        [("human", "Which?")],
        [("human", "Which?"), ("ai", "a1"), ("human", ["b1"])],
        [("human", "Which?"), ("ai", "a1"), ("human", ["b1"]), ("ai", "a2"), ("human", ["b2"])],
    ]


def test_what_a_debater_was_told_is_told_again_word_for_word() -> None:
    """A provider's prompt cache holds from round to round."""
    one, other = says(["a1", "a2", "a3", "a4"], "anna"), says(["b1", "b2", "b3", "b4"], "bert")

    create_debate(proposers=[Proposer(one, system_prompt="Doubt."), other], rounds=4).invoke(QUESTION)

    for before, after in zip(one.asked, one.asked[1:], strict=False):
        assert [m.text for m in after][: len(before)] == [m.text for m in before]


@pytest.mark.parametrize("failed", [1, 2, 3])
def test_one_that_failed_in_a_round_goes_on_with_what_it_said(failed: int) -> None:
    lines: list[Any] = ["a1", "a2", "a3"]
    lines[failed - 1] = ValueError("down")
    one = says(lines, "anna")
    others = [says([f"{n}{k}" for k in (1, 2, 3)], n) for n in ("b", "c")]

    result = create_debate(proposers=[one, *others], rounds=3, mark_answers=False).invoke(QUESTION)

    assert "anna: error" in result["run"]["degraded"]
    assert [m.text for m in one.asked[2] if m.type == "ai"] == [f"a{n}" for n in (1, 2) if n != failed]
    assert references_in(one.asked[2][-1].text) == ["b2", "c2"]
    expected = [] if failed == 1 else ["a1"]
    assert references_in(others[0].asked[1][-1].text) == [*expected, "c1"]


def test_one_whose_opponents_all_failed_keeps_its_answer() -> None:
    one = says(["Final answer: 12", "Final answer: 12"], "anna")
    other = says([ValueError("down"), "Final answer: 13"], "bert")

    result = create_debate(proposers=[one, other]).invoke(QUESTION)

    assert [p["status"] for p in result["proposals"] if p["layer"] == 2] == ["ok", "ok"]


def test_what_somebody_else_said_is_nobodys_own() -> None:
    anna, bert = says(["a1", "a2"], "anna"), says(["b1", "b2"], "bert")
    first = [Proposer(anna, name="anna"), Proposer(bert, name="bert")]
    second = [Proposer(bert, name="bert", debates=True), Proposer(anna, name="anna", debates=True)]

    create_moa(proposers=[first, second], aggregator=says("x", "last"), early_stop=None).invoke(QUESTION)

    assert [m.text for m in anna.asked[1] if m.type == "ai"] == ["a1"]
    assert references_in(anna.asked[1][-1].text) == ["b1"]


def test_samples_debate_with_each_other() -> None:
    model = says(lambda messages: f"said {sum(m.type == 'ai' for m in messages)}", "anna")

    result = create_debate(proposers=[model], samples=3).invoke(QUESTION)

    assert [p["proposer"] for p in result["proposals"]] == ["anna/1", "anna/2", "anna/3"] * 2
    assert [len(references_in(messages[-1].text)) for messages in model.asked] == [0] * 3 + [2] * 3


async def test_samples_of_one_request_debate_each_with_its_own(loopback: Loopback) -> None:
    """In the second round they are told different things: one request cannot ask them all."""
    given = Counter[str]()

    def script(body: dict[str, Any]) -> Reply:
        given["m"] += 1
        return Reply(f"said {given['m']}")

    loopback.say("m", script)
    await create_debate(proposers=["m"], samples=3, mark_answers=False, resolve=loopback.resolve).ainvoke(QUESTION)

    later = [r for r in loopback.asked("m") if len(r.messages) > 1]
    told = sorted((r.messages[1]["content"], *references_in(r.messages[-1]["content"])) for r in later)
    assert told == [
        ("said 1", "said 2", "said 3"),
        ("said 2", "said 1", "said 3"),
        ("said 3", "said 1", "said 2"),
    ]


def test_a_debate_may_have_an_author() -> None:
    last = says("written", "last")

    result = create_debate(proposers=[says("a", "anna"), says("b", "bert")], aggregator=last).invoke(QUESTION)

    assert result["messages"][-1].text == "written"
    assert references_in(last.asked[0][-1].text) == ["a", "b"]


# Self-MoA-Seq.


def folding(fails: int | None = None) -> tuple[Any, Any]:
    fresh, best = Counter[str](), Counter[str]()

    def say(messages: Any) -> str:
        fresh["n"] += 1
        return f"fresh {fresh['n']}"

    def join(messages: Any) -> str:
        best["n"] += 1
        if best["n"] == fails:
            raise ValueError("down")
        return f"best {best['n']}"

    return says(say, "anna"), says(join, "joiner")


def test_each_window_holds_what_came_of_the_one_before() -> None:
    model, joiner = folding()

    result = create_self_moa_seq(model=model, samples=8, window=3, aggregator=joiner).invoke(QUESTION)

    # Which sample comes first is a race; which window it is read in is not.
    assert [sorted(references_in(messages[-1].text)) for messages in joiner.asked] == [
        ["fresh 1", "fresh 2", "fresh 3"],
        ["best 1", "fresh 4", "fresh 5"],
        ["best 2", "fresh 6", "fresh 7"],
        ["best 3", "fresh 8"],
    ]
    assert result["messages"][-1].text == "best 4"
    assert all(references_in(messages[-1].text) == [] for messages in model.asked)


@pytest.mark.parametrize("fails", [1, 2, 3])
def test_where_a_window_fails_the_next_ones_go_on(fails: int) -> None:
    model, joiner = folding(fails)

    result = create_self_moa_seq(model=model, samples=8, window=3, aggregator=joiner).invoke(QUESTION)

    assert result["messages"][-1].text == "best 4"
    why = "the one before stands for it: error (ValueError: down)"
    lost = f"1 of {3 if fails < 3 else 2} proposals of layer {fails + 1} are missing (best: {why})"
    assert lost in result["run"]["degraded"]


def test_where_a_window_fails_what_came_of_the_ones_before_is_kept() -> None:
    model, joiner = folding(2)

    create_self_moa_seq(model=model, samples=8, window=3, aggregator=joiner).invoke(QUESTION)

    assert "best 1" in references_in(joiner.asked[2][-1].text)


async def test_a_run_that_was_killed_asks_for_no_window_twice(loopback: Loopback) -> None:
    hung = Counter[str]()

    def script(body: dict[str, Any]) -> Reply:
        if "<reference-" in json.dumps(body):
            hung["m"] += 1
            return Reply(broken="hang") if hung["m"] == 2 else Reply(f"best {hung['m']}")
        return Reply("fresh")

    loopback.say("m", script)
    saver = InMemorySaver()

    def moa() -> Any:
        resolve = loopback.resolve
        return create_self_moa_seq(model="m", samples=8, window=3, resolve=resolve, checkpointer=saver)

    run = asyncio.create_task(moa().ainvoke(QUESTION, THREAD, durability="sync"))
    await asyncio.to_thread(loopback.wait_until, lambda: len(loopback.billed) == 4 and hung["m"] == 2)
    async with asyncio.timeout(60):
        while True:  # what a node returned is kept a little after its request was answered
            found = await saver.aget_tuple(THREAD)
            if found and [channel for _, channel, _ in found.pending_writes or []].count("proposals") == 1:
                break
            await asyncio.sleep(0.02)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)

    result = await moa().ainvoke(None, THREAD)

    asked = Counter((r.n, tuple(references_in(r.messages[-1]["content"]))) for r in loopback.requests)
    assert asked == {
        (3, ()): 1,
        (2, ()): 2,
        (1, ()): 1,
        (1, ("fresh", "fresh", "fresh")): 1,
        (1, ("best 1", "fresh", "fresh")): 2,
        (1, ("best 3", "fresh", "fresh")): 1,
        (1, ("best 4", "fresh")): 1,
    }
    assert result["run"]["degraded"] is None


def test_a_model_that_is_called_best_is_sampled_too() -> None:
    moa = create_self_moa_seq(model=Proposer("offline:words", name="best"), samples=4, window=2)

    assert moa.invoke(user("What is 6 * 7?"))["run"]["degraded"] is None


def test_who_aggregates_may_have_settings() -> None:
    last = says("joined", "last")

    result = create_self_moa_seq(
        model=says("fresh", "anna"), samples=5, window=3, aggregator=Aggregator(last, system_prompt="Join.")
    ).invoke(QUESTION)

    assert result["messages"][-1].text == "joined"
    assert [messages[0].text for messages in last.asked] == ["Join."] * len(last.asked)


# Others.


def test_grouped_proposers_are_read_in_their_groups() -> None:
    panel = [says(n, n) for n in "abcdef"]
    joiner = says(lambda messages: "+".join(references_in(messages[-1].text)), "joiner")

    result = create_grouped_moa(proposers=panel, aggregator=joiner, group=3).invoke(QUESTION)

    assert result["messages"][-1].text == "a+b+c+d+e+f"
    assert [p["proposer"] for p in result["proposals"]] == [*"abcdef", "group-1", "group-2"]


def test_a_group_of_which_nobody_answered_is_left_out() -> None:
    panel = [says("a", "a"), says("b", "b"), says(ValueError("no"), "c"), says("", "d")]
    joiner = says(lambda messages: "+".join(references_in(messages[-1].text)), "joiner")

    result = create_grouped_moa(proposers=panel, aggregator=joiner, group=2).invoke(QUESTION)

    assert result["messages"][-1].text == "a+b"
    assert "group-2: skipped" in result["run"]["degraded"]


def test_the_same_model_twice_is_grouped_under_two_names() -> None:
    joiner = says(lambda messages: "+".join(references_in(messages[-1].text)), "joiner")

    result = create_grouped_moa(proposers=[says("a", "a"), says("b", "a"), says("c", "a")], aggregator=joiner, group=2)

    assert result.invoke(QUESTION)["messages"][-1].text == "a+b+c"


def test_self_moa_may_be_voted_on_and_ranked() -> None:
    voted = create_self_moa(model=says("Final answer: 12", "anna"), aggregator=Vote()).invoke(QUESTION)
    ranked = create_self_moa(
        model=says("x", "anna"), aggregator=Rank(says('{"best": [1]}', "judge")), samples=2
    ).invoke(QUESTION)

    assert voted["messages"][-1].text == "Final answer: 12"
    assert ranked["messages"][-1].text == "x"


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


def test_no_quorum_cuts_who_carries_the_best() -> None:
    def slow(messages: Any) -> str:
        return "best" if references_in(messages[-1].text) else "fresh"

    model = ScriptedModel(script=slow, name_of_model="m")
    joiner = ScriptedModel(script="best", name_of_model="joiner", delay=0.3)

    result = create_self_moa_seq(model=model, samples=8, window=3, aggregator=joiner, quorum=Quorum(1)).invoke(QUESTION)

    assert {p["status"] for p in result["proposals"] if p["proposer"] == "best"} == {"ok"}


def test_a_debate_inside_a_mixture_begins_anew_in_each_layer() -> None:
    one, other = (ScriptedModel(script=f"{name} says", name_of_model=name) for name in ("one", "other"))
    inner = create_debate(proposers=[one, other], mark_answers=False, name="inner")
    plain = ScriptedModel(script="x", name_of_model="x")

    create_moa(
        proposers=[Proposer(inner, name="inner"), plain],
        aggregator=ScriptedModel(script="done", name_of_model="last"),
        layers=3,
        early_stop=None,
    ).invoke(QUESTION)

    assert all("No other participant" not in messages[-1].text for messages in one.asked)
    assert len(one.asked) == 4


def test_an_estimate_holds_where_all_groups_fail() -> None:
    panel = [ScriptedModel(script=f"p{n}", name_of_model=f"p{n}") for n in range(9)]

    def script(messages: Any) -> str:
        if any(text.startswith("p") for text in references_in(messages[-1].text)) and len(joiner.asked) <= 3:
            raise ValueError("down")
        return "joined"

    joiner = ScriptedModel(script=script, name_of_model="joiner")
    moa = create_grouped_moa(proposers=panel, aggregator=joiner, group=3, min_proposals=1)

    run = moa.invoke(QUESTION)["run"]

    assert run["calls"] <= (estimate(moa, "Which?")["calls"] or 0)
