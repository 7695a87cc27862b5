"""Items are held on disk, gone through as often as is wanted, and their columns are known before."""

from collections.abc import Iterator
from typing import Any

import pytest
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.interchange.spool import Column, Spool


def test_items_come_back_as_they_were_each_time() -> None:
    items: list[dict[str, Any]] = [
        {"id": 1, "question": "Größe\n?"},
        {"id": "b", "gold": None, "messages": [{"role": "user", "content": "x"}]},
    ]
    with Spool(iter(items)) as spool:
        assert [*spool] == [*spool] == items
        assert spool.size == 2
        assert [*spool.columns] == ["id", "question", "gold", "messages"]
        assert spool.columns["messages"].only("messages")
        assert spool.columns["gold"].only("text")
        assert not spool.columns["id"].only("int")


def test_a_column_knows_what_stands_in_it() -> None:
    kinds = {}
    for value in (None, True, 1, 2**70, 0.5, "", "a", ["a"], [{"a": 1}], {"a": 1}):
        column = Column()
        column.look(value)
        kinds[repr(value)] = column.kinds.pop()

    assert [*kinds.values()] == ["null", "bool", "int", "large", "float", "empty", "text", "texts", "nested", "nested"]


def test_what_fails_while_it_is_read_leaves_no_file_open() -> None:
    def items() -> Iterator[dict[str, Any]]:
        yield {"id": 1}
        raise ConfigError("no more")

    with pytest.raises(ConfigError, match="no more"):
        Spool(items())
