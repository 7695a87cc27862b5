"""Show how far a comparison has come: each system in turn, then the judge."""

import time
from collections.abc import Mapping

from rich.text import Text

from ...core.batches.declared import Wave
from ...evaluation.batch.questions import Row
from ...evaluation.batch.tally import BatchReport
from ..batch.progress import BatchView
from ..batch.waves import under_way_line
from ..terminal import note, notes

_EVERY_S = 10.0


class Watch:
    """Show one system after the other."""

    def __init__(self) -> None:
        self._why: Mapping[str, str] = {}
        self._view: BatchView | None = None
        self._waves: Wave | None = None
        self._told_at = time.monotonic()

    def know(self, why: Mapping[str, str]) -> None:
        """Learn who sits in which system."""
        self._why = why

    def begin(self, label: str, sums: BatchReport) -> None:
        """Show whose turn it is."""
        self.end()
        note(f"{label} ({self._why[label]})")
        self._view = BatchView(notes)
        self._view.__enter__()
        self._view.begin(sums)

    def add(self, label: str, row: Row, sums: BatchReport) -> None:
        """Show that a question has been done with."""
        if self._view:
            self._view.add(row, sums)

    def wave(self, wave: Wave) -> None:
        """Show how far providers' batches are: of a system, or of the judge."""
        self._waves = wave
        if self._view is None:
            self._view = BatchView(notes)
            self._view.__enter__()
        self._view.wave(wave)

    @property
    def under_way(self) -> str:
        """Say what goes on at providers when nobody waits for it."""
        return "" if self._waves is None or self._waves.ended else under_way_line(self._waves)

    def judged(self, verdicts: int) -> None:
        """Tell of the judge now and then."""
        self.end()
        now = time.monotonic()
        if now - self._told_at >= _EVERY_S:
            self._told_at = now
            notes.print(Text(f"{verdicts:,} verdicts", style="dim"))

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self._view:
            self._view.__exit__(None, None, None)
            self._view = None
