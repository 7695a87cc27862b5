"""Ask several systems the same questions, one after the other, within one budget."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

from ...core.batches.declared import ProviderBatch
from ...core.bounds.budget import Budget
from ...core.errors import ConfigError
from ...core.run.costs import total
from ...core.run.records import Cost
from ...core.run.state import Graph
from ..batch.batch import OnWave, abatch
from ..batch.questions import Question, Row
from ..batch.repeats import id_of_repeated
from ..batch.rows import RowFile, known_cost_in
from ..batch.tally import BatchReport

OnSystemStart = Callable[[str, BatchReport], None]
OnSystemRow = Callable[[str, Row, BatchReport], None]
MORE = "raise the budget, or give fewer questions; rows that a folder keeps are not paid for twice"
_PARTS = 10
"""Into how many parts questions are cut at most where a budget may end: so much of it may go to systems unequally."""
_NOT_IN_FILE_NAMES = re.compile(r"[^\w.+@-]+")


def file_of(folder: Path, label: str) -> Path:
    """Return the file of a system's rows."""
    return folder / f"{_NOT_IN_FILE_NAMES.sub('-', label)}.jsonl"


class InTurn:
    """Ask one system after the other, within what the budget leaves."""

    def __init__(
        self,
        folder: Path,
        *,
        concurrency: int,
        budget: Budget | None,
        retry_errors: bool,
        on_start: OnSystemStart | None,
        on_row: OnSystemRow | None,
        provider_batch: ProviderBatch | None = None,
        on_wave: OnWave | None = None,
    ) -> None:
        """Take what `abatch` takes.

        Args:
            folder: Where each system has its file.
            concurrency: Questions under way at once.
            budget: Bounds for all systems together.
            retry_errors: Whether to ask again what failed.
            on_start: Called with the system and the sums before it is asked.
            on_row: Called with the system, each row and the sums so far.
            provider_batch: Ask in providers' batches.
            on_wave: Called whenever a provider says how far they are.
        """
        self.rows: dict[str, dict[str, Row]] = {}
        self.stopped: str | None = None
        self._folder, self._concurrency, self._budget = folder, concurrency, budget
        self._retry_errors, self._on_start, self._on_row = retry_errors, on_start, on_row
        self._provider_batch, self._on_wave = provider_batch, on_wave
        self._seconds = 0.0

    def parts(self, labels: Sequence[str], questions: Sequence[Question]) -> Iterator[list[Question]]:
        """Go through questions part by part, so that a budget that ends has been spent on the same ones for all.

        Each part holds those before it, and the questions that have a row, as `abatch` wants it of a file. Without a
        budget there is one part. The parts end where the budget did.

        Args:
            labels: Who will be asked each part.
            questions: All that there is to ask.
        """
        if self._budget is None:
            yield list(questions)
            return
        for label in labels:
            if rows := {row["id"]: row for _, row in RowFile(file_of(self._folder, label)).rows()}:
                self.rows[label] = rows
        answered = {id_ for rows in self.rows.values() for id_ in rows}
        size = max(2 * self._concurrency, ceil(len(questions) / _PARTS))
        for end in range(size, len(questions) + size, size):
            yield [question for n, question in enumerate(questions) if n < end or question.id in answered]
            if self.stopped:
                return
            self._retry_errors = False  # what failed again is not asked a third time

    async def ask(self, label: str, graph: Graph, questions: Sequence[Question]) -> None:
        """Ask one system what has no row yet.

        Raises:
            ConfigError: It answered nothing, or there is no budget left for it to begin with.
        """
        begin, tell = self._on_start, self._on_row
        file = file_of(self._folder, label)
        try:
            budget = self.budget_left(but=label)
        except ConfigError:
            if label not in self.rows:
                raise
            self.stopped = self.stopped or "the budget is spent"
            return
        report = await abatch(
            graph,
            questions,
            file,
            concurrency=self._concurrency,
            budget=budget,
            retry_errors=self._retry_errors,
            on_start=(lambda report: begin(label, report)) if begin else None,
            on_row=(lambda row, report: tell(label, row, report)) if tell else None,
            provider_batch=self._provider_batch,
            on_wave=self._on_wave,
        )
        self._seconds += report["seconds"]
        self.rows[label] = {row["id"]: row for _, row in RowFile(file).rows()}
        self._check_answered(label, report)
        self.stopped = self.stopped or report["stopped"]

    def _check_answered(self, label: str, report: BatchReport) -> None:
        if report["errors"] and not report["answered"]:
            error = next(row["error"] for row in self.rows[label].values())
            raise ConfigError(
                f"found no answer of {label} to {report['errors']} questions ({error}), expected some; mend it, or "
                "leave it out, and ask again what failed"
            )

    def answered_by(self, *labels: str, of: Sequence[Question]) -> list[Question]:
        """Return those of some questions that one of the systems has a row for."""
        ids = {id_ for label in labels for id_ in self.rows.get(label, {})}
        return [question for question in of if question.id in ids]

    def answered_by_all(
        self, questions: Sequence[Question], repeat: int = 1
    ) -> tuple[list[Question], dict[str, list[Row]]]:
        """Return the questions that all systems have a row for, in all repeats, and the rows in their order.

        Raises:
            ConfigError: There are none.
        """
        common = [question for question in questions if all(question.id in by_id for by_id in self.rows.values())]
        runs = Counter(id_of_repeated(question.id) for question in common)
        common = [question for question in common if repeat == 1 or runs[id_of_repeated(question.id)] == repeat]
        if not common:
            raise ConfigError(f"found no question that all systems were asked ({self.stopped}), expected some; {MORE}")
        return common, {label: [by_id[question.id] for question in common] for label, by_id in self.rows.items()}

    def budget_left(self, *, but: str | None = None) -> Budget | None:
        """Return what the systems so far have left of the budget.

        Args:
            but: Whose rows are not counted: what goes on with a file counts those itself.

        Raises:
            ConfigError: Nothing is left.
        """
        others = [rows for label, rows in self.rows.items() if label != but]
        spent = total([known_cost_in(row) for rows in others for row in rows.values()], known_only=True)
        return left_of(self._budget, spent, self._seconds, by=", ".join(self.rows))


def left_of(budget: Budget | None, spent: Cost, seconds: float = 0.0, *, by: str) -> Budget | None:
    """Return what is left of a budget; None of none.

    Args:
        budget: What there was.
        spent: What was spent of it.
        seconds: How long that took.
        by: Who spent it, for the message.

    Raises:
        ConfigError: Nothing is left.
    """
    if budget is None:
        return None
    remaining = replace(
        budget,
        calls=_minus(budget.calls, spent["calls"]),
        tokens=_minus(budget.tokens, spent["tokens"]),
        usd=_minus(budget.usd, spent["usd"]),
        seconds=_minus(budget.seconds, seconds),
    )
    for limit in ("calls", "tokens", "usd", "seconds"):
        value = getattr(remaining, limit)
        if value is not None and value <= 0:
            raise ConfigError(
                f"found Budget({limit}={getattr(budget, limit):,}) spent by {by}, expected it to be enough for all "
                f"systems; {MORE}"
            )
    return remaining


def _minus(limit: Any, spent: Any) -> Any:
    return None if limit is None else limit - (spent or 0)
