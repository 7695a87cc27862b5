"""How sure a first model is: by a check, by its server's figures, by a function; what is not known is unsure."""

import asyncio
import json
import sys
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt
from langgraph_moa import Confident, EarlyStop, Price, Proposer, create_moa, estimate
from langgraph_moa.nodes.confidence import read_probability
from loopback import Loopback, Reply
from reading import QUESTION, proposals_in
from running import APIS, THREAD, run
from tables import each

ANSWER = EarlyStop(then="answer")
FIRST = Reply("Well.\nFinal answer: 7", logprobs={"content": [{"token": "7", "logprob": -0.105}]})


def ladder(server: Loopback, confidence: Confident, **options: Any) -> Any:
    server.scripts.setdefault("anna", FIRST)
    server.scripts.setdefault("bert", Reply("Well.\nFinal answer: 8"))
    defaults: dict[str, Any] = {"proposers": ["anna", "bert"], "aggregator": "last", "early_stop": ANSWER}
    return create_moa(**{**defaults, "waves": (1,), "resolve": server.resolve, "confidence": confidence, **options})


def check_says(server: Loopback, model: str, text: str) -> None:
    """Let a model answer, and say this where it is asked about an answer."""
    server.say(model, lambda body: Reply(text) if proposals_in(body) else FIRST)


@APIS
@pytest.mark.parametrize("model", [None, "carl"])
async def test_it_is_asked_in_a_call_of_its_own(loopback: Loopback, api: str, model: str | None) -> None:
    check_says(loopback, model or "anna", 'Let me see.\n{"probability": 0.93}')

    result = await run(ladder(loopback, Confident(0.9, model=model)), api, QUESTION)

    assert [r.model for r in loopback.requests] == ["anna", model or "anna"]
    asked = loopback.requests[1]
    assert proposals_in(asked.body) == ["Well.\nFinal answer: 7"]
    assert "anna" not in asked.prompt
    assert "Which?" in asked.prompt
    run_, (verdict,) = result["run"], result["verdicts"]
    assert (run_["stopped"], run_["calls"], run_["saved"], run_["degraded"]) == ("confident", 2, 2, None)
    assert run_["usage"]["total_tokens"] == loopback.tokens_billed
    by = "check" if model else "self-check"
    assert (
        verdict["reason"] == f"anna is sure: 0.93 by {by}, 0.9 needed; the rest of the layer and layer 2 skipped, "
        "2 calls saved"
    )
    assert verdict["confidence"]["call"]["model"] == (model or "anna")
    assert result["messages"][-1].text == "Well.\nFinal answer: 7"


@pytest.mark.parametrize(
    ("said", "unknown"),
    [
        (Reply('{"probability": 0.89}'), None),
        (Reply("Surely right."), "invalid (its answer holds no probability as it was asked for)"),
        (Reply('{"probability": 0.99}', finish_reason="length"), "truncated"),
        (Reply(status=500), "error"),
        (Reply(""), "empty"),
    ],
)
async def test_what_is_below_or_not_known_goes_on(loopback: Loopback, said: Reply, unknown: str | None) -> None:
    loopback.say("carl", said)

    result = await ladder(loopback, Confident(0.9, model="carl")).ainvoke(QUESTION)

    run_, confidence = result["run"], result["verdicts"][0]["confidence"]
    assert [p["proposer"] for p in result["proposals"]] == ["anna", "bert"]
    assert (confidence["reached"], confidence["probability"]) == (False, None if unknown else 0.89)
    assert (run_["stopped"], run_["degraded"]) == ("completed", None)
    assert [n for n in run_["notes"] if "how sure anna is, is not known: carl: " in n and (unknown or "-") in n] == (
        run_["notes"] if unknown else []
    )


@APIS
@pytest.mark.parametrize("transport", [None, "openai"])
async def test_its_server_tells_how_likely_its_words_were(loopback: Loopback, api: str, transport: Any) -> None:
    moa = ladder(loopback, Confident(0.8, logprobs="mean"), proposers=[Proposer("anna", transport=transport), "bert"])

    result = await run(moa, api, QUESTION)

    (request,) = loopback.requests
    assert request.body["logprobs"] is True
    assert result["proposals"][0]["probability"] == pytest.approx(0.9, abs=0.001)
    assert (result["run"]["stopped"], result["run"]["calls"]) == ("confident", 1)


async def test_whoever_is_asked_later_is_not_asked_for_logprobs(loopback: Loopback) -> None:
    result = await ladder(loopback, Confident(0.95, logprobs="least"), layers=3).ainvoke(QUESTION)

    asked = [(r.model, "logprobs" in r.body) for r in loopback.requests]
    assert sorted(asked) == [("anna", False), ("anna", True), ("bert", False), ("bert", False), ("last", False)]
    assert [("probability" in p) for p in result["proposals"]] == [True, False, False, False]


@pytest.mark.parametrize(
    "refusal",
    [
        {"message": "This model does not support the 'logprobs' parameter.", "param": "logprobs"},
        {"message": "Unrecognized request argument supplied: logprobs"},
        {"message": "Logprobs is not enabled for models/gemini-2.5-flash-lite", "status": "INVALID_ARGUMENT"},
    ],
)
async def test_a_server_that_refuses_logprobs_is_asked_without_and_unsure(loopback: Loopback, refusal: Any) -> None:
    refused = Reply(status=400, body=json.dumps({"error": refusal}))
    loopback.say("anna", lambda body: refused if body.get("logprobs") else Reply("Final answer: 7"))
    moa = ladder(loopback, Confident(0.5, logprobs="mean"))

    first, again = await moa.ainvoke(QUESTION), await moa.ainvoke(QUESTION)

    assert [len(r["proposals"]) for r in (first, again)] == [2, 2]
    assert first["proposals"][0]["left_out"] == ["logprobs"]
    assert "anna: its server tells no logprobs; it was asked without" in first["run"]["notes"]
    assert "how sure anna is, is not known: its server told no logprobs" in first["run"]["notes"]
    assert [("logprobs" in r.body) for r in loopback.asked("anna")] == [True, False, False]


async def test_logprobs_of_a_stream_and_of_samples_are_read(loopback: Loopback) -> None:
    streamed = await ladder(loopback, Confident(0.8, logprobs="mean"), stream_proposals=True).ainvoke(QUESTION)
    anna = Proposer("anna", samples=2)
    sampled = await ladder(loopback, Confident(0.8, logprobs="mean"), proposers=[anna, "bert"]).ainvoke(QUESTION)

    assert streamed["run"]["stopped"] == sampled["run"]["stopped"] == "confident"
    assert [p["probability"] for p in sampled["proposals"]] == [pytest.approx(0.9, abs=0.001)] * 2
    assert sampled["verdicts"][0]["reason"].startswith("2 of 2 agree: 7; anna/1 is sure: 0.9 by logprobs")


async def test_samples_that_differ_are_unsure_and_nobody_is_asked(loopback: Loopback) -> None:
    lines = iter("78")
    loopback.say("anna", lambda body: Reply(f"Final answer: {next(lines)}"))
    moa = ladder(loopback, Confident(0.1, model="carl"), proposers=[Proposer("anna", samples=2), "bert"])

    result = await moa.ainvoke(QUESTION)

    assert loopback.asked("carl") == []
    assert result["verdicts"][0]["next"] == "wave_2"
    assert "confidence" not in result["verdicts"][0]


def in_time(question: str, proposal: Any) -> float:
    assert (question, proposal["text"]) == ("Which?", "Well.\nFinal answer: 7")
    proposal["text"] = "changed"
    return 0.9


async def awaited(question: str, proposal: Any) -> float:
    return 1


@APIS
@pytest.mark.parametrize("function", [in_time, awaited])
async def test_a_function_says_so(loopback: Loopback, api: str, function: Any) -> None:
    result = await run(ladder(loopback, Confident(0.9, function=function)), api, QUESTION)

    assert (result["run"]["stopped"], result["run"]["calls"]) == ("confident", 1)
    assert result["verdicts"][0]["confidence"]["measure"] == function.__name__
    assert result["messages"][-1].text == "Well.\nFinal answer: 7"


def failing(question: str, proposal: Any) -> float:
    raise ValueError("no scorer at sk-0123456789abcdefghijklmnop")


async def hanging(question: str, proposal: Any) -> float:
    await asyncio.sleep(600)
    return 1.0


def leaving(question: str, proposal: Any) -> float:
    sys.exit(3)


async def cancelled(question: str, proposal: Any) -> float:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (failing, "failing failed: ValueError: no scorer"),
        (hanging, "hanging gave no answer within 0.4 s"),
        (cancelled, "cancelled was cancelled"),
        (leaving, "leaving failed: RuntimeError: it ended its thread"),
        (lambda q, p: "0.9", "returned '0.9', no number from 0 to 1"),
        (lambda q, p: True, "returned True, no number"),
        (lambda q, p: float("nan"), "returned nan, no number"),
        (lambda q, p: 90, "returned 90, no number"),
    ],
)
async def test_a_function_that_fails_is_unsure(loopback: Loopback, function: Any, told: str) -> None:
    result = await ladder(loopback, Confident(0.5, function=function, timeout=0.4)).ainvoke(QUESTION)

    assert len(result["proposals"]) == 2
    assert told in result["run"]["notes"][0]
    assert "sk-0123" not in json.dumps(result["run"])


async def test_a_function_may_stop_the_run_as_langgraph_does(loopback: Loopback) -> None:
    def asking(question: str, proposal: Any) -> float:
        return float(interrupt("how sure?"))

    moa = ladder(loopback, Confident(0.9, function=asking), checkpointer=InMemorySaver())
    waiting = await moa.ainvoke(QUESTION, THREAD)
    result = await moa.ainvoke(Command(resume=0.95), THREAD)

    assert "__interrupt__" in waiting
    assert (result["run"]["stopped"], len(loopback.asked("anna"))) == ("confident", 1)


async def test_the_estimate_bounds_the_check(loopback: Loopback) -> None:
    check_says(loopback, "anna", '{"probability": 0.2}')
    prices = {name: Price(input=1, output=1) for name in ("anna", "bert", "last")}
    moa = ladder(loopback, Confident(0.9), max_tokens=30, prices=prices)

    bound = estimate(moa, "Which?")
    result = await moa.ainvoke(QUESTION)

    assert result["run"]["calls"] == bound["calls"] == 4
    assert result["run"]["usage"]["total_tokens"] <= (bound["tokens"] or 0)
    assert 0 < result["run"]["usd"] <= (bound["usd"] or 0)


@each(
    ("answer", "probability"),
    [
        ('{"probability": 0.35}', 0.35),
        ('{"probability": 1}', 1.0),
        ('It quotes {"probability": 0.99}, but:\n{"probability": 0.1}', 0.1),
        ('```json\n{"probability": 0.5}\n```', 0.5),
        ('{"probability": 95}', None),
        ('{"probability": "0.9"}', None),
        ('{"probability": true}', None),
        ('{"probability": NaN}', None),
        ('{"probability": -0.1}', None),
        ('{"alternatives": {"probability": 0.95}, "probability": 0.1}', 0.1),
        ('{"probability": 0.9, "why": {"x": 1}}', 0.9),
        ('{"why": "a } and a {", "probability": 0.2}', 0.2),
        ('{"alternatives": {"probability": 0.95}}', None),
        ('{"alternatives": {"probability": 0.95}, "probability": 0.1', None),
        ("{alternatives: {\"probability\": 0.95}, 'probability': 0.1}", None),
        ('{"probability": 0.99}\n{"probability": 0.1,}', None),
        ('It is \\frac{1}{2} of \\left\\{ x, so:\n{"probability": 0.7}', 0.7),
        ('{"a":' * 50_000, None),
        ("0.9", None),
        ("[0.9]", None),
        ("", None),
    ],
)
def test_a_probability_is_read_strictly(answer: str, probability: float | None) -> None:
    assert read_probability(answer) == probability
