"""Tell how much a system varies from run to run from how much questions differ, where each was asked several times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, variance

from ..grading.answered import GradedAnswers
from ..grading.by_gold import Grade


@dataclass(frozen=True)
class RunVariance:
    """Hold the components of variance of a system's grades, by questions and runs."""

    runs: list[float]
    """The mean grade of each repeat."""
    between_runs: float
    """The variance of a question's grade from run to run, the mean over questions."""
    between_questions: float
    """The variance of questions' true means, without what runs add to it; never below zero."""
    standard_error: float
    """Of the mean grade, by both."""
    of_runs: float
    """The part of that standard error that more repeats would take away."""


def by_question(answered: Mapping[str, GradedAnswers], repeat: int) -> dict[str, GradedAnswers]:
    """Make the mean over its repeats a question's grade; one that could not be graded once is not graded.

    Args:
        answered: What each system made of the questions, repeats of a question one behind the other.
        repeat: How often each was asked.
    """
    if repeat == 1:
        return dict(answered)
    return {
        label: one._replace(grades=[_mean(one.grades[n : n + repeat]) for n in range(0, len(one.grades), repeat)])
        for label, one in answered.items()
    }


def grades_of_runs(one: GradedAnswers, repeat: int, graded: Sequence[int]) -> list[list[float]]:
    """Return the grades of each repeat, of the questions that are compared.

    Args:
        one: What a system made of the questions, repeats one behind the other.
        repeat: How often each was asked.
        graded: The questions, by number.
    """
    return [[one.grades[n * repeat + number].score or 0.0 for n in graded] for number in range(repeat)]


def run_of(answered: Mapping[str, GradedAnswers], repeat: int, number: int) -> dict[str, GradedAnswers]:
    """Return one repeat of all questions by itself.

    Args:
        answered: What each system made of the questions, repeats one behind the other.
        repeat: How often each was asked.
        number: Which repeat, from 0 on.
    """
    return {
        label: one._replace(rows=one.rows[number::repeat], grades=one.grades[number::repeat])
        for label, one in answered.items()
    }


def run_variance(runs: Sequence[Sequence[float]]) -> RunVariance | None:
    """Tell the variance between runs from that between questions (a one-way layout, by moments).

    Args:
        runs: The grades of each repeat, at least two, of the same questions.

    Returns:
        The components; None for one question, which shows nothing of questions.
    """
    size, repeat = len(runs[0]), len(runs)
    if size < 2 or repeat < 2:
        return None
    questions = list(zip(*runs, strict=True))
    within, means = fmean(variance(grades) for grades in questions), variance(map(fmean, questions))
    return RunVariance(
        runs=[fmean(run) for run in runs],
        between_runs=within,
        between_questions=max(means - within / repeat, 0.0),
        standard_error=sqrt(means / size),
        of_runs=min(sqrt(within / (repeat * size)), sqrt(means / size)),
    )


def _mean(grades: Sequence[Grade]) -> Grade:
    missing = next((grade for grade in grades if grade.score is None), None)
    return missing or Grade(fmean(grade.score or 0.0 for grade in grades))
