"""The reducers keep one proposal a slot, whatever order and however often they arrive."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, RemoveMessage
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import InputError, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.run.state import merge_messages, merge_proposals, merge_verdicts
from loopback import Loopback
from pydantic import SecretStr, ValidationError
from tables import each


def item(turn: str, layer: int, position: int, sample: int = 1, text: str = "", started: float = 1.0) -> Any:
    place = {"turn": turn, "layer": layer, "wave": 1, "position": position, "sample": sample}
    return {**place, "text": text, "started": started, "status": "ok", "reviewed": None}


LAYER = st.lists(
    st.builds(item, st.just("t"), st.just(1), st.integers(0, 12), st.integers(1, 3)),
    min_size=1,
    max_size=20,
    unique_by=lambda i: (i["position"], i["sample"]),
)


@given(LAYER, st.randoms())
def test_order_of_arrival_does_not_matter(items: list[Any], random: Any) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)

    one: list[Any] = []
    other: list[Any] = []
    for a, b in zip(items, shuffled, strict=True):
        one, other = merge_proposals(one, [a]), merge_proposals(other, [b])

    assert one == other == sorted(items, key=lambda i: (i["position"], i["sample"]))


@given(LAYER)
def test_idempotent(items: list[Any]) -> None:
    once = merge_proposals([], items)

    assert merge_proposals(once, items) == once
    assert merge_proposals(once, []) == once


class Read(dict[str, Any]):
    """Count how often anything of it is looked at."""

    times = 0

    def __getitem__(self, key: str) -> Any:
        Read.times += 1
        return super().__getitem__(key)


def reads(size: int) -> int:
    """Write two layers down, a proposal at a time in whatever order, and count."""
    Read.times = 0
    proposals: list[Any] = []
    for layer in (1, 2):
        for number in range(size):
            new: Any = Read(item("t", layer, number * 7 % size))
            proposals = merge_proposals(proposals, [new])
    assert [(p["layer"], p["position"]) for p in proposals] == [(la, at) for la in (1, 2) for at in range(size)]
    return Read.times


def test_a_write_looks_at_few_of_those_that_are_there() -> None:
    """Every one of sixty would look at all sixty else, which is sixteen times what fifteen do."""
    assert reads(60) <= 6 * reads(15)


def test_a_new_turn_ends_the_old_one() -> None:
    old = [item("one", 1, 0), item("one", 2, 0)]

    assert merge_proposals(old, [item("two", 1, 1)]) == [item("two", 1, 1)]


def test_a_layer_made_again_ends_the_layers_built_on_it() -> None:
    old = [item("t", 1, 0, text="a"), item("t", 1, 1, text="b"), item("t", 2, 0, text="c")]

    new: Any = item("t", 1, 0, text="new", started=2.0)

    assert merge_proposals(old, [new]) == [new, old[1]]
    assert merge_verdicts([item("t", 1, 0), item("t", 2, 0)], [item("t", 1, 0)]) == [item("t", 1, 0)]


def test_a_text_that_is_not_its_calls_any_more_is_marked() -> None:
    facts = {"cut": "quorum", "carried": True, "unread": True}
    old: list[Any] = [{**item("t", 1, 0, text="a"), **facts}]

    texts: list[Any] = [{**old[0], "text": text} for text in ("mine", " ")]
    (edited,), (emptied,) = (merge_proposals(old, [text]) for text in texts)

    assert (edited["reviewed"], edited["status"]) == ("edited", "ok")
    assert (emptied["reviewed"], emptied["status"]) == ("edited", "empty")
    assert [edited[fact] for fact in facts] == [None, False, False]  # type: ignore[literal-required]
    assert merge_proposals(old, old) == old


@pytest.mark.parametrize(
    "wrong", ["text", {"text": "x"}, {**item("t", 1, 0), "layer": "1"}, {**item("t", 1, 0), "text": 5}], ids=str
)
def test_half_an_item_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"^found "):
        merge_proposals([item("t", 1, 0)], [wrong])


@each(
    "message",
    [
        ("user",),
        ("user", 5),
        ("nobody", "x"),
        (1, 2, 3),
        (),
        {"content": "x"},
        {"role": "user"},
        {"role": "nobody", "content": "x"},
        {"role": ["user"], "content": "x"},
        {"role": "tool", "content": "x"},
        {"role": "assistant", "content": "x", "tool_calls": 7},
        {"type": "nobody", "content": "x"},
        {},
        5,
        None,
        b"x",
        ["user"],
        object,
    ],
)
def test_what_is_no_message_is_a_mistake_of_validation(message: Any) -> None:
    schema = create_moa(proposers=[ScriptedModel(script="a")], aggregator=ScriptedModel(script="b")).get_input_schema()

    with pytest.raises(ValidationError):
        schema.model_validate({"messages": [message]})


@pytest.mark.parametrize(
    "message", [("user", "x"), "x", {"role": "user", "content": "x"}, {"type": "human", "content": "x"}], ids=str
)
def test_a_message_may_be_written_in_several_ways(message: Any) -> None:
    schema: Any = create_moa(
        proposers=[ScriptedModel(script="a")], aggregator=ScriptedModel(script="b")
    ).get_input_schema()

    assert schema.model_validate({"messages": [message]}).root["messages"] == [HumanMessage("x")]


HALF = "smile \ud83d end, \ud83d\ude00"
GIVEN: list[Any] = [
    ("user", HALF),
    HALF,
    {"role": "user", "content": [{"type": "text", "text": HALF}]},
    HumanMessage(HALF, id="a"),
]


@pytest.mark.parametrize("given", GIVEN)
async def test_what_a_user_gives_reaches_any_model_and_any_store(loopback: Loopback, given: Any) -> None:
    chat = ChatOpenAI(model="m", base_url=loopback.url, api_key=SecretStr("k"))
    models: list[Any] = [chat, loopback.resolve("m"), "offline:words"]
    graph = create_moa(proposers=models, aggregator=chat, checkpointer=InMemorySaver())
    about: Any = {"configurable": {"thread_id": "1"}}

    result = await graph.ainvoke({"messages": [given]}, about)

    assert [p["status"] for p in result["proposals"]] == ["ok"] * 3
    assert all("smile \ufffd end, \N{GRINNING FACE}" in request.prompt for request in loopback.requests)
    assert (await graph.aget_state(about)).values["messages"][0].text == "smile \ufffd end, \N{GRINNING FACE}"


def test_messages_that_stay_are_not_looked_at_again() -> None:
    old, new = HumanMessage("\ud83d", id="a"), HumanMessage("\ud83d", id="b")

    assert [m.text for m in merge_messages([old], [new])] == ["\ud83d", "\ufffd"]
    assert merge_messages([old], [RemoveMessage("a")]) == []
