"""Questions and rows in tables, packed files and datasets, as `convert` reads and writes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from ...core.errors import ConfigError
from ...core.ordinary import file_kind
from ...evaluation.batch.questions import Question, Row
from ...evaluation.interchange.arrow_columns import arrow
from ...evaluation.interchange.arrow_files import is_own_dataset
from ...evaluation.interchange.forms import file_form, write_interchange
from ...evaluation.interchange.losses import Losses
from ...evaluation.interchange.naming import read_names
from ...evaluation.interchange.packing import PACKED, unpacked_name
from ...evaluation.interchange.question_file import QuestionFile
from ..mistakes import in_quotes
from ..piped import Source
from ..terminal import note

_READ = ("jsonl", "json", "csv", "parquet", "arrow", "hf", "inspect-dataset", "langsmith")
_WRITTEN = ("jsonl", "json", "csv", "parquet", "arrow", "hf")
_BY_NAME = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".arrow": "arrow"}
"""The endings that tell a form by themselves; whatever else there is, is an object a line."""
_ARROW = ("parquet", "arrow", "hf")

From = Annotated[
    str | None, typer.Option("--from", metavar="FORM", help=f"What IN is: {', '.join(_READ)}.", show_default=False)
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="FORM", help=f"What OUT shall be: {', '.join(_WRITTEN)}.", show_default=False),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="NAME=COLUMN",
        help="Which column holds question, gold, id or messages, where it is called otherwise (repeatable).",
        show_default=False,
    ),
]
SplitName = Annotated[
    str | None, typer.Option(metavar="NAME", help="Which split of a dataset that has several.", show_default=False)
]


@dataclass(frozen=True)
class TableOptions:
    """Say how questions are read that are no plain lines of JSON."""

    form: str | None = None
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    split: str | None = None

    def of(self, source: Source) -> QuestionFile | None:
        """Return the questions of a file; None where they are plain lines of JSON, which a batch reads itself.

        Args:
            source: The file.
        """
        form = self.form or _form_of(source.path)
        if form is None and not self.names and self.split is None:
            return None
        return QuestionFile(source.path, form=form or "jsonl", names=self.names, split=self.split, title=source.name)


def table_options(form: str | None, columns: list[str] | None, split: str | None) -> TableOptions:
    """Read what a command line says of its questions' file.

    Raises:
        ConfigError: It says nothing that can be.
    """
    if form is not None and form not in _READ:
        raise ConfigError(f"found --from {form}, expected one of {', '.join(_READ)}; name one, or leave it out")
    return TableOptions(form, read_names(columns or []), split)


def tell_of_changes(questions: object) -> None:
    """Say what was changed of what was read."""
    if isinstance(questions, QuestionFile):
        for sentence in questions.losses.sentences():
            note(sentence)


@dataclass(frozen=True)
class RowTable:
    """Be the file that is made of all rows once they are there, in another form than lines of JSON."""

    out: Path
    form: str

    def write(self, rows: Iterable[tuple[Question, Row]]) -> None:
        """Write the rows, in the order of their questions; OUT is the old file or the whole new one.

        Raises:
            ConfigError: It cannot be written.
        """
        losses = Losses()
        items: Any = (dict(row) for _, row in rows)
        try:
            write_interchange(items, self.out, form=self.form, losses=losses, anew=True)
        except ConfigError as exc:
            home = in_quotes([str(rows_beside(self.out))])
            raise ConfigError(
                f"{exc}; all rows are in {home}: `langgraph-moa convert {home} OTHER --from jsonl` makes a table of "
                "them elsewhere, and the same command makes this one; nobody is asked for it"
            ) from exc
        for sentence in losses.sentences():
            note(sentence)


def row_table(out: Path, form: str | None) -> RowTable | None:
    """Return the table that rows are written to in the end; None where OUT holds lines of JSON as they come.

    Args:
        out: OUT.
        form: What it shall be, where its name does not tell.

    Raises:
        ConfigError: There is no such form, or something else is there.
        MissingExtra: A package is needed that is not installed.
    """
    if form is not None and form not in _WRITTEN:
        raise ConfigError(f"found --to {form}, expected one of {', '.join(_WRITTEN)}; name one, or leave it out")
    form = form or _form_by_name(out)
    is_packed = out.suffix.lower() in PACKED
    if form in (None, "jsonl") and not is_packed:
        return None
    form = form or "jsonl"
    file_form(out, name=form, is_read=False)
    if form in _ARROW:
        arrow()
    rows = rows_beside(out)
    if out.is_dir() and rows.exists() and not (form == "hf" and is_own_dataset(out)):
        raise ConfigError(
            f"found the folder {out}, which no batch wrote, expected a name that is free; move it away: the same "
            f"command makes its table of {rows} then, and nobody is asked again"
        )
    if (file_kind(out) not in (None, "a folder") or out.exists()) and not rows.exists():
        raise ConfigError(
            f"found {out} there, and no {rows.name} beside it, from which a batch goes on, expected a name "
            "that is free; name another, or move it away"
        )
    return RowTable(out, form)


def rows_beside(out: Path) -> Path:
    """Return where rows are written as they come, where OUT is made of them in the end."""
    return out.with_name(f"{out.name}.rows")


def _form_of(path: Path) -> str | None:
    """Tell a form by a name that says so, or by what is there; None for plain lines of JSON."""
    return "hf" if path.is_dir() else _form_by_name(path)


def _form_by_name(path: Path) -> str | None:
    by_name = _BY_NAME.get(Path(unpacked_name(path)).suffix.lower())
    return by_name or ("jsonl" if path.suffix.lower() in PACKED else None)
