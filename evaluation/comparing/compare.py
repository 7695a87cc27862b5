"""Compare systems on the same questions, and say whether a mixture is worth its money."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langsmith.utils import tracing_is_enabled

from ...core.bounds.budget import Budget, check_bounded
from ...core.bounds.checks import check_rules
from ...core.checks import check_number
from ...core.errors import ConfigError, nearest
from ...core.models.capabilities import Model
from ...core.models.limits import Limits
from ...core.models.prices import Prices
from ...core.models.resolve import resolve_model
from ...core.panel.declared import Aggregator, Defaults
from ...core.panel.seating import seat_of
from ...core.text import one_line, printable
from ...graphs.hidden import hides
from ...graphs.plan import plan_of
from ..batch.one_question import Graph
from ..batch.questions import Question, Questions, questions_in
from ..grading.answered import Answered, best_of
from ..grading.by_gold import Grader
from ..grading.choose import GraderName, Graders, graders_for
from ..grading.jury import Jury, OnJudged
from .conclusion import caveats, verdict
from .in_turn import InTurn, OnRow, OnStart, file_of
from .measures import Comparison, graded_for_all, measured
from .wording import ASKED, is_marked, marked, note_wording

VERDICTS = "_verdicts.jsonl"
"""The file of a judge's verdicts."""


async def acompare(
    systems: Mapping[str, Graph],
    questions: Questions,
    *,
    grader: GraderName | Grader | None = None,
    judge: str | Model | Aggregator | None = None,
    baseline: str | None = None,
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
    on_start: OnStart | None = None,
    on_row: OnRow | None = None,
    on_judged: OnJudged | None = None,
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
        on_start: Called with each system, and its sums, before it is asked.
        on_row: Called with the system, each row and the sums so far.
        on_judged: Called after each verdict with their number.

    Returns:
        What was measured.

    Raises:
        ConfigError: An argument is wrong, a system answered nothing, or no question could be graded.
    """
    asked = list(questions_in(questions))
    _check(systems, asked, baseline, budget)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ConfigError(f"found seed={seed!r}, expected a whole number; give one")
    check_number("concurrency", concurrency, minimum=1, whole=True)
    if experiment is not None and not tracing_is_enabled():
        raise ConfigError(
            f"found the experiment {experiment!r} without tracing, expected LANGSMITH_TRACING=true; set it, or drop it"
        )
    graders = graders_for(grader, asked, judge=judge is not None)
    seat = None
    if graders.judged and judge is not None:
        seat = seat_of(
            judge, Defaults(timeout=180.0, limits=limits, prices=prices or {}, resolve=resolve), role="judge"
        )
        check_bounded(budget or Budget(), [seat])
    is_asked = is_marked(Path(out) if out else None, by_answer=graders.name == "answer", mark=mark)
    asked = marked(asked) if is_asked else asked
    with folder_of(out) as folder:
        note_wording(folder, is_asked)
        turns = InTurn(
            folder,
            concurrency=concurrency,
            budget=budget,
            retry_errors=retry_errors,
            on_start=on_start,
            on_row=on_row,
        )
        for part in turns.parts(list(systems), asked):
            for label, graph in systems.items():
                await turns.ask(label, graph, part)
                graders.try_out(asked, turns.rows[label])
        common, rows = turns.answered_by_all(asked)
        jury = None
        if seat:
            kept, left = (folder / VERDICTS if out else None), turns.budget_left()
            jury = Jury(seat, concurrency=concurrency, budget=left, kept=kept, on_judged=on_judged)
        singles = [label for label, graph in systems.items() if is_single(graph)]
        answered, chosen = await graders.grade(common, rows, singles, jury, baseline)
    contradicted = jury.contradicted if jury else None
    found = _compared(
        answered, graders, chosen or baseline, named=baseline is not None, seed=seed, contradicted=contradicted
    )
    found = replace(found, judging=jury.cost if jury else None, **_unasked(found, len(asked), turns.stopped))
    found.notes.extend(await _published(experiment, systems, common, answered, found))
    return found


async def _published(
    experiment: str | None,
    systems: Mapping[str, Graph],
    questions: Sequence[Question],
    answered: Mapping[str, Answered],
    found: Comparison,
) -> list[str]:
    """Show it in LangSmith, where runs are traced and no texts are hidden."""
    if not tracing_is_enabled():
        return []
    if hidden := [label for label, graph in systems.items() if hides(graph)]:
        return [f"LangSmith got no experiments, for {', '.join(hidden)} keeps texts out of traces"]
    from .langsmith import publish  # it takes a while to import

    return await publish(experiment or "compare", questions, answered, found)


def is_single(moa: Graph) -> bool:
    """Tell one model that is asked once from a mixture."""
    return plan_of(moa).is_single


def _compared(
    answered: Mapping[str, Answered],
    graders: Graders,
    baseline: str | None,
    *,
    named: bool,
    seed: int,
    contradicted: float | None,
) -> Comparison:
    kept, left_out = graded_for_all(answered)
    if not kept:
        why = "; ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise ConfigError(
            f"found no question that could be graded for all systems by {graders.name}: {why}; expected one at least; "
            "mend that, or take another grader"
        )
    singles = [label for label, one in answered.items() if one.is_single]
    baseline = baseline or (best_of(answered, singles, kept) if singles else next(iter(answered)))
    systems = measured(answered, kept, baseline, seed=seed)
    other = next(system for system in systems if system.label == baseline)
    return Comparison(
        grader=graders.name,
        questions=sum(left_out.values()) + len(kept),
        graded=len(kept),
        left_out=left_out,
        systems=systems,
        baseline=baseline,
        verdict=verdict(systems, other, len(kept), named=named, judged=graders.judged, contradicted=contradicted),
        contradicted=contradicted,
        notes=caveats(systems, other, named=named),
    )


def _unasked(found: Comparison, asked: int, stopped: str | None) -> dict[str, Any]:
    """Count the questions that not all systems were asked with those that were left out."""
    missing = asked - found.questions
    left_out = {f"not put to all systems ({stopped})": missing} if missing else {}
    return {"questions": asked, "left_out": {**found.left_out, **left_out}}


def _check(
    systems: Mapping[str, Graph], questions: Sequence[Question], baseline: str | None, budget: Budget | None
) -> None:
    """Refuse what could not be compared, before anybody is asked."""
    if not isinstance(systems, Mapping) or len(systems) < 2:
        count = len(systems) if isinstance(systems, Mapping) else type(systems).__name__
        raise ConfigError(f"found {count} as systems, expected two or more graphs by name; add what to compare with")
    if not questions:
        raise ConfigError("found no questions, expected at least one; write one on a line")
    files: dict[str, str] = {}
    for label, graph in systems.items():
        if not isinstance(label, str) or not label.strip() or one_line(printable(label), limit=60) != label:
            raise ConfigError(f"found the system's name {label!r:.80}, expected a line of at most 60 characters")
        name = file_of(Path(), label).name.casefold()
        if name in files or name in (VERDICTS, ASKED):
            raise ConfigError(
                f"found the systems {files.get(name, name)!r} and {label!r}, whose rows would be in one file, "
                "expected names that differ in letters and digits; rename one"
            )
        files[name] = label
        plan_of(graph)
    if baseline is not None and baseline not in systems:
        raise ConfigError(
            f"found the baseline {baseline!r}, expected one of the systems; {nearest(baseline, list(systems))}"
        )
    check_rules(quorum=None, budget=budget, cache=None, min_proposals=1, review=False, smallest=0)


@contextmanager
def folder_of(out: str | PathLike[str] | None) -> Iterator[Path]:
    """Make the folder of the rows, or one that is gone afterwards."""
    if out is None:
        with TemporaryDirectory(prefix="langgraph-moa-") as folder:
            yield Path(folder)
        return
    try:
        Path(out).mkdir(exist_ok=True)
    except OSError as exc:
        raise ConfigError(f"found {out} for the rows, expected a folder: {exc.strerror or exc}; name another") from exc
    yield Path(out)
