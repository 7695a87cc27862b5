"""Tables: written for people to read, in columns of plain text, and read by one test where its rows are short."""

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

Test = Callable[..., None]


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Align rows, the first of them the head; it stands in a code block, which the offline models do not quote from."""
    widths = [max(len(line[column]) for line in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in rows]
    return "\n".join(["```text", lines[0], "-" * max(map(len, lines)), *lines[1:], "```"])


def each(names: str | Sequence[str], rows: Iterable[Any]) -> Callable[[Test], Test]:
    """Run a test once for each row, as `pytest.mark.parametrize` would, and tell of all rows that are wrong.

    It is for what only reads, where pytest would take longer to set a test up than a row takes: fixtures are made once
    for all rows.

    Args:
        names: What the rows hold: names with commas between, or a sequence of them, which makes each row one, too.
        rows: The rows.
    """
    is_one = isinstance(names, str) and "," not in names
    columns = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    table = [dict(zip(columns, [row] if is_one else row, strict=True)) for row in rows]

    def over(test: Test) -> Test:
        @functools.wraps(test)
        def whole(**fixtures: Any) -> None:
            wrong = [(row, why) for row in table if (why := _why_not(test, {**fixtures, **row}))]
            if wrong:
                told = [f"{', '.join(f'{name}={row[name]!r}' for name in columns)}\n    {why}" for row, why in wrong]
                pytest.fail("\n".join([f"{len(wrong)} of {len(table)} rows are wrong:", *told]), pytrace=False)

        signature = inspect.signature(test)
        others = [parameter for name, parameter in signature.parameters.items() if name not in columns]
        vars(whole)["__signature__"] = signature.replace(parameters=others)
        return whole

    assert table
    return over


def _why_not(test: Test, values: dict[str, Any]) -> str:
    try:
        test(**values)
    except (Exception, pytest.fail.Exception) as exc:  # noqa: BLE001 (whatever a row raises is what is wrong with it)
        last = exc.__traceback__
        while last and last.tb_next:
            last = last.tb_next
        place = f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last else ""
        return f"{place}: {type(exc).__name__}: {exc}".replace("\n", "\n    ")
    return ""
