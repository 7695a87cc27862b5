"""What is said of a retriever, and what is not."""

import dataclasses

import pytest
from langgraph_moa import Retriever
from langgraph_moa.core.panel.declared import UNSET


def look(query: str) -> list[str]:
    return [query]


def test_only_the_retriever_itself_goes_without_a_name() -> None:
    assert Retriever(look) == Retriever(retriever=look)
    with pytest.raises(TypeError):
        Retriever(look, "wiki")  # type: ignore[call-arg]


def test_what_is_not_said_is_the_graphs() -> None:
    given = Retriever(look)

    assert (given.name, given.k, given.timeout) == (None, None, UNSET)
    assert Retriever(look, timeout=None).timeout is None


def test_a_declaration_is_not_changed_afterwards() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Retriever(look).k = 3  # type: ignore[misc]
