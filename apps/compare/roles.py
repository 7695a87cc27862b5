"""The systems that `compare --roles` asks, and the two rankings that come of them."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ...core.errors import ConfigError
from ...core.models.labels import short_name
from ...core.panel.names import unique_names
from ...core.run.state import Graph
from ...evaluation.comparing.cast import Cast, Part, Roles, cast_of
from ...evaluation.comparing.proposal_file import ProposalFile
from ...evaluation.comparing.role_systems import built, layers_replayed, number_seats
from ...evaluation.comparing.shown import role_columns
from ..screens import show_table, show_text
from ..settings.fields import VOTE, ProposerSpec
from ..settings.seats import aggregator_like
from ..settings.settings import Settings
from ..settings.tables import ModelTable, ProposerTable
from .specs import Spec, of_one_model

_MIXTURES = (None, "moa", "moa-lite")


def read_cast(shared: Settings) -> tuple[Cast, list[Spec]]:
    """Find out who plays what in the mixture of the shared options, and which systems that takes.

    Args:
        shared: What was given on the command line and in files.

    Raises:
        ConfigError: It is no mixture whose roles could be compared.
    """
    if shared.system not in _MIXTURES:
        raise ConfigError(
            f"found --roles with the system {shared.system}, expected a mixture with an aggregator, moa or moa-lite; "
            "set that, or leave --roles out"
        )
    whole, why = shared.choose()
    proposers = _named(whole)
    chain = _chain(whole)
    declared = next((spec for spec in chain if spec != VOTE), None)
    if declared is None:
        raise ConfigError("found no model that aggregates with --roles, expected one; name it with --aggregator")
    cast = cast_of(list(map(_part, proposers)), _part(declared))
    return cast, list(_specs(cast, whole, why, shared.model_dump(exclude_unset=True), proposers, declared))


def graphs_of_roles(cast: Cast, specs: Sequence[Spec], file: ProposalFile) -> dict[str, Graph]:
    """Build all systems, the mixtures of them over one file of proposals.

    Args:
        cast: Who plays what.
        specs: The systems.
        file: What proposers answered.

    Raises:
        ConfigError: One cannot be built.
    """
    alone = {model.name for model in cast.models}
    graphs = {}
    for label, settings, _ in specs:
        layers = layers_replayed(cast, label, in_waves=bool(settings.waves))
        cache = None if label in alone else file.holding(layers)
        graphs[label] = built(label, partial(settings.build, cache=cache))
    number_seats(file, graphs[cast.reference])
    return graphs


def what_is_shared(cast: Cast | None) -> str:
    """Say which calls an estimate counts once."""
    if cast is None:
        return ""
    return f"proposals count once, with {cast.reference!r}: the systems after it replay what was answered there"


def show_roles(roles: Roles) -> None:
    """Print both rankings, and what they come to."""
    columns = role_columns(roles)
    show_text("")
    show_table(list(columns), [[cell(model) for cell in columns.values()] for model in roles.models])
    show_text("")
    for sentence in roles.sentences:
        show_text(sentence)


def _specs(
    cast: Cast,
    whole: Settings,
    why: str,
    base: Mapping[str, Any],
    proposers: Sequence[ProposerTable],
    declared: str | ModelTable,
) -> Iterator[Spec]:
    given = [seat for seat in whole.proposers or [] if not isinstance(seat, list)]
    for model in cast.models:
        seat: Any = given[model.places[0]] if model.places else declared
        yield of_one_model(model.name, seat, base)
    mixed = whole.model_copy(update={"proposers": list(proposers)})
    yield Spec(cast.reference, mixed, f"models: {why}")
    votes = [spec for spec in _chain(whole) if spec == VOTE]
    for model in cast.models:
        if model is not cast.aggregator:
            chain = [*votes, aggregator_like(proposers[model.places[0]])]
            changed = mixed.model_copy(update={"aggregator": chain if votes else chain[0]})
            yield Spec(model.aggregates, changed, "the same proposals")
    for model in cast.models:
        if model.is_left_out:
            rest = [seat for place, seat in enumerate(proposers) if place not in model.places]
            names = ", ".join(str(seat.name) for seat in rest)
            yield Spec(model.without, mixed.model_copy(update={"proposers": rest}), f"the same proposals, of {names}")


def _named(whole: Settings) -> list[ProposerTable]:
    """Return the proposers with the names that they have among all: without one, they keep them."""
    groups = whole.proposers or []
    if any(isinstance(group, list) for group in groups):
        raise ConfigError("found proposers by layer with --roles, expected one list of them; give one")
    seats = [seat for seat in groups if not isinstance(seat, list)]
    tables = [ProposerTable(model=seat) if isinstance(seat, str) else seat for seat in seats]
    names = unique_names([(table.name, short_name(table.model)) for table in tables], "proposer of a layer")
    return [table.model_copy(update={"name": name}) for table, name in zip(tables, names, strict=True)]


def _chain(whole: Settings) -> list[str | ModelTable]:
    given = whole.aggregator
    return list(given) if isinstance(given, list) else [] if given is None else [given]


def _part(seat: ProposerSpec | str | ModelTable) -> Part:
    table = ModelTable(model=seat) if isinstance(seat, str) else seat
    written = table.model_dump(mode="json", exclude_unset=True, exclude={"name", "samples", "slots"})
    name = table.name or short_name(table.model)
    return Part(name, f"{table.model} at {table.base_url}", repr(sorted(written.items())))
