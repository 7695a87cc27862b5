"""What bodies say, and that no body is more than refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from endpoints import HI, WEATHER
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.apps.serve.bodies import ChatBody
from langgraph_moa.apps.serve.questions import ClientQuestion, read_client_question
from langgraph_moa.apps.serve.refusals import Refusal
from loopback import Loopback, Reply
from pydantic import ValidationError

CALL = {"id": "x", "type": "function", "function": {"name": "get_weather", "arguments": "{bad"}}
CONVERSATION: Any = [
    {"role": "developer", "content": [{"type": "text", "text": "short", "cache_control": {"type": "ephemeral"}}]},
    {"role": "user", "content": "x", "name": "anna", "annotations": []},
    {"role": "assistant", "content": None, "tool_calls": [CALL], "refusal": None, "reasoning_content": "hm"},
    {"role": "tool", "tool_call_id": "x", "content": "4"},
    {"role": "assistant", "content": [{"type": "text", "text": "four"}]},
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
]


def read(**body: Any) -> ClientQuestion:
    return read_client_question(json.dumps({"model": "moa", "messages": HI, **body}).encode())


def test_a_conversation() -> None:
    developer, user, called, result, four, picture = read(messages=CONVERSATION).messages

    assert (developer.type, developer.additional_kwargs, developer.content) == (
        "system",
        {"__openai_role__": "developer"},
        [{"type": "text", "text": "short"}],
    )
    assert (user.name, called.content, result.text, four.text) == ("anna", "", "4", "four")
    assert called.invalid_tool_calls[0]["args"] == "{bad"  # type: ignore[attr-defined]
    assert picture.content == CONVERSATION[-1]["content"]


def test_options_that_say_nothing_are_taken() -> None:
    question = read(
        n=1, logprobs=False, top_logprobs=0, functions=[], function_call="auto", modalities=["text"], tools=[]
    )

    assert (question.left_out, dict(question.options)) == ([], {})


def test_the_newer_name_of_a_limit_wins_and_what_is_left_out_is_told() -> None:
    question = read(
        max_tokens=5, max_completion_tokens=7, user="anna", store=True, metadata={}, parallel_tool_calls=False
    )

    assert dict(question.options) == {"max_tokens": 7}
    assert question.left_out == ["store", "user"]
    assert dict(read(tools=[WEATHER], parallel_tool_calls=False).options) == {"parallel_tool_calls": False}


TEXT: Any = {"type": "text", "text": "x"}
FUNCTION: Any = {"type": "function", "function": {"name": "f"}}


def user(content: Any, role: str = "user", **more: Any) -> Any:
    return [{"role": role, "content": content, **more}]


@pytest.mark.parametrize(
    ("of", "item"),
    [
        (lambda many: {"messages": many}, HI[0]),
        (lambda many: {"messages": user(many)}, TEXT),
        (lambda many: {"messages": user(many, "system")}, TEXT),
        (lambda many: {"messages": user(many, "tool", tool_call_id="x")}, TEXT),
        (lambda many: {"messages": user(many, "assistant")}, TEXT),
        (lambda many: {"messages": user("", "assistant", tool_calls=many)}, CALL),
        (lambda many: {"tools": many}, FUNCTION),
        (lambda many: {"stop": many}, "x"),
    ],
)
def test_a_list_tells_its_first_mistake_and_has_an_end(of: Callable[[Any], Any], item: Any) -> None:
    lists: list[list[Any]] = [[{}] * 5_000, [None] * 5_000, [item, {}] * 5_000, [item] * 10_001]
    for many in lists:
        with pytest.raises(ValidationError) as wrong:
            ChatBody.model_validate({"model": "moa", "messages": HI, **of(many)})
        assert wrong.value.error_count() < 4


def test_a_body_of_too_many_parts_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refusal, match="found 2,000 fields, expected 1,000 at most"):
        read_client_question(json.dumps(dict.fromkeys(map(str, range(2_000)))).encode())
    monkeypatch.setattr(json, "loads", None)
    for inner in (b"[],", b"{},", b"1,", b'"",', b'"\\",",'):
        with pytest.raises(Refusal, match=r"found a body of [\d,]+ names and values, expected 500,000 at most"):
            read_client_question(b'{"messages":[' + inner * 500_000 + b"{}]}")


def test_a_long_text_is_taken_whatever_stands_in_it() -> None:
    text = '{"a": [1, 2, "x\\y"]}, ' * 100_000

    assert read(messages=user(text)).messages[0].content == text


def called(*arguments: str | None) -> Any:
    calls = [{"id": str(n), "function": {"name": "f", "arguments": one}} for n, one in enumerate(arguments)]
    return [*HI, {"role": "assistant", "tool_calls": calls}, {"role": "tool", "tool_call_id": "0", "content": ""}]


def test_arguments_of_all_calls_together_are_bounded_and_none_is_read_that_is_nested_deeply() -> None:
    many = json.dumps({str(number): number for number in range(12_600)})
    with pytest.raises(Refusal, match="found 50,400 names and values in calls' arguments, expected 50,000 at most"):
        read(messages=called(many, many))
    deep: Any = read(messages=called('{"a":' * 101 + "1" + "}" * 101, '{"a":' * 99 + "{}" + "}" * 99)).messages[1]

    assert ([call["id"] for call in deep.invalid_tool_calls], [call["id"] for call in deep.tool_calls]) == (
        ["0"],
        ["1"],
    )
    assert read(messages=called(many)).messages
    with pytest.raises(Refusal, match="found a body of more than 100 levels, expected a flatter one"):
        read(metadata=json.loads("[" * 200 + "]" * 200))


def test_null_is_an_empty_text_where_a_text_has_to_be() -> None:
    messages = called(None, "{}")
    messages[-1]["content"] = None
    _, assistant, result = read(messages=messages).messages

    assert [call["args"] for call in assistant.tool_calls] == [{}, {}]  # type: ignore[attr-defined]
    assert result.content == ""


def tool(name: str, properties: int) -> Any:
    schema = {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(properties)}}
    return {"type": "function", "function": {"name": name, "parameters": schema}}


def test_tools_that_answers_are_checked_with_are_bounded_together() -> None:
    tools = [tool(f"f{number}", 100) for number in range(20)]
    with pytest.raises(Refusal, match="found 4,060 values in schemas that answers are to be checked with") as refused:
        read(tools=tools, tool_choice="required")

    assert refused.value.param == "tools"
    assert len(read(tools=tools, tool_choice="auto").tools) == 20
    assert read(tools=tools, tool_choice={"type": "function", "function": {"name": "f3"}}).tool_choice == "f3"
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": tool("f", 1_600)["function"]["parameters"]}}
    with pytest.raises(Refusal, match="found 3,203 values"):
        read(response_format=form)


JSON: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["user", "tool", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "function", "name", "schema", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)
FIELDS = [
    "messages",
    "tools",
    "tool_choice",
    "response_format",
    "stream",
    "stop",
    "seed",
    "max_tokens",
    "reasoning",
    "n",
    "x",
]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3))
def test_whatever_is_sent_is_read_or_refused(fields: dict[str, Any]) -> None:
    try:
        read(**fields)
    except Refusal as refusal:
        json.dumps(refusal.body).encode()


async def test_half_characters_are_no_end_of_the_server(loopback: Loopback) -> None:
    from endpoints import running, two_and_one

    loopback.default = Reply("an answer")
    body = {"model": "moa", "messages": [{"role": "user", "content": "half \ud800 a character"}], "user": "\ud800"}
    async with running(two_and_one(loopback)) as served:
        status, answer, _ = await served.post(json.dumps({**body, "\ud800": 1}).encode())
        unknown = await served.post(json.dumps({**body, "model": "\ud800"}).encode())

    assert (status, answer["choices"][0]["message"]["content"]) == (200, "an answer")
    assert unknown[0] == 404
