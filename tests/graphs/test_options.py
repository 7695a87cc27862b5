"""The options of graphs are those of `create_moa`."""

import inspect
from dataclasses import fields
from typing import Any, get_type_hints

import pytest
from langgraph_moa import (
    create_moa,
)
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.graphs.options import MoAOptions, Prompting, Stopping, Watching


def test_its_options_are_those_of_create_moa() -> None:
    ours = ("proposers", "aggregator", "retrieval")
    expected = get_type_hints(create_moa)
    parameters = [name for name in inspect.signature(create_moa).parameters if name not in ours]

    found = get_type_hints(MoAOptions)

    assert sorted(found) == sorted(parameters)
    assert found == {name: expected[name] for name in parameters}
    assert not MoAOptions.__required_keys__


@pytest.mark.parametrize("group", [Defaults, Prompting, Stopping, Watching])
def test_each_option_reaches_the_group_that_it_belongs_to(group: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups are filled by position: two that changed places would be of the same type, often enough."""
    names = [option.name for option in fields(group)]
    values: dict[str, Any] = {name: object() for name in names}
    groups: list[Any] = []

    def plan(*arguments: Any) -> None:
        groups.extend(argument for argument in arguments if isinstance(argument, group))
        raise LookupError

    monkeypatch.setattr("langgraph_moa.graphs.moa.plan_mixture", plan)
    with pytest.raises(LookupError):
        create_moa(proposers=["offline:words"], **values)

    assert [{name: getattr(made, name) for name in names} for made in groups] == [values]
