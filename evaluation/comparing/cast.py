"""Say who plays what where roles are compared, each model alone, as aggregator and left out, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...core.errors import ConfigError
from .paired import Spread


class Part(NamedTuple):
    """Be one proposer, or the aggregator, as far as it matters who it is."""

    name: str
    model: str
    """What is asked, and where."""
    settings: str
    """All that was said of it."""


@dataclass(frozen=True)
class CastModel:
    """Be one model, and name the systems that it is the matter of."""

    name: str
    places: tuple[int, ...]
    """Where it proposes, as declared; none where it only aggregates."""
    is_left_out: bool
    """Whether there is a mixture without it: others propose, too."""

    @property
    def aggregates(self) -> str:
        """Return the system in which it aggregates what all propose."""
        return f"{self.name} aggregates"

    @property
    def without(self) -> str:
        """Return the system in which all others propose."""
        return f"without {self.name}"


@dataclass(frozen=True)
class Cast:
    """Be all models of a mixture, in the order of declaration."""

    models: tuple[CastModel, ...]
    aggregator: CastModel
    """The one that the mixture declares."""

    @property
    def reference(self) -> str:
        """Return the mixture as it is declared, whose proposals all others are made of."""
        return self.aggregator.aggregates

    @property
    def replayed(self) -> list[str]:
        """Return the systems that are asked once the reference has been."""
        others = [model.aggregates for model in self.models if model is not self.aggregator]
        return [*others, *(model.without for model in self.models if model.is_left_out)]


@dataclass(frozen=True)
class ModelRoles:
    """Say how one model did in both roles."""

    model: str
    alone: Spread
    """What it scores when it is asked alone."""
    aggregator: Spread
    """What it scores as the aggregator of the same proposals as all others."""
    against: Spread | None
    """How much more that is than the declared aggregator's, question by question; None for that one itself."""
    aggregator_rank: tuple[int, int]
    """The best and the worst rank that it may have: as many places as noise leaves open."""
    missed: Spread | None
    """How much the mixture loses without its proposals, question by question; None where it proposes none, or alone."""
    proposer_rank: tuple[int, int] | None
    """The same for how much it is missed as a proposer."""


@dataclass(frozen=True)
class Roles:
    """Hold both rankings; plain data."""

    reference: str
    """The mixture as it is declared."""
    models: list[ModelRoles]
    """The best aggregator first."""
    sentences: list[str]
    """What that comes to, as far as it is no luck."""


def cast_of(proposers: Sequence[Part], aggregator: Part) -> Cast:
    """Find the models of a mixture: proposers of one name but for samples are one, and so is who does both.

    Args:
        proposers: In the order of declaration.
        aggregator: Who aggregates, as declared. It is the proposer of the same settings, or else the only one of the
            same model; as a proposer it keeps those it has there.

    Raises:
        ConfigError: There is nothing to rank.
    """
    places: dict[str, list[int]] = {}
    for place, part in enumerate(proposers):
        places.setdefault(part.settings, []).append(place)
    same = [key for key, (first, *_) in places.items() if proposers[first].model == aggregator.model]
    key = aggregator.settings if aggregator.settings in places else same[0] if len(same) == 1 else None
    declared = [proposers[first].name for first, *_ in places.values()]
    names = _unique(declared if key else [*declared, aggregator.name])
    models = [
        CastModel(name, tuple(at), bool(at) and len(places) > 1)
        for name, at in zip(names, [*places.values(), []], strict=False)
    ]
    if len(models) < 2:
        raise ConfigError(
            f"found one model, {models[0].name}, to compare the roles of, expected two or more; add a proposer, or "
            "another aggregator"
        )
    return Cast(tuple(models), models[list(places).index(key) if key else -1])


def _unique(names: Sequence[str]) -> list[str]:
    unique: list[str] = []
    for name in names:
        other, count = name, 1
        while other in unique:
            count += 1
            other = f"{name}-{count}"
        unique.append(other)
    return unique
