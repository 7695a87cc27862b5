"""Rows and Arrow's batches: each value comes back as it was, in a type of its own where there is one."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.errors import ConfigError, MissingExtra
from langgraph_moa.evaluation.interchange import arrow_columns
from langgraph_moa.evaluation.interchange.losses import Losses
from langgraph_moa.evaluation.interchange.spool import Spool


def there_and_back(*items: dict[str, Any]) -> tuple[list[dict[str, Any]], pa.Schema, list[str]]:
    losses = Losses()
    with Spool(iter(items)) as spool:
        schema = arrow_columns.schema_of(spool, losses)
        batches = [*arrow_columns.batches_of(spool, schema)]
    return [item for _, item in arrow_columns.rows_of_batches(batches, "a", losses)], schema, losses.sentences()


def test_types_of_their_own() -> None:
    chat = [{"role": "user", "content": "a?"}]
    item = {"id": "a", "n": 1, "x": 0.5, "is": True, "messages": chat, "choices": ["x"], "gold": None}
    items, schema, sentences = there_and_back(item, {**item, "gold": "b"})

    assert items == [item, {**item, "gold": "b"}]
    assert [str(field.type) for field in schema][:4] == ["string", "int64", "double", "bool"]
    assert str(schema.field("messages").type) == "list<item: struct<role: string, content: string>>"
    assert sentences == []


def test_a_column_of_several_types_is_json_and_told() -> None:
    items, schema, sentences = there_and_back({"gold": 4, "responses": {"a": 1}}, {"gold": "x", "responses": None})

    assert items == [{"gold": 4, "responses": {"a": 1}}, {"gold": "x", "responses": None}]
    assert str(schema.field("gold").type) == "string"
    assert "gold, responses" in sentences[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), JSON, min_size=1), min_size=1, max_size=4))
def test_whatever_json_holds_comes_back(items: list[dict[str, Any]]) -> None:
    def whole(item: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in item.items() if value is not None}

    assert [whole(item) for item in there_and_back(*items)[0]] == [whole(item) for item in items]


def test_what_json_does_not_have_becomes_text() -> None:
    when = pa.array([datetime(2026, 11, 30, tzinfo=UTC)], pa.timestamp("ns", "UTC"))
    batch = pa.record_batch({"question": pa.array(["a?"]), "when": when, "image": pa.array([b"\x00"])})
    losses = Losses()
    [(where, item)] = arrow_columns.rows_of_batches([batch], "a.parquet", losses)

    assert where == "in row 1 of a.parquet"
    assert item["image"] == "AA=="
    assert item["when"].startswith("2026-11-30 00:00:00")
    assert [*map(bool, losses.sentences())] == [True] * 2
    assert "base64" in str(losses.sentences())


NS = pa.timestamp("ns")
TIMES: dict[str, tuple[Any, Any, Any]] = {
    "a span": (pa.duration("ns"), 1500, "1500"),
    "a time": (pa.time64("ns"), 1, "00:00:00.000000001"),
    "in a struct": (pa.struct([("t", NS)]), {"t": 1}, {"t": "1970-01-01 00:00:00.000000001"}),
    "in a list": (pa.list_(NS), [1], ["1970-01-01 00:00:00.000000001"]),
    "in a fixed list": (pa.list_(NS, 1), [1], ["1970-01-01 00:00:00.000000001"]),
    "in a map": (pa.map_(pa.string(), NS), [("k", 1)], [["k", "1970-01-01 00:00:00.000000001"]]),
    "far away": (pa.timestamp("ms"), 2**60, "<value out of range: 1152921504606846976>"),
    "a far day": (pa.date32(), 2**30, "<value out of range: 1073741824>"),
    "a far day in a list": (pa.list_(pa.date32()), [2**30], ["<value out of range: 1073741824>"]),
    "a long span": (pa.duration("s"), 2**62, str(2**62)),
    "a usual one": (pa.time64("us"), 1, "00:00:00.000001"),
}


@pytest.mark.parametrize("name", TIMES)
def test_a_time_that_python_cannot_hold_becomes_text_and_stops_nothing(name: str) -> None:
    type_, value, expected = TIMES[name]
    batch = pa.record_batch({"question": pa.array(["a?", "b?"]), "when": pa.array([value, None], type_)})
    losses = Losses()

    items = [item for _, item in arrow_columns.rows_of_batches([batch], "a.parquet", losses)]

    assert [item["when"] for item in items] == [expected, None]
    assert "became text" in losses.sentences()[0]


def test_a_column_that_cannot_be_read_is_named() -> None:
    batch = pa.record_batch({"when": pa.array([1], pa.timestamp("us", tz="Mars/Base"))})

    with pytest.raises(ConfigError, match=r"in the column 'when' of a.parquet, which .* leave that column out"):
        [*arrow_columns.rows_of_batches([batch], "a.parquet", Losses())]


def test_classes_become_their_names() -> None:
    about = '{"info": {"features": {"answer": {"_type": "ClassLabel", "names": ["A", "B"]}}}}'
    batch = pa.record_batch({"answer": pa.array([1, 0, None])}).replace_schema_metadata({"huggingface": about})
    losses = Losses()

    assert [item["answer"] for _, item in arrow_columns.rows_of_batches([batch], "a", losses)] == ["B", "A", None]
    assert "names" in losses.sentences()[0]


def test_two_columns_of_one_name_are_refused() -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])

    with pytest.raises(ConfigError, match="'a' twice"):
        [*arrow_columns.rows_of_batches([batch], "b", Losses())]


def test_rows_that_are_too_large_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_columns, "_MOST_BYTES", 100)
    batch = pa.record_batch({"question": pa.array(["x" * 200])})

    with pytest.raises(ConfigError, match="leave out the columns"):
        [*arrow_columns.rows_of_batches([batch], "b", Losses())]


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)

    with pytest.raises(MissingExtra, match=r"langgraph-moa\[parquet\]"):
        arrow_columns.arrow()
