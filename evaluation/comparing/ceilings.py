"""What a mixture of the compared models can win at most: counted on what they answered alone, or proposed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...core.agreement.answers import short_answer
from ..batch.questions import Question, Row, RowProposal
from ..batch.repeats import id_of_repeated
from ..ceiling import Ceiling, Worth, ceiling_of
from ..grading.answered import GradedAnswers
from ..grading.by_gold import Grader, closed, grade, grade_of_vote


def ceiling_in(
    questions: Sequence[Question], answered: Mapping[str, GradedAnswers], by: Grader | None
) -> Ceiling | None:
    """Return what choosing among single models' answers gets at most, or else among the proposals of several models.

    Args:
        questions: What was asked.
        answered: What each system made of them, graded.
        by: Who grades; None is a judge, whose marks of single models count.

    Returns:
        None where there are not two models to choose from.
    """
    singles = {label: one for label, one in answered.items() if one.is_single}
    if len(singles) > 1:
        marks = list(zip(*([grade.score for grade in one.grades] for one in singles.values()), strict=True))
        texts = list(zip(*([row["answer"] for row in one.rows] for one in singles.values()), strict=True))
        return _ceiling(questions, list(singles), marks, texts, by)
    for one in answered.values():
        proposals = [_first_layer(row) for row in one.rows]
        names = list(dict.fromkeys(name for each in proposals for name in each))
        if by and len({p["proposer"] for each in proposals for p in each.values()}) > 1:
            texts = [tuple(each[name]["text"] if name in each else None for name in names) for each in proposals]
            marks = [
                tuple(
                    grade(by, question, _as_row(row, text)).score if "proposals" in row else None for text in row_texts
                )
                for question, row, row_texts in zip(questions, one.rows, texts, strict=True)
            ]
            ceiling = _ceiling(questions, names, marks, texts, by)
            return replace(ceiling, are_proposals=True) if ceiling else None
    return None


def first_runs(
    questions: Sequence[Question], answered: Mapping[str, GradedAnswers], repeat: int
) -> tuple[Sequence[Question], Mapping[str, GradedAnswers]]:
    """Leave repeats out: what is counted by question must not count one several times.

    Args:
        questions: What was asked, with repeats.
        answered: What each system made of them.
        repeat: How often each was asked.
    """
    if repeat == 1:
        return questions, answered
    first = [n for n, question in enumerate(questions) if id_of_repeated(question.id) == question.id]
    return [questions[n] for n in first], {
        label: one._replace(rows=[one.rows[n] for n in first], grades=[one.grades[n] for n in first])
        for label, one in answered.items()
    }


def _ceiling(
    questions: Sequence[Question],
    names: Sequence[str],
    marks: Sequence[Sequence[Worth]],
    texts: Sequence[Sequence[str | None]],
    by: Grader | None,
) -> Ceiling | None:
    is_closed = by is closed
    return ceiling_of(
        names,
        marks,
        votes=[grade_of_vote(question, row) for question, row in zip(questions, texts, strict=True)]
        if is_closed
        else None,
        golds=[short_answer(question.gold or "") for question in questions] if is_closed else [],
    )


def _first_layer(row: Row) -> dict[str, RowProposal]:
    first = [proposal for proposal in row.get("proposals", []) if proposal["layer"] == 1]
    sampled = any(proposal["sample"] > 1 for proposal in first)
    return {f"{p['proposer']}/{p['sample']}" if sampled else p["proposer"]: p for p in first}


def _as_row(row: Row, text: str | None) -> Row:
    return {**row, "answer": text}
