"""Grade answers where no model is needed for it: against gold, or by a function of one's own."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from ...core.errors import ConfigError
from ...core.text import normal_form, one_line, printable
from ..batch.questions import Question, Row

Grader = Callable[[Question, str], float | None]
"""Says how good an answer is, from 0 to 1; None where it cannot tell."""


class Grade(NamedTuple):
    """Hold what one answer was found to be worth."""

    score: float | None
    """From 0 to 1; None where nobody can tell."""
    why: str | None = None
    """Why nobody can."""


NO_GOLD = "without gold that can be read"


def exact(question: Question, answer: str) -> float | None:
    """Compare the whole answer with gold; case, white space and a last full stop do not count."""
    wanted = _folded(question.gold or "")
    return float(_folded(answer) == wanted) if wanted else None


def closed(question: Question, answer: str) -> float | None:
    """Compare the short answer that a text ends on with gold, a number as a number, as `calibrate` does.

    A unit may be left out, or added, where the question leaves no doubt which.
    """
    from ...core.agreement.answers import (  # its patterns take a while to compile: not at import
        final_answer,
        short_answer,
    )
    from ..stop_rules import is_right

    wanted = short_answer(question.gold or "")
    return float(is_right([final_answer(answer)], wanted, text_asked(question))) if wanted else None


def grade_of_vote(question: Question, texts: Sequence[str | None]) -> float | None:
    """Grade the answer that most texts end on, the first of those that are level; None without gold.

    Args:
        question: What was asked.
        texts: What was answered, in the order of declaration.
    """
    from ...core.agreement.answers import final_answer, short_answer
    from ..stop_rules import is_right, vote

    wanted = short_answer(question.gold or "")
    answers = [final_answer(text) if text else None for text in texts]
    return float(is_right(vote(answers), wanted, text_asked(question))) if wanted else None


def text_asked(question: Question) -> str:
    """Return what a user says in a question, which names the units."""
    contents = [message["content"] for message in question.messages if message["role"] == "user"]
    blocks = [[content] if isinstance(content, str) else content for content in contents]
    texts = [block if isinstance(block, str) else str(block.get("text", "")) for each in blocks for block in each]
    return "\n".join([*texts, *question.later])


GRADERS: Mapping[str, Grader] = {"answer": closed, "exact": exact}
"""Those that have a name."""


def grade(grader: Grader, question: Question, row: Row) -> Grade:
    """Grade what became of a question; no answer is worth nothing, where an answer could be told right from wrong.

    Args:
        grader: Who grades. A function of one's own may fail: it is told as one that cannot tell.
        question: What was asked.
        row: What came of it.

    Raises:
        ConfigError: The function returned something else than a number from 0 to 1, or None.
    """
    is_ours = grader in GRADERS.values()
    if row["answer"] is None and not is_ours:
        return Grade(0.0)
    try:
        score = grader(question, row["answer"] or "")
    except ConfigError:
        raise
    except Exception as exc:  # noqa: BLE001 - somebody else's function; the answers are paid for
        return Grade(None, f"where the grader failed ({one_line(printable(f'{type(exc).__name__}: {exc}'), limit=80)})")
    if score is None:
        return Grade(None, NO_GOLD if is_ours else "that the grader could not tell")
    if isinstance(score, bool | int | float) and isfinite(score) and 0 <= score <= 1:
        return Grade(float(score) if row["answer"] is not None else 0.0)
    raise ConfigError(
        f"found {one_line(repr(score), limit=60)} from the grader for the question {printable(question.id)!r}, "
        "expected a number from 0 to 1, or None where it cannot tell; mend the function"
    )


def unread(questions: Sequence[Question], rows: Sequence[Row]) -> int:
    """Count the answers that end on nothing to compare with gold, where there is gold."""
    from ...core.agreement.answers import final_answer, short_answer

    return sum(
        row["answer"] is not None and not final_answer(row["answer"]) and bool(short_answer(question.gold or ""))
        for question, row in zip(questions, rows, strict=True)
    )


def has_gold(questions: Sequence[Question]) -> bool:
    """Tell whether one of them at least has a right answer to compare with."""
    return any(question.gold and question.gold.strip() for question in questions)


def _folded(text: str) -> str:
    return " ".join(normal_form(text, "NFKC").casefold().split()).removesuffix(".").rstrip()
