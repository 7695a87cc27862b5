"""The systems that papers on mixtures of agents measure, each as a mixture: the same nodes, report, events and drawing.

    create_moa(layers=3, ...)                   # MoA, Wang et al. 2024 (arXiv 2406.04692)
    create_moa(layers=2, ...)                   # MoA-Lite
    create_moa(aggregator=a_stronger_one, ...)  # MoA with GPT-4o, as the paper calls it

All others are here. Each takes every option of `create_moa` that it does not decide itself.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, Unpack, get_args

from ..core.agreement.vote import Vote
from ..core.bounds.early_stop import EarlyStop
from ..core.checks import check_number
from ..core.errors import ConfigError
from ..core.panel.declared import (
    AggregatorLike,
    Aggregators,
    Chooser,
    Moderator,
    Proposer,
    ProposerLike,
    Rank,
    as_aggregator,
    as_proposer,
    proposing,
)
from ..core.panel.pick import Pick, Scorer, as_pick
from ..core.panel.seating import named
from ..core.run.state import Mixture
from ..prompts import bundled
from .moa import create_moa
from .options import SystemOptions, decided

DebateIf = Literal["they differ", "always"]
"""When a debate goes on after its first round."""


def create_single(*, model: ProposerLike, **options: Unpack[SystemOptions]) -> Mixture:
    """Build one model that answers alone: what every mixture has to be better than.

    Args:
        model: Who answers.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    return create_moa(**decided(create_single, options, proposers=[model], layers=1, screen=None))


def create_ranker(
    *,
    proposers: Sequence[ProposerLike],
    ranker: Chooser | Sequence[Chooser],
    samples: int = 1,
    seed: int = 0,
    **options: Unpack[SystemOptions],
) -> Mixture:
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
    pick: Pick | Scorer | None = None,
    **options: Unpack[SystemOptions],
) -> Mixture:
    """Build best-of-n: samples of one model, of which a model names the best, or a function of yours picks it.

    Args:
        model: Who is sampled.
        samples: How many times.
        ranker: Who ranks; None is the model itself. Beside `pick`, it is asked where that has no score.
        seed: What decides the order in which samples are shown.
        pick: A function that scores samples, such as tests, or `Pick(function, timeout=...)`: the best is the answer.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    last: list[AggregatorLike] = [] if pick is None else [as_pick(pick)]
    if pick is None or ranker is not None:
        last.append(Rank(as_aggregator(model) if ranker is None else ranker, seed=seed))
    return create_moa(**decided(create_best_of_n, options, proposers=[model], aggregator=last, samples=samples))


def create_vote(*, proposers: Sequence[ProposerLike], samples: int = 1, **options: Unpack[SystemOptions]) -> Mixture:
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
    debate_if: DebateIf = "they differ",
    **options: Unpack[SystemOptions],
) -> Mixture:
    """Build a multi-agent debate (Du et al. 2023, arXiv 2305.14325): rounds over the same agents, then a vote.

    From the second round on, each agent sees its own answers as its own, and the others' last ones as references. Where
    all give the same short answer in the first round, and two different models at least, there is nothing to debate.

    Args:
        proposers: Who debates, at least two, or one with several samples.
        rounds: How often each of them answers, 2 or more.
        samples: How many times each proposer sits in it.
        aggregator: Who gives the answer; None counts votes, and needs questions that have a short answer.
        debate_if: `they differ` debates only then, `always` does as the paper; an `early_stop` of yours wins over the
            first.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    if debate_if not in get_args(DebateIf):
        raise ConfigError(f"found debate_if={debate_if!r}, expected 'they differ' or 'always'")
    if debate_if == "always" and options.get("early_stop") is not None:
        raise ConfigError("found debate_if='always' with an early stop, expected one of them; drop the other")
    check_number("rounds", rounds, minimum=2, whole=True)
    agents = [replace(as_proposer(p), debates=True) for p in proposers]
    if sum(agent.samples or samples for agent in agents) < 2:
        raise ConfigError("found a debate of one, expected two agents or more; name more proposers, or set samples")
    last = Vote() if aggregator is None else aggregator
    # Copies of one model that agree repeat its mistakes: they debate all the same, as the paper's do.
    stop = EarlyStop(min_responses=2) if debate_if == "they differ" else None
    given = {"early_stop": stop, "proposer_prompt": bundled("debate").text, **options}
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
) -> Mixture:
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
    return create_moa(
        **decided(
            create_smoa,
            options,
            proposers=proposers,
            aggregator=aggregator,
            layers=layers,
            moderator=moderated,
            samples=samples,
        )
    )


def create_grouped_moa(
    *,
    proposers: Sequence[ProposerLike],
    aggregator: Chooser,
    group: int = 6,
    samples: int = 1,
    **options: Unpack[SystemOptions],
) -> Mixture:
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
            proposing(aggregator),
            name=f"group-{n}",
            samples=1,
            reads=tuple(str(p.name) for p in part),
            carries=True,
            unreadable="text",  # what it aggregates tells it what there is to see
        )
        for n, part in enumerate(groups, 1)
    ]
    given = {"early_stop": None, **options}  # it would lead from all proposals straight to the last prompt
    return create_moa(
        **decided(
            create_grouped_moa,
            given,
            proposers=[members, second],
            aggregator=aggregator,
            window=group,
            samples=samples,
            screen=None,  # whoever reads one group might be left with nothing to read
            escalate=(),  # nobody's group holds those
        )
    )


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
