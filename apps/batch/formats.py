"""Read the questions of AlpacaEval 2.0, MT-Bench and FLASK from their files, and write what their own tools judge."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError
from ...core.run.records import Report
from ...core.text import one_line, plain
from ...evaluation.batch.questions import Question, Row

Item = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Format:
    """Say how a benchmark writes its questions, and what its own tool reads as answers."""

    title: str
    ending: str
    """How the names of answers' files end: its tool reads no others."""
    asked: Callable[[Item, str], Question]
    """Return the question that an item of the file asks, or refuse it, naming where it stands."""
    answered: Callable[[Question, Row, str], dict[str, Any] | None]
    """Return what is written of a row, under the generator's name; None leaves it out."""

    def read(self, path: Path) -> Iterator[Question]:
        """Go through the questions of a file: JSON Lines, or one JSON array.

        Raises:
            ConfigError: The file cannot be read, an item is not this benchmark's, or a question stands there twice.
        """
        seen: dict[str, str] = {}
        for where, item in _items(path):
            if not isinstance(item, dict):
                raise ConfigError(
                    f"found {_shown(item)} {where}, expected an object as in {self.title}; get the file again"
                )
            question = self.asked(item, where)
            if before := seen.get(question.id):
                raise ConfigError(f"found the question {before} again {where}, expected it once; take one of them out")
            seen[question.id] = where
            yield question
        if not seen:
            raise ConfigError(f"found no questions in {path}, expected those of {self.title}; get their file again")

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
        items = (self.answered(question, row, generator) for question, row in rows)
        lines = (json.dumps(item) for item in items if item is not None)
        new = out.with_name(f"{out.name}.new")
        try:
            # ASCII: FastChat and FLASK open files in whatever encoding their machine has.
            with new.open("w", encoding="ascii", newline="\n") as file:
                file.writelines(_array(lines) if self.ending == ".json" else (f"{line}\n" for line in lines))
            new.replace(out)
        except OSError as exc:
            raise ConfigError(
                f"the answers cannot be written to {out}: {exc.strerror or exc}; mend that, or name another file"
            ) from exc
        finally:
            new.unlink(missing_ok=True)


def _items(path: Path) -> Iterator[tuple[str, Any]]:
    """Go through what a file holds, each with where it stands."""
    try:
        content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror or exc}; expected a benchmark's questions") from exc
    if content.lstrip().startswith(b"["):
        yield from ((f"in item {n} of {path}", item) for n, item in enumerate(_parsed(content, f"in {path}"), 1))
        return
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            where = f"in line {number} of {path}"
            yield where, _parsed(line, where)


def _parsed(text: bytes, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ConfigError(
            f"found no JSON {where} ({one_line(str(exc), limit=80)}), expected an object on each line, or one array of "
            "them; get the file again"
        ) from exc


def _array(lines: Iterable[str]) -> Iterator[str]:
    yield "["
    for number, line in enumerate(lines):
        yield f"{',' * bool(number)}\n{line}"
    yield "\n]\n"


def _shown(value: Any) -> str:
    return one_line(repr(value), limit=60)


def _text(value: Any, key: str, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _refused(value, key, where, "a question's text")
    return value


def _id(value: Any, key: str, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip():
        raise _refused(value, key, where, "a number or a name")
    return plain(str(value))


def _refused(value: Any, key: str, where: str, expected: str) -> ConfigError:
    return ConfigError(
        f"found {_shown(value)} for {key} {where}, expected {expected}; mend the file, or name the format that it has"
    )


def _question(id_: str, given: Item, first: str, *later: str) -> Question:
    return Question(id=id_, messages=({"role": "user", "content": first},), later=later, given=given)


def _alpaca_asked(item: Item, where: str) -> Question:
    text = _text(item.get("instruction"), "instruction", where)
    if item.get("input"):
        raise ConfigError(
            f"found an input beside the instruction {where}, expected the instruction alone, as in AlpacaEval; write "
            "the input into it"
        )
    # Its tool tells questions by their text; an id by place would be another's once the file has changed.
    return _question(sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16], item, text)


def _alpaca_answered(question: Question, row: Row, generator: str) -> dict[str, Any]:
    # One that is missing must keep its place: the length-controlled win rate knows instructions by their number.
    written = {
        "instruction": question.given["instruction"],
        "output": plain(row["answer"] or ""),
        "generator": generator,
    }
    return written | {key: question.given[key] for key in ("dataset", "datasplit") if key in question.given}


def _mt_asked(item: Item, where: str) -> Question:
    turns = item.get("turns")
    if not isinstance(turns, list) or not turns:
        raise _refused(turns, "turns", where, "a list of texts")
    id_ = _id(item.get("question_id"), "question_id", where)
    return _question(id_, item, *(_text(turn, f"turn {n}", where) for n, turn in enumerate(turns, 1)))


def _mt_answered(question: Question, row: Row, generator: str) -> dict[str, Any] | None:
    turns = [turn["answer"] for turn in row.get("turns", [])] or [row["answer"] or ""]
    if row["answer"] is None or len(turns) != 1 + len(question.later):
        return None
    return {
        "question_id": question.given["question_id"],
        "answer_id": sha256(json.dumps([generator, question.id]).encode()).hexdigest()[:22],
        "model_id": generator,
        "choices": [{"index": 0, "turns": [plain(turn) for turn in turns]}],
        "tstamp": _written_at(row["run"]),
    }


def _written_at(run: Report | None) -> float:
    """Return when an answer was ready; now, where no aggregator wrote it."""
    calls = run["aggregators"] if run else []
    return max((call["started"] + call["seconds"] for call in calls), default=time.time())


def _flask_asked(item: Item, where: str) -> Question:
    # The file of its evaluation set and that of its raw questions have different names for the same.
    text, id_ = _named(item, "text", "instruction"), _named(item, "question_id", "idx")
    return _question(_id(item.get(id_), id_, where), item, _text(item.get(text), text, where))


def _flask_answered(question: Question, row: Row, generator: str) -> dict[str, Any] | None:
    if row["answer"] is None:
        return None
    return {"question_id": question.given[_named(question.given, "question_id", "idx")], "text": plain(row["answer"])}


def _named(item: Item, one: str, other: str) -> str:
    return other if other in item and one not in item else one


FORMATS = {
    "alpaca_eval": Format(title="AlpacaEval 2.0", ending=".json", asked=_alpaca_asked, answered=_alpaca_answered),
    "mt_bench": Format(title="MT-Bench", ending=".jsonl", asked=_mt_asked, answered=_mt_answered),
    "flask": Format(title="FLASK", ending=".jsonl", asked=_flask_asked, answered=_flask_answered),
}
"""The benchmarks whose files are known, by what `--format` calls them."""
