"""Give systems that sample one model as many samples as cost what the most costly system costs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import get_args

from ...core.checks import MOST_SAMPLES
from ...core.errors import ConfigError, nearest
from ...core.run.costs import NOTHING
from ...core.run.records import Cost
from ..settings.settings import Settings
from .pilot import Pilot, What
from .specs import Spec

_SCALES = {"self-moa", "self-moa-seq", "best-of-n", "vote"}
_MOST = {"self-moa-seq": 1_000}


@dataclass
class Equalled:
    """Say what became of the systems."""

    specs: list[Spec]
    notes: list[str] = field(default_factory=list)
    """How many samples each got, and why some got none."""
    beside: Cost = field(default_factory=lambda: NOTHING)
    """What was asked for a pilot only, and is in no system's rows."""
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

    pilot: Pilot

    async def scale(self, specs: Sequence[Spec]) -> Equalled:
        """Return the systems with as many samples as they should have.

        Raises:
            ConfigError: What is to be equal is not known of every system, or the budget is not enough for the pilots.
        """
        for spec in specs:
            self.pilot.check(spec)
        done = Equalled([])
        costs = {
            spec.label: await self.pilot.cost(spec, is_compared=spec.settings.system not in _SCALES) for spec in specs
        }
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
        if self.pilot.what != "calls":
            done.beside = self.pilot.beside
            calls, tokens = done.beside["calls"] or 0, done.beside["tokens"] or 0
            done.notes.append(f"the pilot took {calls:,} calls and {tokens:,} tokens beside the rows that are compared")
        return done

    async def _scaled(self, spec: Spec, cost: float, target: float, done: Equalled) -> Spec:
        calls = self.pilot.calls(spec.settings)
        scaled, got = self._with_calls(spec, calls * target / cost)
        if self.pilot.what != "calls" and got != calls:
            near = await self.pilot.cost(scaled, is_compared=False)
            if (near - cost) * (got - calls) > 0:
                scaled, got = self._with_calls(spec, calls + (target - cost) * (got - calls) / (near - cost))
        samples = scaled.settings.samples
        done.notes.append(
            f"{spec.label} takes {samples} samples, {got:g} calls a question, for equal {self.pilot.what}"
        )
        return scaled

    def _with_calls(self, spec: Spec, wanted: float) -> tuple[Spec, float]:
        """Return the system with the most samples whose calls are no more than wanted, two at least; and the calls."""
        low, high = 2, _MOST.get(str(spec.settings.system), MOST_SAMPLES)
        while low < high:
            middle = (low + high + 1) // 2
            if self.pilot.calls(_sampled(spec.settings, middle)) <= wanted + 1e-9:
                low = middle
            else:
                high = middle - 1
        # Rows of another number of samples are another system's, so it has another name.
        scaled = Spec(f"{spec.label} x{low}", _sampled(spec.settings, low), spec.why)
        return scaled, self.pilot.calls(scaled.settings)


def _sampled(settings: Settings, samples: int) -> Settings:
    changed = settings.model_copy(update={"samples": samples})
    changed.model_fields_set.add("samples")
    return changed
