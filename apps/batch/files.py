"""What the command `batch` reads and writes, in our own form or a benchmark's."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations, islice, product
from pathlib import Path

from ...core.batches.journal_file import JOURNAL_ENDING
from ...core.errors import ConfigError, nearest
from ...core.ordinary import leads_into
from ...evaluation.batch.gold_names import misnamed_gold
from ...evaluation.batch.questions import Question, Questions
from ...evaluation.batch.reading import questions_in, read_questions
from ...evaluation.batch.repeats import Repeated
from ...evaluation.batch.rows import RowFile
from ...evaluation.grading.between_runs import RunsReport, runs_report
from ..piped import Source, is_piped
from ..settings.settings import Settings
from ..terminal import note
from .benchmark import Format
from .formats import FORMATS
from .tables import RowTable, TableOptions, row_table, rows_beside, tell_of_changes

_LOOKED_AT = 1_000
"""Questions whose keys are looked at before a batch begins."""


@dataclass(frozen=True)
class BatchFiles:
    """Be what is read and written, in our own form or a benchmark's."""

    source: Source
    out: Path
    form: Format | None
    generator: str
    options: TableOptions = field(default_factory=TableOptions)
    table: RowTable | None = None
    url: str | None = None
    """Where the questions are, if not on this machine."""

    def __iter__(self) -> Iterator[Question]:
        path, name = self.source.path, self.source.name
        if self.form is None:
            return iter(self.options.of(self.source) or read_questions(path, check=False, name=name))
        return self.form.read(path, name)

    def check_apart(self, *, schema: Path | None, cache: str | None) -> None:
        """Refuse to write over what is read, or two things to one place, also where links or folders lead there.

        Args:
            schema: What is read beside the questions.
            cache: What is written beside the rows: a file, or a server's address.

        Raises:
            ConfigError: It would be so.
        """
        given, rows = self.source.path, self.rows
        read = {"IN": None if is_piped(given) else given, "--schema": schema}
        is_form, is_swapped = bool(self.form), bool(self.table and self.table.form == "hf")
        written = _named(self.out, "OUT", "", ".lock", *([".new"] if is_form else []))
        if rows != self.out:
            written |= _named(rows, "its rows", "", ".lock")
        written |= _named(rows, "its rows", ".unfinished", JOURNAL_ENDING)
        written |= {"the copy": self.copy} if is_piped(given) else {}
        written |= {"--cache": Path(cache)} if cache and "://" not in cache else {}
        pairs = [*product(read.items(), written.items()), *combinations(written.items(), 2)]
        for (name, file), (other, target) in pairs:
            if file and leads_into(file, target) and (is_swapped or not target.is_dir()):
                raise ConfigError(
                    f"found {file} as {name} and as {other}, expected two files: one would take the other's place; "
                    "name another"
                )

    def at(self, url: str | None) -> "BatchFiles":
        """Return the same where the questions are elsewhere, and Ray reads them.

        Args:
            url: Where; None is here.

        Raises:
            ConfigError: Something else is to be done with them here.
        """
        if url and (self.form or self.table or self.options != TableOptions()):
            raise ConfigError(
                f"found {url} with --format, --from, --map, --split or a table as OUT, expected questions of this "
                "machine for these; copy them, or leave those out"
            )
        return replace(self, url=url)

    @property
    def questions(self) -> Questions:
        """Return what a batch goes through."""
        if self.url:
            return self.url
        is_ours = not (self.form or self.source.is_piped or self.options.of(self.source))
        return self.source.path if is_ours else self

    @property
    def copy(self) -> Path:
        """Return where questions stay that were piped."""
        return self.out.with_name(f"{self.out.name}.questions")

    def tell_of_gold(self) -> None:
        """Say so where right answers are called otherwise, or were changed; the first questions show it."""
        if self.form is None and self.url is None:
            first = self.options.of(self.source)
            if sentence := misnamed_gold(islice(first or self, _LOOKED_AT)):
                note(f"{sentence.removesuffix('; rename it')}; name it: --map gold=COLUMN" if first else sentence)
            tell_of_changes(first)

    @property
    def rows(self) -> Path:
        """Return the file of the rows."""
        # Not .jsonl: a benchmark's tools take every such file in their folder for a model's answers.
        return rows_beside(self.out) if self.form or self.table else self.out

    def runs(self, repeat: int) -> RunsReport:
        """Say how far the runs of each question agree."""
        rows = (row for _, row in RowFile(self.rows).rows())
        return runs_report(rows, questions_in(self.questions), repeat)

    def write_answers(self, repeat: int) -> None:
        """Write a benchmark's file, or a table, once all questions have a row: some tools go by the place of an answer.

        Args:
            repeat: How often each question was asked.
        """
        if self.form:
            self.form.write(RowFile(self.rows).in_order(self), self.out, generator=self.generator)
        if self.table:
            questions = questions_in(Repeated(self.questions, repeat))
            self.table.write(RowFile(self.rows).in_order(questions))


def _named(file: Path, name: str, *ends: str) -> dict[str, Path]:
    """Return what lies beside a file, by what messages call it."""
    return {f"{name}{end}": file.with_name(f"{file.name}{end}") for end in ends}


def batch_files(
    questions: Path,
    out: Path,
    form: str | None,
    generator: str | None,
    settings: Settings,
    options: TableOptions,
    to: str | None,
) -> BatchFiles:
    """Tell what is read and written by a command line.

    Args:
        questions: IN.
        out: OUT.
        form: The name of a benchmark's form; None is our own.
        generator: What a benchmark's file calls the mixture.
        settings: What else could name it.
        options: How questions are read that are no plain lines of JSON.
        to: What OUT shall be in the end, where its name does not tell.

    Raises:
        ConfigError: They do not go together.
    """
    if form is None:
        if generator is not None:
            raise ConfigError("found --generator without --format, expected both; leave it out, or name the format")
        table = row_table(out, to)
        return BatchFiles(Source(questions), out, None, "", options, table)
    if options != TableOptions() or to:
        raise ConfigError(
            f"found --from, --to, --map or --split with --format {form}, expected that alone; leave the others out"
        )
    if form not in FORMATS:
        raise ConfigError(f"found --format {form}, expected a benchmark's; {nearest(form, list(FORMATS))}")
    name = settings.preset or "moa" if generator is None else generator
    FORMATS[form].check(out, generator=name)
    return BatchFiles(Source(questions), out, FORMATS[form], name)
