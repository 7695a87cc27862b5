"""Studio's server, really started, and used through langgraph-sdk as Studio uses it."""

import asyncio
import gc
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from devserver import DevServer
from langgraph_sdk.errors import APIStatusError
from scripts import module_at

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1", "localhost"])]
STUDIO = Path(__file__).parents[2] / "studio"
SAMPLES = tomllib.loads((STUDIO / "samples.toml").read_text("utf-8"))
GRAPHS = ("moa", "evidence", "nested")
QUESTION: Any = {"messages": [{"role": "user", "content": "What is 17 * 24?"}]}
OPEN: Any = {"messages": [{"role": "user", "content": "How does a gate end a layer?"}]}
FOUR = {"layer_1/words", "layer_1/stems", "layer_1/phrases", "layer_1/headings"}


async def assistant(client: Any, name: str) -> str:
    found = {a["name"]: a["assistant_id"] for a in await client.assistants.search(limit=100)}
    return str(found[name])


def prompt_of(state: Any) -> str:
    """Return what was added to the conversation for the aggregator."""
    (call,) = state["run"]["aggregators"]
    return "\n".join(line["text"] for line in call["prompt"] if line["text"])


def test_the_first_mixture_is_frozen_and_what_runs_later_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[str] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append("all there is"))
    app = module_at(STUDIO / "app.py")

    assert all(app.build({"preset": "offline"}).nodes for _ in range(3))
    assert frozen == ["all there is"]


async def test_graphs_assistants_and_threads_are_there_at_once(client: Any) -> None:
    names = {a["name"] for a in await client.assistants.search(limit=100)}
    threads = await client.threads.search()

    assert names == {"ask", *GRAPHS, *(a["name"] for a in SAMPLES["assistants"])}
    assert {a["graph_id"] for a in await client.assistants.search(limit=100)} == {"ask", *GRAPHS}
    assert len(threads) >= len(SAMPLES["threads"])
    for thread in threads:
        if thread["metadata"].get("sample"):
            state = await client.threads.get_state(thread["thread_id"])
            assert state["next"] == ["__start__"]


async def test_a_sample_thread_only_has_to_be_continued(client: Any) -> None:
    (thread,) = await client.threads.search(metadata={"sample": True, "question": "What is 17 * 24?"})

    async def go_on(name: str) -> Any:
        copied = await client.threads.copy(thread["thread_id"])
        return await client.runs.wait(copied["thread_id"], await assistant(client, name), input=None)

    names = [*GRAPHS, *(a["name"] for a in SAMPLES["assistants"] if a["name"] != "reviewed")]
    for done in await asyncio.gather(*map(go_on, names)):
        assert "17 * 24 = 408" in done["messages"][-1]["content"].splitlines()


@pytest.mark.soak
async def test_assistants_take_turns_on_one_thread(client: Any) -> None:
    thread = (await client.threads.create())["thread_id"]

    calls = []
    for name in ("three layers", "moa", "six samples", "three layers", "a vote"):
        done = await client.runs.wait(thread, await assistant(client, name), input=OPEN)
        calls.append(done["run"]["calls"])

    assert calls == [9, 5, 7, 9, 4]
    assert (await client.threads.get_state(thread))["values"]["run"]["calls"] == 4
    assert len(await client.threads.get_history(thread, limit=100)) > 10


async def test_an_assistant_that_is_changed_is_changed_on_its_threads(client: Any) -> None:
    made = await client.assistants.create("moa", context={"layers": 3})
    thread, which = (await client.threads.create())["thread_id"], made["assistant_id"]
    await client.runs.wait(thread, which, input=OPEN)

    await client.assistants.update(which, context={"layers": 2})
    changed = await client.runs.wait(thread, which, input=OPEN)
    await client.assistants.update(which, context={"layers": 0})
    with pytest.raises(Exception, match=r"^ConfigError: found 0 for layers, expected 1 or more$"):
        await client.runs.wait(thread, which, input=OPEN)

    assert changed["run"]["layers"] == 2
    assert (await client.threads.get_state(thread))["values"]["messages"]


async def test_what_is_made_empty_in_the_form_is_not_given(client: Any) -> None:
    empty: Any = {"layers": "", "quorum": {}, "preset": None, "docs": [], "base_url": ""}
    made = await client.assistants.create("moa", context=empty)
    thread = (await client.threads.create())["thread_id"]

    done = await client.runs.wait(thread, made["assistant_id"], input=QUESTION)

    assert done["run"]["calls"] == 5


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ({"proposers": ["x"], "base_url": "http://127.0.0.1:9/v1"}, "AllProposersFailed: 0 of 1 proposals were usable"),
        ({"budget": {"calls": 3}}, r"BudgetExceeded: Budget\(calls=3\)"),
    ],
    ids=["failed", "budget"],
)
async def test_why_a_run_failed_reaches_the_client(client: Any, context: Any, told: str) -> None:
    thread = (await client.threads.create())["thread_id"]

    with pytest.raises(Exception, match=told):
        await client.runs.wait(thread, "moa", input=QUESTION, context=context)


async def test_ok_is_answered(client: Any) -> None:
    assert (await client.http.get("/ok"))["ok"]


@pytest.mark.parametrize(
    ("update", "node", "told"),
    [
        (lambda p: {"proposals": [{"text": "half"}]}, "layer_1/words", "expected a whole item of it"),
        (lambda p: {"proposals": [{**p, "text": None}]}, "layer_1/words", "found None as a proposal's text"),
        (lambda p: {"proposals": [{**p, "layer": "1"}]}, "layer_1/words", "expected a whole item of it"),
        (lambda p: {"proposals": [p]}, "gate_1", "found no verdict of gate_1 for the last message"),
    ],
    ids=["half", "no_text", "wrong_layer", "wrong_node"],
)
async def test_an_edit_that_cannot_be_changes_nothing(client: Any, update: Any, node: str, told: str) -> None:
    thread = (await client.threads.create())["thread_id"]
    paused = await client.runs.wait(thread, "moa", input=OPEN, interrupt_before=["gate_1"])

    with pytest.raises(APIStatusError, match=told):
        await client.threads.update_state(thread, update(paused["proposals"][0]), as_node=node)

    assert (await client.threads.get_state(thread))["next"] == ["gate_1"]


@pytest.mark.soak
async def test_an_earlier_layer_edited_at_its_gate_asks_the_later_one_again(client: Any) -> None:
    thread, three = (await client.threads.create())["thread_id"], await assistant(client, "three layers")
    paused = await client.runs.wait(thread, three, input=OPEN, interrupt_before=["aggregate"])
    mine = {**paused["proposals"][0], "text": "A gate ends a layer with a gong."}

    await client.threads.update_state(thread, {"proposals": [mine]}, as_node="gate_1")
    assert set((await client.threads.get_state(thread))["next"]) == {n.replace("layer_1", "layer_2") for n in FOUR}
    done = await client.runs.wait(thread, three, input=None)

    assert done["proposals"][0]["reviewed"] == "edited"
    assert "words (layer 1): edited by a reviewer" in done["run"]["notes"]


async def test_each_assistant_has_its_own_drawing(client: Any) -> None:
    two = await client.assistants.get_graph(await assistant(client, "moa"))
    three = await client.assistants.get_graph(await assistant(client, "three layers"))

    nodes = {node["id"]: node for node in three["nodes"]}
    assert {node["id"] for node in two["nodes"]} == {"__start__", *FOUR, "gate_1", "aggregate", "__end__"}
    assert set(nodes) - {node["id"] for node in two["nodes"]} == {
        "gate_2",
        *(name.replace("layer_1", "layer_2") for name in FOUR),
    }
    assert nodes["layer_2/stems"]["metadata"]["moa_model"] == "offline:stems"
    edges = {(edge["source"], edge["target"]): edge.get("data") for edge in three["edges"]}
    assert edges["gate_1", "aggregate"] == "agreed"
    assert edges["gate_1", "layer_2/words"] == "no agreement"


async def test_a_saved_assistant_is_drawn_as_it_is_configured(client: Any) -> None:
    made = await client.assistants.create(
        "moa", context={"proposers": ["offline:words"], "aggregator": "offline:stems", "samples": 5}
    )

    graph = await client.assistants.get_graph(made["assistant_id"])

    assert [node["id"] for node in graph["nodes"] if node["id"].startswith("layer_")] == [
        f"layer_1/words/{n}" for n in range(1, 6)
    ]


async def test_xray_opens_the_mixture_inside(client: Any) -> None:
    where = await assistant(client, "nested")

    closed = await client.assistants.get_graph(where)
    opened = await client.assistants.get_graph(where, xray=True)

    assert "layer_1/panel" in {node["id"] for node in closed["nodes"]}
    assert "layer_1/panel:gate_1" in {node["id"] for node in opened["nodes"]}


async def test_the_form_is_described(client: Any) -> None:
    schemas = await client.assistants.get_schemas(await assistant(client, "three layers"))

    fields = schemas["context_schema"]["properties"]
    assert (fields["layers"]["minimum"], fields["layers"]["description"]) == (
        1,
        "Layers, the aggregator's included; 2 where not given.",
    )
    assert fields["placement"]["enum"] == ["last", "system_prompt"]
    assert fields["aggregator_prompt"]["langgraph_type"] == "prompt"
    assert set(fields["proposer_prompt"]["langgraph_nodes"]) == {n.replace("layer_1", "layer_2") for n in FOUR}
    assert set(schemas["state_schema"]["properties"]) == {"messages", "proposals", "verdicts", "run", "disagreement"}


async def test_a_wrong_value_is_one_sentence_for_drawing_and_run(client: Any) -> None:
    made = await client.assistants.create("moa", context={"layers": 0})
    thread = await client.threads.create()

    with pytest.raises(APIStatusError) as drawing:
        await client.assistants.get_graph(made["assistant_id"])
    with pytest.raises(Exception, match="expected 'aggregate'") as run:
        await client.runs.wait(thread["thread_id"], "moa", input=QUESTION, context={"early_stop": "always"})

    assert str(drawing.value) == "found 0 for layers, expected 1 or more"
    expected = "expected 'aggregate', 'answer', 'shadow' or 'off'"
    assert str(run.value) == f"ConfigError: found 'always' for early_stop, {expected}"


async def test_tokens_and_events_are_streamed(client: Any) -> None:
    thread = await client.threads.create()
    tokens: list[str] = []
    events: list[str] = []

    async for part in client.runs.stream(
        thread["thread_id"], "moa", input=OPEN, stream_mode=["messages-tuple", "custom"]
    ):
        if part.event == "messages":
            message, metadata = part.data
            assert metadata["moa_role"] == "aggregator"
            tokens.append(message["content"])
        elif part.event == "custom":
            events.append(part.data["moa"])

    state = await client.threads.get_state(thread["thread_id"])
    assert len(tokens) > 3
    assert "".join(tokens) == state["values"]["messages"][-1]["content"]
    assert events == ["layer", "proposal", "proposal", "proposal", "proposal", "verdict", "aggregating"]


async def test_a_proposal_edited_at_a_gate_is_what_the_aggregator_sees(client: Any) -> None:
    thread = (await client.threads.create())["thread_id"]
    paused = await client.runs.wait(thread, "moa", input=OPEN, interrupt_before=["gate_1"])
    before = await client.threads.get_state(thread)
    assert before["next"] == ["gate_1"]
    words = paused["proposals"][0]

    edited = {**words, "text": "A gate ends a layer with a gong."}
    await client.threads.update_state(thread, {"proposals": [edited]}, as_node="layer_1/words")
    assert (await client.threads.get_state(thread))["next"] == ["gate_1"]
    done = await client.runs.wait(thread, "moa", input=None)

    assert 'number="1">\nA gate ends a layer with a gong.\n</reference' in prompt_of(done)
    assert len(done["proposals"]) == 4


@pytest.mark.soak
async def test_a_run_is_forked_from_its_past(client: Any) -> None:
    thread = (await client.threads.create())["thread_id"]
    first = await client.runs.wait(thread, "moa", input=OPEN)
    (at_gate,) = [s for s in await client.threads.get_history(thread) if s["next"] == ["aggregate"]]

    edited = [{**p, "text": "All of it is one gong."} for p in first["proposals"]]
    fork = await client.threads.update_state(
        thread, {"proposals": edited}, checkpoint=at_gate["checkpoint"], as_node="gate_1"
    )
    second = await client.runs.wait(thread, "moa", input=None, checkpoint=fork["checkpoint"])

    assert "gong" not in prompt_of(first)
    assert prompt_of(second).count("one gong") == 4
    kept = [s for s in await client.threads.get_history(thread, limit=20) if s["next"] == []]
    assert [s["values"]["messages"][-1]["content"] for s in kept][-1] == first["messages"][-1]["content"]


async def test_a_breakpoint_before_the_aggregator(client: Any) -> None:
    thread = (await client.threads.create())["thread_id"]

    await client.runs.wait(thread, "moa", input=OPEN, interrupt_before=["aggregate"])

    state = await client.threads.get_state(thread)
    assert state["next"] == ["aggregate"]
    assert state["values"]["verdicts"][0]["usable"] == 4


async def test_a_review_interrupts_and_goes_on(client: Any) -> None:
    thread, reviewed = (await client.threads.create())["thread_id"], await assistant(client, "reviewed")
    await client.runs.wait(thread, reviewed, input=OPEN)
    ((interrupt,),) = (await client.threads.get(thread))["interrupts"].values()
    assert [p["proposer"] for p in interrupt["value"]["proposals"]] == ["words", "stems", "phrases", "headings"]

    wrong = {"decisions": [{"proposer": "wrods", "action": "drop"}]}
    await client.runs.wait(thread, reviewed, command={"resume": wrong})
    ((again,),) = (await client.threads.get(thread))["interrupts"].values()
    assert again["value"]["problem"].startswith("unknown proposer 'wrods'; did you mean 'words'?")

    decisions = [{"proposer": "words", "action": "edit", "text": "A gong."}, {"proposer": "stems", "action": "drop"}]
    done = await client.runs.wait(thread, reviewed, command={"resume": {"decisions": decisions}})
    assert "A gong." in prompt_of(done)
    assert "2 references" not in prompt_of(done)
    assert [p["status"] for p in done["proposals"]] == ["ok", "dropped", "ok", "ok"]


@pytest.mark.soak
async def test_history_names_the_next_node_at_each_step(client: Any) -> None:
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, await assistant(client, "three layers"), input=OPEN)

    steps = [set(state["next"]) for state in reversed(await client.threads.get_history(thread))]

    second = {name.replace("layer_1", "layer_2") for name in FOUR}
    assert steps == [{"__start__"}, FOUR, {"gate_1"}, second, {"gate_2"}, {"aggregate"}, set()]


async def test_nothing_blocked_the_event_loop(client: Any, server: DevServer) -> None:
    async def ask(name: str) -> None:
        thread = (await client.threads.create())["thread_id"]
        await client.runs.wait(thread, await assistant(client, name), input=QUESTION)

    await asyncio.gather(*map(ask, (*GRAPHS, *(a["name"] for a in SAMPLES["assistants"]))))

    assert [line for line in server.log if "Blocking call" in line or "BlockingError" in line] == []


def test_what_the_configuration_names_is_there() -> None:
    config = json.loads((STUDIO.parent / "langgraph.json").read_text("utf-8"))

    for target in [*(graph["path"] for graph in config["graphs"].values()), config["http"]["app"]]:
        path, _, name = target.partition(":")
        assert callable(getattr(module_at(STUDIO.parent / path), name))
