"""Read tables as rows, each a passage that names its columns."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import chain, islice
from pathlib import Path

from .files import LARGEST_FILE, decoded_text, title_of

_DELIMITERS = ",;\t|"
_LOOKED_AT = 50
"""Rows that tell how a table is written."""
_BEGINNING = 100_000
"""Characters in which those are looked for."""
_PARTS = set("0123456789.,:/%+- \u00a0€$£")


def read_table(path: Path, unread: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the rows of a CSV or TSV file, each with its columns' names; what stands above the header is text.

    Args:
        path: The file.
        unread: Where to tell what is not as it should be.

    Raises:
        ConfigError: It is no text.
        OSError: It cannot be read.
    """
    text = decoded_text(path, expected="a table as text", western=unread)
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep=") and len(first) == 5:  # Excel's own
        delimiter, text = first[-1], rest
    else:
        delimiter = _delimiter(text)
    rows = _rows(text, delimiter)
    if text.count('"') % 2 and any("\n" in cell for row in rows for cell in row):
        unread.append("has a quotation mark that never closes; all of them are read as text")
        lines = _rows(text, delimiter, quoting=csv.QUOTE_NONE)
    else:
        lines = _rows(text, delimiter)
    title = title_of(path)
    for row in named_rows(lines):
        yield title, row


def named_rows(rows: Iterator[Sequence[str]]) -> Iterator[str]:
    """Yield rows as text, `name: value; name: value`, named by the first that is as wide as most.

    Args:
        rows: All rows, the header's among them.
    """
    beginning = [row for row in islice(rows, _LOOKED_AT) if any(map(str.strip, row))]
    width = Counter(map(len, beginning)).most_common(1)[0][0] if beginning else 0
    full = (
        place for place, row in enumerate(beginning) if len(row) == width and 2 * len(list(filter(None, row))) > width
    )
    place = next(full, 0)  # what stands above may be a title
    names: Sequence[str] = beginning[place] if len(beginning) > place + 1 and _is_header(beginning[place]) else ()
    for number, row in enumerate(chain(beginning, rows)):
        if number == place and names:
            continue
        if text := row_text(names if number >= place else (), row):
            yield text


def row_text(names: Sequence[str], row: Sequence[str]) -> str:
    """Write one row; a value without a name stands alone, and what is empty is left out.

    Args:
        names: Its columns' names, as far as there are any.
        row: Its values.
    """
    cells = [" ".join(cell.split()) for cell in row]
    titles = [" ".join(name.split()) for name in [*names, *[""] * len(cells)]]
    return "; ".join(f"{title}: {cell}" if title else cell for title, cell in zip(titles, cells, strict=False) if cell)


def _is_header(row: Sequence[str]) -> bool:
    """Tell a row that names columns: of several cells, none is a number, and none stands twice."""
    names = [name.strip().lower() for name in row if name.strip()]
    return (
        len(row) > 1 and 2 * len(names) > len(row) and len({*names}) == len(names) and not any(map(_is_figure, names))
    )


def _is_figure(cell: str) -> bool:
    return any(map(str.isdigit, cell)) and _PARTS.issuperset(cell)


def _rows(text: str, delimiter: str, *, quoting: int = csv.QUOTE_MINIMAL) -> Iterator[list[str]]:
    # The limit is the process's; it is a guard against what was bounded already, and is never lowered.
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_FILE))
    lines = StringIO(text, newline="")
    return csv.reader(lines, delimiter=delimiter, quoting=quoting, skipinitialspace=True)  # type: ignore[arg-type]


def _delimiter(text: str) -> str:
    """Return what stands between cells: what makes most rows equally wide, and then what makes them widest."""
    beginning = text[:_BEGINNING]
    if len(beginning) < len(text):
        beginning = beginning.rpartition("\n")[0] or beginning

    def worth(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in islice(_rows(beginning, delimiter), _LOOKED_AT) if row)
        width, rows = widths.most_common(1)[0] if widths else (1, 1)
        return (rows / widths.total(), width) if width > 1 else (0.0, 0)

    return max(_DELIMITERS, key=worth)
