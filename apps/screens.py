"""Show rows and sentences: a table where there is room for it, else a block a row; nothing is ever cut."""

import os
import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ..core.errors import ConfigError
from ..core.text import escaped

Cell = str | Sequence[str]
"""What stands under a heading: a text, or several, each of which has a line of its own."""
TABLES_FROM = 110
"""Columns of a screen: below this a row is a block, which is read from top to bottom."""
_UNKNOWN = 80
_GAP = "  "


def screen_width() -> int | None:
    """Return the columns that COLUMNS says or the terminal has; None for a pipe or a file, which have no edge.

    Raises:
        ConfigError: There is nowhere to print.
    """
    if sys.stdout is None:
        raise ConfigError(
            "found standard output closed, expected somewhere to print; leave it open, or write to a file"
        )
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and len(columns) < 7 and int(columns):
        return int(columns)
    if not sys.stdout.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _UNKNOWN
    except (OSError, ValueError):
        return _UNKNOWN


def show_table(
    headings: Sequence[str], rows: Sequence[Sequence[Cell]], *, numbers: bool = True, least: int = TABLES_FROM
) -> None:
    """Print rows, as a table where it fits a screen that is wide enough.

    Args:
        headings: What stands in each column.
        rows: The cells of each row, in that order.
        numbers: Whether what stands after the first column is set to the right.
        least: Columns of the narrowest screen that gets a table.
    """
    cells = [[_lines(cell) for cell in row] for row in rows]
    widths = [
        max(map(cell_len, [heading, *(line for row in cells for line in row[n])])) for n, heading in enumerate(headings)
    ]
    width = screen_width()
    fits = width is None or (width >= least and sum(widths) + len(_GAP) * (len(widths) - 1) <= width)
    console = _console()
    for line, style in (
        _table(headings, cells, widths, numbers) if fits else _blocks(headings, cells, width or _UNKNOWN)
    ):
        console.print(Text(line, style), soft_wrap=True)


def columns_needed(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Return how many columns a table takes."""
    widths = [max(cell_len(escaped(cell)) for cell in column) for column in zip(headings, *rows, strict=True)]
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def show_text(text: str) -> None:
    """Print sentences; on a screen they are broken between words, elsewhere not at all."""
    width, console = screen_width(), _console()
    for line in text.split("\n"):
        shown = escaped(line)
        for part in [shown] if width is None else wrapped(shown, width):
            console.print(Text(part), soft_wrap=True)


def wrapped(line: str, width: int) -> Iterator[str]:
    """Break a line between words, as wide as they are shown; a word that is wider than the screen stays whole.

    Args:
        line: What to break; lines after the first are set in by two columns more than it.
        width: Columns of the screen.
    """
    begin = line[: len(line) - len(line.lstrip(" "))]
    indent, words, used = begin, list[str](), cell_len(begin)
    for word in line[len(begin) :].split(" "):
        size = cell_len(word)
        if words and used + 1 + size > width:
            yield indent + " ".join(words)
            indent, words, used = begin + _GAP, [word], cell_len(begin + _GAP) + size
        else:
            used += size + bool(words)
            words.append(word)
    yield indent + " ".join(words)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Fill a text up with blanks to so many columns as it is shown."""
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks


def _table(
    headings: Sequence[str], rows: Sequence[Sequence[Sequence[str]]], widths: Sequence[int], numbers: bool
) -> Iterator[tuple[str, str]]:
    for number, row in enumerate([[[heading] for heading in headings], *rows]):
        for line in zip_longest(*row, fillvalue=""):
            shown = (
                padded(cell, size, right=numbers and n > 0)
                for n, (cell, size) in enumerate(zip(line, widths, strict=True))
            )
            yield _GAP.join(shown).rstrip(), "" if number else "bold"


def _lines(cell: Cell) -> list[str]:
    return [escaped(line) for line in ([cell] if isinstance(cell, str) else cell)] or [""]


def _blocks(headings: Sequence[str], rows: Sequence[Sequence[Sequence[str]]], width: int) -> Iterator[tuple[str, str]]:
    for number, row in enumerate(rows):
        if number:
            yield "", ""
        for n, (heading, lines) in enumerate(zip(headings, row, strict=True)):
            listed = [f"{heading}:", *(_GAP + line for line in lines)] if len(lines) > 1 else [f"{heading}: {lines[0]}"]
            for line in listed:
                for part in wrapped(line, width):
                    yield part, "" if n else "bold"


def _console() -> Console:
    return Console(highlight=False, markup=False, emoji=False)
