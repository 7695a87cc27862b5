"""The options of graphs are those of `create_moa`."""

import inspect
from typing import get_type_hints

from langgraph_moa import (
    create_moa,
)
from langgraph_moa.graphs.options import MoAOptions


def test_its_options_are_those_of_create_moa() -> None:
    ours = ("proposers", "aggregator", "retrieval")
    expected = get_type_hints(create_moa)
    parameters = [name for name in inspect.signature(create_moa).parameters if name not in ours]

    found = get_type_hints(MoAOptions)

    assert sorted(found) == sorted(parameters)
    assert found == {name: expected[name] for name in parameters}
    assert not MoAOptions.__required_keys__
