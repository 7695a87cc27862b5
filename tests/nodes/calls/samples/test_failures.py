"""Samples that a server refuses, forgets or spoils: each is asked for again alone, or ends in its own way."""

import json
import os
from importlib.metadata import version
from typing import Any

import pytest
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from langgraph_moa import (
    AllProposersFailed,
    Budget,
    Proposer,
    Quorum,
)
from loopback import Loopback, Reply
from packaging.version import Version
from reading import QUESTION, references_in
from running import APIS, THREAD, run
from sampling import asked_for, bill_of, counted, counting, mixture

ON_OPENAI = os.environ.get("MOA_TEST_TRANSPORT") == "openai"
TELLS_EVERY_REFUSAL = not ON_OPENAI or Version(version("langchain-openai")) >= Version("1.7.4")
"""Before, LangChain tells of the first choice's only: another one is an answer without text."""


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
    "hang": (Reply(broken="hang"), "timeout", {"timeout": 1.0}),
    "reset": (Reply(broken="reset"), "error", {}),
    "cut": (Reply(broken="cut"), "error", {}),
    "html": (Reply(body="<html>busy</html>"), "error", {}),
    "deadline": (Reply(broken="hang"), "timeout", {"budget": Budget(seconds=1)}),
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
        assert await loopback.asked("m")[0].closed()


ERROR = json.dumps({"error": {"message": "n > 1 is not implemented"}})
REFUSING: dict[str, Reply] = {
    **{str(status): Reply(status=status, body=ERROR) for status in (400, 403, 404, 405, 413, 422, 429, 500, 501, 503)},
    "an error for an answer": Reply(body=ERROR),
    "bad request": Reply(status=400, body="Bad Request"),
    "web page": Reply(status=502, body="<html>Bad gateway</html>"),
}


@pytest.mark.parametrize("kind", REFUSING)
async def test_whatever_refuses_several_is_followed_by_requests_for_one(loopback: Loopback, kind: str) -> None:
    counting(loopback)
    alone = loopback.scripts["m"]
    loopback.say("m", lambda body: REFUSING[kind] if body.get("n") else alone(body))  # type: ignore[operator]
    moa = mixture(loopback, samples=3)

    first = await moa.ainvoke(QUESTION)
    await moa.ainvoke(QUESTION)

    assert asked_for(loopback) == [3, 1, 1, 1] + [1] * 3
    assert [p["status"] for p in first["proposals"]] == ["ok"] * 3
    assert first["run"]["calls"] == 4
    assert first["run"]["degraded"] is None


@pytest.mark.parametrize("status", [404, 429, 500])
async def test_what_is_refused_either_way_is_told_of_each(loopback: Loopback, status: int) -> None:
    loopback.say("m", Reply(status=status))

    result = await mixture(loopback, proposers=[Proposer("m", samples=3), "other"], samples=1).ainvoke(QUESTION)

    assert asked_for(loopback) == [3, 1, 1, 1]
    assert [p["status"] for p in result["proposals"][:3]] == ["rate_limited" if status == 429 else "error"] * 3
    assert len({p["error"] for p in result["proposals"][:3]}) == 1


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
