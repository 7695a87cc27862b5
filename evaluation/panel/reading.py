"""Read what was recorded of a panel: records as `calibrate` reads them, a batch's rows, and folders of a comparison."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, nearest
from ...core.ordinary import lines_of, opened_file
from ..batch.repeats import id_of_repeated
from ..batch.row_checks import is_amount
from ..comparing.preparing import GRADES
from .gathering import Gathering
from .recording import PanelAnswer, PanelRow, Recording


def read_panel(
    paths: Sequence[Path],
    members: Sequence[str] | None = None,
    *,
    questions: Mapping[str, tuple[str | None, str | None]] | None = None,
) -> Recording:
    """Read what was recorded of a panel, line by line, and keep no texts.

    A line is a record, an object with `responses` by model; or a row of `batch` or `compare`, whose proposers of the
    first layer are members. A file of rows of one model alone is a member itself, named as the file is.

    Args:
        paths: Files, or folders that `compare --keep` wrote; lines of several with one id are of one question.
        members: Whom to keep, and in which order; None is all, as they come.
        questions: The text and the right answer of questions by id, for rows, which do not hold the text.

    Raises:
        ConfigError: A file cannot be read, a line of it is wrong, or there are not two members.
    """
    gathering = Gathering(questions or {})
    for path in paths:
        for file, grades in _files(path):
            for number, line in enumerate(_lines(file), 1):
                if line.strip():
                    gathering.take(line, f"in line {number} of {file}", file, number, grades)
    repeats = [
        id_ for id_ in gathering.entries if id_of_repeated(id_) != id_ and id_of_repeated(id_) in gathering.entries
    ]
    for id_ in repeats:  # one question must not count several times
        del gathering.entries[id_]
    names = list(gathering.members) if members is None else list(members)
    _check(names, gathering, paths)
    whole = {
        id_: entry
        for id_, entry in gathering.entries.items()
        if gathering.is_record or all(name in entry.answers for name in names)
    }
    if not whole:
        raise ConfigError(
            f"found no question that all of {', '.join(names)} were asked, expected one at least; give files of the "
            "same questions, or choose --members"
        )
    return Recording(
        names=names,
        rows=[
            PanelRow(id_, tuple(entry.answers.get(name, PanelAnswer()) for name in names), entry.gold, entry.question)
            for id_, entry in whole.items()
        ],
        models={name: model for name in names if (model := gathering.members[name])},
        aggregated=gathering.aggregated,
        left_out=len(gathering.entries) - len(whole),
        repeats=len(repeats),
    )


def _files(path: Path) -> Iterator[tuple[Path, Mapping[tuple[str, str], float]]]:
    """Return the files of rows, and the grades beside them; of single models first, for those are members."""
    if not path.is_dir():
        yield path, {}
        return
    files = sorted(file for file in path.glob("*.jsonl") if not file.name.startswith("_"))
    if not files:
        raise ConfigError(
            f"found no rows in the folder {path}, expected what `compare --keep` writes; name a folder that has some"
        )
    grades = _grades(path / GRADES)
    for file in sorted(files, key=lambda file: len(_first_proposers(file)) > 1):
        yield file, grades


def _grades(file: Path) -> Mapping[tuple[str, str], float]:
    if not file.exists():
        return {}
    grades: dict[tuple[str, str], float] = {}
    for line in _lines(file):
        with suppress(ValueError, KeyError, TypeError, RecursionError):  # a line that was cut off says nothing
            grade = json.loads(line)
            if is_amount(grade["score"]) and grade["score"] <= 1:
                grades[str(grade["file"]), str(grade["id"])] = float(grade["score"])
    return grades


def _first_proposers(file: Path) -> set[Any]:
    for line in _lines(file):
        with suppress(ValueError, TypeError, AttributeError, KeyError, RecursionError):
            proposals = json.loads(line).get("proposals")
            if proposals:
                return {(each["proposer"], each["sample"]) for each in proposals if each["layer"] == 1}
    return set()


def _lines(file: Path) -> Iterator[bytes]:
    try:
        with opened_file(file) as record:
            yield from lines_of(record)
    except OSError as exc:
        raise ConfigError(
            f"{file} cannot be read: {exc.strerror or exc}; expected a file with a JSON object on each line, or a "
            "folder of `compare --keep`"
        ) from exc


def _check(names: Sequence[str], gathering: Gathering, paths: Sequence[Path]) -> None:
    shown = ", ".join(map(str, paths))
    for name in names:
        if name not in gathering.members:
            raise ConfigError(
                f"found {name!r} among --members, expected some of {shown}; {nearest(name, list(gathering.members))}"
            )
    if len(set(names)) < max(2, len(names)):
        raise ConfigError(
            f"found the members {', '.join(names) or 'none'} in {shown}, expected two or more, each once; give rows of "
            "a mixture, or of several models"
        )
