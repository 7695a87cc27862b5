"""The file of a batch's rows: one line a question, written as they finish, and read again when the batch goes on."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from shutil import copymode
from typing import Any, cast

from ...core.errors import ConfigError
from ...core.lock import locked
from ...core.ordinary import beside, check_reachable, file_kind, lines_of, on_the_disk, opened_file
from ...core.run.costs import total
from ...core.run.records import Cost, Report
from ...core.text import one_line, plain_in, printable
from .ids import Ids
from .questions import Question, Row
from .row_checks import fault_in

_ID = re.compile(rb'\{"id": "(?:[^"\\]++|\\.)*+\\?')
_BEFORE_ID, _AFTER_ID = b'{"id": "', b'", "answer": '
"""How each of our lines goes on, and so how a line must that was cut off in the middle."""
_HALF = b"\\ud"
"""Half of a character in JSON, which a batch does not write."""
_UNKNOWN = Cost(calls=None, tokens=None, usd=None)
_KEYS = {"id", "answer", "run", "error", "gold", "seconds"}


class RowFile:
    """Be the file that a batch writes its rows to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: FileIO | None = None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from writing to it; the lock is gone with its process, however that ends.

        Raises:
            ConfigError: Another one is at work on it, or nothing can be written there.
        """
        self.check()
        busy = f"found another batch at work on {self.path}, expected it free; wait until that one has ended"
        with locked(self.path.resolve(), busy=busy):
            try:
                yield
            finally:
                self.close()

    def check(self) -> None:
        """Refuse a place where no rows can be kept; nothing is made there.

        Raises:
            ConfigError: Its folder is not there, or something that is no ordinary file is.
        """
        if (kind := file_kind(self.path)) and kind != "a folder":
            raise ConfigError(
                f"found {kind} for the rows, {self.path}, expected a file, for a batch that was stopped goes on from "
                "it; name one, and read along with: tail -f FILE"
            )
        check_reachable(self.path, "the rows")
        if not self.path.absolute().parent.is_dir() or (self.path.exists() and not self.path.is_file()):
            raise ConfigError(
                f"found {self.path} for the rows, expected a file in a folder that is there; make the folder, or name "
                "an ordinary file"
            )

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Go through the rows that are there, each with where it stands; a last one that was cut off is left out.

        Raises:
            ConfigError: The file cannot be read, or holds something else than rows.
        """
        for where, line, whole in self._lines():
            row = _parsed(line)
            if row is not None:
                if fault := fault_in(row):
                    raise ConfigError(
                        f"found {_shown(repr(fault.value))} for {fault.place} {where}, expected {fault.expected}, as a "
                        "batch writes it; take the line out, or write to another file"
                    )
                yield where, plain_in(row) if _HALF in line else row
            elif whole or not _was_cut(line):
                raise ConfigError(
                    f"found {_shown(line.decode('utf-8', 'replace'))!r} {where}, expected a row that a batch wrote; "
                    "take the line out, or write to another file"
                )

    def in_order(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Row]]:
        """Go through the rows in the order of their questions; those without a row are left out."""
        with Ids() as places, opened_file(self.path) as file:
            place = 0
            for line in lines_of(file):
                if row := _parsed(line):
                    places[row["id"]] = place
                place += len(line)
            for question in questions:
                place_of_row = places[question.id]
                if place_of_row is not None:
                    file.seek(int(place_of_row))
                    yield question, cast("Row", _parsed(file.readline()))

    def open(self) -> None:
        """Get ready to append: what was cut off in the middle is taken off first.

        Raises:
            ConfigError: Nothing can be written to it.
        """
        with self._told():
            end, lacks = self._good()
            self._open = FileIO(self.path, "a")
            self._open.truncate(end)
            self._open.write(lacks)

    def append(self, row: Row) -> None:
        """Write a row, with one write of the whole line, so that whoever reads along sees no half of it.

        Raises:
            ConfigError: It could not be written.
        """
        if self._open is None:
            self.open()
        file, line = cast("FileIO", self._open), _written(row)
        with self._told():
            if file.write(line) != len(line):
                raise OSError("no room for all of a row")

    def settle(self) -> None:
        """Write the file anew, with the last row of each question; whoever ends the process leaves the old or the new.

        Raises:
            ConfigError: It could not be written.
        """
        self.close()
        path, new = self.path.resolve(), beside(self.path, ".new")
        with self._told(), Ids() as last:
            for where, row in self.rows():
                last[row["id"]] = where
            new.unlink(missing_ok=True)  # whatever lies there in its place
            with new.open("xb") as file:
                with suppress(FileNotFoundError):  # who may read the rows stays as somebody decided
                    copymode(path, new)
                file.writelines(_written(row) for where, row in self.rows() if last[row["id"]] == where)
            on_the_disk(new)
            new.replace(path)

    def keep(self) -> None:
        """See to it that what was written is there after a power failure, too.

        Raises:
            ConfigError: It is not.
        """
        with self._told():
            on_the_disk(self.path)

    def close(self) -> None:
        """Close it; what was written is there."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _lines(self) -> Iterator[tuple[str, bytes, bool]]:
        """Go through its lines, with where each stands, and whether it ends as a line does."""
        with self._told(), suppress(FileNotFoundError), opened_file(self.path) as file:
            for number, line in enumerate(lines_of(file), 1):
                yield f"in line {number} of {self.path}", line.removesuffix(b"\n"), line.endswith(b"\n")

    def _good(self) -> tuple[int, bytes]:
        """Return how many bytes are whole rows, and what those lack: the last may want nothing but its end of line."""
        end = 0
        for _, line, whole in self._lines():
            if whole:
                end += len(line) + 1
            elif _parsed(line) is not None:
                return end + len(line), b"\n"
        return end, b""

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise ConfigError(
                f"the rows cannot be written to {self.path}: {exc.strerror or exc}; mend that, and start the same "
                "batch again: rows that are there are not asked again"
            ) from exc


def cost_in(row: Row) -> Cost:
    """Return what a row's question cost, as far as it was written down, and not less than its runs say."""
    written, larger = _written_cost(row), known_cost_in(row)
    return Cost(
        calls=None if written["calls"] is None else larger["calls"],
        tokens=None if written["tokens"] is None else larger["tokens"],
        usd=None if written["usd"] is None else larger["usd"],
    )


def full_cost_in(row: Row) -> Cost:
    """Return what a row's question costs who has no cache: with what a cache spared."""
    return total([cost_in(row), row["spared"]]) if "spared" in row else cost_in(row)


def full_seconds_in(row: Row) -> float:
    """Return how long a row's question takes without a cache."""
    return row["seconds"] + (row["spared"]["seconds"] if "spared" in row else 0.0)


def known_cost_in(row: Row) -> Cost:
    """Return the same where a part is unknown of what is known: what its runs say, which a budget counts."""
    return _largest(_written_cost(row), _cost_of_runs(row))


def _written_cost(row: Row) -> Cost:
    turns, last = _runs_in(row)
    if "cost" in row:
        return row["cost"]
    return total(map(_cost_of_run, turns or last)) if turns or last else _UNKNOWN


def _cost_of_runs(row: Row) -> Cost:
    """Return what the reports of a row say: those of all its turns, of which the last one's is the row's own, too."""
    turns, last = (total(map(_cost_of_run, runs), known_only=True) if runs else _UNKNOWN for runs in _runs_in(row))
    return _largest(turns, last)


def _runs_in(row: Row) -> tuple[list[Report], list[Report]]:
    return [turn["run"] for turn in row.get("turns", [])], [row["run"]] if row["run"] else []


def _cost_of_run(run: Report) -> Cost:
    return Cost(calls=run["calls"], tokens=run["usage"]["total_tokens"], usd=run["usd"])


def _largest(one: Cost, other: Cost) -> Cost:
    return Cost(
        calls=_larger(one["calls"], other["calls"]),
        tokens=_larger(one["tokens"], other["tokens"]),
        usd=_larger(one["usd"], other["usd"]),
    )


def _larger(one: Any, other: Any) -> Any:
    return max((value for value in (one, other) if value is not None), default=None)


def _written(row: Row) -> bytes:
    return (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _was_cut(line: bytes) -> bool:
    """Tell whether a line is the beginning of one of ours; what is whole JSON, or goes on otherwise, is another's."""
    with suppress(ValueError, RecursionError):
        json.loads(line)
        return False
    begun = _ID.match(line)
    if begun is None:
        return _BEFORE_ID.startswith(line)
    rest = line[begun.end() :]
    return rest.startswith(_AFTER_ID) or _AFTER_ID.startswith(rest)


def _parsed(line: bytes) -> Row | None:
    """Return the row that a line holds; None where it holds none."""
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or not row.keys() >= _KEYS or not isinstance(row["id"], str):
        return None
    return cast("Row", row)


def _shown(text: str) -> str:
    return one_line(printable(text), limit=60)
