"""What LangSmith is told: the real client, over HTTP, to a server on 127.0.0.1."""

import asyncio
import json
import threading
from collections import Counter
from typing import Any

import pytest
from ingest import Ingest, ingest, metadata, traced
from langgraph_moa import AllProposersFailed, Proposer, create_moa
from langgraph_moa.nodes.trace import FEEDBACK
from langsmith import Client, tracing_context
from panels import panel, says
from running import THREAD

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


QUESTION: Any = {"messages": [("user", "Which sesquipedalian number?")]}


def test_a_run_is_one_readable_tree(traces: Ingest) -> None:
    moa = create_moa(proposers=panel("x", "y"), aggregator=says("z", "last"), layers=3, name="panel")

    traced(traces, lambda: moa.invoke(QUESTION))

    (root,) = traces.roots
    tree = traces.tree(root)
    assert tree[0] == "panel [chain]"
    layers = [["layer_1/a", "layer_1/b"], ["gate_1"], ["layer_2/a", "layer_2/b"], ["gate_2"], ["aggregate"]]
    nodes = [line.strip() for line in tree[1:] if "[chain]" in line]
    assert Counter(nodes) == Counter(f"{node} [chain]" for layer in layers for node in layer)
    assert Counter(line for line in tree if "[llm]" in line) == {
        "    a [llm]": 2,
        "    b [llm]": 2,
        "    last [llm]": 1,
    }
    assert [run.get("error") for run in traces.runs.values() if run.get("error")] == []


def test_tags_and_metadata_say_what_happened_and_the_users_own_stay(traces: Ingest) -> None:
    moa = create_moa(
        proposers=panel("Final answer: 7", "Final answer: 7", "Final answer: 7", ConnectionError("down")),
        aggregator=says("z", "last"),
        layers=3,
    )
    mine: Any = {"tags": ["mine"], "metadata": {"customer": "c-1"}, "run_name": "the question of c-1"}

    traced(traces, lambda: moa.invoke(QUESTION, mine), tags=["context"], metadata={"build": 7})

    (root,) = traces.roots
    assert root["name"] == "the question of c-1"
    assert {"moa", "mine", "context"} <= set(root["tags"])
    told = metadata(root)
    assert (told["customer"], told["build"]) == ("c-1", 7)
    assert (told["moa_layers"], told["moa_proposers"]) == (3, 8)
    assert (told["moa_stopped"], told["moa_layers_run"], told["moa_agreement"]) == ("completed", 3, 0.75)
    assert told["moa_degraded"] is True
    assert {metadata(r).get("customer") for r in traces.runs.values()} == {"c-1"}
    first = {metadata(r)["moa_proposer"]: metadata(r) for r in traces.below(root) if r["name"].startswith("layer_1/")}
    assert [first[name]["moa_status"] for name in "abcd"] == ["ok", "ok", "ok", "error"]
    assert (first["a"]["moa_role"], first["a"]["moa_layer"], first["a"]["moa_model"]) == ("proposer", 1, "a")
    gate = metadata(traces.named("gate_1"))
    assert (gate["moa_usable"], gate["moa_asked"], gate["moa_groups"]) == (3, 4, [["a", "b", "c"]])
    assert metadata(traces.named("aggregate"))["moa_status"] == "ok"


def test_every_model_run_has_its_usage_and_the_root_the_sum(traces: Ingest) -> None:
    result = traced(
        traces, lambda: create_moa(proposers=panel("x", "y"), aggregator=says("z", "last")).invoke(QUESTION)
    )

    models = [run for run in traces.runs.values() if run["run_type"] == "llm"]
    used = [metadata(run)["usage_metadata"]["total_tokens"] for run in models]
    (root,) = traces.roots
    assert len(used) == 3
    assert metadata(root)["usage_metadata"] == result["run"]["usage"]
    assert metadata(root)["usage_metadata"]["total_tokens"] == sum(used)


def test_feedback_says_agreement_and_losses(traces: Ingest) -> None:
    moa = create_moa(
        proposers=panel("Final answer: 7", "Final answer: 7", "Final answer: 8", ConnectionError("down")),
        aggregator=says("z", "last"),
        feedback=True,
    )

    traced(traces, lambda: moa.invoke(QUESTION))

    (root,) = traces.roots
    assert {(one["key"], one["score"]) for one in traces.feedback} == {("agreement", 0.5), ("degraded", 1.0)}
    assert {one["run_id"] for one in traces.feedback} == {root["id"]}


def test_without_being_asked_no_feedback_is_sent(traces: Ingest) -> None:
    traced(traces, lambda: create_moa(proposers=panel("x"), aggregator=says("z", "last")).invoke(QUESTION))

    assert traces.feedback == []


@pytest.mark.parametrize("feedback", [False, True])
@pytest.mark.parametrize("hides", [False, True])
def test_a_langsmith_that_hangs_costs_no_answer(socket_enabled: None, feedback: bool, hides: bool) -> None:
    moa = create_moa(
        proposers=panel("x", "y"), aggregator=says("z", "last"), feedback=feedback, hide_texts=hides, layers=3
    )

    with ingest(hangs=True) as server:
        client = Client(api_url=server.url, api_key="k", timeout_ms=(1000, 60_000))
        with tracing_context(enabled=True, client=client, project_name="p"):
            result = moa.invoke(QUESTION)

        assert not server.let_go.is_set()  # the answer is here, and LangSmith has answered nothing yet
        assert result["messages"][-1].text == "z"
        assert server.runs == {}
        server.let_go.set()
        client.flush()


def test_a_langsmith_that_is_not_there_costs_no_answer(socket_enabled: None) -> None:
    with ingest() as server:
        url = server.url
    client = Client(api_url=url, api_key="k")
    moa = create_moa(proposers=panel("x", "y"), aggregator=says("z", "last"))

    with tracing_context(enabled=True, client=client, project_name="p"):
        assert moa.invoke(QUESTION)["messages"][-1].text == "z"
    client.close(timeout=0)


def test_feedback_that_cannot_be_given_costs_no_answer(socket_enabled: None, caplog: pytest.LogCaptureFixture) -> None:
    moa = create_moa(proposers=panel("x", "y"), aggregator=says("z", "last"), feedback=True)

    with ingest(project=False) as server:
        result = traced(server, lambda: moa.invoke(QUESTION))

    assert result["messages"][-1].text == "z"
    assert server.feedback == []


def test_concurrent_runs_are_trees_of_their_own(traces: Ingest) -> None:
    moa: Any = create_moa(proposers=panel("x", "y", "w"), aggregator=says("z", "last"), layers=3)

    async def many() -> None:
        questions = [{"messages": [("user", f"number {n}")]} for n in range(8)]
        await asyncio.gather(*(moa.ainvoke(question) for question in questions))

    traced(traces, lambda: asyncio.run(many()))

    assert len(traces.roots) == 8
    assert {len(traces.tree(root)) for root in traces.roots} == {1 + 6 * 2 + 2 + 2}
    for root in traces.roots:
        (question,) = root["inputs"]["messages"]
        below = [run for run in traces.runs.values() if run["trace_id"] == root["id"]]
        assert len(below) == len({run["id"] for run in below})
        told = [json.dumps(run["inputs"]) for run in below if run["run_type"] == "llm"]
        assert len(told) == 7
        assert all(question[1] in prompt for prompt in told)


def test_a_failed_run_says_so_on_the_root(traces: Ingest) -> None:
    moa = create_moa(proposers=panel(ConnectionError("down")), aggregator=says("z", "last"))

    with pytest.raises(AllProposersFailed):
        traced(traces, lambda: moa.invoke(QUESTION))

    (root,) = traces.roots
    assert "AllProposersFailed" in root["error"]
    assert metadata(traces.named("layer_1/a"))["moa_status"] == "error"


def test_opentelemetry_gets_the_same_tree(socket_enabled: None) -> None:
    """As docs/tracing.md shows it."""
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    client = Client(tracing_mode="otel", otel_tracer_provider=provider, api_url="http://127.0.0.1:9", api_key="k")
    moa = create_moa(proposers=panel("x", "y"), aggregator=says("z", "last"))

    with tracing_context(enabled=True, client=client):
        moa.invoke(QUESTION)
    client.flush()

    found = {span.name: span for span in spans.get_finished_spans()}
    assert {"moa", "layer_1/a", "layer_1/b", "a", "b", "gate_1", "aggregate", "last"} <= set(found)
    told = dict(found["moa"].attributes or {})
    assert told["langsmith.metadata.moa_stopped"] == "completed"
    assert "moa" in str(told["langsmith.span.tags"])
    parent = found["aggregate"].parent
    assert parent is not None
    assert found["moa"].context is not None
    assert parent.span_id == found["moa"].context.span_id


def test_a_mixture_in_a_mixture_says_its_own_shape(traces: Ingest) -> None:
    inner = create_moa(proposers=panel("x", "y"), aggregator=says("z", "inner-last"), layers=3, name="inner")
    outer = create_moa(proposers=[inner, *panel("x")], aggregator=says("z", "last"), name="outer")

    traced(traces, lambda: outer.invoke(QUESTION))

    shapes = {r["name"]: metadata(r) for r in traces.runs.values() if r["name"] in ("inner", "outer")}
    assert [shapes["inner"][key] for key in ("moa_layers", "moa_proposers", "moa_calls")] == [3, 4, 5]
    assert [shapes["outer"][key] for key in ("moa_layers", "moa_proposers", "moa_calls")] == [2, 2, 7]


def test_agreement_is_the_first_layers_and_unknown_is_not_zero(traces: Ingest) -> None:
    seen = iter(["Final answer: 1", "Final answer: 9"])
    closed = create_moa(
        proposers=[Proposer(says(lambda m: next(seen), "x"), name="x"), *panel("Final answer: 2", "Final answer: 9")],
        aggregator=says("z", "last"),
        layers=3,
        name="closed",
    )
    open_ = create_moa(
        proposers=panel("It depends on very many things, some of them old. " * 9, "Nobody has ever known that. " * 9),
        aggregator=says("z", "last"),
        name="open",
        feedback=True,
    )

    traced(traces, lambda: (closed.invoke(QUESTION), open_.invoke(QUESTION)))

    assert metadata(traces.named("closed"))["moa_agreement"] == pytest.approx(1 / 3, abs=0.001)
    assert "moa_agreement" not in metadata(traces.named("open"))
    assert [one["key"] for one in traces.feedback] == ["degraded"]


def test_a_reviewed_runs_feedback_has_its_agreement(traces: Ingest) -> None:
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.types import Command

    moa: Any = create_moa(
        proposers=panel("Final answer: 7", "Final answer: 7", "Final answer: 8"),
        aggregator=says("z", "last"),
        review=True,
        feedback=True,
        checkpointer=InMemorySaver(),
    )

    traced(traces, lambda: moa.invoke(QUESTION, THREAD))
    (waiting,) = traces.roots
    assert metadata(waiting)["moa_stopped"] == "running"
    assert metadata(waiting)["usage_metadata"]["total_tokens"] > 0
    traced(traces, lambda: moa.invoke(Command(resume="accept"), THREAD))

    assert {one["key"]: one["score"] for one in traces.feedback} == {"agreement": 0.6667, "degraded": 0.0}


def test_a_failed_run_says_what_it_cost(traces: Ingest) -> None:
    moa = create_moa(
        proposers=[*panel("x"), *panel("", ConnectionError("down"))[1:]], aggregator=says("z", "last"), min_proposals=2
    )

    with pytest.raises(AllProposersFailed):
        traced(traces, lambda: moa.invoke(QUESTION))

    (root,) = traces.roots
    told = metadata(root)
    assert (told["moa_stopped"], told["moa_calls"], told["moa_layers"]) == ("failed", 2, 2)
    assert told["usage_metadata"]["total_tokens"] > 0


def test_feedback_does_not_pile_up_where_langsmith_hangs(socket_enabled: None) -> None:
    moa = create_moa(proposers=panel("x"), aggregator=says("z", "last"), feedback=True)

    with ingest(hangs=True) as server:
        client = Client(api_url=server.url, api_key="k", timeout_ms=(1000, 60_000))
        with tracing_context(enabled=True, client=client, project_name="p"):
            for _ in range(40):
                moa.invoke(QUESTION)
        waiting = [thread for thread in threading.enumerate() if thread.name == FEEDBACK]
        server.let_go.set()
        for thread in waiting:
            thread.join(60)
        client.close(timeout=0)

    assert 0 < len(waiting) <= 16
