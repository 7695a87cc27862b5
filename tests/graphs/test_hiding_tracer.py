"""What a hiding tracer sends holds no text of anybody's: not of models, tools or errors."""

import asyncio
from typing import Any

import pytest
from ingest import Ingest, metadata, traced
from langchain_core.messages import AIMessage
from langgraph_moa import Proposer, Screen, create_moa
from panels import panel, says
from pictures import AS_OPENAI, PICTURE, PNG, asking

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


QUESTION: Any = {"messages": [("user", "Which sesquipedalian number?")]}


@pytest.mark.parametrize("how", ["sync", "async"])
def test_hidden_texts_are_in_no_request_and_the_rest_is(traces: Ingest, how: str) -> None:
    words = ["sesquipedalian", "borborygmus", "quincunx", "zeugma", "tmesis"]
    moa = create_moa(
        proposers=panel("Final answer: quincunx", "borborygmus", ValueError("zeugma is refused")),
        aggregator=says("tmesis", "last"),
        hide_texts=True,
        aggregator_prompt="borborygmus $references",
    )

    def run() -> Any:
        return moa.invoke(QUESTION) if how == "sync" else asyncio.run(moa.ainvoke(QUESTION))

    result = traced(traces, run)

    assert result["messages"][-1].text == "tmesis"
    assert [word for word in words if word in traces.posted] == []
    (root,) = traces.roots
    assert root["inputs"] == {"messages": [["[4 characters hidden]", "[28 characters hidden]"]]}
    assert [p["status"] for p in root["outputs"]["proposals"]] == ["ok", "ok", "error"]
    for key in ("proposer", "name"):
        assert [p[key] for p in root["outputs"]["proposals"]] == ["a", "b", "c"]
    assert metadata(root)["usage_metadata"] == result["run"]["usage"]
    model = next(run for run in traces.runs.values() if run["name"] == "last")
    assert metadata(model)["usage_metadata"]["total_tokens"] > 0
    assert traces.tree(root)[0] == "moa [chain]"


def test_who_was_screened_out_is_told_and_the_lie_is_not(traces: Ingest) -> None:
    answers = ("quincunx", "quincunx", "zeugma")
    moa = create_moa(
        proposers=panel(*(f"Final answer: {answer}" for answer in answers)),
        aggregator=says("tmesis", "last"),
        screen=Screen(),
        hide_texts=True,
    )

    traced(traces, lambda: moa.invoke(QUESTION))

    assert "zeugma" not in traces.posted
    (root,) = traces.roots
    screening = root["outputs"]["verdicts"][0]["screening"]
    assert (screening["removed"], screening["alone"][0]["proposer"]) == (["c"], "c")
    assert metadata(traces.named("gate_1"))["moa_screened"] == ["c"]


def test_hidden_are_tools_and_what_models_are_bound_with_too(traces: Ingest) -> None:
    from langchain_core.messages import AIMessage, ToolMessage
    from langchain_core.tools import tool

    @tool
    def find(name: str, place: dict[str, str]) -> str:
        """Find somebody."""
        return f"{name} zeugma"

    def agent(messages: Any) -> AIMessage:
        said = find.invoke({"name": "quincunx", "place": {"id": "tmesis", "borborygmus": "x"}})
        return AIMessage(said)

    def with_artifact(messages: Any) -> Any:
        return {"messages": [ToolMessage("x", tool_call_id="1", artifact={"name": "litotes"}), AIMessage("ok")]}

    from langchain_core.runnables import RunnableLambda

    model = says("x", "b").bind(stop=["anaphora"], extra_body={"system": "chiasmus"})
    moa: Any = create_moa(
        proposers=[
            Proposer(RunnableLambda(agent), name="agent"),
            Proposer(RunnableLambda(with_artifact), name="artifact"),
            Proposer(model, name="bound"),
        ],
        aggregator=says("z", "last"),
        hide_texts=True,
    )
    configured = {
        "configurable": {"aggregator_prompt": "epanalepsis $references"},
        "metadata": {"moa_record": "aposiopesis"},
    }

    traced(traces, lambda: moa.invoke(QUESTION, configured))

    words = "quincunx tmesis zeugma litotes anaphora chiasmus epanalepsis aposiopesis sesquipedalian".split()
    assert [word for word in words if word in traces.posted] == []
    assert any(run["run_type"] == "tool" for run in traces.runs.values())


def test_hidden_pictures_are_in_no_request(traces: Ingest) -> None:
    moa = create_moa(proposers=panel("a", "b", "c"), aggregator=says("d", "last"), hide_texts=True)

    traced(traces, lambda: moa.invoke({"messages": [asking(PICTURE), AIMessage("x"), asking(AS_OPENAI)]}))

    assert PNG not in traces.posted
    assert PNG[:20] not in traces.posted
