"""Say how far the runs of one mixture agree, where it was asked every question several times."""

from collections.abc import Iterable
from statistics import fmean, stdev

from typing_extensions import TypedDict

from ..batch.questions import Question, Row
from ..batch.repeats import id_of_repeated
from .by_gold import closed


class RunsReport(TypedDict):
    """Hold how far runs agree; plain JSON."""

    repeat: int
    compared: int
    """Questions of which every run ends on a short answer."""
    same: int
    """Those of them whose runs all end on the same one."""
    graded: int
    """Questions with gold that can be read, and a row of every run."""
    right: list[float]
    """The share of those that is right, run by run; no answer is wrong."""


def runs_report(rows: Iterable[Row], questions: Iterable[Question], repeat: int) -> RunsReport:
    """Compare the runs of each question; what has no row of each yet is left out.

    Args:
        rows: What became of the questions, in any order.
        questions: What was asked, each once.
        repeat: How often.
    """
    from ...core.agreement.answers import final_answer  # its patterns take a while to compile
    from ...core.agreement.values import same_answer

    by_question: dict[str, dict[str, str | None]] = {}
    for row in rows:
        by_question.setdefault(id_of_repeated(row["id"]), {})[row["id"]] = row["answer"]
    report, grades = RunsReport(repeat=repeat, compared=0, same=0, graded=0, right=[]), []
    for question in questions:
        texts = [by_question.get(question.id, {}).get(id_) for id_ in _ids(question.id, repeat)]
        if len(by_question.get(question.id, {})) < repeat:
            continue
        answers = [final_answer(text or "") for text in texts]
        first, *others = answers
        if first and all(others):
            report["compared"] += 1
            report["same"] += all(other is not None and same_answer(first, other) for other in others)
        scores = [closed(question, text or "") for text in texts]
        if None not in scores:
            grades.append([score or 0.0 for score in scores])
    report["graded"] = len(grades)
    report["right"] = [fmean(run) for run in zip(*grades, strict=True)]
    return report


def sentence_of_runs(report: RunsReport) -> str:
    """Say in words how far runs agree, and how much what is right varies."""
    compared, repeat = report["compared"], report["repeat"]
    if not compared:
        words = f"no question has a short answer in all {repeat} repeats"
    else:
        words = f"all {repeat} repeats end on the same short answer in {report['same']:,} of the {compared:,} "
        words += "questions that have one in all"
    if not report["right"]:
        return words
    shares = ", ".join(f"{100 * share:.1f}" for share in report["right"])
    varied = f" (standard deviation {100 * stdev(report['right']):.1f} points)" if repeat > 1 else ""
    return f"{words}; right in {shares} % of {report['graded']:,}{varied}"


def _ids(id_: str, repeat: int) -> list[str]:
    return [id_, *(f"{id_}#{number}" for number in range(2, repeat + 1))]
