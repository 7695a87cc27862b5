"""Rows to and from Arrow's batches, for Parquet files and Hugging Face's folders (the extra `parquet`)."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from ...core.checks import refuse_long_number
from ...core.errors import ConfigError, MissingExtra
from .losses import Losses
from .spool import Column, Spool
from .values import JsonItem, as_json, shown_value

_KEY = b"langgraph_moa"
"""In a schema's metadata: which columns are JSON."""
_ROWS = 64
"""Of a batch: a row may hold what several models wrote."""
_MOST_BYTES = 2_000_000_000
"""Of a batch: a few bytes of a file may stand for a million copies of one text."""


def arrow() -> Any:
    """Import pyarrow.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        import pyarrow
    except ImportError as exc:
        raise MissingExtra("reading and writing Parquet and Hugging Face's datasets", "parquet") from exc
    return pyarrow


def rows_of_batches(batches: Iterable[Any], name: str, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    """Go through the rows of Arrow's batches, each with where it stands.

    Args:
        batches: All of one schema.
        name: What messages call the file.
        losses: Where it is counted what JSON cannot hold.

    Raises:
        ConfigError: Two columns are called the same, or a column of ours holds no JSON.
    """
    number = 0
    for batch in batches:
        schema = batch.schema
        if again := next((n for n in schema.names if schema.names.count(n) > 1), None):
            raise ConfigError(f"found the column {shown_value(again)} twice in {name}, expected it once; rename one")
        in_json, classes = _written_as_json(schema), _classes(schema)
        if classes and not number:
            losses.add(f"the numbers of classes became their names, in the column {', '.join(classes)}")
        for start in range(0, batch.num_rows, _ROWS):
            part = batch.slice(start, _ROWS)
            if part.nbytes > _MOST_BYTES:
                raise ConfigError(
                    f"found {_ROWS} rows of {part.nbytes:,} bytes in {name}, expected at most {_MOST_BYTES:,}; leave "
                    "out the columns that are so large"
                )
            columns = {column: _values(part.column(n)) for n, column in enumerate(schema.names)}
            for row in range(part.num_rows):
                number += 1
                where = f"in row {number:,} of {name}"
                yield (
                    where,
                    {
                        column: _value(values[row], column in in_json, classes.get(column), losses, where)
                        for column, values in columns.items()
                    },
                )


def schema_of(spool: Spool, losses: Losses) -> Any:
    """Return the schema that items can be written in: what has no type of its own is JSON as text.

    Args:
        spool: The items.
        losses: Where it is told which columns are so.
    """
    pa = arrow()
    fields = {name: _type_of(column) for name, column in spool.columns.items()}
    in_json = [name for name, type_ in fields.items() if type_ is None]
    if in_json:
        losses.add(f"columns of several types became JSON as text, which is read back: {', '.join(in_json)}")
    return pa.schema(
        [pa.field(name, pa.string() if type_ is None else type_) for name, type_ in fields.items()],
        metadata={_KEY: json.dumps({"json": in_json}).encode()},
    )


def batches_of(spool: Spool, schema: Any) -> Iterator[Any]:
    """Go through items as batches of a schema that `schema_of` made for them."""
    pa = arrow()
    in_json = _written_as_json(schema)
    items = iter(spool)
    while part := list(islice(items, _ROWS)):
        arrays = [
            pa.array([_cell(item.get(field.name), field.name in in_json) for item in part], field.type)
            for field in schema
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _type_of(column: Column) -> Any:
    """Return the type that holds all values of a column as they are; None where there is none."""
    pa = arrow()
    if column.only("text", "empty"):
        return pa.string()
    types: dict[str, Any] = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    types["texts"] = pa.list_(pa.string())
    types["messages"] = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    return next((type_ for kind, type_ in types.items() if column.only(kind)), None)


def _cell(value: Any, is_json: bool) -> Any:
    return json.dumps(value, ensure_ascii=False) if is_json and value is not None else value


def _value(value: Any, is_json: bool, names: list[str] | None, losses: Losses, where: str) -> Any:
    if is_json and isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as exc:
            refuse_long_number(exc, where)
            raise ConfigError(
                f"found {shown_value(value)} {where}, expected JSON, as the file's own schema says; write it anew"
            ) from exc
    elif names and isinstance(value, int) and 0 <= value < len(names):
        value = names[value]
    return as_json(value, losses)


def _values(column: Any) -> list[Any]:
    pa = arrow()
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":  # Python's own end at microseconds
        column = column.cast(pa.string())
    return list(column.to_pylist())


def _written_as_json(schema: Any) -> set[str]:
    return {str(name) for name in _metadata(schema, _KEY).get("json") or []}


def _classes(schema: Any) -> dict[str, list[str]]:
    """Return the names of classes by column, as Hugging Face's metadata has them."""
    features = _metadata(schema, b"huggingface").get("info")
    features = features.get("features") if isinstance(features, dict) else None
    return {
        name: list(map(str, feature["names"]))
        for name, feature in (features if isinstance(features, dict) else {}).items()
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list)
    }


def _metadata(schema: Any, key: bytes) -> dict[str, Any]:
    try:
        read = json.loads((schema.metadata or {}).get(key, b"{}"))
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
