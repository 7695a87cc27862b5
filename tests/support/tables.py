"""Write a table for people to read, in columns of plain text."""

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Align rows, the first of them the head; it stands in a code block, which the offline models do not quote from."""
    widths = [max(len(line[column]) for line in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in rows]
    return "\n".join(["```text", lines[0], "-" * max(map(len, lines)), *lines[1:], "```"])
