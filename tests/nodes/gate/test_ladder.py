"""One model first, others where it is unsure, stronger ones where they differ."""

import random
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from langgraph_moa import (
    Budget,
    BudgetExceeded,
    Confident,
    ConfigError,
    EarlyStop,
    InputError,
    Proposer,
    Screen,
    Vote,
    create_grouped_moa,
    create_moa,
    create_self_moa,
    estimate,
    report,
)
from loopback import Loopback, Reply
from panels import says
from reading import QUESTION, proposals_in, references_in
from running import APIS, THREAD, run
from solving import solve, solvers

ANSWER = EarlyStop(then="answer")
STRONG = Proposer(says("Well.\nFinal answer: 9", "strong"), name="strong", samples=1)


def by(*figures: float) -> Confident:
    """Return a confidence that says these, one a question."""
    lines = iter(figures)
    return Confident(0.9, function=lambda question, proposal: next(lines))


@pytest.mark.parametrize(
    ("answers", "sure", "asked", "stopped"),
    [
        ("789", 0.95, "a", "confident"),
        ("779", 0.5, "ab", "agreed"),
        ("789", 0.5, "abc", "completed"),
    ],
)
def test_one_then_two_then_all(answers: str, sure: float, asked: str, stopped: str) -> None:
    result = solve(*answers, waves=(1, 1), layers=2, early_stop=ANSWER, confidence=by(sure))

    assert [p["proposer"] for p in result["proposals"]] == list(asked)
    assert result["run"]["stopped"] == stopped
    assert result["messages"][-1].text == ("written" if stopped == "completed" else "Well.\nFinal answer: 7")


@pytest.mark.parametrize(("lines", "asked"), [("777", 3), ("778", 4)])
def test_samples_that_agree_are_a_sign(lines: str, asked: int) -> None:
    model = says([f"Final answer: {line}" for line in lines], "a")

    result = create_self_moa(model=model, samples=3, aggregator=Vote(), early_stop=ANSWER, escalate=[STRONG]).invoke(
        QUESTION
    )

    assert len(result["proposals"]) == asked
    assert result["run"]["stopped"] == ("agreed" if asked == 3 else "completed")


@APIS
async def test_those_who_differ_are_joined_by_others_and_all_are_read(api: str) -> None:
    last = says("written", "last")
    moa = create_moa(proposers=solvers("7", "8"), escalate=[STRONG], aggregator=last)

    result = await run(moa, api, QUESTION)

    assert [p["proposer"] for p in result["proposals"]] == ["a", "b", "strong"]
    assert references_in(last.asked[0][-1].text) == [f"Well.\nFinal answer: {n}" for n in (7, 8, 9)]
    assert result["verdicts"][0]["escalated"] == ["strong"]
    assert result["verdicts"][0]["reason"] == "2 of 2 proposals usable; escalated to strong"
    assert "escalated to strong: those asked before did not agree, or were not sure" in result["run"]["notes"]


def test_later_layers_are_the_proposers_own_and_read_all() -> None:
    first = says(["Final answer: 7", "Final answer: 7"], "a")

    result = create_moa(
        proposers=[Proposer(first, name="a"), *solvers("1", "8")[1:]],
        escalate=[STRONG],
        aggregator=says("written", "z"),
        layers=3,
    ).invoke(QUESTION)

    assert [(p["layer"], p["proposer"]) for p in result["proposals"]] == [
        (1, "a"),
        (1, "b"),
        (1, "strong"),
        (2, "a"),
        (2, "b"),
    ]
    assert len(references_in(first.asked[1][-1].text)) == 3


def test_those_who_agree_need_nobody_else() -> None:
    result = solve("7", "7", layers=2, escalate=[STRONG], early_stop=ANSWER)

    (verdict,) = result["verdicts"]
    assert verdict["reason"] == "2 of 2 agree: 7; the rest of the layer and layer 2 skipped, 2 calls saved"
    assert "escalated" not in verdict


def test_the_stronger_outvotes_by_its_weight() -> None:
    moa = create_moa(proposers=solvers("7", "8"), escalate=[STRONG], aggregator=Vote(weights={"strong": 3}))

    assert moa.invoke(QUESTION)["messages"][-1].text == "Well.\nFinal answer: 9"


def test_one_who_is_sure_needs_no_vote() -> None:
    result = solve("7", "8", waves=(1,), layers=2, confidence=by(0.95), aggregator=Vote())

    run_ = result["run"]
    assert (run_["stopped"], run_["degraded"], run_["calls"]) == ("confident", None, 1)
    assert "vote: only a was asked, and is sure" in run_["notes"]
    assert result["messages"][-1].text == "Well.\nFinal answer: 7"


def test_a_shadow_is_never_enough() -> None:
    shadow = EarlyStop(then="answer", shadow=True)

    result = solve("7", "7", waves=(1,), layers=2, early_stop=shadow, confidence=by(1.0))

    assert result["verdicts"][0]["reason"].startswith("a is sure: 1 by <lambda>, 0.9 needed; the rest of the layer and")
    assert " would be skipped" in result["verdicts"][0]["reason"]
    assert len(result["proposals"]) == 2


def test_one_that_fails_asks_the_next() -> None:
    result = solve(None, "7", waves=(1,), layers=2, early_stop=ANSWER, confidence=by())

    assert [p["status"] for p in result["proposals"]] == ["error", "ok"]
    assert "confidence" not in result["verdicts"][0]


def test_the_ladder_is_drawn(snapshot: Any) -> None:
    moa = create_moa(
        proposers=solvers("7", "8"),
        escalate=[STRONG],
        aggregator=says("x", "z"),
        waves=(1, 1),
        early_stop=ANSWER,
        confidence=by(),
        budget=Budget(calls=9),
    )

    assert [(e.source, e.target, e.data) for e in moa.get_graph().edges] == snapshot


def test_groups_take_none() -> None:
    with pytest.raises(ConfigError, match="found escalate in create_grouped_moa, which decides it itself"):
        create_grouped_moa(proposers=["offline:words"] * 3, aggregator="offline:words", group=2, escalate=[STRONG])


async def test_a_check_that_does_not_fit_the_budget_is_not_made(loopback: Loopback) -> None:
    moa = _checked(loopback, budget=Budget(calls=3))

    result = await moa.ainvoke(QUESTION)

    assert [r.model for r in loopback.requests] == ["anna", "bert", "last"]
    assert "how sure anna is, is not known: Budget(calls=3): 1 are spent, the step may take 3" in result["run"]["notes"]


def _checked(server: Loopback, figure: float = 0.2, **options: Any) -> Any:
    server.say("carl", f'{{"probability": {figure}}}')
    server.say("anna", "Final answer: 7")
    server.say("bert", "Final answer: 8")
    defaults: dict[str, Any] = {"proposers": ["anna", "bert"], "aggregator": "last", "early_stop": ANSWER}
    confidence = Confident(0.9, model="carl")
    return create_moa(**{**defaults, "waves": (1,), "confidence": confidence, "resolve": server.resolve, **options})


async def test_the_deadline_cuts_the_check(loopback: Loopback) -> None:
    moa = _checked(loopback, budget=Budget(seconds=2))
    loopback.say("carl", Reply(broken="hang"))

    result = await moa.ainvoke(QUESTION)

    (call,) = [v["confidence"]["call"] for v in result["verdicts"]]
    assert (call["status"], call["cut"]) == ("timeout", "deadline")
    assert (result["run"]["stopped"], len(result["proposals"])) == ("budget", 1)


async def test_a_run_that_was_left_after_the_first_is_resumed_with_its_check(loopback: Loopback) -> None:
    moa = _checked(loopback, checkpointer=InMemorySaver())
    other = _checked(loopback, checkpointer=moa.checkpointer, confidence=Confident(0.9, model="dora"))
    await moa.ainvoke(QUESTION, THREAD, interrupt_before=["gate_1/wave_1"])
    with pytest.raises(InputError, match="found a run of another mixture"):
        await other.ainvoke(None, THREAD)

    result = await moa.ainvoke(None, THREAD)

    assert [r.model for r in loopback.requests] == ["anna", "carl", "bert", "last"]
    assert "; checked by carl" in result["run"]["mixture"]


async def test_a_person_who_asks_again_pays_for_both_checks(loopback: Loopback) -> None:
    moa = _checked(loopback, 0.95, review=True, checkpointer=InMemorySaver(), early_stop=EarlyStop(then="aggregate"))
    await moa.ainvoke(QUESTION, THREAD)

    await moa.ainvoke(Command(resume={"decisions": [{"proposer": "anna", "action": "retry"}]}), THREAD)
    result = await moa.ainvoke(Command(resume="accept"), THREAD)

    assert [r.model for r in loopback.requests] == ["anna", "carl", "anna", "carl", "last"]
    assert result["run"]["calls"] == 5
    assert result["verdicts"][0]["confidence"]["call"]["calls"] == 2


async def test_the_page_tells_of_it(loopback: Loopback) -> None:
    moa = _checked(loopback, 0.95)

    page = report(await moa.ainvoke(QUESTION), moa)

    assert "anna is sure: 0.95 by check, 0.9 needed" in page


@pytest.mark.parametrize("seed", [1, 2, *(pytest.param(n, marks=pytest.mark.soak) for n in range(3, 43))])
async def test_whatever_is_asked_the_budget_holds(loopback: Loopback, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(5):
        loopback.requests.clear()
        loopback.billed.clear()
        loopback.most_choices = dice.choice([1, 128])
        loopback.default = lambda body: Reply(
            f'{{"probability": {dice.random():.2f}}}'
            if "probability" in str(body["messages"])
            else f"Final answer: {dice.choice('123')}" + " word" * dice.randint(0, 20)
        )
        names = ["anna", "bert", "carl", "dora"][: dice.randint(2, 4)]
        calls, tokens = dice.randint(1, 12), dice.choice([None, 400, 900, 3_000])
        options: dict[str, Any] = {
            "proposers": names,
            "aggregator": dice.choice(["last", ["last", "other"], Vote()]),
            "layers": dice.choice([2, 3]),
            "waves": dice.choice([(1,), (1, 1)]) if len(names) > 2 else (1,),
            "escalate": dice.choice([[], ["strong"], ["strong", "stronger"]]),
            "early_stop": EarlyStop(then=dice.choice(["answer", "aggregate"]), quorum=dice.choice([0.6, 1.0])),
            "confidence": dice.choice([Confident(0.5), Confident(0.5, model="judge"), Confident(0.5, logprobs="mean")]),
            "screen": dice.choice([None, Screen()]) if len(names) > 2 else None,
        }
        if options["confidence"].logprobs and options["aggregator"] == "last":
            options["proposers"] = [Proposer(name, samples=dice.randint(1, 3)) for name in names]
        moa = create_moa(**options, budget=Budget(calls=calls, tokens=tokens), max_tokens=40, resolve=loopback.resolve)
        bound: Any = estimate(moa, "Which?")
        try:
            result = await moa.ainvoke(QUESTION)
        except BudgetExceeded:
            assert loopback.requests == []
            continue
        billed = loopback.tokens_billed
        assert len(loopback.requests) == result["run"]["calls"] <= min(calls, bound["calls"])
        assert billed == result["run"]["usage"]["total_tokens"] <= min(tokens or billed, bound["tokens"])
        assert result["messages"][-1].text


def test_a_check_is_shown_the_answer_only() -> None:
    chk = says('{"probability": 0.1}', "chk")
    confidence = Confident(0.9, model=chk)

    solve("7", "8", waves=(1,), layers=2, early_stop=ANSWER, confidence=confidence)

    (messages,) = chk.asked
    assert proposals_in({"messages": [{"role": "user", "content": messages[-1].text}]}) == ["Well.\nFinal answer: 7"]
