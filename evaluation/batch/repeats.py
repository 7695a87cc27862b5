"""Ask every question several times: repeats of a question are questions of their own, with ids of their own."""

import re
from collections.abc import Iterator
from dataclasses import replace

from ...core.checks import check_number
from ...core.errors import ConfigError
from .questions import Question, Questions
from .reading import questions_in

MOST_REPEATS = 1_000
_REPEAT = re.compile(r"#\d{1,9}\Z")


class Repeated:
    """Go through questions, each as often as it is to be asked, one repeat behind the other.

    The first keeps the question's id, so that rows of a run without repeats count; the others are `q7#2`, `q7#3`.
    """

    def __init__(self, questions: Questions, repeat: int) -> None:
        """Take what `questions_in` reads, and how often each is asked."""
        self._questions, self._repeat = questions, repeat

    def __iter__(self) -> Iterator[Question]:
        for question in questions_in(self._questions):
            if self._repeat > 1 and _REPEAT.search(question.id):
                raise ConfigError(
                    f"found the id {question.id!r}, expected one without # and a number at its end, as repeats have; "
                    "rename it, or ask once"
                )
            yield question
            for number in range(2, self._repeat + 1):
                yield replace(question, id=f"{question.id}#{number}", repeat=number)


def check_repeat(repeat: int) -> None:
    """Refuse a number of repeats that is none.

    Args:
        repeat: How often every question is to be asked.

    Raises:
        ConfigError: It is no whole number from 1 on.
    """
    check_number("repeat", repeat, minimum=1, whole=True, most=MOST_REPEATS)


def id_of_repeated(id_: str) -> str:
    """Return the id of the question that a row's id is a repeat of."""
    return _REPEAT.sub("", id_)
