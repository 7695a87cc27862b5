"""A benchmark's files: its questions, and the answers that its own tool reads."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.checks import refuse_long_number
from ...core.errors import ConfigError
from ...core.lock import locked
from ...core.ordinary import check_reachable, content_of
from ...core.text import one_line
from ...evaluation.batch.questions import Question, Row

Item = Mapping[str, Any]
_MOST_BYTES = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Format:
    """Say how a benchmark writes its questions, and what its own tool reads as answers."""

    title: str
    ending: str
    """How the names of answers' files end: its tool reads no others."""
    question_of: Callable[[Item, str], Question]
    """Return the question that an item of the file asks, or refuse it, naming where it stands."""
    answer_of: Callable[[Question, Row, str], dict[str, Any] | None]
    """Return what is written of a row, under the generator's name; None leaves it out."""

    def read(self, path: Path, name: str | None = None) -> Iterator[Question]:
        """Go through the questions of a file: JSON Lines, or one JSON array.

        Args:
            path: The file.
            name: What messages call it; None is its path.

        Raises:
            ConfigError: The file cannot be read, an item is not this benchmark's, or a question stands there twice.
        """
        seen: dict[str, str] = {}
        name = name or str(path)
        for where, item in _items(path, name):
            if not isinstance(item, dict):
                raise ConfigError(
                    f"found {shown(item)} {where}, expected an object as in {self.title}; get the file again"
                )
            question = self.question_of(item, where)
            if before := seen.get(question.id):
                raise ConfigError(f"found the question {before} again {where}, expected it once; take one of them out")
            seen[question.id] = where
            yield question
        if not seen:
            raise ConfigError(f"found no questions in {name}, expected those of {self.title}; get their file again")

    def check(self, out: Path, *, generator: str) -> None:
        """Refuse what could not be written, or not be read by the benchmark's tool, before anything is asked.

        Raises:
            ConfigError: The name has another ending, its folder is not there, or the generator has no name.
        """
        if out.suffix != self.ending:
            raise ConfigError(
                f"found {out} for the answers, expected a name that ends in {self.ending}: the tool of {self.title} "
                "reads no other; name it so"
            )
        check_reachable(out, "the answers")
        if not out.absolute().parent.is_dir() or out.is_dir():
            raise ConfigError(f"found {out} for the answers, expected a file in a folder that is there; make it first")
        if not generator.strip():
            raise ConfigError(f"found the generator {generator!r}, expected a name for {self.title} to show; give one")

    def write(self, rows: Iterable[tuple[Question, Row]], out: Path, *, generator: str) -> None:
        """Write the answers in the order in which they come; OUT is the old file or the whole new one.

        Args:
            rows: The questions that `read` gave, each with its row.
            out: The file to make, or to replace.
            generator: What the benchmark's tool shall call the mixture.

        Raises:
            ConfigError: As `check`, or nothing can be written there.
        """
        self.check(out, generator=generator)
        items = (self.answer_of(question, row, generator) for question, row in rows)
        lines = (json.dumps(item) for item in items if item is not None)
        new = out.with_name(f"{out.name}.new")
        with locked(out.absolute(), busy=f"found another process that writes {out}, expected it free; wait for it"):
            try:
                # ASCII: FastChat and FLASK open files in whatever encoding their machine has.
                new.unlink(missing_ok=True)  # whatever lies there in its place
                with new.open("x", encoding="ascii", newline="\n") as file:
                    file.writelines(_array(lines) if self.ending == ".json" else (f"{line}\n" for line in lines))
                new.replace(out)
            except OSError as exc:
                raise ConfigError(
                    f"the answers cannot be written to {out}: {exc.strerror or exc}; mend that, or name another file"
                ) from exc
            finally:
                new.unlink(missing_ok=True)


def _items(path: Path, name: str) -> Iterator[tuple[str, Any]]:
    """Go through what a file holds, each with where it stands."""
    try:
        content = content_of(path, most=_MOST_BYTES).removeprefix(b"\xef\xbb\xbf")
    except OSError as exc:
        raise ConfigError(f"{name} cannot be read: {exc.strerror or exc}; expected a benchmark's questions") from exc
    if content.lstrip().startswith(b"["):
        yield from ((f"in item {n} of {name}", item) for n, item in enumerate(_parsed(content, f"in {name}"), 1))
        return
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            where = f"in line {number} of {name}"
            yield where, _parsed(line, where)


def _parsed(text: bytes, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        refuse_long_number(exc, where)
        raise ConfigError(
            f"found no JSON {where} ({one_line(str(exc), limit=80)}), expected an object on each line, or one array of "
            "them; get the file again"
        ) from exc


def _array(lines: Iterable[str]) -> Iterator[str]:
    yield "["
    for number, line in enumerate(lines):
        yield f"{',' * bool(number)}\n{line}"
    yield "\n]\n"


def shown(value: Any) -> str:
    """Return a value as a message can show it."""
    return one_line(repr(value), limit=60)
