"""Count rows where Ray shows them: in its dashboard, and in the metrics that its machines offer to Prometheus."""

from typing import Any

from ..batch.questions import Row
from ..batch.tally import BatchReport


class RowMetrics:
    """Be a batch's counters in a cluster."""

    def __init__(self) -> None:
        from ray.util.metrics import Counter

        self._rows = Counter("langgraph_moa_rows", description="Questions that have a row")
        self._errors = Counter("langgraph_moa_errors", description="Questions whose row is an error")
        self._tokens = Counter("langgraph_moa_tokens", description="Tokens of the rows")
        self._lost = Counter("langgraph_moa_lost", description="Attempts that were lost with their actor")
        self._lost_before = 0

    def add(self, row: Row, sums: BatchReport) -> None:
        """Count a row.

        Args:
            row: It.
            sums: Those of the batch.
        """
        lost = sums["lost"]["attempts"] if "lost" in sums else 0
        counts: list[tuple[Any, int]] = [
            (self._rows, 1),
            (self._errors, int(row["error"] is not None)),
            (self._tokens, (row["cost"]["tokens"] or 0) if "cost" in row else 0),
            (self._lost, lost - self._lost_before),
        ]
        self._lost_before = lost
        for counter, number in counts:
            if number > 0:
                counter.inc(number)
