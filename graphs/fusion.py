"""Fusion: a panel answers, an analyst says what the answers differ on, and an aggregator writes with both before it."""

from collections.abc import Sequence
from typing import Unpack

from ..core.agreement.vote import Vote
from ..core.errors import ConfigError
from ..core.panel.declared import Aggregators, Analyst, Chooser, ProposerLike, Rank
from ..core.panel.pick import Pick
from ..core.run.state import Mixture
from .moa import create_moa
from .options import CommonOptions, decided


def create_fusion(
    *,
    proposers: Sequence[ProposerLike],
    aggregator: Aggregators,
    analyst: Chooser | Analyst | None = None,
    samples: int = 1,
    **options: Unpack[CommonOptions],
) -> Mixture:
    """Build a fusion, as gateways sell it: a panel answers, an analyst compares, and an aggregator writes the answer.

    What the analyst found is the state's `disagreement`: where they agree and contradict one another, what only some or
    one of them say, and what nobody does. Proposers may be one model with several samples.

    Args:
        proposers: Who answers, the panel.
        aggregator: Who writes the answer, or several in the order in which they are tried.
        analyst: Who compares; None is the first aggregator's model, as with gateways, where one model does both.
        samples: How many times each proposer is asked.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    compares = analyst if isinstance(analyst, Analyst) else Analyst(analyst or _first_model(aggregator))
    return create_moa(
        **decided(create_fusion, options, proposers=proposers, aggregator=aggregator, analyst=compares, samples=samples)
    )


def _first_model(aggregator: Aggregators) -> Chooser:
    """Return who is asked first of those that answer last.

    Raises:
        ConfigError: Nobody is.
    """
    listed = aggregator if isinstance(aggregator, Sequence) and not isinstance(aggregator, str) else [aggregator]
    models = [one.rankers[:1] if isinstance(one, Rank) else [one] for one in listed if not isinstance(one, Vote | Pick)]
    first = next((model for names in models for model in names), None)
    if first is None:
        raise ConfigError("found a fusion without a model as the aggregator, expected one, or an analyst; name either")
    return first
