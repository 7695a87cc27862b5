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
from .gathering import Gathering, SourceFile, worth_of
from .recording import PanelRow, Recording


def read_panel(
    paths: Sequence[Path],
    members: Sequence[str] | None = None,
    *,
    questions: Mapping[str, tuple[str | None, str | None]] | None = None,
    called: str | None = None,
    passes_over: bool = False,
) -> Recording:
    """Read what was recorded of a panel, line by line, and keep no texts.

    A line is a record, an object with `responses` by model; or a row of `batch` or `compare`, whose proposers of the
    first layer are members. A file of rows of one model alone is a member itself, named as the file is.

    Args:
        paths: Files, or folders that `compare --keep` wrote; lines of several with one id are of one question.
        members: Whom to keep, and in which order; None is all, as they come.
        questions: The text and the right answer of questions by id, for rows, which do not hold the text.
        called: What messages call a single file that is a copy of something else.
        passes_over: Whether lines without `responses` are questions that nobody answered yet.

    Raises:
        ConfigError: A file cannot be read, a line of it is wrong, or there are not two members.
    """
    gathering = Gathering(questions or {}, passes_over)
    sources = list(_named([source for path in paths for source in _sources(path, called)]))
    for source in sources:
        for number, line in enumerate(_lines(source.path, source.shown), 1):
            if line.strip():
                gathering.take(line, f"in line {number} of {source.shown}", source, number)
    repeats = [id_ for id_ in gathering.entries if _is_repeat(id_, gathering)]
    for id_ in repeats:  # one question must not count several times
        del gathering.entries[id_]
    names = list(gathering.members) if members is None else list(members)
    _check(names, gathering, paths)
    # One record may leave a model out that gave no answer; of several files, none need have all questions.
    may_lack = gathering.has_records and len(sources) == 1
    whole = {
        id_: entry
        for id_, entry in gathering.entries.items()
        if may_lack or all(name in entry.answers for name in names)
    }
    if not whole:
        raise ConfigError(
            f"found no question that all of {', '.join(names)} were asked, expected one at least; give files of the "
            "same questions, or choose --members"
        )
    return Recording(
        names=names,
        rows=[PanelRow(id_, worth_of(entry, names), entry.gold, entry.question) for id_, entry in whole.items()],
        models={name: model for name in names if (model := gathering.members[name])},
        aggregated=gathering.aggregated(set(whole)),
        left_out=len(gathering.entries) - len(whole),
        repeats=len(repeats),
    )


def _is_repeat(id_: str, gathering: Gathering) -> bool:
    first = id_of_repeated(id_)
    return first != id_ and first in gathering.entries


def _sources(path: Path, called: str | None) -> Iterator[SourceFile]:
    """Return the files of rows, and the grades beside them; of single models first, for those are members."""
    if not path.is_dir():
        yield _source(path, called)
        return
    files = sorted(file for file in path.glob("*.jsonl") if not file.name.startswith("_"))
    if not files:
        raise ConfigError(
            f"found no rows in the folder {path}, expected what `compare --keep` writes; name a folder that has some"
        )
    grades = _grades(path / GRADES)
    yield from sorted((_source(file, None, grades) for file in files), key=lambda source: source.is_mixture)


def _source(path: Path, called: str | None, grades: Mapping[tuple[str, str], float] | None = None) -> SourceFile:
    """Look at a file's proposals: who is a member is the same for all of its rows, whatever failed in one."""
    proposers: set[tuple[Any, Any]] = set()
    for line in _lines(path, called or str(path)):
        if b'"proposals"' in line:
            with suppress(ValueError, TypeError, AttributeError, KeyError, RecursionError):  # told when it is read
                proposers |= {(p["proposer"], p["sample"]) for p in json.loads(line)["proposals"] if p["layer"] == 1}
    sampled = frozenset(str(name) for name, sample in proposers if sample != 1)
    stem = path.stem if called is None else "rows"
    return SourceFile(path, called or str(path), stem, len(proposers) > 1, sampled, grades or {})


def _named(sources: Sequence[SourceFile]) -> Iterator[SourceFile]:
    """Tell files of one name in several folders apart by those."""
    stems = [source.stem for source in sources]
    for source in sources:
        is_one_of_several = stems.count(source.stem) > 1
        yield source._replace(stem=f"{source.path.parent.name}/{source.stem}") if is_one_of_several else source


def _grades(file: Path) -> Mapping[tuple[str, str], float]:
    if not file.exists():
        return {}
    grades: dict[tuple[str, str], float] = {}
    for line in _lines(file, str(file)):
        with suppress(ValueError, KeyError, TypeError, RecursionError):  # a line that was cut off says nothing
            grade = json.loads(line)
            if is_amount(grade["score"]) and grade["score"] <= 1:
                grades[str(grade["file"]), str(grade["id"])] = float(grade["score"])
    return grades


def _lines(file: Path, shown: str) -> Iterator[bytes]:
    try:
        with opened_file(file) as record:
            yield from lines_of(record)
    except OSError as exc:
        raise ConfigError(
            f"{shown} cannot be read: {exc.strerror or exc}; expected a file with a JSON object on each line, or a "
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
