"""Room for an answer is raised to twice what there was, as far as the model's profile allows, whatever it is called."""

from typing import Any

import pytest
from langchain_core.language_models import ModelProfile
from langchain_openai import ChatOpenAI
from langgraph_moa import resolve_model
from langgraph_moa.core.models.capabilities import bound_to, limit_set
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.room import with_room
from langgraph_moa.core.panel.seating import seat_layers
from pydantic import SecretStr

URL = "http://127.0.0.1:9/v1"


def seat(model: Any, **options: Any) -> Any:
    return seat_layers([model], "offline:words", None, Defaults(**options)).panel[0][0]


@pytest.mark.parametrize(
    "model",
    [
        resolve_model("m", base_url=URL, max_tokens=100),
        resolve_model("m", base_url=URL, transport="openai", max_tokens=100),
        ChatOpenAI(model="m", api_key=SecretStr("k"), max_completion_tokens=100),
        ScriptedModel().bind(max_tokens=100),
        ScriptedModel().bind(max_output_tokens=100),
    ],
)
def test_a_limit_is_doubled(model: Any) -> None:
    roomier = with_room(seat(model))

    assert roomier
    assert roomier.max_tokens == 200
    assert limit_set(roomier.model) == (limit_set(model)[0], 200)  # type: ignore[index]
    assert len(bound_to(roomier.model)) == len(bound_to(model))


def test_a_profile_is_kept_to() -> None:
    model: Any = ScriptedModel(profile=ModelProfile(max_output_tokens=150))

    once = with_room(seat(model, max_tokens=100))
    assert once
    assert once.max_tokens == 150
    assert with_room(once) is None


def test_without_a_limit_there_is_nothing_to_raise() -> None:
    assert with_room(seat(ScriptedModel())) is None
    assert with_room(seat(ScriptedModel(profile=ModelProfile(max_output_tokens=150)))) is None
    assert with_room(seat(ScriptedModel().bind(max_tokens=9).with_retry())) is None
