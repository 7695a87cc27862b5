"""Prompts for servers that take fewer roles, or them in turn: all that was said stays, in its order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    convert_to_messages,
)
from langgraph_moa.core.text import QUESTION, text_in
from langgraph_moa.prompts.roles import in_turn, role_in, without_system
from tables import each

CALLS: Any = [{"name": "look", "args": {}, "id": "1"}]
KINDS: dict[str, Any] = {
    "s": SystemMessage,
    "d": lambda text: convert_to_messages([{"role": "developer", "content": text}])[0],
    "u": HumanMessage,
    "a": AIMessage,
    "c": lambda text: AIMessage(text, tool_calls=CALLS),
    "t": lambda text: ToolMessage(text, tool_call_id="1"),
}
LETTERS = {"system": "s", "user": "u", "assistant": "a", "tool": "t"}


def prompt(kinds: str) -> list[BaseMessage]:
    return [KINDS[kind](f"<{n}>") for n, kind in enumerate(kinds)]


def told(messages: list[BaseMessage]) -> str:
    """Write down who says what: `u:0+1` is a user's message of the first two."""
    lines = []
    for message in messages:
        numbers = "+".join(part.strip("<>") for part in text_in(message).split("\n\n") if part.startswith("<"))
        is_call = isinstance(message, AIMessage) and message.tool_calls
        lines.append(f"{'c' if is_call else LETTERS[role_in(message)]}:{numbers}")
    return " ".join(lines)


@each(
    ("kinds", "expected"),
    [
        ("u", "u:0"),
        ("su", "u:0+1"),
        ("du", "u:0+1"),
        ("ssu", "u:0+1+2"),
        ("suau", "u:0+1 a:2 u:3"),
        ("sau", "u:0 a:1 u:2"),
        ("uasu", "u:0 a:1 u:2+3"),
        ("usau", "u:0+1 a:2 u:3"),
        ("usu", "u:0 u:1+2"),
        ("us", "u:0+1"),
        ("uas", "u:0 a:1 u:2"),
        ("s", "u:0"),
        ("ucstu", "u:0 c:1 t:3 u:2+4"),
        ("ucst", "u:0 c:1 t:3 u:2"),
    ],
)
def test_system_messages_stand_in_the_users(kinds: str, expected: str) -> None:
    assert told(without_system(prompt(kinds))) == expected


@each(
    ("kinds", "expected"),
    [
        ("su", "s:0 u:1"),
        ("suu", "s:0 u:1+2"),
        ("ssu", "s:0+1 u:2"),
        ("uuaau", "u:0+1 a:2+3 u:4"),
        ("uasu", "u:0 a:1 u:2+3"),
        ("susau", "s:0 u:1+2 a:3 u:4"),
        ("au", "u: a:0 u:1"),
        ("sau", "s:0 u: a:1 u:2"),
        ("ua", "u:0 a:1 u:"),
        ("uctu", "u:0 c:1 t:2 a: u:3"),
        ("uctau", "u:0 c:1 t:2 a:3 u:4"),
        ("uctctuu", "u:0 c:1 t:2 c:3 t:4 a: u:5+6"),
        ("uact", "u:0 a:1 c:2 t:3"),
    ],
)
def test_roles_take_turns(kinds: str, expected: str) -> None:
    assert told(in_turn(prompt(kinds))) == expected


@given(st.text("sdua", min_size=1, max_size=12))
def test_all_stays_and_alternates(kinds: str) -> None:
    for mended in (in_turn(prompt(kinds)), in_turn(without_system(prompt(kinds)))):
        roles = [role_in(message) for message in mended]
        rest = roles[roles[0] == "system" :]
        numbers = "".join(map(text_in, mended))

        assert all(f"<{n}>" in numbers for n in range(len(kinds)))
        assert rest == (["user", "assistant"] * len(rest))[: len(rest)]
        assert not rest or rest[-1] == "user"
        assert in_turn(mended) == mended


@given(st.text("uact", max_size=8))
def test_what_is_as_it_should_be_stays_the_same_objects(kinds: str) -> None:
    messages = prompt(kinds)

    assert [id(m) for m in without_system(messages)] == [id(m) for m in messages]
    mended = in_turn(messages)
    assert {id(m) for m in mended if len(text_in(m)) == 3} <= {id(m) for m in messages}


def test_blocks_and_their_marks_stay() -> None:
    image: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    marked: Any = {"type": "text", "text": "rules", "cache_control": {"type": "ephemeral"}}

    (one,) = without_system([SystemMessage([marked]), HumanMessage([image])])
    (two,) = in_turn([HumanMessage("a"), HumanMessage([image])])

    assert one.content == [marked, image]
    assert two.content == [{"type": "text", "text": "a"}, image]


def test_names_and_the_places_of_questions_are_dropped_where_they_would_be_wrong() -> None:
    asked = HumanMessage("b", name="B", id="2", additional_kwargs={QUESTION: [0, 1]})

    (joined,) = in_turn([HumanMessage("a", name="A"), asked])
    (same,) = without_system([SystemMessage("a"), asked])

    assert (joined.name, joined.id, QUESTION in joined.additional_kwargs) == (None, "2", False)
    assert same.name == "B"
    assert asked.additional_kwargs == {QUESTION: [0, 1]}


def test_roles_that_are_written_out_are_roles() -> None:
    messages: list[BaseMessage] = [ChatMessage(content="a", role="system"), ChatMessage(content="b", role="user")]

    assert [(role_in(m), m.content) for m in without_system(messages)] == [("user", "a\n\nb")]
