"""One choice of a stream is the answer, however it is numbered and wherever its words stand."""

from typing import Any

import pytest
from langgraph_moa.core.wire.chunks import FirstChoice


def said(*choices: Any) -> str:
    first = FirstChoice()
    events = [{"choices": choice if isinstance(choice, list) else [choice]} for choice in choices]
    return "".join(first.said_in(first.of(event)).get("content") or "" for event in events)


def delta(index: Any, text: Any) -> dict[str, Any]:
    return {"index": index, "delta": text if isinstance(text, str) else {"content": text[0]}}


def message(text: str, **more: Any) -> dict[str, Any]:
    return {"index": 0, "message": {"role": "assistant", "content": text}, **more}


@pytest.mark.parametrize(
    "choices",
    [
        [delta(0, ["a"]), delta(0, ["b"])],
        [delta(None, ["a"]), delta(0, ["b"])],
        [delta("0", ["a"]), delta(0, ["b"])],
        [delta(1, "a"), delta(1, "b"), delta(1, "")],
        [delta(1, ["a"]), delta(2, ["b"])],
        [delta(7, ["a"]), {"delta": {"content": "b"}}],
        [delta(0, ["a"]), delta(1, ["x"]), delta(0, ["b"])],
        [[delta(1, ["x"]), delta(0, ["a"])], [delta(0, ["b"]), delta(1, ["x"])]],
        [delta(1, ["a"]), delta(0, ["x"]), delta(1, ["b"])],
        [message("a"), message("b")],
        [{"delta": {}, **message("a")}, {"delta": {"role": "assistant"}, **message("b")}],
        [{"delta": None, **message("a")}, message("b"), message("ab", finish_reason="stop")],
        [delta(0, ["a"]), delta(0, ["b"]), message("ab", finish_reason="stop")],
        [{"delta": {"role": "assistant", "content": ""}}, message("ab")],
    ],
)
def test_the_answer_is_read_once(choices: Any) -> None:
    assert said(*choices) == "ab"


@pytest.mark.parametrize("odd", [None, 7, [], {}, {"delta": 7}, {"delta": [1]}, {"message": True}, {"index": []}])
def test_what_says_nothing_adds_nothing(odd: Any) -> None:
    assert said(odd, delta(0, ["a"]), [odd, delta(0, ["b"])]) in ("ab", "a")
