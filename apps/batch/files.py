"""What the command `batch` reads and writes, in our own form or a benchmark's."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ...core.errors import ConfigError, nearest
from ...core.ordinary import is_same_file
from ...evaluation.batch.gold_names import misnamed_gold
from ...evaluation.batch.questions import Question, Questions
from ...evaluation.batch.reading import questions_in, read_questions
from ...evaluation.batch.rows import RowFile
from ...evaluation.grading.between_runs import RunsReport, runs_report
from ..piped import Source
from ..settings.settings import Settings
from ..terminal import note
from .benchmark import Format
from .formats import FORMATS

_LOOKED_AT = 1_000
"""Questions whose keys are looked at before a batch begins."""


@dataclass(frozen=True)
class BatchFiles:
    """Be what is read and written, in our own form or a benchmark's."""

    source: Source
    out: Path
    form: Format | None
    generator: str

    def __iter__(self) -> Iterator[Question]:
        path, name = self.source.path, self.source.name
        return read_questions(path, check=False, name=name) if self.form is None else self.form.read(path, name)

    @property
    def questions(self) -> Questions:
        """Return what a batch goes through."""
        return self if self.form or self.source.is_piped else self.source.path

    @property
    def copy(self) -> Path:
        """Return where questions stay that were piped."""
        return self.out.with_name(f"{self.out.name}.questions")

    def tell_of_gold(self) -> None:
        """Say so where right answers are called otherwise; the first questions show it."""
        if self.form is None and (sentence := misnamed_gold(islice(self, _LOOKED_AT))):
            note(sentence)

    @property
    def rows(self) -> Path:
        """Return the file of the rows."""
        # Not .jsonl: a benchmark's tools take every such file in their folder for a model's answers.
        return self.out.with_name(f"{self.out.name}.rows") if self.form else self.out

    def runs(self, repeat: int) -> RunsReport:
        """Say how far the runs of each question agree."""
        rows = (row for _, row in RowFile(self.rows).rows())
        return runs_report(rows, questions_in(self.questions), repeat)

    def write_answers(self) -> None:
        """Write a benchmark's file, once all questions have a row: some tools go by the place of an answer."""
        if self.form:
            self.form.write(RowFile(self.rows).in_order(self), self.out, generator=self.generator)


def batch_files(questions: Path, out: Path, form: str | None, generator: str | None, settings: Settings) -> BatchFiles:
    """Tell what is read and written by a command line.

    Args:
        questions: IN.
        out: OUT.
        form: The name of a benchmark's form; None is our own.
        generator: What a benchmark's file calls the mixture.
        settings: What else could name it.

    Raises:
        ConfigError: They do not go together.
    """
    if form is None:
        if generator is not None:
            raise ConfigError("found --generator without --format, expected both; leave it out, or name the format")
        return BatchFiles(Source(questions), out, None, "")
    if form not in FORMATS:
        raise ConfigError(f"found --format {form}, expected a benchmark's; {nearest(form, list(FORMATS))}")
    if is_same_file(questions, out):
        raise ConfigError(f"found {out} as IN and as OUT, expected two files: the questions would be gone; rename OUT")
    name = settings.preset or "moa" if generator is None else generator
    FORMATS[form].check(out, generator=name)
    return BatchFiles(Source(questions), out, FORMATS[form], name)
