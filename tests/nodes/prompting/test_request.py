"""What a caller asks of one answer goes to its author, and wins over what the model was set to."""

from typing import Any

import pytest
from langgraph_moa import (
    resolve_model,
)
from loopback import Loopback
from worn import worn


async def test_options_of_a_call_go_to_the_aggregator_alone(loopback: Loopback) -> None:
    model = worn(loopback).model_copy(update={"temperature": 0.3})

    await model.ainvoke("Hi", stop=["END"], max_tokens=7)

    (asked,) = loopback.asked("aggregator")
    assert {key: asked.body.get(key) for key in ("temperature", "stop", "max_tokens")} == {
        "temperature": 0.3,
        "stop": ["END"],
        "max_tokens": 7,
    }
    assert not {"temperature", "stop", "max_tokens"} & loopback.asked("m0")[0].body.keys()


@pytest.mark.parametrize(
    "wrap", [lambda m: m.with_config(tags=["x"]), lambda m: m.with_retry(), lambda m: m.bind(seed=1)]
)
async def test_a_call_wins_however_deep_something_is_bound(loopback: Loopback, wrap: Any) -> None:
    chat: Any = resolve_model("last", base_url=loopback.url)
    given = wrap(chat.bind(temperature=0.1).with_fallbacks([chat]))

    await worn(loopback, aggregator=given).ainvoke("Hi", temperature=0.9)

    assert loopback.asked("last")[0].body["temperature"] == 0.9
