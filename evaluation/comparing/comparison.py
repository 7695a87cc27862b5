"""Make a comparison of graded answers: the measures, and what they come to."""

from collections.abc import Mapping
from dataclasses import replace

from ...core.errors import ConfigError
from ..grading.answered import GradedAnswers, best_of
from ..grading.choose import Graders
from .conclusion import MARGIN, caveats, verdict
from .measures import Comparison, graded_for_all, measured
from .over_repeats import by_question, grades_of_runs, run_of, run_variance


def comparison_of(
    answered: Mapping[str, GradedAnswers],
    graders: Graders,
    baseline: str | None,
    *,
    named: bool,
    seed: int,
    contradicted: float | None,
    margin: float = MARGIN,
    repeat: int = 1,
) -> Comparison:
    """Measure graded answers, and conclude.

    Args:
        answered: What each system made of the questions, graded.
        graders: Who graded.
        baseline: Whom to hold the others against; None is the best single model.
        named: Whether somebody named that baseline.
        seed: What the bootstrap's draws depend on.
        contradicted: The share of pairs on which a judge preferred a place.
        margin: The gain, in points of a hundred, from which on one counts.
        repeat: How often each question was asked; its repeats stand one behind the other.

    Raises:
        ConfigError: No question could be graded for all systems.
    """
    runs, answered = answered, by_question(answered, repeat)
    graded, left_out = graded_for_all(answered)
    if not graded:
        why = "; ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise ConfigError(
            f"found no question that could be graded for all systems by {graders.name}: {why}; expected one at least; "
            "mend that, or take another grader"
        )
    singles = [label for label, one in answered.items() if one.is_single]
    baseline = baseline or (best_of(answered, singles, graded) if singles else next(iter(answered)))
    systems = measured(answered, graded, baseline, seed=seed)
    in_repeats = [measured(run_of(runs, repeat, n), graded, baseline, seed=seed) for n in range(repeat)]
    if repeat > 1:
        grades = {label: grades_of_runs(one, repeat, graded) for label, one in runs.items()}
        systems = [replace(system, repeats=run_variance(grades[system.label])) for system in systems]
    other = next(system for system in systems if system.label == baseline)
    return Comparison(
        grader=graders.name,
        questions=sum(left_out.values()) + len(graded),
        graded=len(graded),
        left_out=left_out,
        systems=systems,
        baseline=baseline,
        verdict=verdict(
            systems,
            other,
            len(graded),
            named=named,
            judged=graders.judged,
            contradicted=contradicted,
            margin=margin,
            in_repeats=in_repeats if repeat > 1 else (),
        ),
        margin=margin,
        repeat=repeat,
        contradicted=contradicted,
        notes=caveats(systems, other, named=named),
    )


def with_unasked(comparison: Comparison, count: int, stopped: str | None) -> Comparison:
    """Count the questions that not all systems were asked with those that were left out.

    Args:
        comparison: What was measured on the others.
        count: How many questions there were.
        stopped: Why not all were asked, where not all were.
    """
    missing = count - comparison.questions
    left_out = {f"not put to all systems ({stopped})": missing} if missing else {}
    return replace(comparison, questions=count, left_out={**comparison.left_out, **left_out})
