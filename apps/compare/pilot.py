"""What a question costs a system, measured on a few."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Literal

from ...core.bounds.budget import Budget
from ...evaluation.batch.questions import Question
from ..settings.settings import Graph

What = Literal["calls", "tokens", "usd"]


PILOT = "_pilot"
"""The folder of the rows of systems that are asked with another number of samples first."""


FEW = 5
"""Questions of a pilot."""


Pilot = Callable[[Graph, Sequence[Question], Path, Budget | None], Awaitable[object]]
"""Asks a system questions within a budget; the rows go to a file, and those that are there are not asked again."""


def shares_requests(graph: Graph) -> bool:
    """Tell whether several samples of a system come in one request, as far as servers go along."""
    return any((node.metadata or {}).get("moa_samples") for node in graph.builder.nodes.values())
