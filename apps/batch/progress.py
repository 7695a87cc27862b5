"""Show how far a batch has come: a bar on a terminal, else a plain line now and then."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from ...core.batches.declared import Wave
from ...evaluation.batch.questions import Row
from ...evaluation.batch.tally import BatchReport
from ..ask.lines import spared_words
from ..screens import TABLES_FROM
from .waves import WaveWords, wave_words

_WIDE = 60
"""Columns of a terminal that hold the time left beside the figures, none of which is cut."""
_EVERY_S, _WAVE_EVERY_S = 10.0, 300.0
"""Seconds between two plain lines, and between two about batches of which nothing new is known."""


class BatchView:
    """Show the sums of a batch while it runs."""

    def __init__(self, console: Console) -> None:
        self.sums: BatchReport | None = None
        """The last that were shown; None before the batch began."""
        self.waves: Wave | None = None
        """How far providers' batches are that are under way; None where none is."""
        self._console = console
        bar: list[ProgressColumn] = [BarColumn()] if console.width >= TABLES_FROM else []
        rest: list[ProgressColumn] = [TextColumn("time left"), TimeRemainingColumn()] if console.width >= _WIDE else []
        self._bar = Progress(
            *bar,
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", table_column=Column()),
            *rest,
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, rate="")
        self._told_at = time.monotonic()
        self._wave: TaskID | None = None
        self._words: WaveWords | None = None
        self._note: str | None = None

    def __enter__(self) -> "BatchView":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, sums: BatchReport) -> None:
        """Show what there is to do."""
        self.sums = sums
        before = f", {sums['done_before']:,} done before" if sums["done_before"] else ""
        self._bar.reset(self._task, total=sums["questions"], completed=sums["done_before"])  # or it counts as speed
        self._console.print(Text(f"{_many(sums['questions'])}{before}", style="dim"), soft_wrap=True)

    def add(self, row: Row, sums: BatchReport) -> None:
        """Show that a question has been done with."""
        self.sums = sums
        done, rate = sums["answered"] + sums["errors"], _rate(sums)
        self._bar.update(self._task, completed=done, rate=f"{rate},")
        now = time.monotonic()
        if not self._console.is_terminal and now - self._told_at >= _EVERY_S:
            self._told_at = now
            self._console.print(Text(f"{done:,} of {_many(sums['questions'])}: {rate}"), soft_wrap=True)

    def wave(self, wave: Wave) -> None:
        """Show how far providers' batches are: a bar of their own, or a line whenever a provider says something new."""
        self.waves = None if wave.ended else wave
        if wave.note and wave.note != self._note:
            self._console.print(Text(wave.note, style="dim"), soft_wrap=True)
        self._note = wave.note
        if not wave.parcels:
            return
        parts = wave_words(wave)
        if self._console.is_terminal:
            self._wave = self._bar.add_task("", total=None, rate="") if self._wave is None else self._wave
            words = "" if wave.ended else f"{parts.name}, {parts.states},"
            self._bar.update(
                self._wave,
                total=wave.requests,
                completed=wave.answered,
                rate=words,
                visible=not wave.ended,
                refresh=True,
            )
        now, before = time.monotonic(), self._words
        is_news = before is None or parts[2:] != before[2:] or now - self._told_at >= _WAVE_EVERY_S
        if wave.ended or (is_news and not self._console.is_terminal):
            self._told_at, self._words = now, parts
            self._console.print(Text(parts.line, style="dim"), soft_wrap=True)


def batch_summary(sums: BatchReport) -> str:
    """Return the sums in one line."""
    remaining = f", {sums['left']:,} left" if sums["left"] else ""
    seconds = f"{sums['seconds']:,.1f} s{spared_words(sums.get('spared'))}"
    return (
        f"{_many(sums['questions'])}: {sums['answered']:,} answered{_errors(sums)}{remaining}; "
        f"{sums['calls']:,} calls, {sums['tokens']:,} tokens, {_cost(sums)}, {seconds}"
    )


def _rate(sums: BatchReport) -> str:
    now = sums["answered"] + sums["errors"] - sums["done_before"]
    rate = now / sums["seconds"] if sums["seconds"] else 0.0
    spent = f"{sums['tokens']:,} tokens" if sums["usd"] is None else f"${sums['usd']:,.4f}"
    return f"{rate:.1f} questions/s, {spent}{_errors(sums)}"


def _errors(sums: BatchReport) -> str:
    return "" if not sums["errors"] else ", 1 error" if sums["errors"] == 1 else f", {sums['errors']:,} errors"


def _cost(sums: BatchReport) -> str:
    return "cost unknown" if sums["usd"] is None else f"${sums['usd']:,.4f}"


def _many(questions: int) -> str:
    return "1 question" if questions == 1 else f"{questions:,} questions"
