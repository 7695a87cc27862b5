"""The command `compare`: several systems on one's own questions, and whether a mixture is worth its money."""

import json
import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from langsmith.utils import tracing_is_enabled

from ...core.batches.declared import ProviderBatch
from ...core.checks import check_number
from ...core.deferral import reckoned_in_batches
from ...core.errors import ConfigError
from ...evaluation.batch.reading import read_questions
from ...evaluation.batch.repeats import Repeated, check_repeat
from ...evaluation.comparing.conclusion import MARGIN
from ...evaluation.comparing.preparing import check_margin, prepare
from ...evaluation.comparing.shown import notes_of
from ..batch.tables import Columns, From, SplitName, table_options, tell_of_changes
from ..batch.waves import BatchFlags, cancelled_lines, with_batches
from ..mistakes import Misuse, misused
from ..piped import read_again
from ..plotting import check_plot
from ..screens import show_text
from ..settings.flags import SHARED, Concurrency, Repeat, RetryErrors, budget_of, with_mixture
from ..settings.settings import Settings
from ..terminal import note
from .equalise import check_scalable
from .estimate import prospect, recorded_ceiling, show_prospect, usual_prospect
from .folder import QUESTIONS
from .grader_file import judging, read_grader
from .job import Job
from .roles import read_cast, what_is_shared
from .specs import Spec, read_specs
from .table import draw, show_comparison

_NOT_SHARED = {"system", "window", "rounds", "debate_if", "moderator", "keep", "group"}


@partial(with_mixture, only=SHARED - _NOT_SHARED, budget="--run-budget")
@with_batches
def compare_systems(
    settings: Settings,
    questions: Annotated[
        Path, typer.Argument(metavar="QUESTIONS", help="Questions, as `batch` reads them; - is standard input.")
    ],
    *,
    systems: Annotated[
        list[str] | None,
        typer.Option(
            "--system",
            metavar="SPEC",
            help="NAME, provider:model or FILE, and KEY=VALUE after commas; repeatable. The mixture and each of its "
            "models where not given.",
            show_default=False,
        ),
    ] = None,
    grader: Annotated[
        str | None,
        typer.Option(
            metavar="WHO",
            help="answer, exact, judge, score or FILE.py:FUNCTION; judge with --judge, else answer.",
            show_default=False,
        ),
    ] = None,
    judge: Annotated[
        str | None, typer.Option(metavar="SPEC", help="The model that judges.", show_default=False)
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Whom to hold the others against; the best single model.", show_default=False
        ),
    ] = None,
    margin: Annotated[
        float, typer.Option(metavar="POINTS", help="The smallest gain that counts; below it, no better.")
    ] = MARGIN,
    repeat: Repeat = 1,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Ask for no short answer at the end of the questions.")
    ] = False,
    equal: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT", help="Give samplers as many samples as make equal: calls, tokens, usd.", show_default=False
        ),
    ] = None,
    roles: Annotated[
        bool,
        typer.Option("--roles", help="Each model as aggregator of the same proposals, and left out."),
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Keep rows here, and go on from them.", show_default=False),
    ] = None,
    whole: Annotated[
        list[str] | None,
        typer.Option(
            "--budget",
            metavar="LIMIT=N",
            help="Bounds of the whole comparison, such as usd=20; repeatable.",
            show_default=False,
        ),
    ] = None,
    concurrency: Concurrency = 8,
    retry_errors: RetryErrors = False,
    seed: Annotated[int, typer.Option(metavar="N", help="What the intervals' draws depend on.")] = 0,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw quality against cost and time, as SVG.", show_default=False),
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="How LangSmith's experiments are called.", show_default=False),
    ] = None,
    only_estimate: Annotated[
        bool, typer.Option("--estimate", help="Print what it may cost, at most and usually, and ask nobody.")
    ] = False,
    source_form: From = None,
    columns: Columns = None,
    split: SplitName = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    batches: BatchFlags,
) -> None:
    """Compare systems on your questions, and say whether a mixture is worth its money."""
    with misused():
        check_number("concurrency", concurrency, minimum=1, whole=True)
        check_margin(margin)
        check_repeat(repeat)
        options = table_options(source_form, columns, split)
        if plot:
            check_plot(plot)
        if (batches.declared or batches.cancels) and not folder:
            flag = "--provider-batch" if batches.declared else "--cancel-batches"
            raise Misuse(f"found {flag} without --keep, expected a folder: what is under way must not be lost")
        if roles:
            _check_alone(systems=systems, equal=equal)
            if repeat > 1:
                raise ConfigError(
                    "found --repeat with --roles, whose systems share their proposals, expected one; leave one out"
                )
        cast, specs = (
            read_cast(settings) if roles else (None, _systems(systems, settings, equal, only_estimate=only_estimate))
        )
    by, bound = read_grader(grader), budget_of(whole)
    copy = folder / QUESTIONS if folder and not only_estimate else None
    with read_again(questions, what="questions", home=copy) as source:
        table = options.of(source)
        given = list(table or read_questions(source.path, name=source.name))
        tell_of_changes(table)
        if not given:
            raise ConfigError(f"found no questions in {source.name}, expected at least one; write one on a line")
        job = Job(
            specs=specs,
            prepared=prepare(given, by, judge, folder, mark=not as_is, **judging(settings)),
            equal=equal,
            baseline=baseline,
            budget=bound,
            concurrency=concurrency,
            retry_errors=retry_errors,
            seed=seed,
            margin=margin,
            repeat=repeat,
            cast=cast,
            batches=batches.declared or (ProviderBatch() if batches.cancels else None),
            experiment=experiment or (source.stem if tracing_is_enabled() else None),
            keep=source.keep,
        )
        if batches.cancels and folder:
            show_text("\n".join(cancelled_lines(job.cancel(folder), folder)))
            return
        if only_estimate:
            graphs = job.estimated()
            every = replace(job.prepared, questions=list(Repeated(job.prepared.questions, repeat)))
            ceiling = recorded_ceiling(given, source.path, folder)
            more = what_is_shared(cast)
            batched = batches.declared
            with reckoned_in_batches(are_all=batched is not None):
                usual = usual_prospect(graphs, every)
            with reckoned_in_batches(are_all=batched is not None and batched.failed != "live"):
                most = prospect(graphs, every)
            show_prospect(most, usual, as_json=as_json, more=more, ceiling=ceiling)
            return
        comparison = job.run(folder)
    if as_json:
        written = {**asdict(comparison), "notes": notes_of(comparison)}
        sys.stdout.write(json.dumps(written, ensure_ascii=False, indent=2) + "\n")
    else:
        show_comparison(comparison)
    if plot:
        draw(comparison, plot)
        note(f"plot: {plot}")


def _check_alone(**given: object) -> None:
    """Refuse what says who is compared beside `--roles`, which says it."""
    for option, value in given.items():
        if value:
            flag = {"systems": "--system"}.get(option, f"--{option}")
            raise ConfigError(f"found {flag} with --roles, which compares the models of one mixture; leave one out")


def _systems(written: list[str] | None, settings: Settings, equal: str | None, *, only_estimate: bool) -> list[Spec]:
    specs = read_specs(written or [], settings)
    if len(specs) < 2:
        raise ConfigError(f"found one system, {specs[0].label}, expected two or more; add what to compare it with")
    if equal:
        check_scalable(equal, specs, only_estimate=only_estimate)
    return specs
