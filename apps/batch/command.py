"""The command `batch`: one mixture, many questions, a row each."""

import asyncio
import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ...core.checks import check_number
from ...core.errors import ConfigError
from ...evaluation.batch.repeats import check_repeat
from ...evaluation.batch.rows import RowFile
from ...evaluation.batch.tally import BatchReport
from ...evaluation.grading.between_runs import sentence_of_runs
from ..interrupts import INTERRUPTED, TERMINATED
from ..mistakes import misused
from ..piped import Source, check_own_file, read_again
from ..screens import show_text
from ..settings.caching import cache_address
from ..settings.flags import Concurrency, Repeat, RetryErrors, budget_of, with_mixture
from ..settings.settings import Settings
from ..terminal import note, notes, sigterm_as_ctrl_c
from .engine import Actors, ClusterAddress, Engine, engine_of, note_engine, sentence_of_lost, url_in
from .files import batch_files
from .formats import FORMATS
from .job import BatchJob
from .progress import BatchView, batch_summary
from .schema_file import read_schema
from .tables import Columns, From, SplitName, To, table_options
from .unfinished import can_keep
from .waves import BatchFlags, cancelled_lines, under_way_line, with_batches


@partial(with_mixture, budget="--run-budget")
@with_batches
def batch(
    settings: Settings,
    questions: Annotated[
        Path,
        typer.Argument(
            metavar="IN", help="Questions: JSON objects a line, CSV, Parquet, packed, a dataset; - is standard input."
        ),
    ],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The rows, one a question; a table is made once all are there.")
    ],
    *,
    concurrency: Concurrency = 8,
    whole: Annotated[
        list[str] | None,
        typer.Option(
            "--budget",
            metavar="LIMIT=N",
            help="Bounds of the whole batch, such as usd=20 or calls=5000; repeatable.",
            show_default=False,
        ),
    ] = None,
    retry_errors: RetryErrors = False,
    repeat: Repeat = 1,
    no_keep: Annotated[
        bool,
        typer.Option("--no-keep", help="Keep nothing of questions under way: faster, and asked anew when stopped."),
    ] = False,
    no_proposals: Annotated[
        bool, typer.Option("--no-proposals", help="Leave what the proposers answered out of the rows: smaller files.")
    ] = False,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="NAME", help=f"A benchmark's: {', '.join(FORMATS)}.", show_default=False),
    ] = None,
    generator: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What a benchmark's file calls the mixture.", show_default=False),
    ] = None,
    schema: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A JSON Schema that each answer must fit: rows have it as object.", show_default=False
        ),
    ] = None,
    source_form: From = None,
    out_form: To = None,
    columns: Columns = None,
    split: SplitName = None,
    engine: Engine = "process",
    address: ClusterAddress = None,
    actors: Actors = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the sums as JSON.")] = False,
    batches: BatchFlags,
) -> None:
    """Answer many questions; the same command goes on where it was stopped."""
    check_own_file(out, "the rows")
    with misused():
        check_number("concurrency", concurrency, minimum=1, whole=True)
        check_repeat(repeat)
        form_file = read_schema(schema) if schema else None
        if form:
            _check_alone(
                form, repeat=f"--repeat {repeat}" if repeat > 1 else None, schema="--schema" if schema else None
            )
        options = table_options(source_form, columns, split)
        files = batch_files(questions, out, form, generator, settings, options, out_form)
        files.check_apart(schema=schema, cache=cache_address(settings.cache))
        cluster = engine_of(engine, address, actors, in_batches=bool(batches.declared or batches.cancels))
        files = files.at(url_in(questions, cluster, repeat))
    budget = budget_of(whole)
    RowFile(files.rows).check()
    chosen, why = settings.choose()
    note(f"models: {why}")
    note_engine(cluster)
    # All that providers' batches need is in their journal.
    keeps = not no_keep and not batches.declared and _has_steps(chosen) and cluster is None
    if keeps and not can_keep():
        hint = "questions under way are not kept; to keep them: pip install 'langgraph-moa[sqlite]'"
        note(hint)
    if batches.cancels:
        job = BatchJob(chosen, files, concurrency, budget, retry_errors, repeat, False, False)
        with BatchView(notes) as view:
            cancelled = asyncio.run(job.cancel(view))
        show_text("\n".join(cancelled_lines(cancelled, files.rows)))
        return
    if batches.declared and getattr(chosen.budget, "seconds", None):
        note("the deadline of a run is set aside: its calls wait for providers' batches")
    view = BatchView(notes)
    try:
        with (
            sigterm_as_ctrl_c() as ending,
            read_again(questions, what="questions", home=files.copy, beside=True) as source,
            view,
        ):
            files = replace(files, source=source)
            files.tell_of_gold()
            proposals = not no_proposals
            job = BatchJob(
                chosen, files, concurrency, budget, retry_errors, repeat, keeps, proposals, batches, form_file, cluster
            )
            sums = ending.run(job.run(view))
            if not sums["left"]:
                files.write_answers(repeat)
            runs = files.runs(repeat) if repeat > 1 else None
    except KeyboardInterrupt:
        sys.stderr.write(_stopped(view.sums, files.source) + under_way_line(view.waves) + "\n")
        raise typer.Exit(TERMINATED if ending.terminated else INTERRUPTED) from None
    if as_json:
        sys.stdout.write(json.dumps({**sums, **({"repeats": runs} if runs else {})}, indent=2) + "\n")
    else:
        lines = [batch_summary(sums), sentence_of_runs(runs) if runs else None, sentence_of_lost(sums)]
        show_text("\n".join(filter(None, lines)))
    if advice := _advice(sums):
        notes.print(Text(advice + _kept(files.source)), soft_wrap=True)
        raise typer.Exit(1)
    files.source.forget()


def _check_alone(form: str, **given: str | None) -> None:
    """Refuse what a benchmark's file cannot hold."""
    for option in filter(None, given.values()):
        raise ConfigError(
            f"found {option} with --format {form}, whose file has one text a question, expected one of them; leave one "
            "out"
        )


def _has_steps(settings: Settings) -> bool:
    """Tell whether something of a question can be kept before it is answered."""
    return settings.layers != 1 or bool(settings.docs)


def _kept(source: Source) -> str:
    return f"; the questions are in {source.copy}, which does as IN too" if source.copy else ""


def _stopped(sums: BatchReport | None, source: Source) -> str:
    if sums is None:
        return "stopped before anything was asked"
    done = sums["answered"] + sums["errors"]
    progress = f"{done:,} of {sums['questions']:,} questions are done"
    return f"stopped: {progress}; the same command goes on with the rest{_kept(source)}"


def _advice(sums: BatchReport) -> str | None:
    """Say what to do about questions without an answer."""
    if sums["stopped"]:
        again = " and --retry-errors" if sums["errors"] else ""
        return f"stopped: {sums['stopped']}; change that, and go on with the same command{again}"
    if sums["left"]:
        return f"{sums['left']:,} questions are left; go on with the same command"
    if sums["errors"]:
        failed = (
            "1 question failed, its row says"
            if sums["errors"] == 1
            else f"{sums['errors']:,} questions failed, their rows say"
        )
        return f"{failed} why; ask again with --retry-errors"
    return None
