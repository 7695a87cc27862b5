"""The systems that papers on mixtures of agents measure, each as a mixture: the same nodes, report, events and drawing.

    create_moa(layers=3, ...)                   # MoA, Wang et al. 2024 (arXiv 2406.04692)
    create_moa(layers=2, ...)                   # MoA-Lite
    create_moa(aggregator=a_stronger_one, ...)  # MoA with GPT-4o, as the paper calls it

All others are here. Each takes every option of `create_moa` that it does not decide itself.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Unpack

from langgraph.graph.state import CompiledStateGraph

from ..core.agreement.vote import Vote
from ..core.checks import MOST_SAMPLES, check_number
from ..core.errors import ConfigError
from ..core.panel.declared import Aggregator, Aggregators, Chooser, Moderator, Proposer, ProposerLike, Rank
from ..core.panel.seating import named
from ..core.run.state import MoAInput, MoAState
from ..prompts import bundled
from .moa import create_moa
from .options import SystemOptions, decided

_SAMPLES = 1_000
"""A layer for each window is as much as a reader can follow."""
System = CompiledStateGraph[MoAState, None, MoAInput, MoAState]


def create_single(*, model: ProposerLike, **options: Unpack[SystemOptions]) -> System:
    """Build one model that answers alone: what every mixture has to be better than.

    Args:
        model: Who answers.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    return create_moa(**decided(create_single, options, proposers=[model], layers=1))


def create_self_moa(
    *,
    model: ProposerLike,
    samples: int = 6,
    layers: int = 2,
    aggregator: Aggregators | None = None,
    **options: Unpack[SystemOptions],
) -> System:
    """Build Self-MoA: samples of one model, which that same model aggregates (Li et al. 2025, arXiv 2502.00674).

    With another aggregator it is what Wang et al. 2024 call a single proposer. Where the model's server takes `n`, all
    samples of a layer are one request, and the prompt is paid for once. Samples need a temperature to differ.

    Args:
        model: Who is sampled.
        samples: How many times, in each layer but the last.
        layers: Layers, the aggregator's included.
        aggregator: Who aggregates, `Vote()` and `Rank(...)` included; None is the model itself.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    last = _aggregator(model) if aggregator is None else aggregator
    told = decided(create_self_moa, options, proposers=[model], aggregator=last, samples=samples, layers=layers)
    return create_moa(**told)


def create_self_moa_seq(
    *,
    model: ProposerLike,
    samples: int = 30,
    window: int = 6,
    aggregator: Chooser | None = None,
    **options: Unpack[SystemOptions],
) -> System:
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
    proposer = _proposer(model)
    best = proposer if aggregator is None else _aggregating(aggregator)
    fresh = [min(window, samples)]
    while (left := samples - sum(fresh)) > 0:
        fresh.append(min(window - 1, left))
    best = replace(best, name="best" if proposer.name != "best" else "best-so-far", samples=1, carries=True)
    layers = [[replace(proposer, samples=fresh[0])]]
    layers += [[best, replace(proposer, samples=count, reads=())] for count in fresh[1:]]
    last = _aggregator(model) if aggregator is None else aggregator
    told = decided(create_self_moa_seq, options, proposers=layers, aggregator=last, window=window, early_stop=None)
    return create_moa(**told)


def create_ranker(
    *,
    proposers: Sequence[ProposerLike],
    ranker: Chooser | Sequence[Chooser],
    samples: int = 1,
    seed: int = 0,
    **options: Unpack[SystemOptions],
) -> System:
    """Build the ranker, the baseline of Wang et al. 2024: a model names the best proposal, which is the answer.

    Args:
        proposers: Who answers.
        ranker: Who ranks, or several in the order in which they are tried.
        samples: How many times each proposer is asked.
        seed: What decides the order in which proposals are shown.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    return create_moa(
        **decided(create_ranker, options, proposers=proposers, aggregator=Rank(ranker, seed=seed), samples=samples)
    )


def create_best_of_n(
    *,
    model: ProposerLike,
    samples: int = 6,
    ranker: Chooser | Sequence[Chooser] | None = None,
    seed: int = 0,
    **options: Unpack[SystemOptions],
) -> System:
    """Build best-of-n: samples of one model, of which a model names the best.

    Args:
        model: Who is sampled.
        samples: How many times.
        ranker: Who ranks; None is the model itself.
        seed: What decides the order in which samples are shown.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    rank = Rank(_aggregator(model) if ranker is None else ranker, seed=seed)
    return create_moa(**decided(create_best_of_n, options, proposers=[model], aggregator=rank, samples=samples))


def create_vote(*, proposers: Sequence[ProposerLike], samples: int = 1, **options: Unpack[SystemOptions]) -> System:
    """Build a majority vote; of one model's samples it is Self-Consistency (Wang et al. 2022, arXiv 2203.11171).

    It needs questions that have a short answer; on others, the best proposal is the answer, as the report tells.

    Args:
        proposers: Who votes.
        samples: How many times each proposer is asked; every answer is a vote.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    return create_moa(**decided(create_vote, options, proposers=proposers, aggregator=Vote(), samples=samples))


def create_debate(
    *,
    proposers: Sequence[ProposerLike],
    rounds: int = 2,
    samples: int = 1,
    aggregator: Aggregators | None = None,
    **options: Unpack[SystemOptions],
) -> System:
    """Build a multi-agent debate (Du et al. 2023, arXiv 2305.14325): rounds over the same agents, then a vote.

    From the second round on, each agent sees its own answers as its own, and the others' last ones as references.

    Args:
        proposers: Who debates, at least two, or one with several samples.
        rounds: How often each of them answers, 2 or more.
        samples: How many times each proposer sits in it.
        aggregator: Who gives the answer; None counts votes, and needs questions that have a short answer.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    check_number("rounds", rounds, minimum=2, whole=True)
    agents = [replace(_proposer(p), debates=True) for p in proposers]
    if sum(agent.samples or samples for agent in agents) < 2:
        raise ConfigError("found a debate of one, expected two agents or more; name more proposers, or set samples")
    last = Vote() if aggregator is None else aggregator
    given = {"early_stop": None, "proposer_prompt": bundled("debate").text, **options}
    return create_moa(
        **decided(create_debate, given, proposers=agents, aggregator=last, layers=rounds + 1, samples=samples)
    )


def create_smoa(
    *,
    proposers: Sequence[ProposerLike],
    aggregator: Aggregators,
    moderator: Chooser,
    keep: int = 3,
    samples: int = 1,
    layers: int = 3,
    **options: Unpack[SystemOptions],
) -> System:
    """Build SMoA: after each layer a moderator keeps its best proposals, and may end the layers (arXiv 2411.03284).

    Args:
        proposers: Who answers, in each layer but the last.
        aggregator: Who writes the answer.
        moderator: Who keeps and stops.
        keep: How many proposals of a layer go on.
        samples: How many times each proposer is asked in a layer.
        layers: Layers at most, the aggregator's included.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    moderated = Moderator(moderator, keep=keep)
    told = decided(
        create_smoa,
        options,
        proposers=proposers,
        aggregator=aggregator,
        layers=layers,
        moderator=moderated,
        samples=samples,
    )
    return create_moa(**told)


def create_grouped_moa(
    *,
    proposers: Sequence[ProposerLike],
    aggregator: Chooser,
    group: int = 6,
    samples: int = 1,
    **options: Unpack[SystemOptions],
) -> System:
    """Build a mixture of many proposers in a bounded context: groups are aggregated, then the groups' answers.

    Args:
        proposers: Who answers; a sample counts as one of its group.
        aggregator: Who aggregates, the groups too.
        group: How many answers a prompt holds at most, 2 or more; its square is as many as can be grouped so.
        samples: How many times each proposer is asked.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong, or there are too many proposers for two levels.
    """
    check_number("group", group, minimum=2, whole=True)
    members = named(proposers)
    sizes = [proposer.samples or samples for proposer in members]
    if max(sizes, default=0) > group:
        raise ConfigError(
            f"found {max(sizes)} samples of one proposer with group={group}, expected a group to hold them; raise it"
        )
    groups = _grouped(members, sizes, group)
    if len(groups) > group:
        raise ConfigError(
            f"found {len(members)} proposers in {len(groups)} groups of {group}, expected at most {group} of "
            "them, which the last prompt holds; raise group, or use fewer proposers"
        )
    second = [
        replace(
            _aggregating(aggregator),
            name=f"group-{n}",
            samples=1,
            reads=tuple(str(p.name) for p in part),
            carries=True,
        )
        for n, part in enumerate(groups, 1)
    ]
    given = {"early_stop": None, **options}  # it would lead from all proposals straight to the last prompt
    told = decided(
        create_grouped_moa,
        given,
        proposers=[members, second],
        aggregator=aggregator,
        window=group,
        samples=samples,
    )
    return create_moa(**told)


def _grouped(proposers: Sequence[Proposer], sizes: Sequence[int], group: int) -> list[list[Proposer]]:
    """Fill groups in the order of declaration; the samples of one proposer stay together."""
    groups: list[list[Proposer]] = []
    room = 0
    for proposer, size in zip(proposers, sizes, strict=True):
        if size > room:
            groups.append([])
            room = group
        groups[-1].append(proposer)
        room -= size
    return groups


def _proposer(model: ProposerLike) -> Proposer:
    return model if isinstance(model, Proposer) else Proposer(model)


def _aggregating(model: Chooser) -> Proposer:
    """Let an aggregator's model answer in a layer before, with the same settings."""
    if not isinstance(model, Aggregator):
        return Proposer(model)
    return Proposer(**{field.name: getattr(model, field.name) for field in fields(Aggregator)})


def _aggregator(model: ProposerLike) -> Aggregator:
    """Let a proposer's model aggregate, with the same settings; its name stays the proposer's."""
    proposer = _proposer(model)
    own = {field.name: getattr(proposer, field.name) for field in fields(Aggregator) if field.name != "name"}
    return Aggregator(**own)
