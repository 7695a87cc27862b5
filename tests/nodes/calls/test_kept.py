"""What is kept of an answer comes back as it was, and nothing else does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from langgraph_moa.core.panel.declared import Aggregator, Defaults
from langgraph_moa.core.panel.seating import seat_of
from langgraph_moa.nodes.calls.kept import recalled_answer, written_answer
from langgraph_moa.nodes.calls.outcome import call_of

SEAT = seat_of(Aggregator("offline:words"), Defaults(), role="aggregator")
USAGE = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


def _call(**fields: Any) -> Any:
    return call_of("m", status="ok", **{"started": 1.0, "seconds": 2.0, "usage": USAGE, "usd": 0.5, **fields})


def test_an_answer_comes_back_free_with_what_it_cost() -> None:
    tool_call = {"name": "f", "args": {"x": 1}, "id": "1", "type": "tool_call"}
    entry = written_answer(
        _call(reasoning="hm", probability=0.5, served_model="m-1"), AIMessage("yes", tool_calls=[tool_call])
    )

    read = recalled_answer(entry, SEAT, frozenset({"f"}))

    assert read is not None
    call, message = read
    assert (message.text, message.tool_calls) == ("yes", [tool_call])
    assert message.response_metadata == {"model_name": "m-1"}
    assert (call["cached"], call["calls"], call["usd"], call["usage"], call["seconds"]) == (True, 0, 0.0, None, 0.0)
    assert call["spared"] == {"calls": 1, "tokens": 7, "usd": 0.5, "seconds": 2.0}
    assert (call["reasoning"], call["probability"], call["model"]) == ("hm", 0.5, SEAT.label)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (_call(), None),
        ({**_call(), "status": "truncated"}, AIMessage("half")),
        ({**_call(), "status": "refused"}, AIMessage("no")),
        (_call(), AIMessage([{"type": "image_url", "image_url": "data:"}])),
        (
            _call(),
            AIMessage(
                "", additional_kwargs={"reasoning_content": "hm"}, tool_calls=[{"name": "f", "args": {}, "id": "1"}]
            ),
        ),
    ],
)
def test_what_is_not_whole_or_more_than_text_is_not_kept(call: Any, message: AIMessage | None) -> None:
    assert written_answer(call, message) is None


def test_calls_of_a_model_that_was_not_asked_by_this_package_are_kept() -> None:
    made = AIMessage("", additional_kwargs={"refusal": None}, tool_calls=[{"name": "f", "args": {}, "id": "1"}])

    assert written_answer(_call(), made)


@given(JSON, st.sampled_from(["text", "tool_calls", "spared", "served_model", "reasoning", "probability"]))
def test_whatever_stands_there_is_an_answer_or_none(value: Any, place: str) -> None:
    entry = {**(written_answer(_call(), AIMessage("yes")) or {}), place: value}

    for content in (value, entry):
        read = recalled_answer(content, SEAT, frozenset())
        assert read is None or (
            read[1].text.strip() and read[0]["status"] == "ok" and read[0]["spared"]["seconds"] >= 0
        )


def test_more_than_an_answer_may_have_is_none() -> None:
    entry = written_answer(_call(), AIMessage("x" * (SEAT.max_answer_bytes + 1)))

    assert recalled_answer(entry, SEAT, frozenset()) is None
