"""Resolve a declaration into seats: checked once, when the graph is built, so that nothing is found out by paying."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, cast

from ..agreement.vote import Vote, check_vote
from ..checks import MOST_LAYERS, check_number
from ..errors import ConfigError, nearest
from ..models.capabilities import (
    Model,
)
from ..models.labels import short_name
from .checks import check_limited, check_options
from .declared import (
    Aggregator,
    AggregatorLike,
    Aggregators,
    Defaults,
    Proposer,
    ProposerLike,
    Proposers,
    Rank,
)
from .from_settings import in_place, seats_of
from .names import unique_names
from .pick import Pick, check_pick
from .seats import Seat, with_substitutes


class Seated(NamedTuple):
    """Hold who sits in a mixture."""

    panel: list[list[Seat]]
    """Each layer of proposers."""
    chain: list[Seat]
    """The aggregators, in the order in which they are tried."""
    vote: Vote | None = None
    """How votes are counted before that."""
    rank: Rank | None = None
    """How the aggregators choose, where they write nothing."""
    pick: Pick | None = None
    """Which function picks, after a vote and before all models."""
    escalated: int = 0
    """How many proposers the first layer has at its end that are only asked where its own do not agree."""


def seat_layers(
    proposers: Proposers,
    aggregator: Aggregators | None,
    layers: int | None,
    defaults: Defaults,
    *,
    escalate: Sequence[ProposerLike] = (),
) -> Seated:
    """Resolve a declaration into layers of seats and the aggregators' seats.

    Layers count as in the paper (arXiv 2406.04692): the aggregator is the last one.

    Args:
        proposers: One list, used in every layer but the last, or one list a layer.
        aggregator: The last layer's model, or several in the order in which they are tried; None only where a single
            proposer answers alone (`layers=1`).
        layers: How many layers, the aggregator's included; None is 2, or what the lists say.
        defaults: What a proposer or aggregator does not say for itself.
        escalate: Who comes last in the first layer, and sits in no other.

    Returns:
        The seats of each layer of proposers, in the order of declaration, and the aggregators'.

    Raises:
        ConfigError: Anything is missing, out of range, unknown, or said twice.
    """
    check_options(defaults)
    declared = _by_layer(proposers, layers)
    others = _escalated(escalate)
    if layers == 1:
        alone = declared[0][0]
        if others:
            raise ConfigError(
                "found layers=1 with escalate, expected proposers whose answers are compared; drop it or use layers=2"
            )
        if aggregator is not None:
            raise ConfigError("found layers=1 with an aggregator, expected one model alone; drop it or use layers=2")
        if (alone.samples or defaults.samples) > 1:
            raise ConfigError("found layers=1 with several samples, expected one model asked once; use layers=2")
        places = [in_place(alone, other, 1) for other in alone.instead]
        chain = seats_of([replace(alone, instead=()), *places], defaults, role="aggregator")
        check_limited(defaults.limits, chain)
        return Seated([], chain)
    if aggregator is None:
        raise ConfigError(
            "found no aggregator, expected the model that writes the answer; pass aggregator='provider:model'"
        )
    vote, pick, rank, models = _chain(aggregator)
    chain = seats_of(models, defaults, role="aggregator")
    own = len(declared[0])
    declared = [[*declared[0], *others], *declared[1:]]
    seats = [seats_of(layer, defaults, role="proposer") for layer in declared]
    before = [seats[0] if len(seats) == 1 and layers not in (None, 2) else [], *seats]
    seats = [_reading(*layer) for layer in zip(declared, seats, before, strict=False)]
    if defaults.vary:
        seats = _in_other_words(seats)
    if len(seats) == 1 and layers is not None:
        seats += [[seat for seat in seats[0] if seat.position < own]] * (layers - 2)
    check_limited(defaults.limits, [*chain, *(one for layer in seats for one in with_substitutes(layer))])
    if vote:
        check_vote(vote, [seat.name for seat in seats[-1]])
    if pick:
        check_pick(pick)
    return Seated(seats, chain, vote, rank, pick, len(others))


def seat_of(declared: str | Model | Aggregator, defaults: Defaults, *, role: str) -> Seat:
    """Resolve one model that sits in no layer, given as an aggregator is.

    Raises:
        ConfigError: It cannot be built, or an option is out of range.
    """
    check_options(defaults)
    return seats_of([_aggregator(declared)], defaults, role=role)[0]


def _aggregator(declared: str | Model | Aggregator) -> Aggregator:
    return declared if isinstance(declared, Aggregator) else Aggregator(declared)


def _by_layer(proposers: Proposers, layers: int | None) -> list[list[Proposer]]:
    """Return one list of proposers a declared layer; a flat list is one layer, however often it is used."""
    if isinstance(proposers, str) or not isinstance(proposers, Sequence):
        raise ConfigError(
            f"found {type(proposers).__name__} as proposers, expected a list of models, or one list of models a layer"
        )
    if not proposers:
        raise ConfigError("found no proposers, expected at least one model; pass proposers=['provider:model', ...]")
    if layers is not None:
        check_number("layers", layers, minimum=1, whole=True, most=MOST_LAYERS)
    lists = [p for p in proposers if isinstance(p, Sequence) and not isinstance(p, str)]
    models = [p for p in proposers if isinstance(p, str) or not isinstance(p, Sequence)]
    if lists:
        if models or not all(lists):
            raise ConfigError(
                "found proposers that mix models with lists, or an empty list; "
                "expected only models, or one list of models a layer"
            )
        if layers not in (None, len(lists) + 1):
            raise ConfigError(
                f"found layers={layers} with {len(lists)} lists of proposers, expected {len(lists) + 1}: "
                "one a list and the aggregator's"
            )
        return [[_proposer(p) for p in layer] for layer in lists]
    if layers == 1 and len(models) > 1:
        raise ConfigError(
            f"found layers=1 with {len(models)} proposers, expected one: "
            "the last layer is the aggregator alone; use layers=2"
        )
    return [[_proposer(p) for p in models]]


def _escalated(declared: Sequence[ProposerLike]) -> list[Proposer]:
    if isinstance(declared, str) or not isinstance(declared, Sequence):
        raise ConfigError(f"found {declared!r:.80} as escalate, expected a list of models, as proposers are given")
    if any(isinstance(model, Sequence) and not isinstance(model, str) for model in declared):
        raise ConfigError("found lists in escalate, expected models: they are asked together, in the first layer")
    return [_proposer(model) for model in declared]


def _proposer(declared: ProposerLike) -> Proposer:
    if isinstance(declared, Aggregator):
        raise ConfigError("found Aggregator(...), expected Proposer(...) or a model among the proposers")
    return declared if isinstance(declared, Proposer) else Proposer(declared)


def _chain(aggregator: Aggregators) -> tuple[Vote | None, Pick | None, Rank | None, list[Aggregator]]:
    several = isinstance(aggregator, Sequence) and not isinstance(aggregator, str)
    declared = list(cast("Sequence[AggregatorLike]", aggregator)) if several else [cast("AggregatorLike", aggregator)]
    if not declared:
        raise ConfigError("found an empty list of aggregators, expected at least one model")
    vote = declared[0] if isinstance(declared[0], Vote) else None
    chain = [model for model in declared if model is not vote]
    if any(isinstance(model, Vote) for model in chain):
        raise ConfigError("found Vote(...) after another aggregator, expected it first: it goes before all models")
    pick = chain[0] if chain and isinstance(chain[0], Pick) else None
    chain = [model for model in chain if model is not pick]
    if any(isinstance(model, Pick) for model in chain):
        raise ConfigError(
            "found Pick(...) after another aggregator, expected it first, or after Vote(): it goes before all models"
        )
    if any(isinstance(model, Proposer) for model in chain):
        raise ConfigError("found Proposer(...), expected Aggregator(...) or a model as the aggregator")
    rank = chain[0] if chain and isinstance(chain[0], Rank) else None
    if any(isinstance(model, Rank) for model in chain) and (rank is None or len(chain) > 1):
        raise ConfigError(
            "found Rank(...) beside models, expected it alone, or after Vote() or Pick(...); name its models in it"
        )
    models = rank.rankers if rank else cast("list[str | Model | Aggregator]", chain)
    return vote, pick, rank, [_aggregator(model) for model in models]


def named(proposers: Sequence[ProposerLike]) -> list[Proposer]:
    """Return proposers with the names that they get, so that others can refer to them.

    Raises:
        ConfigError: They are no list, or a name is another's too.
    """
    declared = _by_layer(proposers, None)
    if len(declared) > 1:
        raise ConfigError("found proposers by layer, expected one list of them")
    names = unique_names([(p.name, short_name(p.model)) for p in declared[0]], "proposer of a layer")
    return [replace(proposer, name=name) for proposer, name in zip(declared[0], names, strict=True)]


def _in_other_words(layers: Sequence[Sequence[Seat]]) -> list[list[Seat]]:
    """Number the samples of each model in its layer; those who read nobody are samples of the layers before, too."""
    everywhere: Counter[tuple[str, str | None, str | None]] = Counter()
    worded = []
    for layer in layers:
        here: Counter[tuple[str, str | None, str | None]] = Counter()
        seats = []
        for seat in layer:
            counts = everywhere if layer is layers[0] or seat.reads == frozenset() else here
            key = seat.label, seat.server, seat.system_prompt
            seats.append(replace(seat, wording=counts[key]))
            counts[key] += 1
        worded.append(seats)
    return worded


def _reading(declared: Sequence[Proposer], seats: Sequence[Seat], before: Sequence[Seat]) -> list[Seat]:
    """Find whom of the layer before each proposer reads."""
    positions = {seat.name: seat.position for seat in before}
    positions_read: list[frozenset[int] | None] = []
    for settings in declared:
        unknown = [name for name in settings.reads or () if name not in positions]
        if unknown:
            hint = nearest(unknown[0], list(positions)) if positions else "expected no such proposer; leave it out"
            raise ConfigError(f"found {unknown[0]!r} among reads, no proposer of the layer before; {hint}")
        positions_read.append(None if settings.reads is None else frozenset(positions[name] for name in settings.reads))
    return [replace(seat, reads=positions_read[seat.position]) for seat in seats]
