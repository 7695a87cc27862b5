"""The graph as a user meets it, on scripted models."""

import asyncio
import pickle
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, RemoveMessage, SystemMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import interrupt
from langgraph_moa import (
    Aggregator,
    AllProposersFailed,
    ConfigError,
    InputError,
    Limits,
    MissingExtra,
    Proposer,
    Quorum,
    create_moa,
)
from panels import says
from reading import references_in, user
from syrupy.assertion import SnapshotAssertion
from typing_extensions import TypedDict

QUESTION = user("What is the capital of Peru?")


def without_clock(value: Any) -> Any:
    """Drop what differs from run to run: ids and times."""
    if isinstance(value, BaseMessage):
        value = value.model_dump(exclude={"id"})
    if isinstance(value, dict):
        return {
            k: without_clock(v) for k, v in value.items() if k not in ("turn", "id", "started", "waited", "seconds")
        }
    return [without_clock(v) for v in value] if isinstance(value, list) else value


def test_answers_with_the_aggregator_and_nothing_else_in_messages() -> None:
    moa = create_moa(proposers=[says("Lima"), says("Cusco")], aggregator=says("It is Lima."))

    result = moa.invoke(QUESTION)

    assert [m.text for m in result["messages"]] == ["What is the capital of Peru?", "It is Lima."]
    assert [(p["proposer"], p["text"]) for p in result["proposals"]] == [("scripted", "Lima"), ("scripted-2", "Cusco")]
    assert result["run"]["degraded"] is None
    assert (result["run"]["stopped"], result["run"]["layers"], result["run"]["calls"]) == ("completed", 2, 3)


async def test_four_apis_give_the_same_state() -> None:
    def moa() -> Any:
        return create_moa(
            proposers=[says("a"), says(ValueError("no")), Proposer(says(lambda m: f"{len(m)} seen"), samples=2)],
            aggregator=says("done"),
            layers=3,
        )

    invoked = await asyncio.to_thread(moa().invoke, QUESTION)
    streamed = (await asyncio.to_thread(lambda: list(moa().stream(QUESTION, stream_mode="values"))))[-1]
    ainvoked = await moa().ainvoke(QUESTION)
    astreamed = [state async for state in moa().astream(QUESTION, stream_mode="values")][-1]

    assert without_clock(invoked) == without_clock(ainvoked)
    assert without_clock(streamed) == without_clock(ainvoked) == without_clock(astreamed)


async def test_each_layer_sees_the_conversation_and_only_the_layer_before() -> None:
    one, two, last = says(["a1", "a2"], name="a"), says(["b1", "b2"], name="b"), says("end")

    await create_moa(proposers=[one, two], aggregator=last, layers=3).ainvoke(QUESTION)

    assert [references_in(messages[-1].text) for messages in one.asked] == [[], ["a1", "b1"]]
    assert references_in(last.asked[0][-1].text) == ["a2", "b2"]
    for messages in (*one.asked, *two.asked, *last.asked):
        assert [m.type for m in messages] == ["human"]
        assert messages[0].text.endswith("What is the capital of Peru?")


async def test_proposals_are_ordered_as_declared_however_they_arrive() -> None:
    slow_first = [says(str(n), delay=(12 - n) / 200) for n in range(12)]

    result = await create_moa(proposers=slow_first, aggregator=says("x")).ainvoke(QUESTION)

    assert [p["text"] for p in result["proposals"]] == [str(n) for n in range(12)]


@pytest.mark.parametrize("width", [8, 70])
async def test_proposers_of_a_layer_run_at_the_same_time(width: int) -> None:
    everyone_is_here = asyncio.Barrier(width)

    async def wait(messages: list[BaseMessage]) -> str:
        await everyone_is_here.wait()
        return "here"

    moa = create_moa(proposers=[RunnableLambda(wait)] * width, aggregator=says("all"), timeout=10)

    assert (await moa.ainvoke(QUESTION))["run"]["degraded"] is None


def test_a_wide_layer_runs_at_the_same_time_in_the_sync_api_too() -> None:
    everyone_is_here: list[asyncio.Barrier] = []

    async def wait(messages: list[BaseMessage]) -> str:
        if not everyone_is_here:
            everyone_is_here.append(asyncio.Barrier(24))
        await everyone_is_here[0].wait()
        return "here"

    moa = create_moa(proposers=[RunnableLambda(wait)] * 24, aggregator=says("all"), timeout=10)

    assert moa.invoke(QUESTION)["run"]["degraded"] is None


def test_lists_give_each_layer_its_own_proposers() -> None:
    first, second, last = says("f", name="first"), says("s", name="second"), says("l")

    result = create_moa(proposers=[[first, says("g")], [second]], aggregator=last).invoke(QUESTION)

    assert [(p["layer"], p["text"]) for p in result["proposals"]] == [(1, "f"), (1, "g"), (2, "s")]
    assert references_in(second.asked[0][-1].text) == ["f", "g"]
    assert references_in(last.asked[0][-1].text) == ["s"]


def test_samples_ask_one_model_several_times() -> None:
    model = says(["one", "two", "three"])

    result = create_moa(proposers=[model], aggregator=says("x"), samples=3).invoke(QUESTION)

    assert [(p["proposer"], p["sample"]) for p in result["proposals"]] == [
        ("scripted/1", 1),
        ("scripted/2", 2),
        ("scripted/3", 3),
    ]
    model.assert_complete()


def test_one_layer_is_one_model_alone() -> None:
    model = says("alone")

    result = create_moa(proposers=[model], layers=1).invoke(QUESTION)

    assert result["messages"][-1].text == "alone"
    assert result["run"]["calls"] == 1
    assert references_in(model.asked[0][-1].text) == []


def test_system_prompts_follow_the_conversations_own() -> None:
    model, last = says("p"), says("x")
    moa = create_moa(
        proposers=[Proposer(model, system_prompt="Be terse.")],
        aggregator=Aggregator(last, system_prompt="Be kind."),
        early_stop=None,
    )

    moa.invoke({"messages": [SystemMessage("You are Ada."), HumanMessage("Hi")]})

    assert [(m.type, m.text) for m in model.asked[0]] == [("system", "You are Ada.\n\nBe terse."), ("human", "Hi")]
    assert [(m.type, m.text[-9:]) for m in last.asked[0]] == [("system", "\nBe kind."), ("human", "t it.\n\nHi")]


def test_placement_puts_references_into_the_system_prompt() -> None:
    last = says("x")

    create_moa(proposers=[says("p")], aggregator=last, placement="system_prompt").invoke(QUESTION)

    assert [m.type for m in last.asked[0]] == ["system", "human"]
    assert ">\np\n<" in last.asked[0][0].text


def test_own_prompts_are_used() -> None:
    proposer, last = says(["p", "q"]), says("x")
    moa = create_moa(
        proposers=[proposer],
        aggregator=last,
        layers=3,
        proposer_prompt="Improve:\n$references",
        aggregator_prompt="Join $count of these for $$5:\n$references",
    )

    moa.invoke(QUESTION)

    assert proposer.asked[1][-1].text.startswith("Improve:\n<reference-")
    assert last.asked[0][-1].text.startswith("Join 1 of these for $5:\n<reference-")


def test_content_blocks_reach_every_model_untouched() -> None:
    blocks: list[str | dict[str, Any]] = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    proposer, last = says("a cat"), says("a cat")

    create_moa(proposers=[proposer], aggregator=last).invoke({"messages": [HumanMessage(blocks)]})

    assert proposer.asked[0][0].content == blocks
    assert last.asked[0][0].content[1:] == blocks


def test_a_new_turn_starts_clean() -> None:
    proposer, last = says(["SECRET-1", "SECRET-2"]), says(["answer one", "answer two"])
    moa = create_moa(proposers=[proposer], aggregator=last, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}

    moa.invoke(user("one?"), thread)
    result = moa.invoke(user("two?"), thread)

    assert [m.text for m in result["messages"]] == ["one?", "answer one", "two?", "answer two"]
    assert [p["text"] for p in result["proposals"]] == ["SECRET-2"]
    assert [m.text for m in proposer.asked[1]] == ["one?", "answer one", "two?"]
    assert "SECRET-1" not in str(last.asked[1])
    assert result["run"]["calls"] == 2


def test_an_answer_made_again_does_not_meet_what_is_left_of_the_first() -> None:
    first, second, last = says(["a1", "a2"]), says(["b1", ValueError("down")]), says(["x", "y"])
    moa = create_moa(proposers=[[first], [second]], aggregator=last, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}

    answer = moa.invoke({"messages": [HumanMessage("one?", id="fixed")]}, thread)["messages"][-1]
    made_again: Any = {"messages": [RemoveMessage(answer.id)]}
    result = moa.invoke(made_again, thread)

    assert [references_in(messages[-1].text) for messages in last.asked] == [["b1"], ["a2"]]
    assert [m.text for m in result["messages"]] == ["one?", "y"]


@pytest.mark.parametrize("min_proposals", [1, 3])
def test_too_few_usable_proposals_raise_one_error_that_names_each(min_proposals: int) -> None:
    moa = create_moa(
        proposers=[says(ValueError("boom")), says(""), says("fine" if min_proposals == 3 else TimeoutError())],
        aggregator=says("never"),
        min_proposals=min_proposals,
    )

    with pytest.raises(AllProposersFailed, match=f"expected at least {min_proposals}") as failed:
        moa.invoke(QUESTION)

    assert "scripted: error (ValueError: boom)" in str(failed.value)
    assert "scripted-2: empty" in str(failed.value)


def test_a_failed_later_layer_falls_back_to_the_one_before() -> None:
    last = says("from layer 1")
    moa = create_moa(proposers=[[says("kept")], [says(ValueError("x"))], [says("never")]], aggregator=last)

    result = moa.invoke(QUESTION)

    assert references_in(last.asked[0][-1].text) == ["kept"]
    assert result["run"]["stopped"] == "fell_back"
    assert "layer 2" in str(result["run"]["degraded"])
    assert result["verdicts"][-1]["reason"] == "0 of 1 proposals usable, 1 needed: answering from layer 1"


@pytest.mark.parametrize("failure", [ValueError("secret trouble"), ""])
def test_a_failed_aggregator_costs_no_paid_answer(failure: Any) -> None:
    moa = create_moa(proposers=[says(ValueError("x")), says("the best"), says("c")], aggregator=says(failure))

    result = moa.invoke(QUESTION)

    answer = result["messages"][-1]
    assert answer.text == "the best"
    assert "aggregator scripted" in result["run"]["degraded"]
    assert "scripted-2, word for word" in result["run"]["degraded"]
    assert answer.response_metadata["moa"]["degraded"] == result["run"]["degraded"]


def test_the_best_proposal_is_a_whole_one() -> None:
    cut = AIMessage("cut of", response_metadata={"finish_reason": "length"})
    moa = create_moa(proposers=[says(cut), says("whole")], aggregator=says(ValueError("x")))

    result = moa.invoke(QUESTION)

    assert [p["status"] for p in result["proposals"]] == ["truncated", "ok"]
    assert result["messages"][-1].text == "whole"


def test_a_failed_turn_is_not_left_with_the_last_ones_report() -> None:
    moa = create_moa(proposers=[says(["a", ValueError("down")])], aggregator=says("x"), checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}

    moa.invoke(user("one?"), thread)
    with pytest.raises(AllProposersFailed):
        moa.invoke(user("two?"), thread)

    assert moa.get_state(thread).values["run"]["stopped"] == "running"


def test_a_conversation_that_changed_under_its_proposals_is_refused() -> None:
    moa = create_moa(proposers=[says("a")], aggregator=says("x"), checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}

    moa.invoke(QUESTION, thread, interrupt_before=["aggregate"])
    with pytest.raises(InputError, match="the conversation changed"):
        moa.update_state(thread, user("something else?"), as_node="gate_1")

    assert moa.invoke(None, thread)["messages"][-1].text == "x"


@pytest.mark.filterwarnings("ignore:This API is in beta")
def test_schemas_are_there_for_studio_and_tools() -> None:
    moa = create_moa(proposers=[says("a")], aggregator=says("x"))

    assert set(moa.get_input_jsonschema()["properties"]) == {"messages"}
    assert set(moa.get_output_jsonschema()["properties"]) == {"messages", "proposals", "verdicts", "run"}
    assert moa.as_tool(name="ask", description="Ask a mixture.").name == "ask"


def test_errors_survive_pickling() -> None:
    failed = AllProposersFailed([{"proposer": "a", "status": "error", "error": "x"}], usable=1, needed=2)

    for error in (failed, MissingExtra("a picture", "png")):
        again = pickle.loads(pickle.dumps(error))
        assert str(again) == str(error)
        assert vars(again) == vars(error)


def test_a_single_model_that_fails_raises() -> None:
    with pytest.raises(AllProposersFailed, match="boom"):
        create_moa(proposers=[says(ValueError("boom"))], layers=1).invoke(QUESTION)


def test_no_messages_is_refused() -> None:
    with pytest.raises(InputError, match="expected a conversation"):
        create_moa(proposers=[says("a")], aggregator=says("b")).invoke({"messages": []})


def test_the_answer_keeps_its_own_usage_and_carries_the_runs_total() -> None:
    result = create_moa(proposers=[says("a b"), says("c d")], aggregator=says("e f g")).invoke(QUESTION)

    answer = result["messages"][-1]
    assert answer.usage_metadata["output_tokens"] == 3
    assert result["run"]["usage"]["output_tokens"] == 7
    assert answer.response_metadata["moa"] == {
        key: result["run"][key]
        for key in ("stopped", "degraded", "truncated", "layers", "calls", "saved", "usage", "usd", "seconds")
    }


class Parent(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def test_as_a_node_beside_another_that_writes_messages() -> None:
    parent = StateGraph(Parent)
    parent.add_node("moa", create_moa(proposers=[says("a"), says("b")], aggregator=says("mixed"), layers=3))
    parent.add_node("other", lambda state: {"messages": [AIMessage("aside")]})
    parent.add_edge(START, "moa")
    parent.add_edge(START, "other")

    result = parent.compile().invoke(QUESTION)

    assert sorted(m.text for m in result["messages"]) == ["What is the capital of Peru?", "aside", "mixed"]
    assert set(result) == {"messages"}


def agent(*answers: AIMessage) -> Any:
    """Build a graph that speaks several times before its last word."""
    graph = StateGraph(MessagesState)
    for number, answer in enumerate(answers):
        model = says(answer)
        graph.add_node(f"step{number}", lambda state, m=model: {"messages": [m.invoke(state["messages"])]})
        graph.add_edge(f"step{number - 1}" if number else START, f"step{number}")
    graph.add_edge(f"step{len(answers) - 1}", END)
    return graph.compile(name="agent")


def usage(tokens: int) -> Any:
    return {"input_tokens": tokens, "output_tokens": tokens, "total_tokens": 2 * tokens}


def test_a_graph_proposes_with_its_last_message_and_all_its_usage() -> None:
    inner = agent(AIMessage("thinking", usage_metadata=usage(1)), AIMessage("Lima", usage_metadata=usage(2)))

    result = create_moa(proposers=[inner], aggregator=says("x")).invoke(QUESTION)

    (proposal,) = result["proposals"]
    assert (proposal["proposer"], proposal["text"]) == ("agent", "Lima")
    assert proposal["usage"]["total_tokens"] == 6
    assert len(result["messages"]) == 2


def test_a_mixture_proposes_in_a_mixture() -> None:
    inner = create_moa(proposers=[says("a"), says("b")], aggregator=says("inner"), name="inner")

    result = create_moa(proposers=[inner, says("c")], aggregator=says("outer")).invoke(QUESTION)

    assert [p["calls"] for p in result["proposals"]] == [3, 1]
    assert result["run"]["calls"] == 5


@pytest.mark.parametrize("proposer", [lambda m: "text", lambda m: AIMessage("text"), lambda m: HumanMessage("text")])
def test_a_runnable_may_return_text_or_a_message(proposer: Any) -> None:
    result = create_moa(proposers=[RunnableLambda(proposer)], aggregator=says("x")).invoke(QUESTION)

    assert result["proposals"][0]["text"] == "text"


def test_a_runnable_that_returns_something_else_costs_its_own_proposal() -> None:
    result = create_moa(proposers=[RunnableLambda(lambda m: 42), says("b")], aggregator=says("x")).invoke(QUESTION)

    assert result["proposals"][0]["status"] == "error"
    assert "found int as its result" in result["proposals"][0]["error"]


async def test_an_interrupt_inside_a_proposer_reaches_the_caller() -> None:
    def ask_a_person(state: MessagesState) -> Any:
        return {"messages": [AIMessage(f"they said {interrupt('which?')}")]}

    graph = StateGraph(MessagesState)
    graph.add_node("ask", ask_a_person)
    graph.add_edge(START, "ask")
    moa = create_moa(proposers=[graph.compile()], aggregator=says("x"), checkpointer=InMemorySaver())

    result = await moa.ainvoke(QUESTION, {"configurable": {"thread_id": "t"}})

    assert [i.value for i in result["__interrupt__"]] == ["which?"]


async def streamed(moa: Any, mode: str) -> list[Any]:
    return [part async for part in moa.astream(QUESTION, stream_mode=mode)]


async def test_only_the_aggregators_tokens_are_streamed() -> None:
    inner = agent(AIMessage("thinking"), AIMessage("from an agent"))
    chain = RunnableLambda(lambda m: m) | says("from a chain")
    moa = create_moa(proposers=[says("from a model"), chain, inner], aggregator=says("one two three"))

    parts = await streamed(moa, "messages")

    assert [chunk.text for chunk, _ in parts if chunk.text] == ["one", " two", " three"]
    assert {meta["moa_role"] for _, meta in parts} == {"aggregator"}
    assert {meta["moa_layer"] for _, meta in parts} == {2}


async def test_proposals_stream_when_asked_for() -> None:
    moa = create_moa(proposers=[says("a b"), says("c d")], aggregator=says("e f"), stream_proposals=True)

    parts = await streamed(moa, "messages")

    seen = {(meta["moa_role"], meta["moa_layer"], meta.get("moa_proposer")) for _, meta in parts}
    assert seen == {("proposer", 1, "scripted"), ("proposer", 1, "scripted-2"), ("aggregator", 2, None)}


async def test_events_tell_what_happens() -> None:
    moa = create_moa(proposers=[says("a", name="one"), says(ValueError("no"), name="two")], aggregator=says("e"))

    events = await streamed(moa, "custom")

    assert [e["moa"] for e in events] == ["layer", "proposal", "proposal", "verdict", "aggregating"]
    assert events[0]["proposers"] == ["one", "two"]
    told = {e["proposer"]: e for e in events if e["moa"] == "proposal"}
    assert (told["one"]["status"], told["two"]["status"]) == ("ok", "error")
    assert told["two"]["error"] == "ValueError: no"
    assert told["one"]["seconds"] >= 0
    assert (events[3]["usable"], events[3]["asked"]) == (1, 2)


async def test_a_stragglers_layer_is_announced_before_it_is_done() -> None:
    moa = create_moa(proposers=[says("a"), says("b", delay=0.05)], aggregator=says("e"), layers=3)

    events = await streamed(moa, "custom")

    assert [e["layer"] for e in events if e["moa"] == "layer"] == [1, 2]
    assert events[0]["moa"] == "layer"


SHAPES: dict[str, dict[str, Any]] = {
    "alone": {"proposers": ["offline:words"], "layers": 1},
    "two_layers": {"proposers": ["offline:words", "offline:stems"]},
    "three_layers": {"proposers": ["offline:words", "offline:stems"], "layers": 3},
    "samples": {"proposers": ["offline:words"], "samples": 3},
    "samples_three_layers": {"proposers": ["offline:words", Proposer("offline:stems", samples=2)], "layers": 3},
    "lists": {"proposers": [["offline:words", "offline:stems"], ["offline:phrases"]]},
    "lists_samples": {"proposers": [["offline:words"], ["offline:words", "offline:words"]], "samples": 2},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_drawing(shape: str, snapshot: SnapshotAssertion) -> None:
    options = SHAPES[shape]
    aggregator = None if options.get("layers") == 1 else "offline:headings"

    assert create_moa(**options, aggregator=aggregator).get_graph().draw_mermaid() == snapshot


A = says("a")
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"proposers": []}, "found no proposers"),
    ({"proposers": "openai:gpt"}, "found str as proposers, expected a list of models"),
    ({"proposers": [A], "aggregator": None}, "found no aggregator"),
    ({"proposers": [A, A], "layers": 1}, "found layers=1 with 2 proposers"),
    ({"proposers": [A], "layers": 1}, "found layers=1 with an aggregator"),
    ({"proposers": [A], "layers": 1, "aggregator": None, "samples": 2}, "several samples"),
    ({"proposers": [A], "layers": 0}, "found layers=0"),
    ({"proposers": [A], "layers": 2.5}, "found layers=2.5"),
    ({"proposers": [[A], [A]], "layers": 2}, "found layers=2 with 2 lists of proposers, expected 3"),
    ({"proposers": [[A], A]}, "mix models with lists"),
    ({"proposers": [[A], []]}, "an empty list"),
    ({"proposers": [42]}, "found int as a model"),
    ({"proposers": ["gpt-4"]}, "expected 'provider:model'"),
    ({"proposers": ["opnai:gpt-4"]}, "unknown provider 'opnai' in 'opnai:gpt-4'; did you mean 'openai'?"),
    ({"proposers": ["offline:wrods"]}, "unknown offline model 'wrods'; did you mean 'words'?"),
    ({"proposers": ["openai:gpt-6-luna"]}, "OPENAI_API_KEY is not set"),
    ({"proposers": ["together:x/y"]}, "TOGETHER_API_KEY is not set"),
    ({"proposers": ["anthropic:claude"]}, "langchain-anthropic"),
    ({"proposers": [Proposer(A, name="x"), Proposer(A, name="x")]}, "found the name 'x'"),
    ({"proposers": [Proposer(A, name="a:b")]}, "found the name 'a:b'"),
    ({"proposers": [Proposer(A, name="a(b)")]}, "found the name 'a(b)'"),
    ({"proposers": [Proposer(A, name=" ")]}, "found the name ' '"),
    ({"proposers": [Aggregator(A)]}, "found Aggregator(...), expected Proposer(...)"),
    ({"proposers": [A], "aggregator": Proposer(A)}, "found Proposer(...), expected Aggregator(...)"),
    ({"proposers": [A], "timeout": -1}, "found timeout=-1, expected a number above 0"),
    ({"proposers": [Proposer(A, timeout=0)]}, "found timeout=0 for 'scripted'"),
    ({"proposers": [A], "temperature": -0.1}, "found temperature=-0.1"),
    ({"proposers": [A], "max_tokens": 0}, "found max_tokens=0"),
    ({"proposers": [A], "samples": 0}, "found samples=0"),
    ({"proposers": [Proposer(A, samples=0)]}, "found samples=0 for 'scripted'"),
    ({"proposers": [A], "min_proposals": 0}, "found min_proposals=0"),
    ({"proposers": [A], "min_proposals": 2}, "expected at most 1"),
    ({"proposers": [A], "layers": True}, "found layers=True, expected a whole number from 1"),
    ({"proposers": [A], "min_proposals": True}, "found min_proposals=True"),
    ({"proposers": [A], "temperature": float("inf")}, "found temperature=inf"),
    ({"proposers": [A], "samples": None}, "found samples=None"),
    ({"proposers": [Proposer(A, name=5)]}, "found the name 5"),  # type: ignore[arg-type]
    ({"proposers": [Proposer(A, system_prompt=5)]}, "found int as the system prompt"),  # type: ignore[arg-type]
    ({"proposers": [Proposer(A, tags="abc")]}, "found tags='abc'"),  # type: ignore[arg-type]
    ({"proposers": [{"model": "x", "api_key": "sk-1234567890"}]}, "found dict as a model"),
    ({"proposers": ["openai:x"], "resolve": lambda spec, **_: None}, "found NoneType from resolve('openai:x')"),
    ({"proposers": [A], "resolve": None}, "found resolve=None"),
    ({"proposers": [A], "proposer_prompt": 5}, "found int as a prompt"),
    ({"proposers": [A], "placement": "first"}, "found placement='first'"),
    ({"proposers": [A], "aggregator": []}, "found an empty list of aggregators"),
    ({"proposers": [A], "aggregator": [A, Proposer(A)]}, "found Proposer(...), expected Aggregator(...)"),
    ({"proposers": [A], "quorum": 1}, "found 1 as the quorum, expected Quorum(k"),
    ({"proposers": [A], "quorum": Quorum(2)}, "found Quorum(2), expected at most 1, the smallest layer"),
    ({"proposers": [A], "quorum": Quorum(0)}, "found k=0 for the quorum"),
    (
        {"proposers": [A, A], "quorum": Quorum(1), "min_proposals": 2},
        "found k=1 for the quorum, expected a whole",
    ),
    ({"proposers": [A], "quorum": Quorum(1, grace_s=-1)}, "found grace_s=-1 for the quorum"),
    ({"proposers": [A], "limits": Limits(provider="x")}, "found Limits as limits"),
    ({"proposers": [A], "cache": {}}, "found dict as the cache"),
    ({"proposers": [A], "context_tokens": 0}, "found context_tokens=0"),
    ({"proposers": [Proposer(A, context_tokens=-5)]}, "found context_tokens=-5 for 'scripted'"),
    ({"proposers": [A], "proposer_prompt": "no variable"}, "found no $references in the prompt"),
    ({"proposers": [A], "aggregator_prompt": "$references $nonsense"}, "found $nonsense in the prompt"),
    ({"proposers": [Proposer(RunnableLambda(str), temperature=1)]}, "a chain or graph sets those on its own models"),
]


@pytest.mark.parametrize(("arguments", "expected"), REFUSED, ids=[expected for _, expected in REFUSED])
def test_wrong_arguments_are_refused_in_one_sentence(arguments: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        create_moa(**{"aggregator": A, **arguments})

    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


def test_names_are_unique_and_stable() -> None:
    proposers: list[Any] = [A, Proposer(A, name="scripted-2"), A, "offline:words", "offline:words"]

    nodes = create_moa(proposers=proposers, aggregator=A).get_graph().nodes

    assert [n for n in nodes if n.startswith("layer_1/")] == [
        "layer_1/scripted",
        "layer_1/scripted-2",
        "layer_1/scripted-3",
        "layer_1/words",
        "layer_1/words-2",
    ]
