"""Hold items in a temporary file, and know their columns: tables must be told what they hold before their first row."""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any

from ...core.errors import ConfigError
from .values import JsonItem

_WHOLE = 2**63


class Column:
    """Know what stands in one column."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()

    def look(self, value: Any) -> None:
        """Look at one of its values."""
        self.kinds.add(_kind(value))

    def only(self, *kinds: str) -> bool:
        """Tell whether it holds nothing but these kinds, and perhaps nulls."""
        return self.kinds - {"null"} <= {*kinds}

    @property
    def is_empty(self) -> bool:
        """Tell whether it holds nothing at all."""
        return self.kinds <= {"null"}


class Spool:
    """Hold items on disk, to be gone through as often as is wanted, in no more memory than one of them takes."""

    def __init__(self, items: Iterable[JsonItem]) -> None:
        self.columns: dict[str, Column] = {}
        self.size = 0
        with ExitStack() as opened:
            self._file = opened.enter_context(TemporaryFile("w+b"))
            for item in items:
                self._add(item)
            self._opened = opened.pop_all()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def __iter__(self) -> Iterator[JsonItem]:
        self._file.seek(0)
        for line in self._file:
            yield json.loads(line)

    def _add(self, item: JsonItem) -> None:
        for name, value in item.items():
            self.columns.setdefault(name, Column()).look(value)
        self.size += 1
        try:
            self._file.write(json.dumps(item, ensure_ascii=False, allow_nan=False).encode() + b"\n")
        except OSError as exc:
            raise ConfigError(
                f"what was read cannot be kept in a temporary file: {exc.strerror or exc}; make room, or set TMPDIR"
            ) from exc


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int" if -_WHOLE <= value < _WHOLE else "large"
        case float():
            return "float"
        case "":
            return "empty"
        case str():
            return "text"
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "texts"
    if isinstance(value, list) and all(_is_message(part) for part in value):
        return "messages"
    return "nested"


def _is_message(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"role", "content"}
        and all(isinstance(part, str) for part in value.values())
    )
