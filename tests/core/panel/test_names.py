"""Each has a name of its own that a node can bear."""

from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.core.panel.names import unique_names
from tables import each

LAST = "offline:words"
URL = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("declared", "names"),
    [
        ([(None, "a"), (None, "a"), ("b", "a")], ["a", "a-2", "b"]),
        ([(None, "a"), ("a", "x")], ["a-2", "a"]),
        ([(None, "a:b|c")], ["a-b-c"]),
        ([], []),
    ],
)
def test_each_has_a_name_of_its_own(declared: Any, names: list[str]) -> None:
    assert unique_names(declared, "proposer") == names


@each("name", ["a:b", "a|b", "", " ", 3, "[a]"])
def test_a_name_that_no_node_can_bear_is_refused(name: Any) -> None:
    with pytest.raises(ConfigError, match="expected one of its own for each proposer"):
        unique_names([(name, "x")], "proposer")
