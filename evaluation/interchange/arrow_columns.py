"""Rows to and from Arrow's batches, for Parquet files and Hugging Face's folders (the extra `parquet`)."""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from ...core.checks import refuse_long_number
from ...core.errors import ConfigError, MissingExtra
from ...core.text import one_line, printable
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
        ConfigError: Two columns are called the same, a column of ours holds no JSON, or one cannot be read at all.
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
            columns = {column: _values(part.column(n), column, name, losses) for n, column in enumerate(schema.names)}
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


def _values(column: Any, name: str, file: str, losses: Losses) -> list[Any]:
    """Return what a column holds; times that Python's own types cannot hold are text, for nobody may have asked."""
    pa = arrow()
    failures: tuple[type[Exception], ...] = (ValueError, OverflowError, ImportError, pa.ArrowException)
    try:
        if (type_ := _in_words(column.type, finest=True)) == column.type:
            return list(column.to_pylist())
        column = column.cast(type_)
        losses.add("a time finer than a microsecond became text, and a span of time its number of nanoseconds")
        return list(column.to_pylist())
    except failures:
        losses.add("a time that Python cannot hold became text")
    try:
        return list(column.cast(_in_words(column.type, finest=False)).to_pylist())
    except failures as exc:
        raise ConfigError(
            f"found {one_line(str(column.type), limit=60)} in the column {shown_value(name)} of {file}, which cannot "
            f"be read ({one_line(printable(str(exc)), limit=100)}), expected text or numbers; leave that column out"
        ) from exc


def _in_words(type_: Any, *, finest: bool) -> Any:
    """Return a type whose times are text: the finest alone, for Python's own end at microseconds, or all.

    Args:
        type_: Of a column, or of what is in it.
        finest: Whether the others stay.
    """
    pa = arrow()
    is_, inner = pa.types, partial(_in_words, finest=finest)
    if is_.is_struct(type_):
        return pa.struct([field.with_type(inner(field.type)) for field in type_])
    if is_.is_map(type_):
        return pa.map_(inner(type_.key_type), inner(type_.item_type))
    if is_.is_fixed_size_list(type_):
        return pa.list_(type_.value_field.with_type(inner(type_.value_type)), type_.list_size)
    if is_.is_list(type_) or is_.is_large_list(type_):
        listed = pa.large_list if is_.is_large_list(type_) else pa.list_
        return listed(type_.value_field.with_type(inner(type_.value_type)))
    if is_.is_dictionary(type_):
        plain = inner(type_.value_type)
        return type_ if plain == type_.value_type else plain
    if not is_.is_temporal(type_) or (finest and getattr(type_, "unit", "") != "ns"):
        return type_
    return pa.string()


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
