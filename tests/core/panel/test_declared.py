"""What a user writes about models: only what is said counts, and it does not change."""

import dataclasses
from typing import Any

import pytest
from langgraph_moa import Aggregator, Moderator, Proposer, Rank
from langgraph_moa.core.panel.declared import UNSET, Defaults, ModelSettings

DECLARED: list[Any] = [Proposer("m"), Aggregator("m"), Rank("m"), Moderator("m"), Defaults()]


@pytest.mark.parametrize("declared", DECLARED, ids=[type(each).__name__ for each in DECLARED])
def test_a_declaration_is_a_value(declared: Any) -> None:
    field = dataclasses.fields(declared)[0].name

    assert declared == dataclasses.replace(declared)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(declared, field, "other")


@pytest.mark.parametrize("kind", [Proposer, Aggregator])
def test_only_the_model_goes_without_a_name(kind: Any) -> None:
    assert kind("m") == kind(model="m")
    with pytest.raises(TypeError):
        kind("m", "name")


def test_what_is_not_said_is_the_graphs() -> None:
    said = {field.name for field in dataclasses.fields(ModelSettings) if getattr(Proposer("m"), field.name) is not None}

    assert said == {"model", "timeout", "tags"}
    assert Proposer("m").timeout is UNSET
    assert Proposer("m", timeout=None).timeout is None


def test_headers_are_never_shown() -> None:
    assert "secret" not in repr(Proposer("m", headers={"Authorization": "Bearer secret"}))


@pytest.mark.parametrize(
    ("models", "rankers"), [("m", ["m"]), (["m", "n"], ["m", "n"]), (Aggregator("m"), [Aggregator("m")]), ([], [])]
)
def test_who_ranks_is_one_or_several(models: Any, rankers: list[Any]) -> None:
    assert Rank(models).rankers == rankers
