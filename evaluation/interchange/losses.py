"""Count what a form cannot hold, so that it is told in a sentence and never lost in silence."""

from collections import Counter

from ...core.text import one_line, printable


class Losses:
    """Count what was changed on the way from one form to another."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, sentence: str, times: int = 1) -> None:
        """Count one change.

        Args:
            sentence: What became of it, the same for all of its kind.
            times: How often.
        """
        if times:
            self._counts[one_line(printable(sentence), limit=300)] += times

    def sentences(self) -> list[str]:
        """Say each kind of change, and how often it was made."""
        return [f"{sentence} ({times:,} time{'s' * (times != 1)})" for sentence, times in self._counts.items()]
