"""Who reads whom in a system: whom it names, all of a layer, or a group."""

from typing import Any

import pytest
from every_system import THREE
from langgraph_moa import (
    ConfigError,
    Proposer,
    create_grouped_moa,
    create_moa,
    estimate,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from panels import says
from reading import QUESTION, references_in


def test_one_reads_whom_it_names_and_nobody_else() -> None:
    second = [says("x", "second"), says("x", "third"), says("x", "fourth")]
    reads: list[Any] = [("carl", "anna"), (), None]
    last = says("done", "last")

    create_moa(
        proposers=[
            [Proposer(says(f"{name}'s", name), name=name) for name in THREE],
            [Proposer(model, reads=names) for model, names in zip(second, reads, strict=True)],
        ],
        aggregator=last,
        early_stop=None,
    ).invoke(QUESTION)

    asked = [references_in(model.asked[0][-1].text) for model in second]
    assert asked == [["anna's", "carl's"], [], ["anna's", "bert's", "carl's"]]
    assert references_in(last.asked[0][-1].text) == ["x"] * 3


def test_one_reads_all_samples_of_whom_it_names() -> None:
    reader = says("x", "reader")

    create_moa(
        proposers=[
            [Proposer(says(["a", "b"], "anna"), samples=2), says("c", "bert")],
            [Proposer(reader, reads=("anna",), samples=1)],
        ],
        aggregator=says("done", "last"),
    ).invoke(QUESTION)

    assert references_in(reader.asked[0][-1].text) == ["a", "b"]


def test_one_whose_authors_all_failed_is_not_asked() -> None:
    reader, other = says("x", "reader"), says("y", "other")

    result = create_moa(
        proposers=[
            [Proposer(says(ValueError("no"), "anna"), name="anna"), says("c", "bert")],
            [Proposer(reader, reads=("anna",)), other],
        ],
        aggregator=says("done", "last"),
    ).invoke(QUESTION)

    assert reader.asked == []
    assert [p["status"] for p in result["proposals"]] == ["error", "ok", "skipped", "ok"]
    assert "nobody answered whose proposals it reads" in result["proposals"][2]["error"]


READS: list[tuple[Any, str]] = [
    (("dora",), "found 'dora' among reads, no proposer of the layer before; .*known: anna, bert"),
    (("ana",), "did you mean 'anna'"),
    ("anna", "found reads='anna'.*expected a tuple of proposers' names"),
    ((1,), r"found reads=\(1,\)"),
    ({"anna"}, "found reads="),
]


@pytest.mark.parametrize(("reads", "expected"), READS, ids=str)
def test_whom_nobody_can_read_is_refused(reads: Any, expected: str) -> None:
    first = [Proposer("offline:words", name="anna"), Proposer("offline:words", name="bert")]
    second = [Proposer("offline:words", reads=reads)]

    with pytest.raises(ConfigError, match=expected):
        create_moa(proposers=[first, second], aggregator="offline:words")


def test_the_first_layer_can_read_nobody() -> None:
    with pytest.raises(ConfigError, match="found 'anna' among reads, no proposer of the layer before"):
        create_moa(proposers=[Proposer("offline:words", name="anna", reads=("anna",))], aggregator="offline:words")


def test_a_flat_list_reads_itself() -> None:
    one = says(["a1", "a2"], "anna")
    other = says(["b1", "b2"], "bert")
    panel = [Proposer(one, name="anna", reads=("bert",)), Proposer(other, name="bert", reads=())]

    create_moa(proposers=panel, aggregator=says("x", "last"), layers=3, early_stop=None).invoke(QUESTION)

    assert references_in(one.asked[1][-1].text) == ["b1"]
    assert references_in(other.asked[1][-1].text) == []


def test_grouped_proposers_are_read_in_their_groups() -> None:
    panel = [says(n, n) for n in "abcdef"]
    joiner = says(lambda messages: "+".join(references_in(messages[-1].text)), "joiner")

    result = create_grouped_moa(proposers=panel, aggregator=joiner, group=3).invoke(QUESTION)

    assert result["messages"][-1].text == "a+b+c+d+e+f"
    assert [p["proposer"] for p in result["proposals"]] == [*"abcdef", "group-1", "group-2"]


def test_a_group_of_which_nobody_answered_is_left_out() -> None:
    panel = [says("a", "a"), says("b", "b"), says(ValueError("no"), "c"), says("", "d")]
    joiner = says(lambda messages: "+".join(references_in(messages[-1].text)), "joiner")

    result = create_grouped_moa(proposers=panel, aggregator=joiner, group=2).invoke(QUESTION)

    assert result["messages"][-1].text == "a+b"
    assert "group-2: skipped" in result["run"]["degraded"]


def test_the_same_model_twice_is_grouped_under_two_names() -> None:
    joiner = says(lambda messages: "+".join(references_in(messages[-1].text)), "joiner")

    result = create_grouped_moa(proposers=[says("a", "a"), says("b", "a"), says("c", "a")], aggregator=joiner, group=2)

    assert result.invoke(QUESTION)["messages"][-1].text == "a+b+c"


def test_an_estimate_holds_where_all_groups_fail() -> None:
    panel = [ScriptedModel(script=f"p{n}", name_of_model=f"p{n}") for n in range(9)]

    def script(messages: Any) -> str:
        if any(text.startswith("p") for text in references_in(messages[-1].text)) and len(joiner.asked) <= 3:
            raise ValueError("down")
        return "joined"

    joiner = ScriptedModel(script=script, name_of_model="joiner")
    moa = create_grouped_moa(proposers=panel, aggregator=joiner, group=3, min_proposals=1)

    run = moa.invoke(QUESTION)["run"]

    assert run["calls"] <= (estimate(moa, "Which?")["calls"] or 0)
