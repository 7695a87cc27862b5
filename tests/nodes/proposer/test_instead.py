"""Where a seat's model fails, another takes its place, in the same node, over real HTTP."""

import asyncio
from typing import Any

import pytest
from langgraph.cache.memory import InMemoryCache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import (
    AllProposersFailed,
    Budget,
    ConfigError,
    EarlyStop,
    Proposer,
    Quorum,
    create_moa,
    create_single,
    estimate,
)
from langgraph_moa.core.panel.declared import Aggregator
from loopback import Loopback, Reply
from pictures import PICTURE, asking

HI: Any = {"messages": [("user", "Hi")]}
FAULTS: dict[str, Reply] = {
    "error": Reply(status=500, body='{"error": {"message": "broken"}}', headers={"x-should-retry": "false"}),
    "key": Reply(status=401, body='{"error": {"message": "no such key"}}'),
    "refused": Reply("", refusal="I cannot help with that."),
    "empty": Reply(""),
    "degenerate": Reply("and so it goes on " * 300, finish_reason="length"),
    "timeout": Reply("late", delay=30),
    "too_long": Reply(status=400, body='{"error": {"message": "maximum context length is 4096 tokens"}}'),
}


def mixture(server: Loopback, *proposers: Any, **options: Any) -> Any:
    settings: dict[str, Any] = {"early_stop": None, "aggregator": "judge", **options}
    return create_moa(proposers=list(proposers), resolve=server.resolve, **settings)


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_went_wrong_another_takes_the_place(loopback: Loopback, fault: str) -> None:
    loopback.say("a", FAULTS[fault])
    seat = Proposer("a", name="first", timeout=0.3 if fault == "timeout" else None, instead=[Proposer("b", timeout=9)])

    state = await mixture(loopback, seat, "c").ainvoke(HI)

    first, other = state["proposals"]
    assert (first["proposer"], first["model"], first["status"], first["text"]) == ("first", "b", "ok", "answer of b")
    (missed,) = first["instead_of"]
    assert (missed["model"], bool(missed["error"])) == ("a", True)
    assert missed["status"] == {"key": "error", "too_long": "error"}.get(fault, fault)
    assert "instead_of" not in other
    assert state["run"]["degraded"] is None
    assert state["run"]["notes"][0].startswith(f"first (layer 1): b answered instead (a: {missed['status']})")
    assert [r.model for r in loopback.requests if r.model != "c"] == ["a", "b", "judge"]
    assert "answer of b" in loopback.asked("judge")[0].prompt


async def test_all_that_was_spent_is_counted(loopback: Loopback) -> None:
    loopback.say("a", Reply("", usage={"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}))
    loopback.say("b", Reply("yes", usage={"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}))

    state = await mixture(loopback, Proposer("a", instead=["b"])).ainvoke(HI)

    (proposal,) = state["proposals"]
    assert (proposal["calls"], proposal["usage"]["total_tokens"]) == (2, 16)
    assert proposal["tried_s"] > 0
    assert state["run"]["calls"] == 3


async def test_one_after_the_other_is_asked_and_all_failures_are_told(loopback: Loopback) -> None:
    for name in ("a", "b", "c"):
        loopback.say(name, FAULTS["error"])
    moa = mixture(loopback, Proposer("a", instead=["b", "c"]))

    with pytest.raises(AllProposersFailed) as caught:
        await moa.ainvoke(HI)

    assert [r.model for r in loopback.requests] == ["a", "b", "c"]
    (failure,) = caught.value.failures
    assert [missed["model"] for missed in failure["instead_of"]] == ["a", "b"]
    assert "before it b: error" in str(caught.value)


async def test_failed_samples_are_refilled_alone(loopback: Loopback) -> None:
    loopback.say("a", Reply("good", choices=[Reply("good"), Reply(""), Reply("")]))

    state = await mixture(loopback, Proposer("a", samples=3, instead=["b"])).ainvoke(HI)

    assert [(p["model"], p["text"]) for p in state["proposals"]] == [
        ("a", "good"),
        ("b", "answer of b"),
        ("b", "answer of b"),
    ]
    assert [r.n for r in loopback.asked("b")] == [2]


async def test_who_a_quorum_cut_is_not_replaced(loopback: Loopback) -> None:
    loopback.say("slow", Reply("late", delay=30))

    state = await mixture(loopback, "a", Proposer("slow", instead=["b"]), quorum=Quorum(1)).ainvoke(HI)

    assert [p["status"] for p in state["proposals"]] == ["ok", "cancelled"]
    assert loopback.asked("b") == []


async def test_a_deadline_is_kept_to(loopback: Loopback) -> None:
    loopback.say("a", FAULTS["error"])
    loopback.say("b", Reply("late", delay=30))

    state = await mixture(loopback, "c", Proposer("a", instead=["b", "d"]), budget=Budget(seconds=3)).ainvoke(HI)

    assert state["proposals"][1]["cut"] == "deadline"
    assert loopback.asked("d") == []


@pytest.mark.parametrize(("calls", "models"), [(4, ["a", "c", "judge"]), (5, ["a", "b", "c", "judge"])])
async def test_a_budget_bounds_substitutes_before_they_are_asked(
    loopback: Loopback, calls: int, models: list[str]
) -> None:
    loopback.say("a", FAULTS["empty"])
    seats = Proposer("a", instead=["b"]), Proposer("c", instead=["d"])

    state = await mixture(loopback, *seats, budget=Budget(calls=calls)).ainvoke(HI)

    assert sorted(r.model for r in loopback.requests) == models
    told = state["proposals"][0]["error"] or ""
    assert ("nobody was asked instead: Budget(calls=4)" in told) == (calls == 4)


def test_an_estimate_reckons_with_them(loopback: Loopback) -> None:
    moa = mixture(loopback, Proposer("a", instead=["b", "c"]), "d", max_tokens=100)

    assert estimate(moa, "Hi")["calls"] == 5


async def test_two_places_taken_by_one_model_are_one_model(loopback: Loopback) -> None:
    for name in ("a", "b", "c"):
        loopback.say(name, FAULTS["empty"])
    loopback.default = lambda body: Reply("Final answer: 4", served="")
    stop = EarlyStop(then="answer", quorum=0.6, min_responses=3)
    seats = [Proposer(name, instead=["s"]) for name in ("a", "b", "c")]

    state = await mixture(loopback, *seats, early_stop=stop).ainvoke({"messages": [("user", "2+2?")]})

    agreed = state["verdicts"][0]["agreement"]
    assert (agreed["models"], agreed["reached"]) == (1, False)


async def test_a_run_is_resumed_with_places_that_were_taken(loopback: Loopback) -> None:
    loopback.say("a", FAULTS["error"])
    broken = [True]
    loopback.say("c", lambda body: FAULTS["error"] if broken.pop() else Reply("here"))
    broken.insert(0, False)
    about: Any = {"configurable": {"thread_id": "1"}}
    moa = mixture(loopback, Proposer("a", instead=["b"]), "c", min_proposals=2, checkpointer=InMemorySaver())

    with pytest.raises(AllProposersFailed):
        await moa.ainvoke(HI, about)
    state = await moa.ainvoke(None, about)

    assert [p["model"] for p in state["proposals"]] == ["b", "c"]
    assert len(loopback.asked("b")) == 1


async def test_a_cached_substitute_is_its_own(loopback: Loopback) -> None:
    loopback.say("a", FAULTS["empty"])
    moa = mixture(loopback, Proposer("a", instead=["b"]), "b", cache=InMemoryCache())

    await moa.ainvoke(HI)
    state = await moa.ainvoke(HI)

    assert [p["cached"] for p in state["proposals"]] == [True, True]
    assert len(loopback.asked("b")) == 2


async def test_who_sees_takes_the_place_of_who_does_not(loopback: Loopback) -> None:
    moa = mixture(loopback, Proposer("gpt-3.5-turbo", instead=["gpt-4o"]))

    state = await moa.ainvoke({"messages": [asking(PICTURE)]})

    assert (state["proposals"][0]["model"], state["proposals"][0]["status"]) == ("gpt-4o", "ok")
    assert [r.model for r in loopback.requests] == ["gpt-4o", "judge"]


def test_a_sync_run_does_the_same(loopback: Loopback) -> None:
    loopback.say("a", FAULTS["empty"])

    assert mixture(loopback, Proposer("a", instead=["b"])).invoke(HI)["proposals"][0]["model"] == "b"


async def test_what_is_said_of_the_seat_holds_for_whoever_sits_in_it(loopback: Loopback) -> None:
    loopback.say("a", FAULTS["empty"])
    seat = Proposer("a", system_prompt="Doubt.", max_tokens=7, instead=["b"])

    await mixture(loopback, seat).ainvoke(HI)

    (asked,) = loopback.asked("b")
    assert (asked.messages[0]["content"], asked.body["max_tokens"]) == ("Doubt.", 7)


def test_another_mixture_is_another_signature(loopback: Loopback) -> None:
    from langgraph_moa.graphs.plan import plan_of

    plain, refilled = (plan_of(mixture(loopback, Proposer("a", instead=others))) for others in ((), ["b"]))

    assert plain.rules.mixture != refilled.rules.mixture
    assert "else b" in refilled.rules.mixture


@pytest.mark.parametrize(
    ("instead", "words"),
    [
        ("b", "found instead='b' for 'a', expected a list of models"),
        ([3], "expected a list of models, or of Proposer"),
        ([Aggregator("b")], "expected a list of models, or of Proposer"),
        ([Proposer("b", samples=2)], "found samples of a proposer that takes the place of another for 'a'"),
        ([Proposer("b", instead=["c"])], "found instead of a proposer that takes"),
    ],
)
def test_what_cannot_take_a_place_is_refused(loopback: Loopback, instead: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        mixture(loopback, Proposer("a", instead=instead))

    assert words in str(caught.value)


async def test_several_at_once_keep_apart(loopback: Loopback) -> None:
    loopback.say("a", FAULTS["empty"])
    moa = mixture(loopback, Proposer("a", instead=["b"]))

    states = await asyncio.gather(*(moa.ainvoke(HI) for _ in range(3)))

    assert [state["proposals"][0]["calls"] for state in states] == [2, 2, 2]


async def test_who_answers_alone_has_substitutes_too(loopback: Loopback) -> None:
    loopback.say("a", FAULTS["error"])
    alone = create_single(model=Proposer("a", instead=["b"]), resolve=loopback.resolve)

    state = await alone.ainvoke(HI)

    assert state["messages"][-1].text == "answer of b"
    assert [(call["model"], call["status"]) for call in state["run"]["aggregators"]] == [("a", "error"), ("b", "ok")]
