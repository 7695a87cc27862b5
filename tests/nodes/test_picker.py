"""A function scores the proposals, and the best one is the answer, word for word; nothing it does ends the run."""

import asyncio
import threading
from functools import partial
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt
from langgraph_moa import (
    Budget,
    ChatMoA,
    ConfigError,
    Pick,
    Proposer,
    Rank,
    Vote,
    create_best_of_n,
    create_moa,
    create_self_moa,
    estimate,
    report,
)
from loopback import Loopback, Reply
from panels import panel, says
from reading import QUESTION
from running import APIS, THREAD, run
from syrupy.assertion import SnapshotAssertion

WORDS = ["one", "three", "two", "to be"]


def build(pick: Any, *scripts: Any, **options: Any) -> Any:
    given = pick if isinstance(pick, Pick | list) else Pick(pick)
    proposers = panel(*(scripts or WORDS))
    return create_moa(**{"proposers": proposers, "aggregator": given, "early_stop": None, **options})


def scores_of(result: Any) -> dict[str, Any]:
    return {score["proposer"]: score["score"] for score in result["run"]["picking"]["scores"]}


def length(text: str) -> int:
    return len(text)


async def length_later(text: str) -> int:
    await asyncio.sleep(0)
    return len(text)


def noting(calls: list[str]) -> Any:
    def score(text: str) -> int:
        calls.append(text)
        return len(text)

    return score


class Scales:
    async def __call__(self, text: str) -> int:
        return len(text)

    async def weigh(self, text: str) -> int:
        return len(text)


FUNCTIONS: dict[str, Any] = {
    "sync": length,
    "async": length_later,
    "a callable object": Scales(),
    "a bound method": Scales().weigh,
    "a partial": partial(length_later),
    "a function that hands on a coroutine": lambda text: length_later(text),
    "built in": len,
}


@APIS
@pytest.mark.parametrize("kind", FUNCTIONS)
async def test_the_highest_score_is_the_answer_word_for_word(api: str, kind: str) -> None:
    result = await run(build(FUNCTIONS[kind], "  to <b>\n", "a", "bc"), api, QUESTION)

    summary = result["run"]
    assert result["messages"][-1].text == "  to <b>\n"
    assert result["messages"][-1].usage_metadata == result["proposals"][0]["usage"]
    assert (summary["stopped"], summary["degraded"], summary["calls"], summary["aggregators"]) == (
        "completed",
        None,
        3,
        [],
    )
    assert scores_of(result) == {"a": 9.0, "b": 1.0, "c": 2.0}
    assert summary["picking"]["picked"] == "a"
    assert summary["notes"] == [f"{summary['picking']['function']} picked a (9) of 3 proposals"]


async def test_it_is_given_the_question_and_the_proposal_where_it_asks_for_them() -> None:
    seen: list[Any] = []

    def score(answer: str, *, question: str, proposal: dict[str, Any]) -> float:
        seen.append((answer, question, proposal["proposer"], proposal["usage"] is not None))
        proposal["text"] = "spoilt"
        return len(answer)

    result = await build(score, "one", "one", "four").ainvoke(QUESTION)

    assert sorted(seen) == [(t, "Which?", p, True) for t, p in [("four", "c"), ("one", "a"), ("one", "b")]]
    assert [p["text"] for p in result["proposals"]] == ["one", "one", "four"]


async def test_equal_texts_are_scored_once() -> None:
    calls: list[str] = []
    result = await build(noting(calls), "two", "two", "no").ainvoke(QUESTION)

    assert sorted(calls) == ["no", "two"]
    assert scores_of(result) == {"a": 3.0, "b": 3.0, "c": 2.0}


TIES: list[tuple[list[str], Any, str, str]] = [
    (["Answer: 3", "Answer: 4", "Answer: 4"], lambda text: True, "b", "; as many as a, c"),
    (["x", "y", "z"], lambda text: 0.1 + 0.2 if text == "z" else 0.3, "a", "; as many as b, c"),
    (["x", "y", "z"], lambda text: text != "x", "b", "; as many as c"),
    (["x", "y"], lambda text: 1e-10 if text == "x" else 2e-10, "b", "picked b (2e-10) of 2 proposals"),
]


@pytest.mark.parametrize(("texts", "score", "best", "note"), TIES)
async def test_ties_go_to_who_agrees_with_most_then_to_the_first(
    texts: list[str], score: Any, best: str, note: str
) -> None:
    result = await build(score, *texts).ainvoke(QUESTION)

    assert result["run"]["picking"]["picked"] == best
    assert note in result["run"]["notes"][0]


async def test_where_none_has_a_score_the_next_aggregator_is_asked() -> None:
    last = says("written", "z")
    result = await build([Pick(lambda text: None), last], "one", "two").ainvoke(QUESTION)

    assert result["messages"][-1].text == "written"
    assert (result["run"]["stopped"], result["run"]["degraded"]) == ("completed", None)
    assert result["run"]["picking"]["picked"] is None
    assert result["run"]["notes"][0].endswith("gave none of 2 proposals a score (a, b: it returned None)")

    again = await build([Pick(length), last], "one", "three").ainvoke(QUESTION)
    assert (again["messages"][-1].text, len(last.asked)) == ("three", 1)


async def test_where_none_has_a_score_and_nobody_is_left_the_best_proposal_is_the_answer() -> None:
    result = await build(lambda text: False, "Answer: 3", "Answer: 4", "Answer: 4").ainvoke(QUESTION)

    assert result["messages"][-1].text == "Answer: 4"
    assert result["run"]["stopped"] == "fell_back"
    assert "gave none of 3 proposals a score" in result["run"]["degraded"]
    assert "the answer is the proposal of b, word for word" in result["run"]["degraded"]


@pytest.mark.parametrize("is_async", [True, False])
async def test_one_that_does_not_return_is_told_and_the_run_goes_on(is_async: bool) -> None:
    release, returned = threading.Event(), threading.Event()

    def hang(text: str) -> float:
        if text == "one":
            release.wait(30)
            returned.set()
        return 1.0

    async def hang_later(text: str) -> float:
        if text == "one":
            await asyncio.sleep(30)
            returned.set()
        return 1.0

    try:
        result = await build(Pick(hang_later if is_async else hang, timeout=0.5), "one", "two").ainvoke(QUESTION)
        assert not returned.is_set()
    finally:
        release.set()

    score = result["run"]["picking"]["scores"][0]
    assert score["unscored"] == "timeout"
    assert score["error"] == "no answer within 0.5 s" + ("" if is_async else "; its thread goes on")
    assert result["messages"][-1].text == "two"


async def test_the_loop_goes_on_while_a_function_works() -> None:
    working, beat = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def score(text: str) -> float:
        working.set()
        asyncio.run_coroutine_threadsafe(beat.wait(), loop).result(20)
        return 1.0

    task = asyncio.create_task(build(score, "one").ainvoke(QUESTION))
    await asyncio.to_thread(working.wait, 20)
    beat.set()

    assert (await task)["messages"][-1].text == "one"


@pytest.mark.parametrize(("concurrency", "most"), [(1, 1), (2, 2)])
async def test_no_more_are_scored_at_once_than_may(concurrency: int, most: int) -> None:
    under_way, peak = 0, 0

    async def score(text: str) -> float:
        nonlocal under_way, peak
        under_way += 1
        peak = max(peak, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1
        return len(text)

    await build(Pick(score, concurrency=concurrency), "a", "bb", "ccc", "dddd").ainvoke(QUESTION)

    assert peak == most


async def test_the_runs_deadline_ends_scoring_and_is_told() -> None:
    async def score(text: str) -> float:
        await asyncio.sleep(0 if text == "one" else 30)
        return 1.0

    result = await build(score, "one", "three", budget=Budget(seconds=2)).ainvoke(QUESTION)

    assert result["messages"][-1].text == "one"
    assert [s["unscored"] for s in result["run"]["picking"]["scores"]] == [None, "deadline"]
    assert "the run's time was over before score had scored b" in result["run"]["degraded"]
    assert (result["run"]["stopped"], result["run"]["seconds"] >= 2) == ("budget", True)


async def test_what_scoring_took_is_no_longer_there_for_models() -> None:
    async def score(text: str) -> float | None:
        await asyncio.sleep(30)
        return None

    last = says("written", "z")
    result = await build([Pick(score), last], "one", "three", budget=Budget(seconds=1.5)).ainvoke(QUESTION)

    assert (result["messages"][-1].text, result["run"]["stopped"], last.asked) == ("one", "budget", [])


async def test_cancelling_the_run_cancels_the_function() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def score(text: str) -> float:
        begun.set()
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()
        return 1.0

    task = asyncio.create_task(build(score, "one").ainvoke(QUESTION))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ended.wait(), 20)


@APIS
@pytest.mark.parametrize("is_async", [True, False])
async def test_a_function_may_ask_a_person(api: str, is_async: bool) -> None:
    def ask(text: str) -> float:
        return float(interrupt(f"how good is {text!r}?"))

    async def ask_later(text: str) -> float:
        return ask(text)

    pick = Pick(ask_later if is_async else ask, concurrency=1)
    moa = build(pick, "one", "two", checkpointer=InMemorySaver())

    first = await run(moa, api, QUESTION, THREAD)
    second = await run(moa, api, Command(resume=1), THREAD)
    last = await run(moa, api, Command(resume=2), THREAD)

    questions = [result["__interrupt__"][0].value for result in (first, second)]
    assert questions == ["how good is 'one'?", "how good is 'two'?"]
    assert (last["messages"][-1].text, scores_of(last), last["run"]["calls"]) == ("two", {"a": 1.0, "b": 2.0}, 2)


async def test_resuming_after_it_scores_nothing_twice() -> None:
    calls: list[str] = []
    moa = build(noting(calls), "one", "three", checkpointer=InMemorySaver())

    await moa.ainvoke(QUESTION, THREAD, interrupt_after=["aggregate"])
    result = await moa.ainvoke(None, THREAD)
    after = await moa.ainvoke({"messages": [HumanMessage("And then?")]}, THREAD)

    assert (result["messages"][-1].text, sorted(calls)) == ("three", ["one", "one", "three", "three"])
    assert [m.text for m in after["messages"]] == ["Which?", "three", "And then?", "three"]


async def test_a_vote_goes_before_it_and_rankers_after_it(loopback: Loopback) -> None:
    loopback.say("ranker", '{"best": [1]}')
    loopback.say("a", "Final answer: 2")
    loopback.say("b", Reply("Final answer: 2"))
    loopback.say("c", "Final answer: 3")

    def build_three(score: Any) -> Any:
        chain: Any = [Vote(), Pick(score), Rank("ranker")]
        return create_moa(proposers=["a", "b", "c"], aggregator=chain, early_stop=None, resolve=loopback.resolve)

    agreed = await build_three(length).ainvoke(QUESTION)
    loopback.say("b", "I do not know, but it is long")
    picked = await build_three(length).ainvoke(QUESTION)
    asked = len(loopback.asked("ranker"))
    ranked = await build_three(lambda text: None).ainvoke(QUESTION)

    assert (agreed["messages"][-1].text, "picking" in agreed["run"]) == ("Final answer: 2", False)
    assert (picked["messages"][-1].text, asked) == ("I do not know, but it is long", 0)
    assert len(loopback.asked("ranker")) == 1
    assert "ranker ranked" in ranked["run"]["notes"][-1]


def look(at: str) -> str:
    """Look at something."""
    return at


async def test_who_must_call_tools_is_not_picked_from() -> None:
    calls: list[str] = []
    score = Pick(calls.append)
    answer = await ChatMoA(build([score, "offline:words"], "one")).bind_tools([look]).ainvoke("Which?")

    assert (calls, bool(answer.text or answer.tool_calls)) == ([], True)
    with pytest.raises(ConfigError, match="only picked by a function, expected an aggregator that can write"):
        ChatMoA(build(score, "one")).bind_tools([look])


async def test_best_of_n_and_self_moa_take_it() -> None:
    model = says(["aa", "b", "cccc", "d"], "m")
    best = await create_best_of_n(model=model, samples=2, pick=length).ainvoke(QUESTION)
    limited = await create_best_of_n(model=model, samples=2, pick=Pick(length, timeout=5)).ainvoke(QUESTION)
    ranker = says('{"best": [2]}', "r")
    both = create_best_of_n(model=says("x", "m"), samples=2, pick=lambda text: None, ranker=ranker)
    selfish = create_self_moa(model=says(["a", "bb"], "m"), samples=2, aggregator=Pick(length))

    assert [r["messages"][-1].text for r in (best, limited)] == ["aa", "cccc"]
    assert (await both.ainvoke(QUESTION))["messages"][-1].text == "x"
    assert len(ranker.asked) == 1
    assert (await selfish.ainvoke(QUESTION))["messages"][-1].text == "bb"


def test_it_costs_no_call_and_its_box_is_the_aggregators(snapshot: SnapshotAssertion) -> None:
    moa = build(length, "one", "two")

    assert estimate(moa, "Which?")["calls"] == 2
    assert moa.get_graph().draw_mermaid() == snapshot


def test_the_page_shows_the_scores() -> None:
    moa = build(lambda text: len(text) if text != "two" else raises(ValueError("<script>")), "one", "two")
    page = report(moa.invoke(QUESTION), moa)

    assert "<h2>What &lt;lambda&gt; gave the proposals</h2>" in page
    assert "raised ValueError: &lt;script&gt;" in page
    assert "<script>" not in page


def raises(error: Exception) -> Any:
    raise error


MISTAKES: list[tuple[Any, str]] = [
    (Pick("openai:gpt-6"), r"found 'openai:gpt-6' in Pick\(...\), expected a function of a proposal's text.*Rank"),  # type: ignore[arg-type]
    (Pick(length, timeout=0), r"found timeout=0 in Pick\(...\), expected a number above 0"),
    (Pick(length, concurrency=0), r"found concurrency=0 in Pick\(...\), expected a whole number from 1"),
    (Pick(lambda: 1), r"in Pick\(...\), expected a function of the text alone"),
    (Pick(lambda text, gold: 1), r"found <lambda>\(text, gold\) in Pick\(...\), expected a function of the text alone"),
    (["offline:words", Pick(length)], r"found Pick\(...\) after another aggregator, expected it first"),
    ([Pick(length), Pick(length)], r"found Pick\(...\) after another aggregator"),
    ([Pick(length), Vote()], r"found Vote\(...\) after another aggregator"),
    ([Pick(length), Rank("offline:words"), "offline:words"], r"found Rank\(...\) beside models"),
    (Proposer("offline:words"), "found Proposer"),
]


@pytest.mark.parametrize(("aggregator", "expected"), MISTAKES)
def test_what_could_not_mean_anything_is_refused(aggregator: Any, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        create_moa(proposers=["offline:words", "offline:stems"], aggregator=aggregator)
