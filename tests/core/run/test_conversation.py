"""A conversation is named by what it says: not by ids, and not by how its texts are written down."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    convert_to_messages,
    messages_from_dict,
    messages_to_dict,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph_moa.core.run.conversation import answered_in, digest_of
from tables import each

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}}
CALL = {"name": "look", "args": {"at": "lamp", "deep": [1, None]}, "id": "c1"}


def ai(text: str = "Four.", **more: Any) -> AIMessage:
    return AIMessage(text, **more)


SAME: list[tuple[list[Any], list[Any]]] = [
    ([HumanMessage("a", id="1")], [HumanMessage("a", id="2")]),
    ([HumanMessage("a")], [HumanMessage([{"type": "text", "text": "a"}])]),
    ([HumanMessage("ab")], [HumanMessage(["a", {"type": "text", "text": "b", "cache_control": {"type": "x"}}])]),
    ([HumanMessage(["a", IMAGE])], [HumanMessage([{"type": "text", "text": "a"}, dict(reversed(IMAGE.items()))])]),
    ([ai()], [ai(id="9", usage_metadata={"input_tokens": 1, "output_tokens": 1, "total_tokens": 2})]),
    ([ai()], [ai(response_metadata={"finish_reason": "stop"}, additional_kwargs={"refusal": None})]),
    ([ai(name="moa")], [ai()]),
    ([ToolMessage("on", tool_call_id="c1", name="look", artifact=1)], [ToolMessage("on", tool_call_id="c1")]),
    ([HumanMessage(["a", {**IMAGE, "id": "lc_1"}])], [HumanMessage(["a", {**IMAGE, "id": "lc_2"}])]),
    ([ai(tool_calls=[CALL])], [ai(tool_calls=[{**CALL, "args": {"deep": [1, None], "at": "lamp"}}])]),
]


@each(("one", "other"), SAME)
def test_the_same_conversation(one: Any, other: Any) -> None:
    assert digest_of(one) == digest_of(other)


OTHERS: list[list[Any]] = [
    [HumanMessage("a")],
    [HumanMessage("b")],
    [HumanMessage("a ")],
    [HumanMessage("")],
    [HumanMessage("a"), HumanMessage("")],
    [HumanMessage("a", name="mary")],
    [HumanMessage("a", additional_kwargs={"file": "x.pdf"})],
    [HumanMessage(["a", IMAGE])],
    [HumanMessage([IMAGE, "a"])],
    [HumanMessage(["a", {**IMAGE, "image_url": {"url": "data:image/png;base64,AAAB", "detail": "low"}}])],
    [HumanMessage(["a", "b", IMAGE])],
    [HumanMessage(["a", {**IMAGE, "id": "file-1"}])],
    [HumanMessage(["ab", IMAGE])],
    [SystemMessage("a")],
    [SystemMessage("s"), HumanMessage("a")],
    [SystemMessage("t"), HumanMessage("a")],
    [HumanMessage("a"), ai(), HumanMessage("b")],
    [HumanMessage("a"), ai("Five."), HumanMessage("b")],
    [ai(tool_calls=[CALL])],
    [ai(tool_calls=[{**CALL, "args": {"at": "lamp", "deep": [2, None]}}])],
    [ai(tool_calls=[CALL]), ToolMessage("on", tool_call_id="c1")],
    [ai(tool_calls=[CALL]), ToolMessage("on", tool_call_id="c1", status="error")],
    [HumanMessage("a" * 200_000)],
    [HumanMessage("a" * 200_000 + "b")],
    [ai(invalid_tool_calls=[{**CALL, "args": "{", "error": None}])],
    [ai(invalid_tool_calls=[{**CALL, "args": "{{", "error": None}])],
    [HumanMessage([{"type": "x", "of": b"1"}])],
    [HumanMessage([{"type": "x", "of": "1"}])],
    [HumanMessage([{"type": "x", "of": 1}])],
    [HumanMessage([{"type": "x", "of": True}])],
]


def test_other_conversations() -> None:
    assert len({digest_of(messages) for messages in OTHERS}) == len(OTHERS)


@each("messages", OTHERS[:-6])
def test_where_it_was_stored_between_makes_no_difference(messages: Any) -> None:
    serde = JsonPlusSerializer()
    through_json = messages_from_dict(json.loads(json.dumps(messages_to_dict(messages))))
    resent = convert_to_messages([json.loads(json.dumps(m.model_dump(mode="json"))) for m in messages])

    assert digest_of(serde.loads_typed(serde.dumps_typed(messages))) == digest_of(messages)
    assert digest_of(through_json) == digest_of(messages)
    assert digest_of(resent) == digest_of(messages)


def test_the_message_that_a_turn_answers_is_found_again() -> None:
    messages: list[Any] = [HumanMessage("a"), ai(), HumanMessage("b"), ai("Five.")]

    assert [answered_in(messages, digest_of(messages[: n + 1])) for n in range(4)] == [0, 1, 2, 3]
    assert answered_in(messages, digest_of([HumanMessage("b")])) is None


_JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from(["type", "a", "b"]), _JSON), max_size=2), st.data())
def test_two_digests_are_the_same_only_where_the_parts_are(parts: Any, data: Any) -> None:
    others = data.draw(st.just(parts) | st.lists(st.dictionaries(st.sampled_from(["type", "a"]), _JSON), max_size=2))
    one: list[Any] = [HumanMessage(["a", IMAGE, *parts])]
    other: list[Any] = [HumanMessage(["a", IMAGE, *others])]
    equal = json.dumps(parts, sort_keys=True) == json.dumps(others, sort_keys=True)

    assert (digest_of(one) == digest_of(other)) == equal or _are_texts([*parts, *others])


def _are_texts(parts: list[Any]) -> bool:
    return any(part.get("type") == "text" for part in parts)


def test_however_deep_a_part_is_it_is_read() -> None:
    deep: Any = "x"
    for _ in range(20_000):
        deep = [deep]

    assert digest_of([HumanMessage.model_construct(content=[{"type": "x", "of": deep}])])
