"""A file that says what each answer of a batch must be."""

import json
from pathlib import Path
from typing import Any

from ...core.checks import refuse_long_number
from ...core.errors import ConfigError
from ...core.json_schemas import SchemaCheck
from ...core.ordinary import content_of
from ...core.text import one_line
from ...core.wire.structured import as_function

_MOST_BYTES = 1_000_000


def read_schema(path: Path) -> dict[str, Any]:
    """Read a JSON Schema, or what OpenAI's `response_format` holds; one without a title is called as its file.

    It is handed on in its own dialect, and whole, for it is checked again where answers are.

    Args:
        path: The file.

    Raises:
        ConfigError: It cannot be read, or no answer can be checked with it.
    """
    try:
        schema = json.loads(content_of(path, most=_MOST_BYTES))
    except OSError as exc:
        raise ConfigError(
            f"{path} cannot be read: {exc.strerror or exc}; expected a JSON Schema; name its file"
        ) from exc
    except (ValueError, RecursionError) as exc:
        refuse_long_number(exc, f"in {path}")
        raise ConfigError(
            f"found no JSON in {path} ({one_line(str(exc), limit=80)}), expected a JSON Schema; mend it"
        ) from exc
    if not isinstance(schema, dict):
        raise ConfigError(f"found {type(schema).__name__} in {path}, expected a JSON Schema, an object; write it so")
    function = as_function({"title": path.stem, **schema})
    is_function = isinstance(function.get("parameters"), dict)
    try:
        _ = SchemaCheck(function["parameters"] if is_function else schema).as_object
    except ConfigError as exc:
        raise ConfigError(f"{path}: {exc}") from exc
    name = _name(str(function.get("name") or schema.get("title") or path.stem))
    return {**function, "name": name} if is_function else {"type": "object", **schema, "title": name}


def _name(text: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "_-") else "_" for char in text[:64])
