"""A mixture as a tool for callers that are no person: a question in, an answer or its failure out."""

import asyncio
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from lamps import finds
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from langgraph_moa import ConfigError, Proposer, Retriever, create_ask, create_moa, create_rag_moa
from panels import says
from reading import user
from running import APIS, THREAD, run


def told(answer: dict[str, Any], *names: str) -> list[Any]:
    return [answer[name] for name in names]


@APIS
async def test_a_question_gets_an_answer_and_what_it_cost(api: str) -> None:
    ask = create_ask(create_moa(proposers=[says("a"), says("b")], aggregator=says("c")))

    answer = await run(ask, api, {"question": "Which?"})

    assert told(answer, "answer", "missing", "error", "calls", "sources") == ["c", None, None, 3, []]
    assert answer["tokens"] > 0
    assert answer["seconds"] >= 0
    assert set(answer) == {"answer", "missing", "error", "usd", "calls", "tokens", "seconds", "sources"}


@APIS
async def test_what_is_missing_is_told(api: str) -> None:
    ask = create_ask(create_moa(proposers=[says("a"), says("a")], aggregator=says(RuntimeError("gone"))))

    answer = await run(ask, api, {"question": "Which?"})

    assert told(answer, "answer", "error") == ["a", None]
    assert answer["missing"].startswith("aggregator scripted: error")


@APIS
async def test_a_failure_is_an_answer_with_its_sentence(api: str) -> None:
    ask = create_ask(create_moa(proposers=[says(RuntimeError("gone"))], aggregator=says("c")))

    answer = await run(ask, api, {"question": "Which?"})

    assert told(answer, "answer", "missing", "usd", "calls") == ["", None, None, None]
    assert answer["error"].startswith("0 of 1 proposals were usable, expected at least 1")


@APIS
@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"question": ""}, "'' as the question"),
        ({"question": " \n"}, "' \\n' as the question"),
        ({"question": 7}, "7 as the question"),
        ({"question": [5]}, "[5] as the question"),
        ({"question": [{"content": "x"}]}, "[{'content': 'x'}] as the question"),
        ({"question": [("user", "x")]}, "[('user', 'x')] as the question"),
        ({"question": {"question": "x"}}, "{'question': 'x'} as the question"),
        ({"question": None}, "no question"),
        # LangGraph takes no empty input: its server sends one for a call without arguments.
        ({"answer": ""}, "no question"),
    ],
    ids=str,
)
async def test_what_is_no_question_is_told_and_costs_nothing(api: str, given: Any, found: str) -> None:
    proposer = says("a")
    ask: Any = create_ask(create_moa(proposers=[proposer], aggregator=says("c")))

    answer = await run(ask, api, given)

    assert told(answer, "answer", "error") == ["", f"found {found}, expected a text that is not blank"]
    assert proposer.asked == []


@APIS
async def test_what_was_not_expected_is_told_without_the_key(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "a-secret-0123456789abcdef")
    moa = create_moa(proposers=[says("a")], aggregator=says("c"))

    def breaks(*_: Any, **__: Any) -> Any:
        raise OSError("no way in\nwith a-secret-0123456789abcdef")

    monkeypatch.setattr(moa, "stream", breaks)
    monkeypatch.setattr(moa, "astream", breaks)

    answer = await run(create_ask(moa), api, {"question": "Which?"})

    assert told(answer, "answer", "error") == ["", "unexpected OSError: no way in with [redacted]"]


@APIS
async def test_what_a_graph_inside_asks_a_person_is_asked(api: str) -> None:
    def proposes(_: Any) -> Any:
        return {"messages": [AIMessage(interrupt("Which lamp?"))]}

    inner: Any = StateGraph(MessagesState)
    inner.add_node("person", proposes)
    inner.add_edge(START, "person")
    ask = create_ask(
        create_moa(proposers=[Proposer(inner.compile(), name="asks")], aggregator=says("c")),
        checkpointer=InMemorySaver(),
    )

    stopped = await run(ask, api, {"question": "Which?"}, THREAD)
    answer = await run(ask, api, Command(resume="The red one."), THREAD)

    assert [question.value for question in stopped["__interrupt__"]] == ["Which lamp?"]
    assert told(answer, "answer", "error") == ["c", None]


def test_the_drawing_opens_on_the_mixture() -> None:
    ask = create_ask(create_moa(proposers=[says("a")], aggregator=says("c")))

    assert {"ask:layer_1/scripted", "ask:gate_1", "ask:aggregate"} <= set(ask.get_graph(xray=True).nodes)
    assert [name for name, _ in ask.get_subgraphs()] == ["ask"]


@APIS
async def test_the_answer_streams(api: str) -> None:
    ask = create_ask(create_moa(proposers=[says("a")], aggregator=says("one two")))
    streams: Any = {"stream_mode": "messages", "subgraphs": True}

    def parts() -> list[Any]:
        return list(ask.stream({"question": "Which?"}, **streams))

    if api == "async":
        streamed: list[Any] = [part async for part in ask.astream({"question": "Which?"}, **streams)]
    else:
        streamed = await asyncio.to_thread(parts)

    written = [message.text for _, (message, at) in streamed if at["langgraph_node"] == "aggregate"]
    assert "one two" in "".join(written)
    assert len(written) > 1


async def test_a_thread_forgets_an_earlier_failure() -> None:
    mixture = create_moa(proposers=[says([RuntimeError("gone"), "a"])], aggregator=says("c"))
    ask = create_ask(mixture, checkpointer=InMemorySaver())

    failed = await ask.ainvoke({"question": "Which?"}, THREAD)
    answer = await ask.ainvoke({"question": "Which?"}, THREAD)

    assert failed["error"]
    assert told(dict(answer), "answer", "error") == ["c", None]


async def test_sources_are_told() -> None:
    rag = create_rag_moa(
        proposers=[says("Red [E1].")], aggregator=says("Red [E1]."), retrievers=[Retriever(finds("It is red."))]
    )

    answer = await create_ask(rag).ainvoke({"question": "What colour is the lamp?"})

    assert [(c["id"], c["source"], c["problem"]) for c in answer["sources"]] == [("E1", "lamps.md", None)]


@APIS
async def test_the_error_of_what_could_not_be_built_is_the_answer(api: str) -> None:
    error = ConfigError("found nobody")

    answer = await run(create_ask(error), api, {"question": "Which?"})

    assert told(answer, "answer", "error") == ["", "found nobody"]
    assert error.__traceback__ is None, "raised on every run, it would grow with each"


def test_what_waits_for_a_person_is_refused() -> None:
    mixture = create_moa(proposers=[says("a")], aggregator=says("c"), review=True)

    with pytest.raises(ConfigError, match="found a review in a mixture that is asked as a tool"):
        create_ask(mixture)


def test_the_question_is_the_only_argument() -> None:
    schema = create_ask(create_moa(proposers=[says("a")], aggregator=says("c"))).get_input_jsonschema()

    assert schema["required"] == ["question"]
    assert schema["properties"]["question"]["description"].startswith("The question")


def test_the_schema_of_a_conversation_is_langgraphs_own() -> None:
    mixture = create_moa(proposers=[says("a")], aggregator=says("c"))

    schema = mixture.get_input_jsonschema()
    given: Any = mixture.get_input_schema().model_validate(user("Which?"))

    Draft202012Validator.check_schema(schema)
    kinds = {kind["$ref"].removeprefix("#/$defs/") for kind in schema["properties"]["messages"]["items"]["oneOf"]}
    assert {"HumanMessage", "AIMessage", "SystemMessage", "ToolMessage"} <= kinds <= set(schema["$defs"])
    assert [message.text for message in given.root["messages"]] == ["Which?"]
