"""Layers end where proposals agree, and nowhere else."""

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import (
    AllProposersFailed,
    Budget,
    ConfigError,
    EarlyStop,
    Proposer,
    Quorum,
    Vote,
    closed_answers,
    create_moa,
    judge_agreement,
    near_duplicates,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.nodes.judge import read_groups
from linear import no_hang, spread
from loopback import Loopback, Reply
from panels import says
from reading import QUESTION, references_in, user


def solvers(*answers: Any) -> list[Any]:
    """Return models a, b, c, ... that end on these answers; None fails."""
    lines = [ValueError("down") if a is None else f"Well.\nFinal answer: {a}" for a in answers]
    return [Proposer(says(line, f"model-{n}"), name="abcdefgh"[n]) for n, line in enumerate(lines)]


def solve(*answers: Any, early_stop: Any = EarlyStop(), layers: int = 4, **options: Any) -> Any:  # noqa: B008
    last = says("written", "last")
    moa = create_moa(proposers=solvers(*answers), aggregator=last, layers=layers, early_stop=early_stop, **options)
    return moa.invoke(QUESTION)


SIX = ["408"] * 6
STOPS: dict[str, tuple[list[Any], Any, tuple[str, int, int, str]]] = {
    # answers, rule, (stopped, calls, saved, answer)
    "all agree": (SIX, EarlyStop(), ("agreed", 7, 12, "written")),
    "all agree, and one of them answers": (
        SIX,
        EarlyStop(then="answer"),
        ("agreed", 6, 13, "Well.\nFinal answer: 408"),
    ),
    "one differs": ([*SIX[1:], "409"], EarlyStop(), ("completed", 19, 0, "written")),
    "one differs, five of six are enough": ([*SIX[1:], "9"], EarlyStop(quorum=5 / 6), ("agreed", 7, 12, "written")),
    "one failed": ([*SIX[1:], None], EarlyStop(), ("completed", 19, 0, "written")),
    "one failed, five of six are enough": ([*SIX[1:], None], EarlyStop(quorum=0.8), ("agreed", 7, 12, "written")),
    "one does not say": ([*SIX[1:], "I cannot tell"], EarlyStop(), ("completed", 19, 0, "written")),
    "two are too few": (["408"] * 2, EarlyStop(), ("completed", 7, 0, "written")),
    "two are enough when asked for": (["408"] * 2, EarlyStop(min_responses=2), ("agreed", 3, 4, "written")),
    "in the shadow": (SIX, EarlyStop(shadow=True), ("completed", 19, 0, "written")),
    "in the shadow of an answer": (SIX, EarlyStop(shadow=True, then="answer"), ("completed", 19, 0, "written")),
    "off": (SIX, None, ("completed", 19, 0, "written")),
    "written in other ways": (
        ["408", "408.0", "**408**", "$408", "408 dollars"],
        EarlyStop(),
        ("agreed", 6, 10, "written"),
    ),
    "other units": (["5 km", "5 miles", "5 km"], EarlyStop(), ("completed", 10, 0, "written")),
}


@pytest.mark.parametrize("case", STOPS)
def test_layers_end_where_proposals_agree(case: str) -> None:
    answers, rule, expected = STOPS[case]

    result = solve(*answers, early_stop=rule)

    report = result["run"]
    assert (report["stopped"], report["calls"], report["saved"], result["messages"][-1].text) == expected
    failed = [p for p in result["proposals"] if p["status"] != "ok"]
    assert bool(report["degraded"]) == bool(failed)


def test_the_verdict_says_who_agrees_and_what_is_left_out() -> None:
    result = solve("408", "408.0", "7", "408", "408", "408", early_stop=EarlyStop(quorum=0.8, then="answer"))

    (verdict,) = result["verdicts"]
    assert verdict["reason"] == "5 of 6 agree: 408; layers 2, 3 and 4 skipped, 13 calls saved"
    assert verdict["next"] == "answer"
    agreed = verdict["agreement"]
    assert agreed["groups"] == [["a", "b", "d", "e", "f"], ["c"]]
    assert (agreed["score"], agreed["answer"], agreed["reached"]) == (0.8333, "408", True)
    assert agreed["representative"] in "abdef"
    assert result["run"]["layers"] == 1


REASONS = [
    (["1", "1", "1"], EarlyStop(), "3 of 3 agree: 1; layers 2 and 3 skipped, 6 calls saved"),
    (["1", "1", None], EarlyStop(), "2 of 3 proposals usable; 2 of 3 agree: 1"),
    (["1", "2", "3"], EarlyStop(), "3 of 3 proposals usable"),
    (
        ["1", "1", "1"],
        EarlyStop(shadow=True),
        "3 of 3 agree: 1; layers 2 and 3 would be skipped, 6 calls would be saved",
    ),
    (["1", "1"], EarlyStop(), "2 of 2 agree: 1, but 3 different models must"),
]


@pytest.mark.parametrize(("answers", "rule", "expected"), REASONS)
def test_the_reason_is_one_line(answers: list[Any], rule: EarlyStop, expected: str) -> None:
    assert solve(*answers, early_stop=rule)["verdicts"][0]["reason"] == expected


def test_samples_of_one_model_count_as_one() -> None:
    one = Proposer(says("Final answer: 4", "one"), samples=6)

    stopped = [
        create_moa(proposers=[one], aggregator=says("x", "last"), layers=3, early_stop=rule).invoke(QUESTION)["run"]
        for rule in (EarlyStop(), EarlyStop(min_responses=1))
    ]

    assert [(r["stopped"], r["saved"]) for r in stopped] == [("completed", 0), ("agreed", 6)]


def test_an_open_question_has_no_agreement() -> None:
    essay = "There are several ways to look at it.\nOn the one hand this, on the other that."
    moa = create_moa(proposers=[says(essay, n) for n in "abc"], aggregator=says("x", "z"), layers=3)

    result = moa.invoke(QUESTION)

    assert result["run"]["stopped"] == "completed"
    assert result["verdicts"][0]["agreement"]["abstained"] == "no text ends on a short answer"
    assert result["verdicts"][0]["reason"] == "3 of 3 proposals usable"


def later(text: str) -> Any:
    return [f"Final answer: {text}", "Final answer: 4", "Final answer: 4"]


@pytest.mark.parametrize(("asked_for", "calls"), [(False, 10), (True, 7)])
def test_later_layers_are_told_of_and_stop_only_when_asked_for(asked_for: bool, calls: int) -> None:
    proposers = [says(later(answer), f"m{answer}") for answer in "123"]
    rule = EarlyStop(later_layers=asked_for)

    result = create_moa(proposers=proposers, aggregator=says("x", "z"), layers=4, early_stop=rule).invoke(QUESTION)

    assert result["run"]["calls"] == calls
    assert [v["agreement"]["reached"] for v in result["verdicts"]][:2] == [False, True]


def test_the_default_layers_have_nothing_to_skip_and_say_that_they_agree() -> None:
    result = solve("408", "408", "408", layers=2)

    assert result["verdicts"][0]["reason"] == "3 of 3 agree: 408"
    assert (result["run"]["stopped"], result["run"]["saved"]) == ("completed", 0)


async def test_the_agreed_answer_comes_by_every_api_and_is_kept() -> None:
    moa = create_moa(
        proposers=solvers(*SIX),
        aggregator=says("never", "last"),
        early_stop=EarlyStop(then="answer"),
        checkpointer=InMemorySaver(),
    )
    thread: Any = {"configurable": {"thread_id": "t"}}

    first = moa.invoke(QUESTION, thread)
    events = [
        part
        async for mode, part in moa.astream(user("And?"), thread, stream_mode=["custom", "values"])
        if mode == "custom"
    ]

    answer = first["messages"][-1]
    assert isinstance(answer, AIMessage)
    assert answer.response_metadata["moa"]["saved"] == 1
    assert answer.usage_metadata is not None
    last: Any = events[-1]
    assert last["moa"] == "verdict"
    assert last["agreement"]["reached"] is True
    assert len(moa.get_state(thread).values["messages"]) == 4


# --- as completed


async def test_a_layer_ends_as_soon_as_it_is_decided(loopback: Loopback) -> None:
    for name in "abcd":
        loopback.say(name, Reply("Final answer: 7", delay=0.3))
    loopback.say("e", Reply("Final answer: 8"))
    loopback.say("f", Reply(broken="hang"))
    rule = EarlyStop(quorum=4 / 6, as_completed=True, then="answer")
    moa = create_moa(
        proposers=list("abcdef"),
        aggregator="last",
        layers=3,
        early_stop=rule,
        resolve=loopback.resolve,
    )

    result = await moa.ainvoke(QUESTION)

    late = result["proposals"][5]
    assert (late["status"], late["error"]) == ("cancelled", "no longer needed: 4 of 6 agree")
    assert await asyncio.to_thread(loopback.asked("f")[0].closed_early.wait, 10)
    assert result["messages"][-1].text == "Final answer: 7"
    cut = sum(p["status"] == "cancelled" for p in result["proposals"])
    assert result["run"]["saved"] == 6 + 1 + cut
    assert result["run"]["degraded"] is None


async def test_half_is_not_decided_while_the_other_half_may_say_something_else(loopback: Loopback) -> None:
    for name in "ab":
        loopback.say(name, Reply("Final answer: 1"))
    for name in "cd":
        loopback.say(name, Reply("Final answer: 2", delay=0.3))
    rule = EarlyStop(quorum=0.5, min_responses=2, as_completed=True)
    moa = create_moa(proposers=list("abcd"), aggregator="z", early_stop=rule, resolve=loopback.resolve)

    result = await moa.ainvoke(QUESTION)

    assert [p["status"] for p in result["proposals"]] == ["ok"] * 4
    assert result["verdicts"][0]["agreement"]["reached"] is False


async def test_disagreement_ends_nothing(loopback: Loopback) -> None:
    for number, name in enumerate("abc"):
        loopback.say(name, Reply(f"Final answer: {number}", delay=0.2 * number))
    rule = EarlyStop(as_completed=True)
    moa = create_moa(proposers=list("abc"), aggregator="z", early_stop=rule, resolve=loopback.resolve)

    assert [p["status"] for p in (await moa.ainvoke(QUESTION))["proposals"]] == ["ok"] * 3


# --- waves


@pytest.mark.parametrize("then", ["aggregate", "answer"])
def test_a_wave_that_agrees_saves_the_rest(then: Any) -> None:
    result = solve("1", "1", "2", "3", early_stop=EarlyStop(then=then), waves=(2,), layers=3)

    assert [p["proposer"] for p in result["proposals"]] == ["a", "b"]
    (verdict,) = result["verdicts"]
    skipped = "the rest of the layer and layer 2" if then == "aggregate" else "the rest of the layer and layers 2 and 3"
    saved = 6 + (then == "answer")
    assert verdict["reason"] == f"2 of 2 agree: 1; {skipped} skipped, {saved} calls saved"
    assert result["messages"][-1].text == ("written" if then == "aggregate" else "Well.\nFinal answer: 1")


def test_a_wave_that_disagrees_asks_the_rest() -> None:
    result = solve("1", "2", "1", "1", waves=(2,), layers=3)

    assert [p["proposer"] for p in result["proposals"]] == list("abcd") * 2
    assert [(v["layer"], v["wave"], v["asked"], v["next"]) for v in result["verdicts"]] == [
        (1, 1, 2, "wave_2"),
        (1, 2, 4, "layer_2"),
        (2, 1, 4, "aggregate"),
    ]
    assert result["run"]["calls"] == 9


@pytest.mark.parametrize(
    ("answers", "asked"),
    [(["1", "1", "1", "9", "9", "9"], 2), (["1", "2", "1", "1", "1", "1"], 5), (list("123456"), 6)],
)
def test_several_waves(answers: list[str], asked: int) -> None:
    result = solve(*answers, waves=(2, 3), layers=2, early_stop=EarlyStop(quorum=0.8))

    assert len(result["proposals"]) == asked


def test_a_wave_whose_models_fail_asks_the_rest() -> None:
    result = solve(None, None, "1", "1", waves=(2,), layers=2)

    assert [p["status"] for p in result["proposals"]] == ["error", "error", "ok", "ok"]
    assert result["messages"][-1].text == "written"


def test_waves_are_drawn_with_their_own_gate_and_edges() -> None:
    moa = create_moa(
        proposers=solvers("1", "2", "3"), aggregator=says("x", "z"), waves=(2,), early_stop=EarlyStop(then="answer")
    )

    edges = {(edge.source, edge.target) for edge in moa.get_graph().edges}

    wave, gate = "gate_1/wave_1", "gate_1"
    assert {target for source, target in edges if source == wave} == {"layer_1/c", "answer"}
    assert {target for source, target in edges if source == gate} == {"aggregate", "answer"}
    assert {source for source, target in edges if target == wave} == {"layer_1/a", "layer_1/b"}
    assert {source for source, target in edges if target == gate} == {"layer_1/c"}
    assert moa.get_graph().draw_mermaid().count("wave_1") > 0


def test_a_quorum_counts_over_waves() -> None:
    slow = Proposer(ScriptedModel(script="Final answer: 5", name_of_model="slow", delay=60), name="slow")
    moa = create_moa(proposers=[*solvers("1", "2", "3"), slow], aggregator=says("x", "z"), waves=(2,), quorum=Quorum(3))

    assert [p["status"] for p in moa.invoke(QUESTION)["proposals"]] == ["ok", "ok", "ok", "cancelled"]


def test_a_wave_that_does_not_fit_the_budget_is_not_asked() -> None:
    result = solve("1", "2", "3", "4", waves=(2,), layers=2, budget=Budget(calls=4))

    assert [p["proposer"] for p in result["proposals"]] == ["a", "b"]
    assert (result["run"]["stopped"], result["messages"][-1].text) == ("budget", "written")
    assert "Budget(calls=4): 2 are spent, the step may take 3" in result["run"]["degraded"]


# --- the vote


VOTES: dict[str, tuple[list[Any], Any, str, str]] = {
    "the most win": (["1", "2", "2"], Vote(), "2", "vote: 2 of 3 for the answer of b"),
    "a tie goes to the first declared": (
        ["1", "2", "2", "1"],
        Vote(),
        "1",
        "vote: 2 of 4 for the answer of a; tied with that of b, and declared first",
    ),
    "weights count": (["1", "2", "2"], Vote(weights={"a": 2.5}), "1", "vote: 2.5 of 4.5 for the answer of a"),
    "who does not say has no vote": (["1", "I cannot", "1"], Vote(), "1", "vote: 2 of 3 for the answer of a"),
}


@pytest.mark.parametrize("case", VOTES)
def test_votes_are_counted_without_a_call(case: str) -> None:
    answers, vote, expected, told = VOTES[case]

    result = create_moa(proposers=solvers(*answers), aggregator=vote).invoke(QUESTION)

    assert result["messages"][-1].text == f"Well.\nFinal answer: {expected}"
    assert told in result["run"]["notes"]
    assert (result["run"]["calls"], result["run"]["stopped"], result["run"]["degraded"]) == (
        len(answers),
        "completed",
        None,
    )
    assert result["run"]["aggregators"] == []


def test_a_vote_that_abstains_leaves_it_to_the_model_after_it() -> None:
    essays = [says(f"It depends on {n}, and on much else besides it.", n) for n in "abc"]

    written = create_moa(proposers=essays, aggregator=[Vote(), says("written", "z")]).invoke(QUESTION)
    alone = create_moa(proposers=essays, aggregator=Vote()).invoke(QUESTION)
    split = create_moa(proposers=solvers("1", "2", "3"), aggregator=[Vote(), says("written", "z")]).invoke(QUESTION)

    assert (written["messages"][-1].text, written["run"]["degraded"]) == ("written", None)
    assert written["run"]["notes"] == ["the vote abstained: no text ends on a short answer"]
    assert alone["messages"][-1].text.startswith("It depends on a")
    assert "the vote abstained" in alone["run"]["degraded"]
    assert "word for word" in alone["run"]["degraded"]
    assert split["run"]["notes"] == ["the vote abstained: no two proposals agree"]


# --- measures in a run


def test_a_judge_is_one_call_that_counts() -> None:
    essay = "It depends on many things, of which this is the first one."
    judge = says('{"groups": [[1, 2, 3]]}', "judge")
    rule = EarlyStop(agreement=judge_agreement(judge))
    moa = create_moa(proposers=[says(essay, n) for n in "abc"], aggregator=says("x", "z"), layers=3, early_stop=rule)

    result = moa.invoke(QUESTION)

    assert (result["run"]["stopped"], result["run"]["calls"]) == ("agreed", 5)
    assert result["run"]["usage"]["output_tokens"] > 3 * 12
    assert references_in(judge.asked[0][0].text) == [essay] * 3
    assert result["verdicts"][0]["agreement"]["call"]["model"] == "judge"
    assert len(judge.asked) == 1


@pytest.mark.parametrize(
    "said",
    [
        "yes",
        '{"groups": [[1, 2]]}',
        '{"groups": [[1, 2, 3, 3]]}',
        '{"groups": [[1, 2], [true]]}',
        "[]",
        ValueError("x"),
    ],
)
def test_a_judge_that_fails_stops_nothing(said: Any) -> None:
    rule = EarlyStop(agreement=judge_agreement(says(said, "judge")))
    moa = create_moa(proposers=solvers("1", "1", "1"), aggregator=says("x", "z"), layers=3, early_stop=rule)

    result = moa.invoke(QUESTION)

    assert (result["run"]["stopped"], result["run"]["calls"]) == ("completed", 8)
    assert result["verdicts"][0]["agreement"]["abstained"].startswith("the judge")


def test_a_judge_that_does_not_fit_the_budget_is_not_asked() -> None:
    judge = says('{"groups": [[1, 2, 3]]}', "judge")
    rule = EarlyStop(agreement=judge_agreement(judge))
    moa = create_moa(
        proposers=solvers("1", "1", "1"), aggregator=says("x", "z"), early_stop=rule, budget=Budget(calls=3)
    )

    result = moa.invoke(QUESTION)

    assert judge.asked == []
    assert result["run"]["calls"] == 3
    assert "Budget(calls=3)" in result["verdicts"][0]["agreement"]["abstained"]


def raises(texts: Any) -> Any:
    raise RuntimeError("measured wrongly")


def none(texts: Any) -> Any:
    return None


def nobody(texts: Any) -> Any:
    return {**closed_answers()(texts), "groups": [[0, 7]]}


def twice(texts: Any) -> Any:
    return {**closed_answers()(texts), "groups": [[0, 1, 1]]}


async def hangs(texts: Any) -> Any:
    await asyncio.Event().wait()


def floats(texts: Any) -> Any:
    return {**closed_answers()(texts), "groups": [[0.0, 1.0, 2.0]]}


def outsider(texts: Any) -> Any:
    return {**closed_answers()(texts), "groups": [[0, 1], [2]], "representative": 2}


def undecided(texts: Any) -> Any:
    return {**closed_answers()(texts), "abstained": "after all"}


async def cancels(texts: Any) -> Any:
    raise asyncio.CancelledError


GARBAGE = [raises, none, nobody, twice, floats, outsider, undecided, hangs, cancels]


@pytest.mark.parametrize("measure", GARBAGE)
def test_a_measure_of_ones_own_that_fails_stops_nothing(measure: Any) -> None:
    rule = EarlyStop(agreement=measure, as_completed=measure not in (hangs, cancels))
    budget = Budget(seconds=3 if measure is hangs else 60)

    result = solve("1", "1", "1", early_stop=rule, layers=2, budget=budget)

    assert result["verdicts"][0]["agreement"]["abstained"].startswith("it failed: ")
    assert result["verdicts"][0]["saved"] == 0
    assert [p["status"] for p in result["proposals"]] == ["ok"] * 3


@pytest.mark.parametrize("measure", GARBAGE)
def test_a_measure_that_fails_makes_a_vote_abstain(measure: Any) -> None:
    moa = create_moa(
        proposers=solvers("1", "1", "1"),
        aggregator=[Vote(agreement=measure), says("written", "z")],
        early_stop=None,
        budget=Budget(seconds=1) if measure is hangs else None,
    )

    result = moa.invoke(QUESTION)

    assert result["run"]["notes"][0].startswith("the vote abstained: it failed: ")


async def test_judging_takes_of_the_runs_time() -> None:
    proposers = [says(f"Final answer: {n}", f"m{n}") for n in range(3)]
    moa = create_moa(
        proposers=proposers,
        aggregator=says("x", "z"),
        layers=5,
        early_stop=EarlyStop(agreement=hangs, later_layers=True),
        budget=Budget(seconds=0.6),
    )

    async with asyncio.timeout(20):
        result = await moa.ainvoke(QUESTION)

    assert len(result["verdicts"]) == 1
    assert (result["run"]["stopped"], result["run"]["seconds"] < 2) == ("budget", True)


async def test_a_judge_that_is_cut_at_its_own_time_is_counted() -> None:
    judge = ScriptedModel(script="late", name_of_model="judge", delay=30)
    rule = EarlyStop(agreement=judge_agreement(judge, timeout=0.2))

    result = await create_moa(proposers=solvers("1", "1", "1"), aggregator=says("x", "z"), early_stop=rule).ainvoke(
        QUESTION
    )

    assert result["run"]["calls"] == 5
    assert "agreement was not judged: judge: timeout" in result["run"]["degraded"]


async def awaited(texts: Any) -> Any:
    return closed_answers()(texts)


def test_a_measure_of_ones_own_may_be_awaited() -> None:
    assert solve("1", "1", "1", early_stop=EarlyStop(agreement=awaited), layers=3)["run"]["stopped"] == "agreed"


async def test_an_answer_that_was_cut_agrees_with_nobody(loopback: Loopback) -> None:
    loopback.default = Reply("Final answer: 12")
    loopback.say("c", Reply("Final answer: 12", finish_reason="length"))
    options: Any = {"proposers": list("cabd"), "resolve": loopback.resolve}

    for quorum, reached in ((1.0, False), (0.7, True)):
        rule = EarlyStop(quorum=quorum, then="answer")
        result = await create_moa(**options, aggregator="z", early_stop=rule).ainvoke(QUESTION)

        assert result["verdicts"][0]["agreement"]["groups"] == [["a", "b", "d"]]
        assert result["verdicts"][0]["agreement"]["reached"] is reached
        assert result["run"]["truncated"] is False
    voted = await create_moa(**options, aggregator=Vote(), early_stop=None).ainvoke(QUESTION)
    assert voted["run"]["notes"] == ["vote: 3 of 3 for the answer of a"]


def test_half_of_the_answers_against_the_other_half_is_no_agreement() -> None:
    result = solve("1", "1", "1", "2", "2", "2", early_stop=EarlyStop(quorum=0.5), layers=2)

    assert result["verdicts"][0]["agreement"]["reached"] is False


async def test_the_same_message_may_be_put_again_over_waves() -> None:
    down = set("cbd")

    def says_or_fails(name: str) -> Any:
        def said(messages: Any) -> str:
            if name in down:
                raise ValueError("down")
            return "Final answer: " + name

        return Proposer(ScriptedModel(script=said, name_of_model=name), name=name)

    moa = create_moa(
        proposers=[says_or_fails(n) for n in "acbd"],
        aggregator=says("written", "z"),
        waves=(2,),
        min_proposals=2,
        early_stop=EarlyStop(min_responses=2),
        checkpointer=InMemorySaver(),
    )
    thread: Any = {"configurable": {"thread_id": "t"}}
    with pytest.raises(AllProposersFailed):
        await moa.ainvoke(QUESTION, thread)
    down.clear()

    question: Any = {"messages": (await moa.aget_state(thread)).values["messages"]}
    again = await moa.ainvoke(question, thread)

    assert [(p["proposer"], p["calls"]) for p in again["proposals"]] == [("a", 1), ("c", 2), ("b", 2), ("d", 2)]
    assert [(v["wave"], v["next"]) for v in again["verdicts"]] == [(1, "wave_2"), (2, "aggregate")]
    assert again["messages"][-1].text == "written"


def test_waves_ask_proposers_with_all_their_samples() -> None:
    proposers = [Proposer(says("Final answer: 1", n), name=n, samples=2) for n in "abc"]

    result = create_moa(proposers=proposers, aggregator=says("x", "z"), waves=(2,)).invoke(QUESTION)

    assert [p["proposer"] for p in result["proposals"]] == ["a/1", "a/2", "b/1", "b/2"]
    assert result["run"]["saved"] == 2


def test_a_paused_answer_is_not_lost_by_another_mixture() -> None:
    options: Any = {"proposers": solvers("1", "1", "1"), "aggregator": says("x", "z"), "checkpointer": InMemorySaver()}
    thread: Any = {"configurable": {"thread_id": "t"}}
    moa = create_moa(**options, early_stop=EarlyStop(then="answer"))
    moa.invoke(QUESTION, thread, interrupt_before=["answer"])

    assert "an agreed proposal" in moa.get_state(thread).values["run"]["mixture"]
    assert moa.invoke(None, thread)["run"]["stopped"] == "agreed"


def test_weights_of_a_sampled_proposer_count_for_each_sample() -> None:
    twice = Proposer(says("Final answer: 1", "m"), name="twice", samples=2)
    moa = create_moa(proposers=[twice, *solvers("2", "2")], aggregator=Vote(weights={"twice": 1.5}))

    assert moa.invoke(QUESTION)["run"]["notes"] == ["vote: 3 of 5 for the answer of twice/1"]


def test_one_answer_among_those_that_say_nothing_is_no_vote() -> None:
    result = create_moa(proposers=solvers("1", "I cannot say", "I cannot say"), aggregator=Vote()).invoke(QUESTION)

    assert "the vote abstained: no two proposals agree" in result["run"]["degraded"]


async def test_a_judge_is_kept_to_the_runs_time_and_counted() -> None:
    judge = ScriptedModel(script="late", name_of_model="judge", delay=30)
    moa = create_moa(
        proposers=solvers("1", "1", "1"),
        aggregator=says("x", "z"),
        early_stop=EarlyStop(agreement=judge_agreement(judge)),
        budget=Budget(seconds=0.5),
    )

    async with asyncio.timeout(20):
        result = await moa.ainvoke(QUESTION)

    assert result["verdicts"][0]["agreement"]["call"]["status"] == "timeout"
    assert result["run"]["calls"] == 4


async def test_what_a_judge_says_is_not_streamed() -> None:
    rule = EarlyStop(agreement=judge_agreement(says('{"groups": [[1, 2, 3]]}', "judge")))
    moa: Any = create_moa(proposers=solvers("1", "1", "1"), aggregator=says("written", "z"), early_stop=rule)

    parts = [part[0].text async for part in moa.astream(QUESTION, stream_mode="messages")]

    assert "".join(parts) == "written"


def test_a_shadow_cuts_nobody() -> None:
    rule = EarlyStop(shadow=True, as_completed=True, quorum=0.5, min_responses=2)

    assert [p["status"] for p in solve("1", "1", "1", "1", early_stop=rule, layers=2)["proposals"]] == ["ok"] * 4


MARKED: dict[str, tuple[dict[str, Any], bool]] = {
    "two layers lead to the aggregator whatever they say": ({}, False),
    "three can end after the first": ({"layers": 3}, True),
    "the agreed proposal may be the answer": ({"early_stop": EarlyStop(then="answer")}, True),
    "the rest may be cut": ({"early_stop": EarlyStop(as_completed=True)}, True),
    "the rest may not be asked": ({"waves": (2,)}, True),
    "watched as if it could stop": ({"layers": 3, "early_stop": EarlyStop(shadow=True)}, True),
    "only watched, and nothing to leave out": ({"early_stop": EarlyStop(shadow=True)}, False),
    "more models than there are": ({"layers": 3, "early_stop": EarlyStop(min_responses=4)}, False),
    "a vote": ({"aggregator": Vote(), "layers": 3, "early_stop": None}, True),
    "nothing looks": ({"layers": 3, "early_stop": None}, False),
    "not wanted": ({"layers": 3, "mark_answers": False}, False),
    "a judge reads whole answers": (
        {"layers": 3, "early_stop": EarlyStop(agreement=judge_agreement("offline:words"))},
        False,
    ),
    "letters are compared": ({"layers": 3, "early_stop": EarlyStop(agreement=near_duplicates())}, False),
}


@pytest.mark.parametrize("case", MARKED)
def test_marking_is_asked_for_only_where_agreement_can_change_the_run(case: str) -> None:
    options, expected = MARKED[case]
    models, last = [says(f"I say {name}", f"model-{name}") for name in "abc"], says("x", "z")

    create_moa(**{"proposers": models, "aggregator": last, **options}).invoke(QUESTION)

    prompts = [prompt for model in models for prompt in model.asked]
    assert ["Final answer:" in prompt[0].text for prompt in prompts] == [expected] * len(prompts)
    assert all("Final answer:" not in prompt[-1].text for prompt in [*prompts, *last.asked])


async def test_our_own_messages_look_like_any_other_to_a_server(loopback: Loopback) -> None:
    moa = create_moa(proposers=["a"], aggregator="z", resolve=loopback.resolve)

    await moa.ainvoke(QUESTION)

    for request in loopback.requests:
        assert [(set(message), message["role"]) for message in request.messages] == [({"role", "content"}, "user")]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"early_stop": True}, "found True as the early stop, expected EarlyStop(...)"),
    ({"early_stop": EarlyStop(quorum=0)}, "found quorum=0, expected a share above 0, up to 1"),
    ({"early_stop": EarlyStop(quorum=6)}, "found quorum=6, expected a share"),
    ({"early_stop": EarlyStop(min_responses=0)}, "found min_responses=0, expected a whole number from 1"),
    ({"early_stop": EarlyStop(then="stop")}, "found then='stop' for the early stop"),  # type: ignore[arg-type]
    ({"early_stop": EarlyStop(agreement="closed")}, "found 'closed' as the agreement"),  # type: ignore[arg-type]
    ({"waves": (3,)}, "found waves=(3,) of 3 proposers, expected some to be left"),
    ({"waves": (1,)}, "found waves=(1,), expected a first wave of at least 2"),
    ({"waves": 2}, "found waves=2, expected sizes such as (2,)"),
    ({"waves": (2,), "early_stop": None}, "found waves=(2,) without an early stop"),
    ({"waves": (2,), "min_proposals": 3}, "found min_proposals=3 with waves=(2,)"),
    ({"waves": (2,), "quorum": Quorum(2)}, "found Quorum(2) with waves=(2,), expected a larger one"),
    ({"early_stop": EarlyStop(as_completed=True, quorum=0.5), "min_proposals": 3}, "min_proposals=3 with as_completed"),
    ({"early_stop": EarlyStop(shadow="yes")}, "found shadow='yes' for the early stop, expected True or False"),  # type: ignore[arg-type]
    ({"early_stop": EarlyStop(agreement=closed_answers)}, "expected a measure such as closed_answers()"),  # type: ignore[arg-type]
    ({"aggregator": Vote(weights=dict.fromkeys("abc", 0))}, "found a vote in which nobody's vote counts"),
    ({"aggregator": Vote(agreement=judge_agreement("offline:words"))}, "found a vote with a judge"),
    ({"aggregator": Vote(weights={"z": 1})}, "found a vote's weight for 'z'; known: a, b, c"),
    ({"aggregator": Vote(weights={"a": -1})}, "found the weight -1 for 'a', expected a number from 0"),
    ({"aggregator": [says("x", "z"), Vote()]}, "found Vote(...) after another aggregator, expected it first"),
]


@pytest.mark.parametrize(("options", "expected"), WRONG, ids=[expected for _, expected in WRONG])
def test_what_could_not_mean_anything_is_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        create_moa(**{"proposers": solvers("1", "2", "3"), "aggregator": says("x", "z"), **options})

    assert expected in str(refused.value)


@pytest.mark.parametrize("measure", [judge_agreement(says("x", "judge")), near_duplicates()], ids=["judge", "slow"])
def test_a_measure_that_takes_its_time_cannot_end_a_layer_by_halves(measure: Any) -> None:
    with pytest.raises(ConfigError, match="found as_completed with a measure that is awaited or takes its time"):
        solve("1", "1", early_stop=EarlyStop(agreement=measure, as_completed=True))


def test_the_verdict_is_in_the_trace() -> None:
    collector = RunCollectorCallbackHandler()
    moa = create_moa(proposers=solvers("1", "1", "1"), aggregator=says("x", "z"), layers=3)

    moa.invoke(QUESTION, {"callbacks": [collector]})

    (root,) = collector.traced_runs
    (gate,) = [child for child in root.child_runs if child.name == "gate_1"]
    assert gate.outputs is not None
    assert gate.outputs["verdicts"][0]["reason"] == "3 of 3 agree: 1; layer 2 skipped, 3 calls saved"
    assert (gate.extra or {})["metadata"]["moa_role"] == "gate"


def test_how_many_must_agree_is_rounded_up_and_counts_all_who_were_asked() -> None:
    two_of_five = solve("1", "1", None, None, "2", early_stop=EarlyStop(quorum=0.5, min_responses=2), layers=2)
    three_of_five = solve("1", "1", "1", None, None, early_stop=EarlyStop(quorum=0.5, min_responses=2), layers=2)

    assert [r["verdicts"][0]["agreement"]["reached"] for r in (two_of_five, three_of_five)] == [False, True]
    assert [r["verdicts"][0]["agreement"]["score"] for r in (two_of_five, three_of_five)] == [0.4, 0.6]


def test_a_vote_alone_makes_no_call_that_an_agreed_answer_could_save() -> None:
    moa = create_moa(proposers=solvers("1", "1", "1"), aggregator=Vote(), early_stop=EarlyStop(then="answer"))

    result = moa.invoke(QUESTION)

    assert (result["run"]["calls"], result["run"]["saved"], result["messages"][-1].text) == (
        3,
        0,
        "Well.\nFinal answer: 1",
    )


def test_a_wave_made_again_forgets_the_verdict_after_it() -> None:
    moa = create_moa(
        proposers=solvers("1", "2", "1"), aggregator=says("x", "z"), waves=(2,), checkpointer=InMemorySaver()
    )
    thread: Any = {"configurable": {"thread_id": "t"}}
    moa.invoke(QUESTION, thread)
    (at_wave,) = [s for s in moa.get_state_history(thread) if s.next == ("gate_1/wave_1",)]

    again = moa.invoke(None, at_wave.config, interrupt_after=["gate_1/wave_1"])

    assert [(v["layer"], v["wave"]) for v in again["verdicts"]] == [(1, 1)]
    assert moa.get_state(thread).next == ("layer_1/c",)


# --- models as served


def served(loopback: Loopback, answers: dict[str, tuple[str, str]], **options: Any) -> Any:
    """Return a mixture of models by name, with what each answers and as what it is served."""
    for name, (answer, model) in answers.items():
        loopback.say(name, Reply(f"Well.\nFinal answer: {answer}", served=model))
    defaults: dict[str, Any] = {"proposers": list(answers), "aggregator": "last", "layers": 3}
    return create_moa(**{**defaults, **options}, resolve=loopback.resolve)


QWEN = dict.fromkeys(("llama3", "gemma3", "phi4"), ("7", "qwen05"))
ALL_ONE = "3 of 3 agree: 7, but all were served by one model, qwen05"
AS_SERVED: dict[str, tuple[dict[str, tuple[str, str]], dict[str, Any], int, str]] = {
    "three names of one": (QWEN, {}, 1, ALL_ONE),
    "three models": (
        {name: ("7", name) for name in "abc"},
        {},
        3,
        "3 of 3 agree: 7; layer 2 skipped, 3 calls saved",
    ),
    "two of four are one": (
        {"a": ("7", "x"), "b": ("7", "x-2026-01-01"), "c": ("7", "c"), "d": ("7", "d")},
        {},
        3,
        "4 of 4 agree: 7; layer 2 skipped, 4 calls saved",
    ),
    "two of three are one": (
        {"a": ("7", "x"), "b": ("7", "x"), "c": ("7", "c")},
        {},
        2,
        "3 of 3 agree: 7, but 3 different models must; a, b were served by one, x",
    ),
    "three names of nothing": (
        dict.fromkeys("abc", ("7", "local-model")),
        {},
        3,
        "3 of 3 agree: 7; layer 2 skipped, 3 calls saved",
    ),
    "one is enough": (
        QWEN,
        {"early_stop": EarlyStop(min_responses=1)},
        1,
        "3 of 3 agree: 7; layer 2 skipped, 3 calls saved",
    ),
    "as they come in": (
        QWEN,
        {"early_stop": EarlyStop(as_completed=True, quorum=2 / 3, min_responses=2)},
        1,
        ALL_ONE,
    ),
    "a judge that says so": (
        QWEN,
        {"early_stop": EarlyStop(agreement=judge_agreement(says('{"groups": [[1, 2, 3]]}', "judge")))},
        1,
        "3 of 3 agree, but all were served by one model, qwen05",
    ),
}


@pytest.mark.parametrize("case", AS_SERVED)
async def test_what_one_server_has_under_several_names_is_one_model(loopback: Loopback, case: str) -> None:
    answers, options, models, reason = AS_SERVED[case]
    reached = "but" not in reason

    result = await served(loopback, answers, **options).ainvoke(QUESTION)

    verdict = result["verdicts"][0]
    assert verdict["reason"] == reason
    assert verdict["agreement"]["reached"] is reached
    assert verdict["agreement"]["models"] == models
    assert (result["run"]["stopped"] == "agreed") is reached
    assert {p["status"] for p in result["proposals"]} == {"ok"}
    assert {p["proposer"] for p in result["proposals"]} == set(answers)


async def test_a_wave_of_one_model_under_two_names_asks_the_rest(loopback: Loopback) -> None:
    result = await served(loopback, QWEN, waves=(2,)).ainvoke(QUESTION)

    assert result["verdicts"][0]["reason"] == "2 of 2 agree: 7, but all were served by one model, qwen05"
    assert result["verdicts"][0]["next"] == "wave_2"


async def test_a_cached_answer_is_of_the_model_that_gave_it(loopback: Loopback) -> None:
    moa = served(loopback, QWEN, cache=InMemoryCache())

    first, again = [(await moa.ainvoke(QUESTION))["verdicts"][0]["reason"] for _ in range(2)]

    assert first == again == ALL_ONE


async def test_the_samples_of_one_request_are_of_the_model_that_gave_them(loopback: Loopback) -> None:
    proposers = [Proposer(name, samples=2) for name in QWEN]

    result = await served(loopback, QWEN, proposers=proposers).ainvoke(QUESTION)

    assert [p["served_model"] for p in result["proposals"][:6]] == ["qwen05"] * 6
    assert result["verdicts"][0]["reason"] == "6 of 6 agree: 7, but all were served by one model, qwen05"


SHARED_VOTES: dict[str, tuple[dict[str, tuple[str, str]], dict[str, Any], str, str | None]] = {
    "one model's three names against two": (
        {**QWEN, "d": ("8", "d"), "e": ("8", "e")},
        {},
        "8",
        "vote: 2 of 3 for the answer of d; llama3, gemma3, phi4 share one model's votes: all were served by qwen05",
    ),
    "nobody else": (
        {"a": ("7", "x"), "b": ("7", "x"), "c": ("8", "x")},
        {},
        "7",
        "vote: 2 of 3 for the answer of a",
    ),
    "agreement of one with itself": (
        {"a": ("7", "x"), "b": ("7", "x"), "c": ("8", "c"), "d": ("9", "d")},
        {},
        "written",
        None,
    ),
    "weights are shared, too": (
        {"a": ("7", "x"), "b": ("7", "x"), "c": ("8", "c")},
        {"weights": {"a": 3, "b": 3, "c": 2}},
        "7",
        "vote: 3 of 5 for the answer of a; a, b share one model's votes: all were served by x",
    ),
}


@pytest.mark.parametrize("case", SHARED_VOTES)
async def test_a_model_outvotes_nobody_by_having_more_names(loopback: Loopback, case: str) -> None:
    answers, options, wins, note = SHARED_VOTES[case]
    loopback.say("last", Reply("Final answer: written"))
    moa = served(loopback, answers, aggregator=[Vote(**options), "last"], layers=2, early_stop=None)

    result = await moa.ainvoke(QUESTION)

    assert result["messages"][-1].text.endswith(f"Final answer: {wins}")
    if note:
        assert note in result["run"]["notes"]
    else:
        told = "the vote abstained: no two models agree; a, b share one model's votes: all were served by x"
        assert told in result["run"]["notes"]


def test_every_sample_of_one_declared_model_counts() -> None:
    sampled = Proposer(says([f"Final answer: {n}" for n in (1, 2, 2)], "m"), samples=3)
    moa = create_moa(proposers=[sampled, says("Final answer: 1", "n")], aggregator=Vote(), early_stop=None)

    result = moa.invoke(QUESTION)

    assert result["run"]["notes"] == ["vote: 2 of 4 for the answer of m/1; tied with that of m/2, and declared first"]


def test_what_looks_like_a_citation_is_part_of_the_answer_where_no_evidence_is() -> None:
    answers = ["Final answer: span [e1, e2]", "Final answer: span [e2, e3]", "Final answer: span [e1, e3]"]

    result = create_moa(proposers=solvers(*answers), aggregator=says("done", "last"), layers=3).invoke(QUESTION)

    assert result["run"]["saved"] == 0
    assert not result["verdicts"][0]["agreement"]["reached"]


def test_a_judge_that_says_nothing_at_length_is_read_once() -> None:
    with no_hang():
        for said in spread('{"groups": [[1]]}', "```json"):
            assert read_groups(said, 1) is None
    assert read_groups('```json\n {"groups": [[1]]} \n``` ', 1) == [[0]]
