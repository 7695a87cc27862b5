"""Tables as text: CSV and TSV, by the standard library, a cell for each value and nested ones as JSON."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from io import BufferedReader, TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from ...core.checks import refuse_long_number
from ...core.errors import ConfigError
from ...core.ordinary import LONGEST_LINE
from .losses import Losses
from .packing import unpacked_file, unpacked_name
from .spool import Spool
from .values import JsonItem, as_json, shown_value

_DELIMITERS = ",;\t|"
_NOTHING = "\x1f"
"""What divides the cells of a table of one column."""
_JSON = " (JSON)"
"""How the name of a column ends whose cells are JSON, where its name alone does not say so."""
_NESTED = {"messages", "responses", "run", "turns", "cost", "proposals", "choices", "seconds", "later", "golds"}
"""Columns of the project's own that are JSON, without saying so."""
_TEXTS = {"id", "gold", "question", "answer", "error"}
"""Those that are read as text, whatever they look like."""
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""How a cell begins that a spreadsheet would work out, or that `'` has been put before."""
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*%?")
_GUARDED = "' was put before cells that begin with = + - or @, as OWASP advises, and is taken off when they are read"
_EXPECTED = "a table as text in UTF-8, its columns named in the first row"


def csv_rows(path: Path, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    """Go through the rows of a table, each with where it stands; an empty cell is null.

    Args:
        path: The file; its cells are divided by what divides its first row.
        losses: Where it is counted what was changed.

    Raises:
        ConfigError: It cannot be read, or is no table.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))  # it is the process's, and never lowered
    try:
        with unpacked_file(path, _EXPECTED) as file, _as_text(file) as text:
            lines = _lines(text)
            head = next((line for line in lines if line.strip()), "")
            if head.lower().startswith("sep=") and len(head.strip()) <= 5:  # Excel's own
                divider, head = head[4:5].rstrip("\r\n") or "\t", next(lines, "")
            else:
                divider = "\t" if unpacked_name(path).lower().endswith(".tsv") else ""
            beginning = list(islice(lines, 50))
            divider = divider or _divider(head, beginning)
            yield from _named_rows(
                csv.reader(chain([head], beginning, lines), delimiter=divider, strict=True), path, losses
            )
    except UnicodeError as exc:
        raise ConfigError(f"found bytes that are no UTF-8 in {path}, expected UTF-8; save it as CSV in UTF-8") from exc
    except csv.Error as exc:
        raise ConfigError(
            f"found a table that ends or goes on where it should not in {path} ({exc}), expected each quotation mark "
            "inside a cell twice, and each cell closed; mend it, or write it with another program"
        ) from exc


def write_csv(spool: Spool, path: Path, losses: Losses) -> None:
    """Write a table, its columns those of all items.

    Args:
        spool: The items.
        path: The file; a name that ends in `.tsv` has tabs between cells.
        losses: Where it is counted what a table cannot hold.

    Raises:
        OSError: It cannot be written.
    """
    is_json = {
        name: name not in _TEXTS and (name in _NESTED or name.endswith(_JSON) or not column.only("text", "empty"))
        for name, column in spool.columns.items()
    }
    heads = [f"{name}{_JSON}" if is_json[name] and name not in _NESTED else name for name in is_json]
    divider = "\t" if path.name.lower().endswith(".tsv") else ","
    with path.open("x", encoding="utf-8", newline="") as file:
        _write_row(file, [_guarded(head, losses) for head in heads], divider)
        for item in spool:
            cells = [_cell(item.get(name), losses, as_json=is_json[name]) for name in is_json]
            _write_row(file, cells, divider)


def _write_row(file: TextIO, cells: list[str], divider: str) -> None:
    if cells == [""]:  # a line with nothing on it is no row
        file.write('""\n')
        return
    file.write(divider.join('"' + cell.replace('"', '""') + '"' if _is_quoted(cell) else cell for cell in cells) + "\n")


def _is_quoted(cell: str) -> bool:
    return any(mark in cell for mark in '",;\t|\r\n\0') or cell != cell.strip()


def _cell(value: Any, losses: Losses, *, as_json: bool) -> str:
    if value is None:
        return ""
    if as_json:
        return json.dumps(value, ensure_ascii=False)
    losses.add("an empty text became an empty cell, which is read as null", int(value == ""))
    if not isinstance(value, str):
        losses.add("a number as `id`, `gold`, `answer`, `question` or `error` became text", 1)
        value = json.dumps(value, ensure_ascii=False)
    return _guarded(value, losses)


def _guarded(cell: str, losses: Losses) -> str:
    """Return a cell that no spreadsheet works out."""
    if not _FORMULA.match(cell) or _NUMBER.fullmatch(cell):
        return cell
    losses.add(_GUARDED)
    return f"'{cell}"


def _as_text(file: BinaryIO) -> TextIOWrapper:
    peeked = cast("BufferedReader", file).peek(3)
    encoding = "utf-16" if peeked[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return TextIOWrapper(file, encoding=encoding, newline="")


def _lines(text: TextIOWrapper) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        yield line


def _divider(head: str, beginning: list[str]) -> str:
    """Return what stands between cells: what divides the first row, and most rows into as many cells."""
    candidates = [mark for mark in _DELIMITERS if mark in re.sub(r'"[^"]*"', "", head)]

    def worth(mark: str) -> tuple[int, int]:
        width, *others = (len(row) for row in csv.reader([head, *beginning], delimiter=mark))
        return sum(other == width for other in others), width

    return max(candidates, key=worth, default=_NOTHING)


def _named_rows(rows: Iterator[list[str]], path: Path, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    heads = [_bare(cell, losses) for cell in next(rows, [])]
    names = [head or f"column {n}" for n, head in enumerate(heads, 1)]
    losses.add("a column without a name was called by its place", heads.count(""))
    if not heads or not any(heads):
        raise ConfigError(f"found no columns in {path}, expected {_EXPECTED}; add a first row")
    if again := next((name for name, times in Counter(names).items() if times > 1), None):
        raise ConfigError(
            f"found the column {shown_value(again)} twice in {path}, expected each once; rename one of the two"
        )
    for number, row in enumerate(rows, 2):
        where = f"in row {number:,} of {path}"
        if not row:
            continue
        if len(row) != len(names):
            raise ConfigError(
                f"found {len(row):,} cells {where}, expected {len(names):,} as in its first row; put cells that hold "
                "what divides them in quotation marks"
            )
        cells = zip(names, row, strict=True)
        yield where, {name.removesuffix(_JSON): _value(name, cell, losses, where) for name, cell in cells}


def _value(name: str, cell: str, losses: Losses, where: str) -> Any:
    if cell == "":
        return None
    if name.endswith(_JSON) or (name in _NESTED and cell.lstrip()[:1] in '[{"-0123456789'):
        try:
            return as_json(json.loads(cell), losses)
        except (ValueError, RecursionError) as exc:
            if not name.endswith(_JSON):
                return _bare(cell, losses)
            refuse_long_number(exc, f"under {shown_value(name)} {where}")
            raise ConfigError(
                f"found {shown_value(cell)} under {shown_value(name)} {where}, expected JSON; mend it, or rename the "
                "column"
            ) from exc
    return _bare(cell, losses)


def _bare(cell: str, losses: Losses) -> str:
    if cell.startswith("'") and _FORMULA.match(cell[1:]):
        losses.add("' before = + - or @ was taken off, with which a table marks text", 1)
        return cell[1:]
    return str(as_json(cell, losses))
