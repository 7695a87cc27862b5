"""A fusion is a panel, an analyst and an aggregator; a graph around it can go by what the analyst found."""

import re
from typing import Any

import pytest
from comparing import DIFFER, NAMES, OPEN, finding
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph_moa import (
    Aggregator,
    Analyst,
    ConfigError,
    Disagreement,
    Proposer,
    Rank,
    Vote,
    create_fusion,
    estimate,
    report,
)
from langgraph_moa.graphs.estimate import usual_cost
from loopback import Loopback
from reading import QUESTION, proposals_in


def fusion(server: Loopback, **options: Any) -> Any:
    for name in NAMES:
        server.say(name, OPEN.format(name=name))
    server.say("analyst", finding(DIFFER))
    return create_fusion(**{"proposers": NAMES, "aggregator": "last", "resolve": server.resolve, **options})


@pytest.mark.parametrize(
    ("aggregator", "analyst", "asked"),
    [
        ("last", None, "last"),
        (["last", "other"], None, "last"),
        ([Vote(), "last"], None, "last"),
        (Aggregator("last", temperature=0.1), None, "last"),
        (Rank("last"), None, "last"),
        (Vote(), "analyst", "analyst"),
        ("last", Aggregator("analyst", max_tokens=77), "analyst"),
        ("last", Analyst("analyst"), "analyst"),
    ],
)
async def test_who_compares_is_the_aggregators_model_where_nobody_is_named(
    loopback: Loopback, aggregator: Any, analyst: Any, asked: str
) -> None:
    await fusion(loopback, aggregator=aggregator, analyst=analyst).ainvoke(QUESTION)

    assert next(r.model for r in loopback.requests if "unique_insights" in r.prompt) == asked


async def test_samples_of_one_model_are_compared(loopback: Loopback) -> None:
    result = await fusion(loopback, proposers=[Proposer("anna")], samples=3, analyst="analyst").ainvoke(QUESTION)

    assert [*result["disagreement"]["compared"]] == ["anna/1", "anna/2", "anna/3"]
    assert len(proposals_in(loopback.asked("analyst")[0].body)) == 3


def test_somebody_has_to_compare() -> None:
    with pytest.raises(ConfigError, match="found a fusion without a model as the aggregator, expected one, or an anal"):
        create_fusion(proposers=["offline:words", "offline:stems"], aggregator=Vote())


async def test_the_usual_cost_has_it(loopback: Loopback) -> None:
    moa = fusion(loopback, analyst="analyst", max_tokens=100)

    usual, bound = usual_cost(moa, "Which?"), estimate(moa, "Which?")

    assert (usual["calls"], bound["calls"]) == (5, 6)  # it may be asked for its answer once more


async def test_its_page_shows_what_they_differ_on_as_text(loopback: Loopback) -> None:
    moa = fusion(loopback, analyst="analyst")
    loopback.say("analyst", finding({**DIFFER, "blind_spots": ["<script>alert(1)</script>"]}))
    state = await moa.ainvoke(QUESTION)

    page = report(state, moa)

    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    for words in ("What they differ on", "how many", "anna, carl", "a caveat", "compared by an analyst"):
        assert words in page
    assert re.search(r'<div class="name">analyst', page)
    for drawn in (page, report(state)):
        assert ">analyse<" in drawn


async def test_a_page_says_where_nobody_could_compare(loopback: Loopback) -> None:
    moa = fusion(loopback, analyst="analyst")
    loopback.say("analyst", "no")
    state = await moa.ainvoke(QUESTION)

    page = report(state, moa)

    assert "What they differ on" not in page
    assert "were not compared" in page


async def test_edges_of_a_graph_around_it_can_go_by_it(loopback: Loopback) -> None:
    class State(MessagesState):
        disagreement: Disagreement | None

    def says_so(state: State) -> dict[str, Any]:
        return {"messages": [("ai", "a person should look at this")]}

    def is_disputed(state: State) -> str:
        found = state["disagreement"]
        return "ask a person" if found and found["contradictions"] else END

    parent = StateGraph(State).add_node("fusion", fusion(loopback, analyst="analyst")).add_node("ask a person", says_so)
    parent.add_edge(START, "fusion").add_conditional_edges("fusion", is_disputed)

    disputed = await parent.compile().ainvoke(QUESTION)
    loopback.say("analyst", '{"consensus": ["all of it"]}')
    agreed = await parent.compile().ainvoke(QUESTION)

    assert [m.text for m in disputed["messages"][1:]] == ["answer of last", "a person should look at this"]
    assert [m.text for m in agreed["messages"][1:]] == ["answer of last"]
