"""The command `compare`: several systems on one's own questions, and whether a mixture is worth its money."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from langsmith.utils import tracing_is_enabled
from rich.text import Text

from ...core.bounds.budget import Budget
from ...core.checks import check_number
from ...core.errors import ConfigError
from ...evaluation.batch.batch import abatch
from ...evaluation.batch.questions import Question, read_questions
from ...evaluation.comparing.compare import acompare
from ...evaluation.comparing.in_turn import left_of
from ...evaluation.comparing.measures import Comparison
from ...evaluation.comparing.wording import is_marked, marked, note_wording
from ...evaluation.grading.by_gold import Grader
from ...evaluation.grading.choose import GraderName, graders_for
from ..ask.running import INTERRUPTED, TERMINATED, notes, sigterm_as_ctrl_c
from ..plotting import check_plot
from ..settings.files import merged_settings
from ..settings.flags import SHARED, Concurrency, RetryErrors, limits_of, with_mixture
from ..settings.settings import Graph, Settings
from .equalise import Equaliser, Equalled, check_scalable
from .estimate import prospect, show_prospect
from .folder import folder_of
from .grader_file import judging, read_grader
from .progress import Watch
from .specs import Spec, read_specs
from .table import draw, notes_of, show

_NOT_SHARED = {"system", "window", "rounds", "moderator", "keep", "group"}


@partial(with_mixture, only=SHARED - _NOT_SHARED, budget="--run-budget")
def compare(
    settings: Settings,
    questions: Annotated[Path, typer.Argument(metavar="QUESTIONS", help="Questions, one JSON object a line.")],
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
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Ask for no short answer at the end of the questions.")
    ] = False,
    equal: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT", help="Give samplers as many samples as make equal: calls, tokens, usd.", show_default=False
        ),
    ] = None,
    kept: Annotated[
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
        bool, typer.Option("--estimate", help="Print what it may cost at most, and ask nobody.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Compare systems on your questions, and say whether a mixture is worth its money."""
    check_number("concurrency", concurrency, minimum=1, whole=True)
    if plot:
        check_plot(plot)
    specs = read_specs(systems or [], settings)
    if len(specs) < 2:
        raise ConfigError(f"found one system, {specs[0].label}, expected two or more; add what to compare it with")
    if equal:
        check_scalable(equal, specs, only_estimate=only_estimate)
    asked, by = list(read_questions(questions)), read_grader(grader)
    if not asked:
        raise ConfigError(f"found no questions in {questions}, expected at least one; write one on a line")
    graders = graders_for(by, asked, judge=judge is not None)
    is_asked = is_marked(kept, by_answer=graders.name == "answer", mark=not as_is)
    limits = merged_settings({}, {"budget": limits_of(whole)}).budget if whole else None
    job = _Job(
        specs=specs,
        asked=asked,
        told=marked(asked) if is_asked else asked,
        grader=by,
        judge=judge if graders.judged else None,
        settings=settings,
        equal=equal,
        baseline=baseline,
        budget=Budget(**limits.model_dump()) if limits else None,
        options={
            "concurrency": concurrency,
            "mark": not as_is,
            "retry_errors": retry_errors,
            "seed": seed,
            "experiment": experiment or (questions.stem if tracing_is_enabled() else None),
        },
    )
    if only_estimate:
        bounds = prospect(job.estimated(), job.told, judge=job.judge, grader=graders.name, built=judging(settings))
        show_prospect(bounds, as_json=as_json)
        return
    found = job.run(kept)
    if as_json:
        told = {**asdict(found), "notes": notes_of(found)}
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    else:
        show(found)
    if plot:
        draw(found, plot)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """Be what was asked for."""

    specs: Sequence[Spec]
    asked: Sequence[Question]
    told: Sequence[Question]
    """The questions as they are asked: with the line that asks for a short answer, where that is wanted."""
    grader: GraderName | Grader | None
    judge: str | None
    settings: Settings
    equal: str | None
    baseline: str | None
    budget: Budget | None
    options: dict[str, Any]

    def graphs(self, specs: Sequence[Spec]) -> dict[str, Graph]:
        """Build the systems."""
        return {spec.label: spec.settings.build() for spec in specs}

    def estimated(self) -> dict[str, Graph]:
        """Build the systems as they will be asked, without asking any."""
        return self.graphs(asyncio.run(self._scaled(Path())).specs)

    def run(self, kept: Path | None) -> Comparison:
        """Compare, and say how to go on where it is stopped."""
        self.graphs(self.specs)  # what cannot be built is told before a folder is made
        watch = Watch()
        try:
            with sigterm_as_ctrl_c() as ending, folder_of(kept, self.specs) as folder:
                note_wording(folder, self.told is not self.asked)  # a pilot's rows may be the first
                return ending.run(self._compare(folder, watch))
        except KeyboardInterrupt:
            watch.end()
            told = "the same command goes on" if kept else "nothing is kept; with --keep DIR the same command goes on"
            sys.stderr.write(f"stopped: {told}\n")
            raise typer.Exit(TERMINATED if ending.terminated else INTERRUPTED) from None
        finally:
            watch.end()

    async def _compare(self, folder: Path, watch: Watch) -> Comparison:
        done = await self._scaled(folder)
        watch.know({spec.label: spec.why for spec in done.specs})
        options = {**self.options, "baseline": done.renamed.get(self.baseline or "", self.baseline)}
        found = await acompare(
            self.graphs(done.specs),
            self.asked,
            grader=self.grader,
            judge=self.judge,
            out=folder,
            budget=left_of(self.budget, done.cost, by="the pilot"),
            on_start=watch.begin,
            on_row=watch.add,
            on_judged=watch.judged,
            **judging(self.settings),
            **options,
        )
        return replace(found, notes=[*done.notes, *found.notes])

    async def _scaled(self, folder: Path) -> Equalled:
        if not self.equal:
            return Equalled(list(self.specs))
        done = await Equaliser(self.equal, self.told, folder, self._pilot, self.budget).scale(self.specs)
        for note in done.notes:
            notes.print(Text(note, style="dim"), soft_wrap=True)
        return done

    async def _pilot(self, graph: Graph, few: Sequence[Question], file: Path, budget: Budget | None) -> object:
        return await abatch(graph, few, file, concurrency=self.options["concurrency"], budget=budget)
