"""Measure what a question costs a system, on a few of them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ...core.bounds.budget import Budget
from ...core.errors import ConfigError
from ...core.run.costs import NOTHING, total
from ...core.run.records import Cost
from ...core.run.state import Graph
from ...evaluation.batch.one_question import bound_of
from ...evaluation.batch.questions import Question, Row
from ...evaluation.batch.rows import RowFile, cost_in
from ...evaluation.comparing.in_turn import MORE, file_of, left_of
from ...evaluation.grading.answered import per_question
from ...graphs.estimate import estimate
from ..settings.settings import Settings
from .specs import Spec

What = Literal["calls", "tokens", "usd"]
PILOT = "_pilot"
"""The folder of the rows of systems that are asked with another number of samples first."""
FEW = 5
"""Questions of a pilot."""
AskFew = Callable[[Graph, Sequence[Question], Path, Budget | None], Awaitable[object]]
"""Asks a system questions within a budget; the rows go to a file, and those that are there are not asked again."""


@dataclass
class Pilot:
    """Ask systems the first few questions, or count their calls, where those are what is to be equal."""

    what: str
    questions: Sequence[Question]
    folder: Path
    """Where the rows are."""
    ask: AskFew
    budget: Budget | None = None
    """The whole comparison's; pilots keep to what is left of it."""
    beside: Cost = field(default_factory=lambda: NOTHING)
    """What was asked for a pilot only, and is in no system's rows."""
    spent: Cost = field(default_factory=lambda: NOTHING)
    """What all pilots took."""

    def check(self, spec: Spec) -> None:
        """Refuse what nobody will be able to make equal, before a pilot is paid.

        Raises:
            ConfigError: A price is not known, or one request holds several samples, so that requests tell no cost.
        """
        graph, question = spec.settings.build(), [dict(message) for message in self.questions[0].messages]
        if self.what == "calls" and shares_requests(graph):
            raise ConfigError(
                f"found --equal calls with {spec.label}, whose samples come in one request, so that calls say nothing "
                "of what it costs; take --equal tokens or usd"
            )
        if self.what == "usd":
            shortest = spec.settings.model_copy(update={"max_tokens": 1})  # a price is what is missing, not a bound
            shortest.model_fields_set.add("max_tokens")
            if not estimate(shortest.build(), question)["usd"]:
                raise ConfigError(
                    f"found --equal usd and no price of {spec.label}, expected one of every system's models; give "
                    "prices, install the extra 'prices', or take --equal tokens"
                )

    def calls(self, settings: Settings) -> float:
        """Count what a question takes of calls, by the system's shape.

        Raises:
            ConfigError: It cannot be counted.
        """
        question = [dict(message) for message in self.questions[0].messages]
        calls = estimate(settings.build(), question)["calls"]
        if calls is None:
            raise ConfigError("found a system whose calls cannot be counted, expected chat models; leave --equal out")
        return calls

    async def cost(self, spec: Spec, *, is_compared: bool) -> float:
        """Measure what a question costs a system.

        Args:
            spec: The system.
            is_compared: Whether its rows are those of the comparison, and not beside them.

        Raises:
            ConfigError: Nobody knows, or the budget is not enough to ask.
        """
        if self.what == "calls":
            return self.calls(spec.settings)
        home = self.folder if is_compared else self.folder / PILOT
        home.mkdir(exist_ok=True)
        rows = await self._rows(spec, file_of(home, spec.label))
        paid = total(map(cost_in, rows), known_only=True)
        self.spent = total([self.spent, paid], known_only=True)
        if not is_compared:
            self.beside = total([self.beside, paid], known_only=True)
        cost = per_question(rows)[self.what]
        if not cost:
            raise ConfigError(
                f"found no {self.what} of {spec.label} in a pilot of {len(rows)} questions, expected them to be known "
                "of every system; take --equal calls, or give prices"
            )
        return cost

    async def _rows(self, spec: Spec, file: Path) -> list[Row]:
        """Return the rows of a few questions; those of a comparison that was begun do.

        Raises:
            ConfigError: What is left of the budget may not be enough to ask them.
        """
        few = self.questions[:FEW]
        wanted = {question.id for question in few}
        if not wanted <= {row["id"] for _, row in RowFile(file).rows()}:
            graph = spec.settings.build()
            remaining = left_of(self.budget, self.spent, by="the pilots")
            bounds = [bound_of(graph, question) for question in few]
            bound = total(Cost(calls=one["calls"], tokens=one["tokens"], usd=one["usd"]) for one in bounds)
            if remaining and (why := remaining.misfit(NOTHING, bound, 0.0)):
                raise ConfigError(
                    f"found {why} for a pilot of {spec.label} on {len(few)} questions, expected it to fit what is left "
                    f"of the budget; {MORE}"
                )
            await self.ask(graph, few, file, remaining)
        return [row for _, row in RowFile(file).rows() if row["id"] in wanted]


def shares_requests(graph: Graph) -> bool:
    """Tell whether several samples of a system come in one request, as far as servers go along."""
    return any((node.metadata or {}).get("moa_samples") for node in graph.builder.nodes.values())
