"""A mixture as a tool for callers that are no person: a question in, an answer or its failure out."""

import asyncio
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from lamps import finds
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import ConfigError, Retriever, create_ask, create_moa, create_rag_moa
from langgraph_moa.core.scripted import ScriptedModel
from reading import user

APIS = pytest.mark.parametrize("api", ["invoke", "ainvoke"])


def says(script: Any) -> ScriptedModel:
    return ScriptedModel(script=script)


async def run(graph: Any, api: str, given: Any, config: Any = None) -> Any:
    if api == "ainvoke":
        return await graph.ainvoke(given, config)
    return await asyncio.to_thread(graph.invoke, given, config)


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


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"question": ""}, "found '' as the question"),
        ({"question": 7}, "found 7 as the question"),
        ({}, "found no 'question' in the state"),
    ],
    ids=str,
)
async def test_what_is_no_question_is_told(given: Any, why: str) -> None:
    ask: Any = create_ask(create_moa(proposers=[says("a")], aggregator=says("c")))

    # LangGraph takes no empty input: its server sends one for a call without arguments.
    assert (await ask.ainvoke(given or {"answer": ""}))["error"].startswith(why)


async def test_a_thread_forgets_an_earlier_failure() -> None:
    mixture = create_moa(proposers=[says([RuntimeError("gone"), "a"])], aggregator=says("c"))
    ask = create_ask(mixture, checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "t"}}

    failed = await ask.ainvoke({"question": "Which?"}, thread)
    answer = await ask.ainvoke({"question": "Which?"}, thread)

    assert failed["error"]
    assert told(dict(answer), "answer", "error") == ["c", None]


async def test_sources_are_told() -> None:
    rag = create_rag_moa(
        proposers=[says("Red [E1].")], aggregator=says("Red [E1]."), retrievers=[Retriever(finds("It is red."))]
    )

    answer = await create_ask(rag).ainvoke({"question": "What colour is the lamp?"})

    assert [(c["id"], c["source"], c["problem"]) for c in answer["sources"]] == [("E1", "lamps.md", None)]


async def test_the_error_of_what_could_not_be_built_is_the_answer() -> None:
    answer = await create_ask(ConfigError("found nobody")).ainvoke({"question": "Which?"})

    assert told(dict(answer), "answer", "error") == ["", "found nobody"]


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
