"""A person between the proposals and the aggregator."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command
from langgraph_moa import Budget, ConfigError, EarlyStop, InputError, Proposer, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from panels import panel, says
from reading import QUESTION, references_in
from running import THREAD


def reviewed(*answers: Any, saver: Any = None, **options: Any) -> Any:
    aggregator = says(lambda messages: "told: " + ", ".join(references_in(messages[-1].text)), "last")
    given = {"proposers": panel(*answers), "aggregator": aggregator, "aggregator_prompt": "$references", **options}
    return create_moa(**given, review=True, checkpointer=saver or InMemorySaver())


def asked(result: Any) -> Any:
    (interrupt,) = result["__interrupt__"]
    return interrupt.value


def decide(*decisions: Any) -> Any:
    keys = ("proposer", "action", "text")
    return Command(resume={"decisions": [dict(zip(keys, d, strict=False)) for d in decisions]})


def test_it_stops_before_the_aggregator_and_shows_all_proposals() -> None:
    moa = reviewed("one", "two", ConnectionError("down"))

    shown = asked(moa.invoke(QUESTION, THREAD))

    assert moa.get_state(THREAD).next == ("review",)
    assert shown["question"] == "Which?"
    assert [(p["proposer"], p["status"], p["text"]) for p in shown["proposals"]] == [
        ("a", "ok", "one"),
        ("b", "ok", "two"),
        ("c", "error", ""),
    ]
    assert shown["problem"] is None


def test_the_answer_that_is_awaited_is_described() -> None:
    (interrupt,) = reviewed("one", "two").invoke(QUESTION, THREAD)["__interrupt__"]

    decision = interrupt.response_schema["properties"]["decisions"]["items"]
    assert decision["properties"]["proposer"]["enum"] == ["a", "b"]
    assert decision["properties"]["action"]["enum"] == ["accept", "edit", "drop", "retry"]


@pytest.mark.parametrize("all_of_them", [[], True, "accept", {"decisions": []}])
def test_all_can_be_accepted_at_once(all_of_them: Any) -> None:
    moa = reviewed("one", "two")
    moa.invoke(QUESTION, THREAD)

    done = moa.invoke(Command(resume=all_of_them), THREAD)

    assert "one" in done["messages"][-1].text
    assert "two" in done["messages"][-1].text
    assert done["run"]["notes"] == []


def test_each_can_be_accepted_edited_dropped_or_asked_again() -> None:
    tries = iter(["four", "four, the second time"])
    moa = reviewed("one", "two", "three", lambda messages: next(tries))
    moa.invoke(QUESTION, THREAD)

    again = moa.invoke(decide(("a", "accept"), ("b", "edit", "TWO"), ("c", "drop"), ("d", "retry")), THREAD)

    assert [(p["proposer"], p["status"], p["text"], p["reviewed"]) for p in asked(again)["proposals"]] == [
        ("a", "ok", "one", None),
        ("b", "ok", "TWO", "edited"),
        ("c", "dropped", "three", "dropped"),
        ("d", "ok", "four, the second time", None),
    ]
    done = moa.invoke(Command(resume="accept"), THREAD)
    told, run = done["messages"][-1].text, done["run"]
    assert [word for word in ("one", "two", "TWO", "three", "four", "second time") if word in told] == [
        "one",
        "TWO",
        "four",
        "second time",
    ]
    assert run["notes"] == ["b (layer 1): edited by a reviewer", "c (layer 1): dropped by a reviewer"]
    assert (run["calls"], run["degraded"], run["stopped"]) == (6, None, "completed")


def test_who_failed_can_be_asked_again_or_answered_for() -> None:
    tries: Any = iter([ConnectionError("down"), "up again"])
    moa = reviewed("one", lambda messages: next(tries), TimeoutError())
    moa.invoke(QUESTION, THREAD)

    again = moa.invoke(decide(("b", "retry"), ("c", "edit", "mine")), THREAD)
    done = moa.invoke(Command(resume="accept"), THREAD)

    assert [p["status"] for p in asked(again)["proposals"]] == ["ok", "ok", "ok"]
    assert "up again" in done["messages"][-1].text
    assert "mine" in done["messages"][-1].text
    assert done["run"]["degraded"] is None


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("yes", "found 'yes', expected the like of {'decisions': [{'proposer': 'a', 'action': 'drop'}]}"),
        ({"decisions": ["a"]}, "expected the like of"),
        ({"decisions": [{"proposer": "aa", "action": "drop"}]}, "unknown proposer 'aa'; did you mean 'a'?"),
        ({"decisions": [{"proposer": "a", "action": "dorp"}]}, "unknown action 'dorp' for 'a'; did you mean 'drop'?"),
        ({"decisions": [{"proposer": "a"}]}, "unknown action None for 'a'"),
        ({"decisions": [{"proposer": "a", "action": "edit"}]}, "found 'edit' without a text for 'a'"),
        ({"decisions": [{"proposer": "a", "action": "edit", "text": " "}]}, "found 'edit' without a text for 'a'"),
        ({"decisions": [{"proposer": "a", "action": "drop", "text": "x"}]}, "found 'drop' with a text for 'a'"),
        ({"decisions": [{"proposer": "a", "action": "drop"}] * 2}, "found 'a' twice"),
        (
            {"decisions": [{"proposer": "a", "action": "drop"}, {"proposer": "b", "action": "drop"}]},
            "found 0 proposals left, expected at least 1",
        ),
    ],
)
def test_what_cannot_be_done_is_told_and_asked_again(said: Any, problem: str) -> None:
    moa = reviewed("one", "two")
    moa.invoke(QUESTION, THREAD)

    again = moa.invoke(Command(resume=said), THREAD)

    assert problem in asked(again)["problem"]
    assert "one" in moa.invoke(Command(resume="accept"), THREAD)["messages"][-1].text


def test_asking_again_keeps_to_the_budget() -> None:
    moa = reviewed("one", "two", "three", budget=Budget(calls=4, strict=False))
    moa.invoke(QUESTION, THREAD)

    again = moa.invoke(decide(("a", "retry")), THREAD)

    assert asked(again)["problem"] == "Budget(calls=4): 3 are spent, the step may take 2; ask fewer again"
    assert moa.invoke(Command(resume="accept"), THREAD)["run"]["calls"] == 4


def test_a_later_layer_is_what_is_reviewed() -> None:
    seen: list[str] = []

    def second(messages: Any) -> str:
        seen.append(messages[-1].text)
        return f"answer {len(seen)}"

    moa = reviewed("one", second, layers=3)

    shown = asked(moa.invoke(QUESTION, THREAD))
    assert {p["layer"] for p in shown["proposals"]} == {2}
    again = asked(moa.invoke(decide(("b", "retry")), THREAD))
    assert [p["text"] for p in again["proposals"]] == ["one", "answer 3"]
    assert "one" in seen[-1]
    assert moa.invoke(Command(resume="accept"), THREAD)["run"]["calls"] == 6


def test_an_agreed_answer_needs_no_review() -> None:
    moa = reviewed("Final answer: 5", "Final answer: 5", "Final answer: 5", early_stop=EarlyStop(then="answer"))

    assert moa.invoke(QUESTION, THREAD)["run"]["stopped"] == "agreed"


async def test_it_is_resumed_by_another_mixture_object_with_the_same_saver() -> None:
    saver = InMemorySaver()
    await reviewed("one", "two", saver=saver).ainvoke(QUESTION, THREAD)

    done = await reviewed("nobody", "is asked again", saver=saver).ainvoke(decide(("b", "drop")), THREAD)

    assert "one" in done["messages"][-1].text
    assert "nobody" not in done["messages"][-1].text


def test_it_stops_the_parent_that_it_is_a_node_of() -> None:
    moa = reviewed("one", "two", saver=None)
    child = create_moa(proposers=panel("one", "two"), aggregator=says("z", "last"), review=True)
    parent: Any = StateGraph(MessagesState).add_node("moa", child).add_edge(START, "moa")
    graph = parent.compile(checkpointer=InMemorySaver())

    shown = asked(graph.invoke(QUESTION, THREAD))
    done = graph.invoke(Command(resume="accept"), THREAD)

    assert len(shown["proposals"]) == 2
    assert [m.text for m in done["messages"]] == ["Which?", "z"]
    assert moa is not graph


def test_both_apis_stop_and_go_on() -> None:
    moa = reviewed("one", "two")

    shown = asked(asyncio.run(moa.ainvoke(QUESTION, THREAD)))

    assert len(shown["proposals"]) == 2
    assert "one" in moa.invoke(decide(("b", "drop")), THREAD)["messages"][-1].text


def test_what_is_asked_again_is_not_taken_from_the_cache() -> None:
    from langgraph.cache.memory import InMemoryCache

    tries = iter(["first", "second"])
    moa = reviewed(lambda messages: next(tries), cache=InMemoryCache())
    moa.invoke(QUESTION, THREAD)

    again = moa.invoke(decide(("a", "retry")), THREAD)

    assert [p["text"] for p in asked(again)["proposals"]] == ["second"]


def test_a_model_alone_cannot_be_reviewed() -> None:
    with pytest.raises(ConfigError, match="found review=True with layers=1"):
        create_moa(proposers=["offline:words"], layers=1, review=True)


def test_it_is_drawn_between_the_gates_and_the_aggregator() -> None:
    edges = {(e.source, e.target, e.data) for e in reviewed("one", "two").get_graph().edges}

    assert ("gate_1", "review", None) in edges
    assert ("review", "aggregate", "accept") in edges
    assert ("review", "layer_1/a", "retry") in edges
    assert {source for source, target, _ in edges if target == "aggregate"} == {"review"}


class Counting:
    """Answer, and know how often it was asked; a script may fail."""

    def __init__(self, name: str, *answers: Any) -> None:
        self.asked, self.answers, self.name = 0, answers, name

    def __call__(self, messages: Any) -> Any:
        self.asked += 1
        answer = self.answers[min(self.asked, len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


def counting(*answers: Any) -> tuple[list[Counting], list[Proposer]]:
    models = [
        Counting(name, *(a if isinstance(a, tuple) else (a,))) for name, a in zip("abcdef", answers, strict=False)
    ]
    return models, [Proposer(says(model, model.name), name=model.name) for model in models]


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
    slow = Proposer(ScriptedModel(script="x", name_of_model="a", delay=0.3), name="a")
    moa = reviewed(proposers=[slow], budget=Budget(seconds=0.5, strict=False))
    moa.invoke(QUESTION, THREAD)

    again = asked(moa.invoke(decide(("a", "retry")), THREAD))
    problem = asked(moa.invoke(decide(("a", "retry")), THREAD))["problem"]

    assert again["problem"] is None
    assert "Budget(seconds=0.5) is spent" in problem
    assert moa.get_state(THREAD).values["run"]["seconds"] >= 0.5


def test_a_quorum_does_not_cut_what_a_person_asks_for() -> None:
    from langgraph_moa import Quorum

    slow = [Proposer(ScriptedModel(script=n, name_of_model=n, delay=0.2), name=n) for n in "bc"]
    moa = reviewed(proposers=[*panel("one"), *slow], quorum=Quorum(1))
    first = asked(moa.invoke(QUESTION, THREAD))
    assert [p["status"] for p in first["proposals"]] == ["ok", "cancelled", "cancelled"]

    again = asked(moa.invoke(decide(("b", "retry"), ("c", "retry")), THREAD))

    assert [p["status"] for p in again["proposals"]] == ["ok", "ok", "ok"]


def test_without_a_thread_nobody_is_asked() -> None:
    models, proposers = counting("one", "two")
    moa = create_moa(proposers=proposers, aggregator=says("x", "last"), review=True)

    with pytest.raises(InputError, match="found review=True in a run without a thread"):
        moa.invoke(QUESTION)

    assert [model.asked for model in models] == [0, 0]


def test_a_conversation_that_changed_while_it_waited_is_told() -> None:
    moa = reviewed("one", "two")
    moa.invoke(QUESTION, THREAD)

    with pytest.raises(InputError, match="the conversation changed"):
        moa.update_state(THREAD, {"messages": [("user", "another?")]}, as_node="gate_1")


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
