"""Let a count of votes write the answer, instead of a model, or choose the proposal that stands for the others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..errors import ConfigError, nearest
from ..run.records import Proposal
from ..run.served import Asked, asked_of, same_models, served_name, shares
from .closed import closed_answers
from .comparing import compare_texts
from .measures import Measure, is_measure, medoid


@dataclass(frozen=True, kw_only=True)
class Vote:
    """Be an aggregator that asks no model: the largest group of equal answers wins, and its medoid is the answer.

    create_moa(..., aggregator=Vote())                      # or the best proposal, where no two agree
    create_moa(..., aggregator=[Vote(), "openai:gpt-6"])    # or this model's answer then

    Majority voting over samples is Self-Consistency (Wang et al. 2022, arXiv 2203.11171), so each sample of a declared
    model counts. Several declared models that one model served have one model's votes: each counts its part, and they
    outvote nobody by having more names. It abstains on open questions, and where no two proposals agree.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    """How much a proposer's vote counts, by its name; 1 where nothing is said. It is multiplied with the part that one
    of several names of a served model has."""
    agreement: Measure = field(default_factory=closed_answers)
    """How proposals are compared."""


class VoteResult(NamedTuple):
    """Say who won, or why nobody did."""

    winner: Proposal | None
    why: str


async def count_votes(vote: Vote, proposals: Sequence[Proposal], *, seconds: float | None = None) -> VoteResult:
    """Count.

    Args:
        vote: How.
        proposals: Usable proposals, in the order of declaration.
        seconds: How long comparing may take.
    """
    whole = [p for p in proposals if p["status"] == "ok"]
    proposals = whole or proposals  # where an answer was cut, it may say something else
    texts = [p["text"] for p in proposals]
    agreement = await compare_texts(vote.agreement, texts, seconds=seconds)
    if agreement["abstained"]:
        return VoteResult(None, f"the vote abstained: {agreement['abstained']}")

    calls = asked_of(proposals)
    part = shares(calls)
    votes = [vote.weights.get(proposal["name"], 1.0) * share for proposal, share in zip(proposals, part, strict=True)]

    def weight(group: Iterable[int]) -> float:
        return sum(votes[n] for n in group)

    groups = sorted(agreement["groups"], key=lambda group: (-round(weight(group), 9), group[0]))
    first, everyone = groups[0], weight(range(len(texts)))
    alone = round(sum(part[n] for n in first), 9) < 2  # two names of one model are one who says so
    if weight(first) <= 0 or (alone and round(weight(first) * 2 - everyone, 9) <= 0):
        whose = "models" if len(first) > 1 else "proposals"
        return VoteResult(None, f"the vote abstained: no two {whose} agree{_shared(calls, part, proposals)}")
    winner = proposals[medoid(texts, first)]
    tied = [proposals[group[0]] for group in groups[1:] if round(weight(group) - weight(first), 9) == 0]
    why = f"vote: {round(weight(first), 2):g} of {round(everyone, 2):g} for the answer of {winner['proposer']}"
    return VoteResult(winner, why + _tied(tied) + _shared(calls, part, proposals))


def _tied(proposals: Sequence[Proposal]) -> str:
    """Say whose answers had as many votes."""
    others = ", ".join(proposal["proposer"] for proposal in proposals)
    return f"; tied with that of {others}, and declared first" if others else ""


def _shared(calls: Sequence[Asked], part: Sequence[float], proposals: Sequence[Proposal]) -> str:
    """Say who had to share votes."""
    groups = [group for group in same_models(calls) if part[group[0]] < 1]
    sentences = [
        f"{', '.join(proposals[n]['proposer'] for n in group)} share one model's votes: all were served by "
        f"{served_name(calls[n] for n in group)}"
        for group in groups
    ]
    return "".join(f"; {line}" for line in sentences)


def check_vote(vote: Vote, names: Sequence[str]) -> None:
    """Refuse weights of nobody, and weights that are none.

    Args:
        vote: What was given.
        names: The proposers of the layer that votes.

    Raises:
        ConfigError: There are such.
    """
    if not isinstance(vote.weights, Mapping):
        raise ConfigError(f"found {vote.weights!r} as the vote's weights, expected a number by proposer's name")
    for name, weight in vote.weights.items():
        if name not in names:
            raise ConfigError(f"found a vote's weight for {name!r}; {nearest(str(name), names)}")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < float("inf"):
            raise ConfigError(f"found the weight {weight!r} for {name!r}, expected a number from 0")
    if vote.weights and not any(vote.weights.get(name, 1) for name in names):
        raise ConfigError("found a vote in which nobody's vote counts, expected one weight above 0")
    if hasattr(vote.agreement, "at_most"):
        raise ConfigError(
            "found a vote with a judge, expected a measure that calls no model; put the judge into EarlyStop(...)"
        )
    if not is_measure(vote.agreement):
        raise ConfigError(f"found {vote.agreement!r} as the vote's agreement, expected a measure as closed_answers()")


def best_proposal(proposals: Sequence[Proposal]) -> Proposal:
    """Return the one proposal that stands for the others.

    That is the medoid of the largest group whose final answers agree, in which a model that was asked under several
    names has the part of one, as in a vote; where no two agree, the first one that is whole.

    Args:
        proposals: Usable proposals of one layer, as declared; at least one.
    """
    whole = [p for p in proposals if p["status"] == "ok"] or list(proposals)
    groups = closed_answers()([p["text"] for p in proposals])["groups"]
    part = shares(asked_of(proposals))
    largest = max(groups, key=lambda group: (round(sum(part[n] for n in group), 9), len(group)), default=[])
    if len(largest) < 2:
        return whole[0]
    chosen = [proposals[n] for n in largest if proposals[n]["status"] == "ok"] or [proposals[n] for n in largest]
    return chosen[medoid([p["text"] for p in chosen], range(len(chosen)))]
