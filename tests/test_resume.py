"""A run that is killed goes on in another process, and pays for nothing twice."""

import asyncio
import json
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import kept
import pytest
import warm
from kept import LAYER_2, hang_in_layer_2, kept_answers, layer_2, mixture
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import AllProposersFailed, Budget, BudgetExceeded, InputError
from loopback import Loopback, Reply
from postgres import postgres
from reading import user
from running import APIS, THREAD, pending_proposals, run


@pytest.fixture(scope="module")
def postgres_place() -> Iterator[str]:
    try:
        with postgres() as place:
            yield place
    except LookupError as why:
        pytest.skip(str(why))


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_place"))
    return str(tmp_path / "store.db")


def start(kind: str, place: str, url: str, how: str) -> "subprocess.Popen[str]":
    return warm.start(kept.__file__, kind, place, url, how, stdout=subprocess.PIPE)


@pytest.mark.parametrize(("kind", "place"), [("sqlite", "sqlite"), ("postgres", "postgres")], indirect=["place"])
async def test_killed_in_layer_2_it_asks_only_who_had_not_answered(loopback: Loopback, kind: str, place: str) -> None:
    hang_in_layer_2(loopback, "b", "d")
    process = start(kind, place, loopback.url, "start")
    await asyncio.to_thread(loopback.wait_until, lambda: {"b", "d"} <= layer_2(loopback).keys())
    await kept_answers(kind, place, 2)
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.communicate, timeout=60)

    resumed = start(kind, place, loopback.url, "resume")
    out, _ = await asyncio.to_thread(resumed.communicate, timeout=60)

    told = json.loads(out)
    assert (told["answer"], told["run"]["stopped"], told["run"]["degraded"]) == ("answer of last", "completed", None)
    assert Counter(r.model for r in loopback.requests if LAYER_2 not in r.prompt) == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert layer_2(loopback) == {"a": 1, "c": 1, "b": 2, "d": 2, "last": 1}


@pytest.mark.parametrize(
    ("kind", "place"),
    [("sqlite", "sqlite"), pytest.param("postgres", "postgres", marks=pytest.mark.soak)],
    indirect=["place"],
)
async def test_killed_while_the_aggregator_wrote_it_asks_nobody_else(loopback: Loopback, kind: str, place: str) -> None:
    hang_in_layer_2(loopback, "last")
    process = start(kind, place, loopback.url, "start")
    await asyncio.to_thread(loopback.wait_for, "last")
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.communicate, timeout=60)

    resumed = start(kind, place, loopback.url, "resume")
    out, _ = await asyncio.to_thread(resumed.communicate, timeout=60)

    assert json.loads(out)["answer"] == "answer of last"
    assert Counter(r.model for r in loopback.requests) == {"a": 2, "b": 2, "c": 2, "d": 2, "last": 2}


async def test_a_run_is_not_resumed_by_another_mixture(loopback: Loopback) -> None:
    saver = InMemorySaver()
    await mixture(loopback.url, saver).ainvoke(user("Which?"), THREAD, interrupt_before=["gate_1"])
    asked = len(loopback.requests)
    before = await saver.aget_tuple(THREAD)

    with pytest.raises(
        InputError,
        match=r"found a run of another mixture \(format \d+: a, b, c, d \| .*expected format \d+: a, b",
    ):
        await mixture(loopback.url, saver, proposers=["a", "b"]).ainvoke(None, THREAD)

    after = await saver.aget_tuple(THREAD)
    assert len(loopback.requests) == asked
    assert before is not None
    assert after is not None
    assert before.checkpoint == after.checkpoint
    assert (await mixture(loopback.url, saver).ainvoke(None, THREAD))["run"]["stopped"] == "completed"


async def test_the_sync_api_resumes_too(loopback: Loopback) -> None:
    saver = InMemorySaver()
    moa = mixture(loopback.url, saver)
    await asyncio.to_thread(moa.invoke, user("Which?"), THREAD, interrupt_before=["gate_2"])

    result = await asyncio.to_thread(moa.invoke, None, THREAD)

    assert result["messages"][-1].text == "answer of last"
    assert len(loopback.requests) == 9


@pytest.mark.parametrize("others", [["a", "b", "x", "y"], ["x/a", "x/b", "x/c", "x/d"]])
async def test_a_layer_that_was_broken_off_is_not_finished_by_another_mixture(
    loopback: Loopback, others: list[str]
) -> None:
    saver = InMemorySaver()
    loopback.say("a", Reply(broken="hang"))
    run = asyncio.create_task(mixture(loopback.url, saver).ainvoke(user("Which?"), THREAD, durability="sync"))
    async with asyncio.timeout(60):
        while True:
            if len(await pending_proposals(saver)) == 3:
                break
            await asyncio.sleep(0.02)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    loopback.scripts.clear()

    with pytest.raises(InputError, match="another mixture"):
        await mixture(loopback.url, saver, proposers=others).ainvoke(None, THREAD)

    # Put to the mixture that began it once more, the question is asked only of who had not answered.
    question = (await saver.aget_tuple(THREAD)).checkpoint["channel_values"]["messages"]  # type: ignore[union-attr]
    before = len(loopback.requests)
    result = await mixture(loopback.url, saver).ainvoke({"messages": question}, THREAD)
    assert [p["proposer"] for p in result["proposals"]] == list("abcd") * 2
    assert result["run"]["degraded"] is None
    asked = [r.model for r in loopback.requests[before:] if LAYER_2 not in r.prompt]
    assert set(asked) <= set("abcd")


@APIS
async def test_a_first_layer_with_too_few_answers_asks_only_the_rest_again(loopback: Loopback, api: str) -> None:
    for name in ("c", "d"):
        loopback.say(name, Reply(status=500))
    moa = mixture(loopback.url, InMemorySaver(), min_proposals=3, layers=2, budget=Budget(calls=7))
    with pytest.raises(AllProposersFailed, match="2 of 4"):
        await moa.ainvoke(user("Which?"), THREAD)
    loopback.scripts.clear()
    question = {"messages": (await moa.aget_state(THREAD)).values["messages"]}

    result = await run(moa, api, question, THREAD)

    assert Counter(r.model for r in loopback.requests) == {"a": 1, "b": 1, "c": 2, "d": 2, "last": 1}
    assert [p["calls"] for p in result["proposals"]] == [1, 1, 2, 2]
    assert (result["run"]["calls"], result["run"]["degraded"]) == (7, None)
    again = await moa.ainvoke({"messages": [*question["messages"]]}, THREAD)
    assert again["run"]["calls"] == 5, "a run that finished is made anew"


async def test_what_was_asked_before_counts_against_the_budget(loopback: Loopback) -> None:
    loopback.say("a", Reply(status=500))
    moa = mixture(loopback.url, InMemorySaver(), min_proposals=4, layers=2, budget=Budget(calls=4))
    with pytest.raises(AllProposersFailed):
        await moa.ainvoke(user("Which?"), THREAD)
    question = {"messages": (await moa.aget_state(THREAD)).values["messages"]}

    with pytest.raises(BudgetExceeded, match=r"Budget\(calls=4\): 4 are spent, the step may take 1"):
        await moa.ainvoke(question, THREAD)

    assert len(loopback.requests) == 4
