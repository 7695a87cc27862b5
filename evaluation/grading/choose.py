"""Grade what systems answered, in whichever way was asked for."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Literal

from ...core.errors import ConfigError, nearest
from ...core.functions import is_coroutine_function
from ..batch.gold_names import misnamed_gold
from ..batch.questions import Question, Row
from .answered import GradedAnswers, best_of
from .by_gold import GRADERS, Grade, Grader, closed, grade, has_gold, unread
from .jury import Jury, all_preferred, all_scored

GraderName = Literal["answer", "exact", "judge", "score"]
JUDGED = ("judge", "score")
GRADER_NAMES = (*GRADERS, *JUDGED)
Rows = Mapping[str, Sequence[Row]]
"""What each system answered, in the order of the questions."""


@dataclass(frozen=True)
class Graders:
    """Say who grades: one by name, a function of one's own, or a judge."""

    name: str
    own: Grader | None = None

    @property
    def judged(self) -> bool:
        """Tell whether a model grades."""
        return self.name in JUDGED

    def try_out(self, questions: Sequence[Question], rows: Mapping[str, Row]) -> None:
        """Grade one answer, so that a function that returns nonsense is found before more is paid for.

        Raises:
            ConfigError: It does.
        """
        answered = next((question for question in questions if question.id in rows), None)
        if self.own and answered:
            grade(self.own, answered, rows[answered.id])

    async def grade(
        self, questions: Sequence[Question], rows: Rows, singles: Sequence[str], jury: Jury | None, baseline: str | None
    ) -> tuple[dict[str, GradedAnswers], str | None]:
        """Grade all answers.

        Args:
            questions: What was asked.
            rows: What came of it.
            singles: Which of the systems are single models.
            jury: The judge, where one grades.
            baseline: Whom to hold the others against, where that was named.

        Returns:
            What each system made of the questions, and the baseline, where grading had to choose one.
        """
        if jury and self.name == "judge":
            grades, baseline = await _against_the_best(jury, questions, rows, singles, baseline)
        elif jury:
            grades = {label: await all_scored(jury, questions, answers) for label, answers in rows.items()}
        else:
            grades = await asyncio.to_thread(self._graded, questions, rows)
        unreadable = {label: unread(questions, answers) if self.own is closed else 0 for label, answers in rows.items()}
        return {
            label: GradedAnswers(answers, grades[label], label in singles, unreadable[label])
            for label, answers in rows.items()
        }, baseline

    def _graded(self, questions: Sequence[Question], rows: Rows) -> dict[str, list[Grade]]:
        by = self.own
        if by is None:
            raise TypeError(f"the grader {self.name} needs a jury")
        return {
            label: [grade(by, question, row) for question, row in zip(questions, answers, strict=True)]
            for label, answers in rows.items()
        }


def graders_for(given: GraderName | Grader | None, questions: Sequence[Question], *, judge: bool) -> Graders:
    """Find out who grades, before anybody is asked.

    Args:
        given: Who was asked for; None takes the judge where there is one, else gold.
        questions: What will be graded.
        judge: Whether there is a judge.

    Raises:
        ConfigError: Nobody can grade so.
    """
    name = given if given is not None else "judge" if judge else "answer" if has_gold(questions) else None
    if name is None:
        _check_named(questions)
        raise ConfigError(
            "found no question with gold and no judge, expected something to grade by; add `gold` to the questions, "
            "name a judge, or give a grader of your own"
        )
    if callable(name):
        _check_function(name)
        return _without_judge(Graders(getattr(name, "__name__", type(name).__name__), name), judge)
    if name not in GRADER_NAMES:
        raise ConfigError(
            f"found the grader {name!r}, expected a function or a name; {nearest(str(name), GRADER_NAMES)}"
        )
    if name in JUDGED:
        if not judge:
            raise ConfigError(f"found grader={name!r} without a judge, expected a model that judges; name one")
        return Graders(name)
    if not has_gold(questions):
        _check_named(questions)
        raise ConfigError(
            f"found grader={name!r} and no question with gold, expected right answers; add `gold`, or let a judge grade"
        )
    return _without_judge(Graders(name, GRADERS[name]), judge)


def _check_named(questions: Sequence[Question]) -> None:
    if sentence := misnamed_gold(questions):
        raise ConfigError(f"{sentence}, or let a judge grade")


def _check_function(grader: Grader) -> None:
    """Refuse a function that cannot grade, before anybody is paid."""
    if is_coroutine_function(grader):
        raise ConfigError("found a coroutine function as the grader, expected one that returns a number at once")
    try:
        taken = signature(grader)
    except (TypeError, ValueError):  # written in C: nobody can tell
        return
    try:
        taken.bind("question", "answer")
    except TypeError as exc:
        raise ConfigError(
            f"found the grader {getattr(grader, '__name__', type(grader).__name__)}{taken}, expected one that takes a "
            f"question and an answer: {exc}; mend the function"
        ) from exc


def _without_judge(graders: Graders, judge: bool) -> Graders:
    if judge:
        raise ConfigError(
            f"found a judge beside the grader {graders.name}, expected one of them; leave the judge out, or take the "
            f"grader {' or '.join(JUDGED)}"
        )
    return graders


async def _against_the_best(
    jury: Jury, questions: Sequence[Question], rows: Rows, singles: Sequence[str], baseline: str | None
) -> tuple[dict[str, list[Grade]], str]:
    """Hold all systems against the baseline: the best single model, which single models are held against first."""
    first = baseline or next(iter(singles), next(iter(rows)))
    pairs: dict[tuple[str, str], list[Grade]] = {}

    async def against(label: str, other: str) -> list[Grade]:
        if label == other:
            return [Grade(0.5)] * len(questions)
        if (other, label) in pairs:
            return [Grade(None if g.score is None else 1 - g.score, g.why) for g in pairs[other, label]]
        if (label, other) not in pairs:
            pairs[label, other] = await all_preferred(jury, questions, rows[label], rows[other])
        return pairs[label, other]

    if baseline is None and len(singles) > 1:
        graded = {label: GradedAnswers(rows[label], await against(label, first), True) for label in singles}
        graded_for_all = [
            n for n in range(len(questions)) if all(one.grades[n].score is not None for one in graded.values())
        ]
        first = best_of(graded, singles, graded_for_all) if graded_for_all else first
    return {label: await against(label, first) for label in rows}, first
