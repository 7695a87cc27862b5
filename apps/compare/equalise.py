"""Give systems that sample one model as many samples as cost what the most costly system costs."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from ...core.bounds.budget import Budget
from ...core.checks import MOST_SAMPLES
from ...core.errors import ConfigError, nearest
from ...core.run.costs import total
from ...core.run.records import Cost
from ...evaluation.batch.one_question import bound_of
from ...evaluation.batch.questions import Question, Row
from ...evaluation.batch.rows import RowFile, cost_in
from ...evaluation.comparing.in_turn import MORE, file_of, left_of
from ...evaluation.grading.answered import per_question
from ...graphs.estimate import estimate
from ..settings.settings import Graph, Settings
from .specs import Spec

What = Literal["calls", "tokens", "usd"]
PILOT = "_pilot"
"""The folder of the rows of systems that are asked with another number of samples first."""
FEW = 5
"""Questions of a pilot."""
_SCALES = {"self-moa", "self-moa-seq", "best-of-n", "vote"}
_MOST = {"self-moa-seq": 1_000}
Pilot = Callable[[Graph, Sequence[Question], Path, Budget | None], Awaitable[object]]
"""Asks a system questions within a budget; the rows go to a file, and those that are there are not asked again."""


@dataclass
class Equalled:
    """Say what became of the systems."""

    specs: list[Spec]
    notes: list[str] = field(default_factory=list)
    """How many samples each got, and why some got none."""
    cost: Cost = field(default_factory=lambda: Cost(calls=0, tokens=0, usd=0.0))
    """What was asked for a pilot only, and is in no system's rows."""
    piloted: Cost = field(default_factory=lambda: Cost(calls=0, tokens=0, usd=0.0))
    """What all pilots took."""
    renamed: dict[str, str] = field(default_factory=dict)
    """What those that were scaled are called now."""


def check_scalable(what: str, specs: Sequence[Spec], *, only_estimate: bool) -> None:
    """Refuse to make equal what cannot be.

    Raises:
        ConfigError: None of the systems takes more samples, or nobody knows what is to be equal.
    """
    if what not in get_args(What):
        raise ConfigError(f"found --equal {what}, expected what to make equal; {nearest(what, get_args(What))}")
    if only_estimate and what != "calls":
        raise ConfigError(
            f"found --equal {what} with --estimate, expected calls: {what} are known once a pilot was asked; drop one"
        )
    if not any(spec.settings.system in _SCALES for spec in specs):
        raise ConfigError(
            f"found --equal without a system that takes more samples, expected one of {', '.join(sorted(_SCALES))}; "
            "add one, or leave it out"
        )


@dataclass(frozen=True)
class Equaliser:
    """Scale what can be scaled to the cost of the most costly system.

    Calls are counted by the systems' shape. Tokens and dollars are measured in a pilot on the first few questions, with
    the samples that a system has, and once more near the number that it should have: between the two they grow evenly.
    The pilot's answers of systems that stay as they are count for the comparison too.
    """

    what: str
    questions: Sequence[Question]
    folder: Path
    """Where the rows are."""
    pilot: Pilot
    budget: Budget | None = None
    """The whole comparison's; pilots keep to what is left of it."""

    async def scale(self, specs: Sequence[Spec]) -> Equalled:
        """Return the systems with as many samples as they should have.

        Raises:
            ConfigError: What is to be equal is not known of every system, or the budget is not enough for the pilots.
        """
        for spec in specs:
            self._check(spec)
        done = Equalled([])
        costs = {spec.label: await self._cost(spec, done, kept=spec.settings.system not in _SCALES) for spec in specs}
        dearest = max(costs, key=lambda label: costs[label])
        for spec in specs:
            if spec.label == dearest:
                done.notes.append(f"{dearest} costs most, and is what the others are scaled to")
            elif spec.settings.system not in _SCALES:
                done.notes.append(f"{spec.label} cannot be scaled: it takes no samples of one model")
            scales = spec.label != dearest and spec.settings.system in _SCALES
            scaled = await self._scaled(spec, costs[spec.label], costs[dearest], done) if scales else spec
            done.specs.append(scaled)
            done.renamed[spec.label] = scaled.label
        if self.what != "calls":
            calls, tokens = done.cost["calls"] or 0, done.cost["tokens"] or 0
            done.notes.append(f"the pilot took {calls:,} calls and {tokens:,} tokens beside the rows that are compared")
        return done

    async def _scaled(self, spec: Spec, cost: float, target: float, done: Equalled) -> Spec:
        calls = self._calls(spec.settings)
        scaled, got = self._with_calls(spec, calls * target / cost)
        if self.what != "calls" and got != calls:
            near = await self._cost(scaled, done, kept=False)
            if (near - cost) * (got - calls) > 0:
                scaled, got = self._with_calls(spec, calls + (target - cost) * (got - calls) / (near - cost))
        samples = scaled.settings.samples
        done.notes.append(f"{spec.label} takes {samples} samples, {got:g} calls a question, for equal {self.what}")
        return scaled

    def _with_calls(self, spec: Spec, wanted: float) -> tuple[Spec, float]:
        """Return the system with the most samples whose calls are no more than wanted, two at least; and the calls."""
        low, high = 2, _MOST.get(str(spec.settings.system), MOST_SAMPLES)
        while low < high:
            middle = (low + high + 1) // 2
            if self._calls(_sampled(spec.settings, middle)) <= wanted + 1e-9:
                low = middle
            else:
                high = middle - 1
        # Rows of another number of samples are another system's, so it has another name.
        scaled = Spec(f"{spec.label} x{low}", _sampled(spec.settings, low), spec.why)
        return scaled, self._calls(scaled.settings)

    def _calls(self, settings: Settings) -> float:
        question = [dict(message) for message in self.questions[0].messages]
        calls = estimate(settings.build(), question)["calls"]
        if calls is None:
            raise ConfigError("found a system whose calls cannot be counted, expected chat models; leave --equal out")
        return calls

    async def _cost(self, spec: Spec, done: Equalled, *, kept: bool) -> float:
        """Measure what a question costs a system; what is kept counts for the comparison."""
        if self.what == "calls":
            return self._calls(spec.settings)
        home = self.folder if kept else self.folder / PILOT
        home.mkdir(exist_ok=True)
        rows = await self._rows(spec, file_of(home, spec.label), done)
        paid = total(map(cost_in, rows), known_only=True)
        done.piloted = total([done.piloted, paid], known_only=True)
        if not kept:
            done.cost = total([done.cost, paid], known_only=True)
        cost = per_question(rows)[self.what]
        if not cost:
            raise ConfigError(
                f"found no {self.what} of {spec.label} in a pilot of {len(rows)} questions, expected them to be known "
                "of every system; take --equal calls, or give prices"
            )
        return cost

    def _check(self, spec: Spec) -> None:
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

    async def _rows(self, spec: Spec, file: Path, done: Equalled) -> list[Row]:
        """Return the rows of a few questions; those of a comparison that was begun do.

        Raises:
            ConfigError: What is left of the budget may not be enough to ask them.
        """
        few = self.questions[:FEW]
        wanted = {question.id for question in few}
        if not wanted <= {row["id"] for _, row in RowFile(file).rows()}:
            graph = spec.settings.build()
            left = left_of(self.budget, done.piloted, by="the pilots")
            bounds = [bound_of(graph, question) for question in few]
            bound = total(Cost(calls=one["calls"], tokens=one["tokens"], usd=one["usd"]) for one in bounds)
            if left and (why := left.misfit(Cost(calls=0, tokens=0, usd=0.0), bound, 0.0)):
                raise ConfigError(
                    f"found {why} for a pilot of {spec.label} on {len(few)} questions, expected it to fit what is left "
                    f"of the budget; {MORE}"
                )
            await self.pilot(graph, few, file, left)
        return [row for _, row in RowFile(file).rows() if row["id"] in wanted]


def shares_requests(graph: Graph) -> bool:
    """Tell whether several samples of a system come in one request, as far as servers go along."""
    return any((node.metadata or {}).get("moa_samples") for node in graph.builder.nodes.values())


def _sampled(settings: Settings, samples: int) -> Settings:
    changed = settings.model_copy(update={"samples": samples})
    changed.model_fields_set.add("samples")
    return changed
