"""With a cache of responses, every call of a run is asked for once, in whatever process and run it comes up."""

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from every_system import POINTS
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from langgraph_moa import (
    Analyst,
    Budget,
    ChatMoA,
    Confident,
    EarlyStop,
    Moderator,
    Price,
    ResponseCache,
    create_moa,
    create_ranker,
    judge_agreement,
)
from langgraph_moa.nodes.calls.cache import repeat_number
from loopback import Loopback, Reply
from pydantic import SecretStr
from reading import QUESTION

PRICES = {"openai:m0": Price(input=1.0, output=1.0)}


def mixture(server: Loopback, path: Path, **options: Any) -> Any:
    defaults: dict[str, Any] = {"proposers": ["m0", "m1"], "aggregator": "last", "resolve": server.resolve}
    return create_moa(**{**defaults, **options}, cache=ResponseCache(path))


async def test_a_run_that_was_there_asks_nobody_and_is_free(loopback: Loopback, tmp_path: Path) -> None:
    options: dict[str, Any] = {"layers": 3, "samples": 2}
    first = await mixture(loopback, tmp_path / "c", **options).ainvoke(QUESTION)
    requests = len(loopback.requests)

    again = await mixture(loopback, tmp_path / "c", **options).ainvoke(QUESTION)

    assert len(loopback.requests) == requests
    assert again["messages"][-1].text == first["messages"][-1].text
    run = again["run"]
    assert (run["calls"], run["usage"]["total_tokens"], run["usd"]) == (0, 0, 0.0)
    assert (run["spared"]["calls"], run["spared"]["tokens"]) == (
        first["run"]["calls"],
        first["run"]["usage"]["total_tokens"],
    )
    assert "spared" not in first["run"]
    assert run["notes"][-1] == "aggregator last: from the cache"
    assert [call["cached"] for call in run["aggregators"]] == [True]


def _judged(server: Loopback, path: Path) -> Any:
    server.say("judge", '{"groups": [[1], [2]]}')
    stop = EarlyStop(agreement=judge_agreement("judge", resolve=server.resolve))
    return mixture(server, path, early_stop=stop, layers=3)


def _moderated(server: Loopback, path: Path) -> Any:
    server.say("mod", '{"best": [1], "stop": false}')
    return mixture(server, path, layers=3, moderator=Moderator("mod", keep=1))


def _ranked(server: Loopback, path: Path) -> Any:
    server.say("rank", '{"best": [2], "stop": false}')
    return create_ranker(proposers=["m0", "m1"], ranker="rank", resolve=server.resolve, cache=ResponseCache(path))


def _checked(server: Loopback, path: Path) -> Any:
    server.say("check", '{"probability": 0.1}')
    return mixture(server, path, waves=(1,), confidence=Confident(0.9, model="check"))


ROLES = {"judge": _judged, "mod": _moderated, "rank": _ranked, "check": _checked}


@pytest.mark.parametrize("role", ROLES)
async def test_who_looks_at_proposals_is_not_asked_again(role: str, loopback: Loopback, tmp_path: Path) -> None:
    for _ in range(2):
        state = await ROLES[role](loopback, tmp_path / "c").ainvoke(QUESTION)

    asked = loopback.asked(role)
    assert asked, state["run"]
    assert len({request.prompt for request in asked}) == len(asked)
    assert state["run"]["calls"] == 0


@pytest.mark.parametrize("role", ["judge", "mod", "rank", "check"])
async def test_what_cannot_be_read_is_not_kept(role: str, loopback: Loopback, tmp_path: Path) -> None:
    make = ROLES[role]
    moa = make(loopback, tmp_path / "c")
    loopback.say(role, "nothing of the kind")
    await moa.ainvoke(QUESTION)
    before = len(loopback.asked(role))

    await make(loopback, tmp_path / "c").ainvoke(QUESTION)

    assert len(loopback.asked(role)) > before


async def test_an_analysts_points_are_kept_once_they_can_be_read(loopback: Loopback, tmp_path: Path) -> None:
    for name in ("m0", "m1"):
        loopback.say(name, f"{name} thinks that it depends, and says at some length on what.")
    loopback.say("analyst", "no JSON")
    runs = [(await mixture(loopback, tmp_path / "c", analyst=Analyst("analyst")).ainvoke(QUESTION))["run"]]
    loopback.say("analyst", POINTS)
    for _ in range(2):
        runs.append((await mixture(loopback, tmp_path / "c", analyst=Analyst("analyst")).ainvoke(QUESTION))["run"])

    assert [run["calls"] for run in runs] == [5, 2, 0]  # the second time the analyst, and who is shown its points
    assert len(loopback.asked("analyst")) == 2 + 1


async def test_errors_cuts_and_refusals_of_an_aggregator_are_not_kept(loopback: Loopback, tmp_path: Path) -> None:
    for reply in (Reply(status=400), Reply("half", finish_reason="length"), Reply("", refusal="no"), Reply("")):
        loopback.say("last", reply)
        await mixture(loopback, tmp_path / "c").ainvoke(QUESTION)
    before = len(loopback.asked("last"))
    loopback.say("last", "whole")

    texts = [(await mixture(loopback, tmp_path / "c").ainvoke(QUESTION))["messages"][-1].text for _ in range(2)]

    assert texts == ["whole", "whole"]
    assert len(loopback.asked("last")) == before + 1


async def test_an_object_is_kept_only_where_it_fits(loopback: Loopback, tmp_path: Path) -> None:
    schema = {"title": "Sum", "type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]}

    def chat() -> Any:
        return ChatMoA(mixture(loopback, tmp_path / "c")).with_structured_output(schema)

    answers: Any = iter([("Sum", {"sum": "many"}), ("Sum", {"sum": 4})])
    loopback.say("last", lambda body: Reply(tool_calls=[next(answers)]))
    first = await chat().ainvoke("2 + 2?")
    loopback.say("last", Reply(tool_calls=[("Sum", {"sum": 5})]))
    second, third = await chat().ainvoke("2 + 2?"), await chat().ainvoke("2 + 2?")

    assert (first, second, third) == ({"sum": 4}, {"sum": 5}, {"sum": 5})


async def test_calls_of_tools_are_kept_with_their_arguments(loopback: Loopback, tmp_path: Path) -> None:
    tool = {
        "name": "look_up",
        "description": "",
        "parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
    }
    loopback.say("last", Reply(tool_calls=[("look_up", {"q": "sky"})]))

    answers: list[AIMessage] = []
    for _ in range(2):
        chat = ChatMoA(mixture(loopback, tmp_path / "c"), panel="call").bind_tools([tool])
        answers.append(await chat.ainvoke("Why?"))

    assert len(loopback.asked("last")) == 1
    assert [[(c["name"], c["args"]) for c in answer.tool_calls] for answer in answers] == [
        [("look_up", {"q": "sky"})]
    ] * 2


async def test_other_tools_and_other_formats_are_other_requests(loopback: Loopback, tmp_path: Path) -> None:
    tools = [{"name": name, "description": "", "parameters": {"type": "object", "properties": {}}} for name in "ab"]
    for tool in tools:
        await ChatMoA(mixture(loopback, tmp_path / "c")).bind_tools([tool]).ainvoke("Why?")

    assert len(loopback.asked("last")) == 2


@pytest.mark.skipif(
    os.environ.get("MOA_TEST_TRANSPORT") == "openai", reason="ChatOpenAI asks for such tools by the Responses API"
)
async def test_a_provider_that_searches_is_asked_each_time(loopback: Loopback, tmp_path: Path) -> None:
    for _ in range(2):
        for options in ({"tools": [{"type": "web_search"}]}, {"web_search_options": {}, "plugins": [{"id": "web"}]}):
            model = loopback.resolve("m0").bind(**options)
            await create_moa(proposers=[model], layers=1, cache=ResponseCache(tmp_path / "c")).ainvoke(QUESTION)

    assert len(loopback.asked("m0")) == 4


async def test_repeats_do_not_get_each_others_answers(loopback: Loopback, tmp_path: Path) -> None:
    count = iter(range(100))
    loopback.default = lambda body: Reply(f"answer {next(count)}")

    async def texts() -> list[str]:
        moa = mixture(loopback, tmp_path / "c")
        answers = []
        for number in (1, 2, 3):
            with repeat_number(number):
                answers.append((await moa.ainvoke(QUESTION))["messages"][-1].text)
        return answers

    first = await texts()
    requests = len(loopback.requests)

    assert len(set(first)) == 3
    assert await texts() == first
    assert len(loopback.requests) == requests


async def test_what_is_kept_is_streamed_as_one_piece(loopback: Loopback, tmp_path: Path) -> None:
    async def streamed() -> str:
        moa = mixture(loopback, tmp_path / "c")
        pieces = [chunk.text async for chunk, _ in moa.astream(QUESTION, stream_mode="messages")]
        return "".join(pieces)

    assert [await streamed() for _ in range(2)] == ["answer of last"] * 2
    assert len(loopback.asked("last")) == 1


async def test_what_is_kept_leaves_a_budget_as_it_is(loopback: Loopback, tmp_path: Path) -> None:
    await mixture(loopback, tmp_path / "c").ainvoke(QUESTION)

    state = await mixture(loopback, tmp_path / "c", budget=Budget(calls=3), layers=3).ainvoke(QUESTION)

    assert (
        state["run"]["stopped"] == "completed"
    )  # the first layer is free, and so is the aggregator, who is shown the same
    assert state["run"]["calls"] == 2


WHOLE: dict[str, Any] = {
    "text": "x",
    "tool_calls": [],
    "served_model": None,
    "spared": {"calls": 1, "tokens": 1, "usd": 0.0, "seconds": 0},
}
SPOILT: dict[str, Any] = {
    "no object": [],
    "no text": {**WHOLE, "text": 7},
    "no words": {**WHOLE, "text": " "},
    "a cost below zero": {**WHOLE, "spared": {**WHOLE["spared"], "tokens": -1}},
    "no cost": {**WHOLE, "spared": None},
    "calls that nobody offered": {**WHOLE, "tool_calls": [{"name": "rm", "args": {}, "id": "1"}]},
    "a name that is none": {**WHOLE, "served_model": 3},
}


@pytest.mark.parametrize("what", SPOILT)
async def test_a_spoilt_entry_is_no_hit(what: str, loopback: Loopback, tmp_path: Path) -> None:
    path = tmp_path / "c"
    await mixture(loopback, path).ainvoke(QUESTION)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE cache SET val = ?", (json.dumps(SPOILT[what]).encode(),))
    connection.close()

    state = await mixture(loopback, path).ainvoke(QUESTION)

    assert state["run"]["calls"] == 3
    assert state["messages"][-1].text == "answer of last"


async def test_no_secret_and_no_question_stands_in_a_key(loopback: Loopback, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-averysecretkey0123456789")
    await mixture(loopback, tmp_path / "c").ainvoke(QUESTION)

    with sqlite3.connect(tmp_path / "c") as connection:
        rows = connection.execute("SELECT ns, key, val FROM cache").fetchall()
    connection.close()

    assert len(rows) == 3
    assert "averysecret" not in str(rows)
    assert all(len(key) == 64 for _, key, _ in rows)


async def test_more_time_and_another_key_are_the_same_request(loopback: Loopback, tmp_path: Path) -> None:
    for key, seconds in (("sk-one-0123456789", 30.0), ("sk-two-0123456789", 60.0)):
        model = ChatOpenAI(
            model="m0", base_url=loopback.url, api_key=SecretStr(key), timeout=seconds, max_retries=int(seconds)
        )
        await create_moa(proposers=[model], layers=1, cache=ResponseCache(tmp_path / "c")).ainvoke(QUESTION)

    assert len(loopback.requests) == 1
