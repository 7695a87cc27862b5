"""A debater remembers what it said itself, and reads what the others did."""

from collections import Counter
from typing import Any

import pytest
from langgraph_moa import (
    ConfigError,
    EarlyStop,
    Proposer,
    create_debate,
    create_moa,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback, Reply
from panels import says
from reading import QUESTION, references_in
from solving import solvers


def test_a_debater_remembers_what_it_said_itself() -> None:
    one, other = says(["a1", "a2", "a3"], "anna"), says(["b1", "b2", "b3"], "bert")

    create_debate(proposers=[one, other], rounds=3, mark_answers=False).invoke(QUESTION)

    told = [[(m.type, references_in(m.text) or m.text) for m in messages] for messages in one.asked]
    assert told == [
        [("human", "Which?")],
        [("human", "Which?"), ("ai", "a1"), ("human", ["b1"])],
        [("human", "Which?"), ("ai", "a1"), ("human", ["b1"]), ("ai", "a2"), ("human", ["b2"])],
    ]


def test_what_a_debater_was_told_is_told_again_word_for_word() -> None:
    """A provider's prompt cache holds from round to round."""
    one, other = says(["a1", "a2", "a3", "a4"], "anna"), says(["b1", "b2", "b3", "b4"], "bert")

    create_debate(proposers=[Proposer(one, system_prompt="Doubt."), other], rounds=4).invoke(QUESTION)

    for before, after in zip(one.asked, one.asked[1:], strict=False):
        assert [m.text for m in after][: len(before)] == [m.text for m in before]


@pytest.mark.parametrize("failed", [1, 2, 3])
def test_one_that_failed_in_a_round_goes_on_with_what_it_said(failed: int) -> None:
    lines: list[Any] = ["a1", "a2", "a3"]
    lines[failed - 1] = ValueError("down")
    one = says(lines, "anna")
    others = [says([f"{n}{k}" for k in (1, 2, 3)], n) for n in ("b", "c")]

    result = create_debate(proposers=[one, *others], rounds=3, mark_answers=False).invoke(QUESTION)

    assert "anna: error" in result["run"]["degraded"]
    assert [m.text for m in one.asked[2] if m.type == "ai"] == [f"a{n}" for n in (1, 2) if n != failed]
    assert references_in(one.asked[2][-1].text) == ["b2", "c2"]
    expected = [] if failed == 1 else ["a1"]
    assert references_in(others[0].asked[1][-1].text) == [*expected, "c1"]


def test_one_whose_opponents_all_failed_keeps_its_answer() -> None:
    one = says(["Final answer: 12", "Final answer: 12"], "anna")
    other = says([ValueError("down"), "Final answer: 13"], "bert")

    result = create_debate(proposers=[one, other]).invoke(QUESTION)

    assert [p["status"] for p in result["proposals"] if p["layer"] == 2] == ["ok", "ok"]


def test_what_somebody_else_said_is_nobodys_own() -> None:
    anna, bert = says(["a1", "a2"], "anna"), says(["b1", "b2"], "bert")
    first = [Proposer(anna, name="anna"), Proposer(bert, name="bert")]
    second = [Proposer(bert, name="bert", debates=True), Proposer(anna, name="anna", debates=True)]

    create_moa(proposers=[first, second], aggregator=says("x", "last"), early_stop=None).invoke(QUESTION)

    assert [m.text for m in anna.asked[1] if m.type == "ai"] == ["a1"]
    assert references_in(anna.asked[1][-1].text) == ["b1"]


def test_samples_debate_with_each_other() -> None:
    model = says(lambda messages: f"said {sum(m.type == 'ai' for m in messages)}", "anna")

    result = create_debate(proposers=[model], samples=3).invoke(QUESTION)

    assert [p["proposer"] for p in result["proposals"]] == ["anna/1", "anna/2", "anna/3"] * 2
    assert [len(references_in(messages[-1].text)) for messages in model.asked] == [0] * 3 + [2] * 3


async def test_samples_of_one_request_debate_each_with_its_own(loopback: Loopback) -> None:
    """In the second round they are told different things: one request cannot ask them all."""
    given = Counter[str]()

    def script(body: dict[str, Any]) -> Reply:
        given["m"] += 1
        return Reply(f"said {given['m']}")

    loopback.say("m", script)
    await create_debate(proposers=["m"], samples=3, mark_answers=False, resolve=loopback.resolve).ainvoke(QUESTION)

    later = [r for r in loopback.asked("m") if len(r.messages) > 1]
    told = sorted((r.messages[1]["content"], *references_in(r.messages[-1]["content"])) for r in later)
    assert told == [
        ("said 1", "said 2", "said 3"),
        ("said 2", "said 1", "said 3"),
        ("said 3", "said 1", "said 2"),
    ]


def test_a_debate_may_have_an_author() -> None:
    last = says("written", "last")

    result = create_debate(proposers=[says("a", "anna"), says("b", "bert")], aggregator=last).invoke(QUESTION)

    assert result["messages"][-1].text == "written"
    assert references_in(last.asked[0][-1].text) == ["a", "b"]


def test_a_debate_inside_a_mixture_begins_anew_in_each_layer() -> None:
    one, other = (ScriptedModel(script=f"{name} says", name_of_model=name) for name in ("one", "other"))
    inner = create_debate(proposers=[one, other], mark_answers=False, name="inner")
    plain = ScriptedModel(script="x", name_of_model="x")

    create_moa(
        proposers=[Proposer(inner, name="inner"), plain],
        aggregator=ScriptedModel(script="done", name_of_model="last"),
        layers=3,
        early_stop=None,
    ).invoke(QUESTION)

    assert all("No other participant" not in messages[-1].text for messages in one.asked)
    assert len(one.asked) == 4


@pytest.mark.parametrize(
    ("answers", "options", "calls"),
    [
        (["7", "7", "7"], {}, 3),
        (["7", "7", "8"], {}, 6),
        (["7", "7", "7"], {"debate_if": "always"}, 6),
        (["7", "7", "7"], {"early_stop": None}, 6),
        (["7", "7", "8"], {"early_stop": EarlyStop(quorum=0.6, min_responses=2)}, 3),
    ],
)
def test_it_is_debated_where_they_differ(answers: list[str], options: Any, calls: int) -> None:
    result = create_debate(proposers=solvers(*answers), **options).invoke(QUESTION)

    assert result["run"]["calls"] == calls
    assert result["run"]["stopped"] == ("agreed" if calls == 3 else "completed")
    assert result["messages"][-1].text == "Well.\nFinal answer: 7"


def test_one_model_that_agrees_with_itself_debates_all_the_same() -> None:
    result = create_debate(proposers=[says("Final answer: 7")], samples=3).invoke(QUESTION)

    assert result["run"]["calls"] == 6


def test_open_questions_are_always_debated() -> None:
    result = create_debate(proposers=[says("It depends.", "a"), says("It depends.", "b")]).invoke(QUESTION)

    assert result["run"]["calls"] == 4


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"debate_if": "never"}, "found debate_if='never', expected 'they differ' or 'always'"),
        ({"debate_if": "always", "early_stop": EarlyStop()}, "found debate_if='always' with an early stop"),
    ],
)
def test_a_debate_that_could_not_mean_anything_is_refused(options: Any, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        create_debate(proposers=solvers("7", "7"), **options)
