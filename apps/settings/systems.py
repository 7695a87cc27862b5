"""Which system settings name, and how what they say becomes its arguments."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Literal, cast

from ...core.agreement.vote import Vote
from ...core.errors import ConfigError
from ...core.models.capabilities import Model
from ...core.panel.declared import Aggregator, Proposer
from ...graphs.fusion import create_fusion
from ...graphs.self_moa import create_self_moa, create_self_moa_seq
from ...graphs.systems import (
    create_best_of_n,
    create_debate,
    create_grouped_moa,
    create_ranker,
    create_single,
    create_smoa,
    create_vote,
)

SystemName = Literal[
    "moa",
    "moa-lite",
    "single",
    "self-moa",
    "self-moa-seq",
    "best-of-n",
    "ranker",
    "vote",
    "debate",
    "smoa",
    "fusion",
    "grouped",
]
OF_ONE_MODEL = frozenset({"single", "self-moa", "self-moa-seq", "best-of-n"})
"""Systems of one model: the only proposer, else the aggregator, which is a preset's strongest."""
Declared = Sequence[Any]
"""Proposers, or lists of them, one a layer."""
_Chain = list[str | Aggregator | Vote]
_TAKES: dict[str, frozenset[str | None]] = {
    "window": frozenset({None, "moa", "moa-lite", "self-moa-seq"}),
    "rounds": frozenset({"debate"}),
    "debate_if": frozenset({"debate"}),
    "keep": frozenset({"smoa"}),
    "moderator": frozenset({"smoa"}),
    "group": frozenset({"grouped"}),
}
"""Settings that only some systems have."""


def check_system(name: SystemName | None, given: Mapping[str, Any], *, docs: bool) -> None:
    """Refuse settings that the system does not have.

    Args:
        name: The system; None is a mixture as its settings say.
        given: What was said.
        docs: Whether it answers from documents.

    Raises:
        ConfigError: There are such.
    """
    for key, systems in _TAKES.items():
        if given.get(key) is not None and name not in systems:
            needed = " or ".join(sorted(filter(None, systems)))
            raise ConfigError(f"found {key} with {_told(name)}, expected it with {needed}; set system, or drop {key}")
    if docs and name not in (None, "moa", "moa-lite"):
        raise ConfigError(f"found docs with {_told(name)}, expected a mixture; drop one of them")
    if name == "moa-lite" and given.get("layers") not in (None, 2):
        raise ConfigError(f"found layers={given['layers']} with the system moa-lite, which has 2; drop one of them")


def create_system(
    name: SystemName | None,
    create: Callable[..., Any],
    *,
    proposers: Declared,
    chain: _Chain,
    own: Mapping[str, Any],
    options: Mapping[str, Any],
) -> Any:
    """Build a system.

    Args:
        name: Which; None is a mixture as its settings say.
        create: How a mixture is built, with evidence or without.
        proposers: Who answers.
        chain: Who aggregates.
        own: What only this system takes, as `window`.
        options: All other options that were given.

    Raises:
        ConfigError: What its function refuses, or a system that cannot be made of these models.
    """
    if name is None or name in ("moa", "moa-lite"):
        layers = {} if name is None else {"layers": 2 if name == "moa-lite" else 3}
        aggregator = chain if len(chain) > 1 else chain[0] if chain else None
        return create(proposers=proposers, aggregator=aggregator, **{**layers, **own, **options})
    arguments = {**own, **options}
    if name in OF_ONE_MODEL:
        build = {"single": create_single, "self-moa": create_self_moa, "self-moa-seq": create_self_moa_seq}
        return build.get(name, create_best_of_n)(model=_one(proposers, chain), **arguments)
    if name == "vote":
        return create_vote(proposers=proposers, **arguments)
    if name == "fusion":
        return create_fusion(proposers=proposers, aggregator=chain, **arguments)
    if name == "debate":
        return create_debate(proposers=proposers, aggregator=[Vote(), *_models(chain)], **arguments)
    models = _models(chain)
    if not models:
        raise ConfigError(f"found no aggregator for {_told(name)}, expected a model; name one as the aggregator")
    if name == "ranker":
        return create_ranker(proposers=proposers, ranker=models, **arguments)
    if name == "smoa":
        return create_smoa(proposers=proposers, aggregator=chain, **{"moderator": models[0], **arguments})
    return create_grouped_moa(proposers=proposers, aggregator=models[0], **arguments)


def _told(name: str | None) -> str:
    return f"the system {name}" if name else "no system"


def _models(chain: _Chain) -> list[str | Aggregator]:
    return [model for model in chain if not isinstance(model, Vote)]


def _one(proposers: Declared, chain: _Chain) -> str | Model | Proposer:
    models = _models(chain)
    if len(proposers) == 1 or not models:
        return cast("str | Proposer", proposers[0])
    last = models[0]
    if not isinstance(last, Aggregator):
        return last
    return Proposer(**{field.name: getattr(last, field.name) for field in fields(Aggregator)})
