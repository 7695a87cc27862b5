"""Ask several systems the same questions, one after the other, within one budget."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from langgraph.graph.state import CompiledStateGraph

from ..core.budget import Budget, total
from ..core.errors import ConfigError
from .batch import abatch
from .questions import Question, Row
from .rows import RowFile, cost_in
from .tally import BatchReport

Graph = CompiledStateGraph[Any, Any, Any, Any]
OnStart = Callable[[str, BatchReport], None]
OnRow = Callable[[str, Row, BatchReport], None]
MORE = "raise the budget, or give fewer questions; rows that a folder keeps are not paid for twice"
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
        on_start: OnStart | None,
        on_row: OnRow | None,
    ) -> None:
        """Take what `abatch` takes.

        Args:
            folder: Where each system has its file.
            concurrency: Questions under way at once.
            budget: Bounds for all systems together.
            retry_errors: Whether to ask again what failed.
            on_start: Called with the system and the sums before it is asked.
            on_row: Called with the system, each row and the sums so far.
        """
        self.rows: dict[str, dict[str, Row]] = {}
        self.stopped: str | None = None
        self._folder, self._concurrency, self._budget = folder, concurrency, budget
        self._retry_errors, self._on_start, self._on_row = retry_errors, on_start, on_row
        self._seconds = 0.0

    async def ask(self, label: str, graph: Graph, questions: Sequence[Question]) -> None:
        """Ask one system what has no row yet.

        Raises:
            ConfigError: It answered nothing.
        """
        begin, tell = self._on_start, self._on_row
        file = file_of(self._folder, label)
        report = await abatch(
            graph,
            questions,
            file,
            concurrency=self._concurrency,
            budget=self.budget_left(),
            retry_errors=self._retry_errors,
            on_start=(lambda report: begin(label, report)) if begin else None,
            on_row=(lambda row, report: tell(label, row, report)) if tell else None,
        )
        self._seconds += report["seconds"]
        self.rows[label] = {row["id"]: row for _, row in RowFile(file).rows()}
        if report["errors"] and not report["answered"]:
            error = next(row["error"] for row in self.rows[label].values())
            raise ConfigError(
                f"found no answer of {label} to {report['errors']} questions ({error}), expected some; mend it, or "
                "leave it out, and ask again what failed"
            )
        self.stopped = self.stopped or report["stopped"]

    def answered_by_all(self, questions: Sequence[Question]) -> tuple[list[Question], dict[str, list[Row]]]:
        """Return the questions that all systems have a row for, and the rows in their order.

        Raises:
            ConfigError: There are none.
        """
        common = [question for question in questions if all(question.id in found for found in self.rows.values())]
        if not common:
            raise ConfigError(f"found no question that all systems were asked ({self.stopped}), expected some; {MORE}")
        return common, {label: [found[question.id] for question in common] for label, found in self.rows.items()}

    def budget_left(self) -> Budget | None:
        """Return what the systems so far have left of the budget.

        Raises:
            ConfigError: Nothing is left.
        """
        if self._budget is None:
            return None
        spent = total([cost_in(row) for rows in self.rows.values() for row in rows.values()], known_only=True)
        left = replace(
            self._budget,
            calls=_minus(self._budget.calls, spent["calls"]),
            tokens=_minus(self._budget.tokens, spent["tokens"]),
            usd=_minus(self._budget.usd, spent["usd"]),
            seconds=_minus(self._budget.seconds, self._seconds),
        )
        for limit in ("calls", "tokens", "usd", "seconds"):
            value = getattr(left, limit)
            if value is not None and value <= 0:
                raise ConfigError(
                    f"found Budget({limit}={getattr(self._budget, limit):,}) spent by {', '.join(self.rows)}, expected "
                    f"it to be enough for all systems; {MORE}"
                )
        return left


def _minus(limit: Any, spent: Any) -> Any:
    return None if limit is None else limit - (spent or 0)
