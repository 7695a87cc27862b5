"""What a server refuses is known of it and its model, for all mixtures; of other models, for as long as they live."""

import gc
from dataclasses import replace
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from langgraph_moa import resolve_model
from langgraph_moa.core.models.capabilities import bound_to, chat_model_of
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.habits import HABITS, Habits, model_without
from langgraph_moa.core.panel.seating import seat_layers
from langgraph_moa.core.run.left_out import LeftOut
from pydantic import SecretStr

SYSTEM: frozenset[LeftOut] = frozenset({"system_role"})
USAGE: frozenset[LeftOut] = frozenset({"stream_options"})


def seat_of(model: Any) -> Any:
    return seat_layers([model], "offline:words", None, Defaults()).panel[0][0]


def served(name: str = "m", port: int = 1, **options: Any) -> Any:
    return resolve_model(name, base_url=f"http://127.0.0.1:{port}/v1", **options)


def test_it_is_known_of_a_server_and_its_model() -> None:
    HABITS.learn(seat_of(served()), SYSTEM)
    HABITS.learn(seat_of(served(temperature=0.5)), USAGE)

    assert HABITS.refused(seat_of(served(transport="openai"))) == SYSTEM | USAGE
    assert HABITS.refused(seat_of(served("other"))) == frozenset()
    assert HABITS.refused(seat_of(served(port=2))) == frozenset()


def test_a_model_without_a_server_is_known_for_itself() -> None:
    habits = Habits()
    first, second = (seat_of(ScriptedModel(name_of_model="m")) for _ in range(2))

    habits.learn(first, SYSTEM)
    habits.learn(first, USAGE)

    assert habits.refused(first) == SYSTEM | USAGE
    assert habits.refused(replace(first, model=first.model.bind(stop=["."]))) == SYSTEM | USAGE
    assert habits.refused(second) == frozenset()


def test_an_object_that_is_gone_is_forgotten() -> None:
    habits = Habits()
    seat = seat_of(ScriptedModel(name_of_model="m"))
    habits.learn(seat, SYSTEM)

    del seat
    gc.collect()

    assert not habits._names


@pytest.mark.parametrize("transport", ["lean", "openai", "object"])
def test_a_model_streams_without_asking_for_usage(transport: Any) -> None:
    own = ChatOpenAI(model="m", api_key=SecretStr("k"), base_url="http://127.0.0.1:1/v1", stream_usage=True)
    model = own if transport == "object" else served(transport=transport)

    without: Any = model_without(model.bind(stop=["."], stream_usage=True), USAGE)

    assert bound_to(without).get("stop") == ["."]
    assert getattr(chat_model_of(without), "stream_usage", False) is False
    assert bound_to(without).get("stream_usage") is not True
    assert bound_to(without).get("stream_usage", False) is False


def test_a_model_does_not_stream() -> None:
    without: Any = model_without(served().bind(stream=True), frozenset({"streaming", "stream_options"}))

    assert chat_model_of(without).disable_streaming is True  # type: ignore[union-attr]
    assert "stream" not in bound_to(without)


def test_roles_are_no_matter_of_the_model() -> None:
    model = served()

    assert model_without(model, SYSTEM) is model
