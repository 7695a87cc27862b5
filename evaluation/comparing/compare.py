"""Compare systems on the same questions, and say whether a mixture is worth its money."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory

from langsmith.utils import tracing_is_enabled

from ...core.batches.declared import ProviderBatch
from ...core.bounds.budget import Budget
from ...core.errors import ConfigError
from ...core.models.capabilities import Model
from ...core.models.limits import Limits
from ...core.models.prices import Prices
from ...core.models.resolve import resolve_model
from ...core.panel.declared import Aggregator
from ...core.run.state import Graph
from ...graphs.hidden import hides
from ...graphs.plan import plan_of
from ...nodes.calls.cache import keeping_responses
from ...nodes.calls.response_cache import ResponseCache
from ..batch.batch import OnWave
from ..batch.gold_names import misnamed_gold
from ..batch.questions import Question, Questions
from ..batch.reading import questions_in
from ..batch.repeats import Repeated
from ..grading.answered import GradedAnswers
from ..grading.by_gold import Grader
from ..grading.choose import GraderName
from ..grading.in_batches import judge_all
from ..grading.jury import Jury, OnJudged
from .cast import Cast
from .ceilings import ceiling_in, first_runs
from .comparison import comparison_of, with_unasked
from .conclusion import MARGIN
from .grades import note_grades
from .in_turn import InTurn, OnSystemRow, OnSystemStart
from .measures import Comparison
from .preparing import VERDICTS, Prepared, check_comparison, prepare
from .roles import cached_cost, roles_of, shared_cost
from .wording import note_wording


async def acompare(
    systems: Mapping[str, Graph],
    questions: Questions,
    *,
    grader: GraderName | Grader | None = None,
    judge: str | Model | Aggregator | None = None,
    baseline: str | None = None,
    margin: float = MARGIN,
    repeat: int = 1,
    mark: bool = True,
    out: str | PathLike[str] | None = None,
    concurrency: int = 8,
    budget: Budget | None = None,
    retry_errors: bool = False,
    seed: int = 0,
    experiment: str | None = None,
    resolve: Callable[..., Model] = resolve_model,
    limits: Sequence[Limits] = (),
    prices: Prices | None = None,
    cache: ResponseCache | None = None,
    provider_batch: ProviderBatch | None = None,
    on_start: OnSystemStart | None = None,
    on_row: OnSystemRow | None = None,
    on_judged: OnJudged | None = None,
    on_wave: OnWave | None = None,
) -> Comparison:
    """Put the same questions to several systems, grade the answers, and hold the best mixture against the best model.

        luna = create_moa(proposers=["openai:gpt-6-luna"], layers=1)
        found = await acompare({"luna": luna, "moa": moa}, "questions.jsonl", out="compared")
        found.verdict       # 'moa: no better than the best single model (luna): +0.8 points [-0.6, +2.2] for 6.2 ...'

    Systems are asked one after the other, each with the whole concurrency, so that none waits for another.

    Args:
        systems: What to compare, by name: mixtures of this package, at least two.
        questions: As `abatch` takes them.
        grader: `answer` compares the short answer that a text ends on with gold, `exact` all of it; `judge` lets a
            model compare two answers, `score` lets it mark one; or a function `(question, answer) -> float | None`,
            from 0 to 1, None where it cannot tell. None takes `judge` where there is a judge, else `answer`.
        judge: The model that judges, as an aggregator is given; without a grader it judges, even where there is gold.
        baseline: Whom to hold the others against; None is the best single model.
        margin: The gain, in points of a hundred, from which on one counts: `no better` is said where it is ruled out.
        repeat: How often every system is asked every question; a question's grade is the mean.
        mark: Ask all systems to close with a short answer, where the grader is `answer`: the same line at the end of
            every question. False leaves the questions as they are.
        out: The folder of the rows and verdicts, so that nothing is paid for twice; None keeps none.
        concurrency: Questions, or verdicts, under way at once.
        budget: Bounds for the whole comparison, with what the rows that are there have cost.
        retry_errors: Ask again what failed.
        seed: What the bootstrap's draws depend on.
        experiment: How the names of LangSmith's dataset and experiments begin; they are made where runs are traced.
        resolve: Builds a judge that is given as a string, as in `create_moa`.
        limits: Bounds for calls of the judge.
        prices: Your own prices, for the judge.
        cache: Where the judge's answers are kept; each system has a cache of its own, or the same.
        provider_batch: Ask systems and judge in their providers' batches, as `abatch` does; `out` keeps what is under
            way.
        on_start: Called with each system, and its sums, before it is asked.
        on_row: Called with the system, each row and the sums so far.
        on_judged: Called after each verdict with their number.
        on_wave: Called whenever a provider says how far its batches are.

    Returns:
        What was measured.

    Raises:
        ConfigError: An argument is wrong, a system answered nothing, or no question could be graded.
    """
    given = list(questions_in(questions))
    check_comparison(
        systems,
        given,
        baseline=baseline,
        budget=budget,
        concurrency=concurrency,
        seed=seed,
        experiment=experiment,
        margin=margin,
        repeat=repeat,
    )
    path = Path(out) if out else None
    prepared = prepare(
        given, grader, judge, path, mark=mark, resolve=resolve, limits=limits, prices=prices, cache=cache
    )
    prepared.check_bounded(budget)
    with rows_folder(path) as folder:
        note_wording(folder, prepared.is_marked)
        return await compare_prepared(
            systems,
            prepared,
            folder,
            baseline=baseline,
            margin=margin,
            repeat=repeat,
            concurrency=concurrency,
            budget=budget,
            retry_errors=retry_errors,
            seed=seed,
            experiment=experiment,
            on_start=on_start,
            on_row=on_row,
            on_judged=on_judged,
            provider_batch=provider_batch,
            on_wave=on_wave,
        )


async def compare_prepared(
    systems: Mapping[str, Graph],
    prepared: Prepared,
    folder: Path,
    *,
    baseline: str | None,
    margin: float,
    repeat: int,
    concurrency: int,
    budget: Budget | None,
    retry_errors: bool,
    seed: int,
    experiment: str | None,
    on_start: OnSystemStart | None,
    on_row: OnSystemRow | None,
    on_judged: OnJudged | None,
    cast: Cast | None = None,
    provider_batch: ProviderBatch | None = None,
    on_wave: OnWave | None = None,
) -> Comparison:
    """Compare systems in a folder, where all that `acompare` finds out beforehand is known.

    Args:
        systems: What to compare, by name.
        prepared: What they are asked, and who grades it.
        folder: Where the rows and verdicts are, or will be.
        baseline: As `acompare` takes it; so the others.
        margin: The gain, in points of a hundred, from which on one counts.
        repeat: How often every system is asked every question.
        concurrency: Questions, or verdicts, under way at once.
        budget: Bounds for the whole comparison.
        retry_errors: Ask again what failed.
        seed: What the bootstrap's draws depend on.
        experiment: How the names of LangSmith's dataset and experiments begin.
        on_start: Called with each system before it is asked.
        on_row: Called with each row.
        on_judged: Called after each verdict.
        cast: Who plays what in them, where roles are compared.
        provider_batch: Ask systems and judge in their providers' batches.
        on_wave: Called whenever a provider says how far they are.

    Returns:
        What was measured.

    Raises:
        ConfigError: A system answered nothing, or no question could be graded.
    """
    turns = InTurn(
        folder,
        concurrency=concurrency,
        budget=budget,
        retry_errors=retry_errors,
        on_start=on_start,
        on_row=on_row,
        provider_batch=provider_batch,
        on_wave=on_wave,
    )
    every = list(Repeated(prepared.questions, repeat))
    await _ask_all(systems, prepared, turns, every, cast)
    questions, rows = turns.answered_by_all(every, repeat)
    singles = [label for label, graph in systems.items() if plan_of(graph).is_single]
    grade = partial(prepared.graders.grade, questions, rows, singles, baseline=baseline)
    jury = None
    with keeping_responses(prepared.cache):
        if seat := prepared.judge:
            verdicts = folder / VERDICTS
            begin = partial(
                Jury, seat, concurrency=concurrency, budget=turns.budget_left(), file=verdicts, on_judged=on_judged
            )
            (answered, chosen), jury = await judge_all(grade, begin, seat, verdicts, provider_batch, on_wave)
        else:
            answered, chosen = await grade(None)
    comparison = comparison_of(
        answered,
        prepared.graders,
        chosen or baseline,
        named=baseline is not None,
        seed=seed,
        contradicted=jury.contradicted if jury else None,
        margin=margin,
        repeat=repeat,
    )
    comparison = with_unasked(comparison, len(prepared.questions), turns.stopped)
    comparison = replace(comparison, judging=jury.cost if jury else None)
    if prepared.graders.name != "judge":  # whose grades are against another system
        ceiling = await asyncio.to_thread(ceiling_in, *first_runs(questions, answered, repeat), prepared.graders.own)
        comparison = replace(comparison, ceiling=ceiling)
        note_grades(folder, answered)
    if cast:
        comparison = replace(comparison, roles=roles_of(cast, answered, comparison, seed=seed))
        comparison.notes.append(shared_cost(answered))
    comparison.notes.extend(filter(None, [misnamed_gold(prepared.questions), None if cast else cached_cost(answered)]))
    comparison.notes.extend(await _published(experiment, systems, questions, answered, comparison))
    return comparison


async def _ask_all(
    systems: Mapping[str, Graph], prepared: Prepared, turns: InTurn, questions: Sequence[Question], cast: Cast | None
) -> None:
    """Ask all systems part by part, and try out a grader of one's own on what comes first."""
    reference, replayed = (cast.reference, cast.replayed) if cast else ("", [])
    for part in turns.parts(list(systems), questions):
        for label, graph in systems.items():
            # Where the budget kept the declared mixture from a question, there are no proposals of it to go on with.
            of_part = turns.answered_by(reference, label, of=part) if label in replayed else part
            if of_part:
                await turns.ask(label, graph, of_part)
                prepared.graders.try_out(questions, turns.rows[label])
            else:
                turns.rows.setdefault(label, {})


async def _published(
    experiment: str | None,
    systems: Mapping[str, Graph],
    questions: Sequence[Question],
    answered: Mapping[str, GradedAnswers],
    comparison: Comparison,
) -> list[str]:
    """Show it in LangSmith, where runs are traced and no texts are hidden."""
    if not tracing_is_enabled():
        return []
    if hidden := [label for label, graph in systems.items() if hides(graph)]:
        return [f"LangSmith got no experiments, for {', '.join(hidden)} keeps texts out of traces"]
    from .langsmith import publish  # it takes a while to import

    return await publish(experiment or "compare", questions, answered, comparison)


@contextmanager
def rows_folder(out: Path | None) -> Iterator[Path]:
    """Make the folder of the rows, or one that is gone afterwards."""
    if out is None:
        with TemporaryDirectory(prefix="langgraph-moa-") as folder:
            yield Path(folder)
        return
    try:
        out.mkdir(mode=0o700, exist_ok=True)
    except OSError as exc:
        raise ConfigError(f"found {out} for the rows, expected a folder: {exc.strerror or exc}; name another") from exc
    yield out
