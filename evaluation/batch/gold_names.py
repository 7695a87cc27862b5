"""Notice right answers that stand under another name than `gold`, so that nobody takes ungraded for wrong."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ...core.text import one_line, printable
from .questions import Question

_NAMES = frozenset(
    """gold golds golden goldanswer goldanswers goldenanswer goldlabel goldstandard answer answers answerkey finalanswer
    rightanswer correctanswer correct correctoption trueanswer truth truelabel groundtruth groundtruths
    expected expectedanswer expectedoutput expectedresponse expectedresult reference references referenceanswer
    referenceoutput referenceresponse target targets solution solutions label labels ideal idealanswer""".split()
)
"""Without case, blanks and marks."""


class GoldNames:
    """Count objects that have no `gold`, but something that is called as if it were."""

    def __init__(self) -> None:
        self._names: Counter[str] = Counter()
        self._without = self._seen = 0

    def look(self, item: Mapping[str, Any]) -> None:
        """Look at one object."""
        self._seen += 1
        if item.get("gold") is not None:
            return
        named = [key for key, value in item.items() if value is not None and _bare(key) in _NAMES]
        self._without += bool(named)
        self._names.update(named)

    def sentence(self) -> str | None:
        """Say what was seen; None where there is nothing to say."""
        if not self._names:
            return None
        name = one_line(printable(self._names.most_common(1)[0][0]), limit=40)
        return (
            f"found `{name}` and no `gold` in {self._without:,} of {self._seen:,} questions, expected the right answer "
            "as `gold`; rename it"
        )


def misnamed_gold(questions: Iterable[Question]) -> str | None:
    """Say under which other name questions have a right answer; None where all is well.

    Args:
        questions: What there is to ask.
    """
    names = GoldNames()
    for question in questions:
        names.look({"gold": question.gold} if question.gold else {**question.given, "gold": None})
    return names.sentence()


def _bare(key: object) -> str:
    return "".join(char for char in str(key)[:40].casefold() if char.isalnum())
