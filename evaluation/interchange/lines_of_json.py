"""The project's own form: JSON, one object a line, or one array of them."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from ...core.checks import refuse_long_number
from ...core.errors import ConfigError
from ...core.ordinary import lines_of
from .losses import Losses
from .packing import unpacked_file
from .values import JsonItem, as_json, shown_value

MOST_JSON = 1_000_000_000
"""Bytes of a file that has to be read at once."""
_EXPECTED = "JSON, an object on each line or one array of them"


def json_lines(path: Path, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    """Go through a file of one object a line, each with where it stands.

    Raises:
        ConfigError: It cannot be read, or a line of it is wrong.
    """
    with unpacked_file(path, _EXPECTED) as file:
        for number, line in enumerate(lines_of(file), 1):
            if line.strip():
                where = f"in line {number:,} of {path}"
                yield where, _object(parsed_json(line, where), where, losses)


def json_document(path: Path) -> Any:
    """Read a file that is one JSON value.

    Raises:
        ConfigError: It cannot be read, is too large, or is no JSON.
    """
    with unpacked_file(path, _EXPECTED) as file:
        content = file.read(MOST_JSON + 1)
    if len(content) > MOST_JSON:
        raise ConfigError(f"found more than {MOST_JSON:,} bytes in {path}, expected fewer; write an object a line")
    return parsed_json(content, f"in {path}")


def json_array(document: Any, path: Path, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    """Go through the objects of one array.

    Raises:
        ConfigError: It is none, or holds something else.
    """
    if not isinstance(document, list):
        raise ConfigError(
            f"found {shown_value(document)} in {path}, expected an array of objects, or a log of inspect_ai; write it "
            "so"
        )
    for number, value in enumerate(document, 1):
        where = f"in item {number:,} of {path}"
        yield where, _object(value, where, losses)


def parsed_json(text: bytes, where: str) -> Any:
    """Return what JSON holds, a byte order mark before it or none.

    Raises:
        ConfigError: It is no JSON, or no UTF-8.
    """
    try:
        return json.loads(text.removeprefix(b"\xef\xbb\xbf").decode())
    except UnicodeDecodeError as exc:
        raise ConfigError(f"found bytes that are no UTF-8 {where}, expected UTF-8; convert the file") from exc
    except (ValueError, RecursionError) as exc:
        refuse_long_number(exc, where)
        raise ConfigError(
            f"found no JSON {where}, expected an object; mend it, or name the form that the file has with --from"
        ) from exc


def write_json_lines(items: Iterable[JsonItem], path: Path) -> None:
    """Write one object a line.

    Raises:
        OSError: It cannot be written.
    """
    with path.open("xb") as file:
        file.writelines(_written(item) + b"\n" for item in items)


def write_json_array(items: Iterable[JsonItem], path: Path) -> None:
    """Write one array of objects, one a line.

    Raises:
        OSError: It cannot be written.
    """
    with path.open("xb") as file:
        file.write(b"[")
        for number, item in enumerate(items):
            file.write((b",\n" if number else b"\n") + _written(item))
        file.write(b"\n]\n")


def _object(value: Any, where: str, losses: Losses) -> JsonItem:
    if not isinstance(value, dict):
        cure = "if the file is one array, say --from json" if isinstance(value, list) else "write it so, or take it out"
        raise ConfigError(f"found {shown_value(value)} {where}, expected an object; {cure}")
    return cast("JsonItem", as_json(value, losses))


def _written(item: JsonItem) -> bytes:
    return json.dumps(item, ensure_ascii=False, allow_nan=False).encode()
