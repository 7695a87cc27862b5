"""Self-MoA: mixtures of one model's samples."""

from dataclasses import replace
from typing import Unpack

from ..core.checks import MOST_SAMPLES, check_number
from ..core.panel.declared import Aggregators, Chooser, ProposerLike, as_aggregator, as_proposer, proposing
from ..core.run.state import Mixture
from .moa import create_moa
from .options import SystemOptions, decided

_SAMPLES = 1_000
"""A layer for each window is as much as a reader can follow."""


def create_self_moa(
    *,
    model: ProposerLike,
    samples: int = 6,
    layers: int = 2,
    aggregator: Aggregators | None = None,
    **options: Unpack[SystemOptions],
) -> Mixture:
    """Build Self-MoA: samples of one model, which that same model aggregates (Li et al. 2025, arXiv 2502.00674).

    With another aggregator it is what Wang et al. 2024 call a single proposer. Where the model's server takes `n`, all
    samples of a layer are one request, and the prompt is paid for once. Samples need a temperature to differ.

    Args:
        model: Who is sampled.
        samples: How many times, in each layer but the last.
        layers: Layers, the aggregator's included.
        aggregator: Who aggregates, `Vote()`, `Pick(...)` and `Rank(...)` included; None is the model itself.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    last = as_aggregator(model) if aggregator is None else aggregator
    return create_moa(
        **decided(create_self_moa, options, proposers=[model], aggregator=last, samples=samples, layers=layers)
    )


def create_self_moa_seq(
    *,
    model: ProposerLike,
    samples: int = 30,
    window: int = 6,
    aggregator: Chooser | None = None,
    **options: Unpack[SystemOptions],
) -> Mixture:
    """Build Self-MoA-Seq: any number of samples in a bounded context (Li et al. 2025, arXiv 2502.00674).

    A window of samples is aggregated; what comes of it takes one place in the next window, beside fresh samples, until
    all of them are used. Each window is a layer, and its fresh samples are drawn while the window before is aggregated.

    Args:
        model: Who is sampled.
        samples: How many times in all, 2 or more.
        window: How many answers a prompt holds at most, 2 or more.
        aggregator: Who aggregates; None is the model itself.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    check_number("samples", samples, minimum=2, most=_SAMPLES, whole=True)
    check_number("window", window, minimum=2, most=MOST_SAMPLES, whole=True)
    proposer = as_proposer(model)
    # What it aggregates tells it what there is to see.
    best = replace(proposer if aggregator is None else proposing(aggregator), unreadable="text")
    fresh = [min(window, samples)]
    while (rest := samples - sum(fresh)) > 0:
        fresh.append(min(window - 1, rest))
    best = replace(best, name="best" if proposer.name != "best" else "best-so-far", samples=1, carries=True)
    layers = [[replace(proposer, samples=fresh[0])]]
    layers += [[best, replace(proposer, samples=count, reads=())] for count in fresh[1:]]
    last = as_aggregator(model) if aggregator is None else aggregator
    return create_moa(
        **decided(
            create_self_moa_seq,
            options,
            proposers=layers,
            aggregator=last,
            window=window,
            early_stop=None,
            screen=None,  # the best so far is unlike the samples beside it, and holds what came of all windows before
        )
    )
