"""Who is sent back by a person is asked once more, and everything that it costs is counted."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.types import Command
from langgraph_moa import Budget, Proposer
from langgraph_moa.core.offline.scripted import ScriptedModel
from panels import panel, says
from reading import QUESTION
from reviewing import Counting, asked, counting, decide, reviewed
from running import THREAD


def test_asking_again_keeps_to_the_budget() -> None:
    moa = reviewed("one", "two", "three", budget=Budget(calls=4, strict=False))
    moa.invoke(QUESTION, THREAD)

    again = moa.invoke(decide(("a", "retry")), THREAD)

    assert asked(again)["problem"] == "Budget(calls=4): 3 are spent, the step may take 2; ask fewer again"
    assert moa.invoke(Command(resume="accept"), THREAD)["run"]["calls"] == 4


def test_what_is_asked_again_is_not_taken_from_the_cache() -> None:
    from langgraph.cache.memory import InMemoryCache

    tries = iter(["first", "second"])
    moa = reviewed(lambda messages: next(tries), cache=InMemoryCache())
    moa.invoke(QUESTION, THREAD)

    again = moa.invoke(decide(("a", "retry")), THREAD)

    assert [p["text"] for p in asked(again)["proposals"]] == ["second"]


def test_both_waves_can_be_sent_back_and_who_was_dropped_stays_dropped() -> None:
    models, proposers = counting("1", ("2", "2 again"), ("3", "3 again"), "4")
    moa = reviewed(proposers=proposers, waves=(2,))
    moa.invoke(QUESTION, THREAD)

    again = moa.invoke(decide(("a", "drop"), ("b", "retry"), ("c", "retry"), ("d", "drop")), THREAD)

    assert [(p["status"], p["text"]) for p in asked(again)["proposals"]] == [
        ("dropped", "1"),
        ("ok", "2 again"),
        ("ok", "3 again"),
        ("dropped", "4"),
    ]
    assert [model.asked for model in models] == [1, 2, 2, 1]
    assert moa.invoke(Command(resume="accept"), THREAD)["run"]["calls"] == 7


def test_what_a_person_decides_about_a_layer_leaves_what_later_ones_cost() -> None:
    _, proposers = counting(("one", ConnectionError("down")), ("two", ConnectionError("down")))
    moa = reviewed(proposers=proposers, layers=3, min_proposals=2)
    shown = asked(moa.invoke(QUESTION, THREAD))
    assert {p["layer"] for p in shown["proposals"]} == {1}

    refused = asked(moa.invoke(decide(("a", "retry")), THREAD))
    done = moa.invoke(decide(("a", "edit", "ONE")), THREAD)

    assert refused["problem"] == "found 'retry' in layer 1, expected no more of it: layer 2 was asked since"
    assert done["run"]["calls"] == 5
    assert "layer 2 are missing" in done["run"]["degraded"]
    assert "ONE" in done["messages"][-1].text


def test_a_second_attempt_that_fails_leaves_the_first() -> None:
    _, proposers = counting("one", ("two", TimeoutError()))
    moa = reviewed(proposers=proposers)
    moa.invoke(QUESTION, THREAD)

    again = moa.invoke(decide(("a", "drop"), ("b", "retry")), THREAD)

    (_, b) = asked(again)["proposals"]
    assert (b["status"], b["text"]) == ("ok", "two")
    assert b["error"].startswith("asked again: timeout (no answer within")
    assert moa.invoke(Command(resume="accept"), THREAD)["run"]["calls"] == 4


def test_who_failed_is_no_proposal_that_is_left() -> None:
    _, proposers = counting("one", ConnectionError("down"))
    moa = reviewed(proposers=proposers)
    moa.invoke(QUESTION, THREAD)

    again = moa.invoke(decide(("a", "drop"), ("b", "retry")), THREAD)

    assert asked(again)["problem"] == "found 0 proposals left, expected at least 1; keep more of them"


def test_a_retry_counts_only_who_is_sent_back() -> None:
    _, proposers = counting("one", "two", "three", ("four", "five"))
    moa = reviewed(proposers=proposers, budget=Budget(calls=6, strict=False))
    moa.invoke(QUESTION, THREAD)

    again = moa.invoke(decide(("b", "drop"), ("c", "drop"), ("d", "retry")), THREAD)

    assert asked(again)["problem"] is None
    assert moa.invoke(Command(resume="accept"), THREAD)["run"]["calls"] == 6


def test_the_seconds_of_all_attempts_are_spent() -> None:
    slow = Proposer(ScriptedModel(script="x", name_of_model="a", delay=1.2), name="a")
    moa = reviewed(proposers=[slow], budget=Budget(seconds=2, strict=False))
    moa.invoke(QUESTION, THREAD)

    again = asked(moa.invoke(decide(("a", "retry")), THREAD))
    problem = asked(moa.invoke(decide(("a", "retry")), THREAD))["problem"]

    assert again["problem"] is None
    assert "Budget(seconds=2) is spent" in problem
    assert moa.get_state(THREAD).values["run"]["seconds"] >= 2


def test_a_quorum_does_not_cut_what_a_person_asks_for() -> None:
    from langgraph_moa import Quorum

    slow = [Proposer(ScriptedModel(script=n, name_of_model=n, delay=0.2), name=n) for n in "bc"]
    moa = reviewed(proposers=[*panel("one"), *slow], quorum=Quorum(1))
    first = asked(moa.invoke(QUESTION, THREAD))
    assert [p["status"] for p in first["proposals"]] == ["ok", "cancelled", "cancelled"]

    again = asked(moa.invoke(decide(("b", "retry"), ("c", "retry")), THREAD))

    assert [p["status"] for p in again["proposals"]] == ["ok", "ok", "ok"]


def test_the_layer_event_of_a_retry_names_who_is_asked() -> None:
    moa = reviewed("one", "two", ConnectionError("down"))
    moa.invoke(QUESTION, THREAD)

    events = moa.stream(decide(("b", "retry"), ("a", "drop")), THREAD, stream_mode="custom")

    assert [e["proposers"] for e in events if e["moa"] == "layer"] == [["b"]]


ROUNDS = st.lists(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["accept", "edit", "drop", "retry"]), max_size=4),
    max_size=4,
)


@pytest.mark.parametrize("examples", [25, pytest.param(80, marks=pytest.mark.soak)])
def test_whatever_is_decided_all_calls_are_counted_and_the_budget_holds(examples: int) -> None:
    decided = given(
        rounds=ROUNDS,
        layers=st.integers(2, 3),
        waves=st.sampled_from([(), (2,)]),
        calls=st.integers(6, 16),
        failing=st.sets(st.sampled_from("abcd"), max_size=2),
    )
    settings(max_examples=examples, deadline=None)(decided(check_counts))()


def check_counts(rounds: Any, layers: int, waves: Any, calls: int, failing: Any) -> None:
    models, proposers = counting(
        *((f"text of {n}", ConnectionError("no"), "more") if n in failing else n for n in "abcd")
    )
    last = Counting("last", "done")
    moa = reviewed(
        proposers=proposers,
        aggregator=says(last, "last"),
        layers=layers,
        waves=waves,
        budget=Budget(calls=calls, strict=False),
    )
    result = moa.invoke(QUESTION, THREAD)
    for decided in rounds:
        if "__interrupt__" not in result:
            break
        said = [(name, what, "mine") if what == "edit" else (name, what) for name, what in decided.items()]
        result = moa.invoke(decide(*said), THREAD)
    while "__interrupt__" in result:
        result = moa.invoke(Command(resume="accept"), THREAD)

    made = sum(model.asked for model in models) + last.asked
    assert result["run"]["calls"] == made
    assert made <= calls
    assert result["messages"][-1].text


def test_a_wave_that_has_answered_costs_nothing_more() -> None:
    models, proposers = counting(("1", "1 again"), "2", "3")
    moa = reviewed(proposers=proposers, waves=(2,), min_proposals=2, budget=Budget(calls=5, strict=False))
    moa.invoke(QUESTION, THREAD)

    again = moa.invoke(decide(("a", "retry"), ("b", "drop")), THREAD)

    assert [(p["status"], p["text"]) for p in asked(again)["proposals"]] == [
        ("ok", "1 again"),
        ("dropped", "2"),
        ("ok", "3"),
    ]
    assert moa.invoke(Command(resume="accept"), THREAD)["run"]["calls"] == 5
    assert [model.asked for model in models] == [2, 1, 1]
