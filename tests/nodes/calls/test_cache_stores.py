"""Stores take what is theirs and leave all else alone; entries are JSON, and nothing else is read."""

import sqlite3
from pathlib import Path

import pytest
from langgraph_moa.nodes.calls.cache_stores import JsonEntries, UnreadableEntry, store_in_file


def test_an_empty_file_becomes_a_cache_and_one_of_another_program_does_not(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with sqlite3.connect(tmp_path / "other") as connection:
        connection.execute("CREATE TABLE cache (id TEXT)")
    connection.close()

    store_in_file(tmp_path / "empty").set({(("a",), "b"): (1, None)})

    assert store_in_file(tmp_path / "empty").get([(("a",), "b")]) == {(("a",), "b"): 1}
    with pytest.raises(OSError, match="found a database of another program"):
        store_in_file(tmp_path / "other")


@pytest.mark.parametrize("entry", [("msgpack", b"1"), ("json", b"{"), ("json", b"[" * 100_000), ("pickle", b"")])
def test_what_is_no_json_is_not_read(entry: tuple[str, bytes]) -> None:
    with pytest.raises(UnreadableEntry):
        JsonEntries().loads_typed(entry)


def test_what_is_too_large_is_not_kept() -> None:
    with pytest.raises(UnreadableEntry):
        JsonEntries().dumps_typed("x" * 16_000_001)
