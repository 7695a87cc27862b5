"""A person between the proposals and the aggregator."""

import asyncio
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command
from langgraph_moa import ConfigError, EarlyStop, InputError, create_moa
from panels import panel, says
from reading import QUESTION
from reviewing import asked, counting, decide, reviewed
from running import THREAD
from tables import each


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


@each(
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


def test_a_model_alone_cannot_be_reviewed() -> None:
    with pytest.raises(ConfigError, match="found review=True with layers=1"):
        create_moa(proposers=["offline:words"], layers=1, review=True)


def test_it_is_drawn_between_the_gates_and_the_aggregator() -> None:
    edges = {(e.source, e.target, e.data) for e in reviewed("one", "two").get_graph().edges}

    assert ("gate_1", "review", None) in edges
    assert ("review", "aggregate", "accept") in edges
    assert ("review", "layer_1/a", "retry") in edges
    assert {source for source, target, _ in edges if target == "aggregate"} == {"review"}


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
