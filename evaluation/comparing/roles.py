"""Rank models in both roles: how well each aggregates the same proposals, and what is lost where it proposes none.

Who proposes well need not aggregate well (Wang et al. 2024, arXiv 2406.04692, section 3.3 and table 4).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import sqrt
from statistics import NormalDist, fmean, stdev
from typing import NamedTuple

from ...core.run.costs import total
from ..batch.questions import Row
from ..batch.rows import known_cost_in
from ..grading.answered import GradedAnswers
from .cast import Cast, CastModel, ModelRoles, Roles
from .conclusion import CONTRADICTED, ENOUGH
from .measures import Comparison, graded_for_all
from .paired import Bootstrap, Spread, newcombe, paired
from .shown import cost_told

_LUCK = 0.05
"""How likely it is, at most, that one of all that is claimed of the roles is luck."""


class _Test(NamedTuple):
    """Hold a claim, and how likely it is that luck makes it."""

    p: float
    ahead: str
    behind: str


class _Scores:
    """Compare systems question by question, and count as wrong for nobody's gain what was not read."""

    def __init__(self, answered: Mapping[str, GradedAnswers], graded: Sequence[int]) -> None:
        self.graded = len(graded)
        self._columns = {label: [one.grades[n].score or 0.0 for n in graded] for label, one in answered.items()}
        self._missing = {
            label: (one.unread + sum(row["answer"] is None for row in one.rows)) / len(graded)
            for label, one in answered.items()
        }

    def of(self, label: str) -> float:
        """Return a system's mean."""
        return fmean(self._columns[label])

    def difference(self, label: str, other: str, *, seed: int) -> Spread:
        """Return how much more one scores than another, with the interval that verdicts go by."""
        mine, theirs = self._columns[label], self._columns[other]
        if {0.0, 1.0} >= {*mine, *theirs}:
            return newcombe(mine, theirs)
        return Bootstrap([mine, theirs], seed=seed).difference(0, 1)

    def claim(self, label: str, other: str) -> _Test:
        """Return which is ahead, and how likely it is by luck: certain where what was not read would make up for it."""
        ahead, behind = (label, other) if self.of(label) >= self.of(other) else (other, label)
        mine, theirs = self._columns[ahead], self._columns[behind]
        if self.of(behind) + self._missing[behind] >= self.of(ahead):
            return _Test(1.0, ahead, behind)
        pair = paired(mine, theirs)
        return _Test(pair.p if pair else _by_luck([a - b for a, b in zip(mine, theirs, strict=True)]), ahead, behind)


def roles_of(cast: Cast, answered: Mapping[str, GradedAnswers], comparison: Comparison, *, seed: int = 0) -> Roles:
    """Rank the models of a mixture as aggregators and as proposers.

    Args:
        cast: Who plays what.
        answered: What each system made of the questions, graded.
        comparison: What was measured of the systems.
        seed: What the bootstrap's draws depend on.
    """
    scores, contradicted = _Scores(answered, graded_for_all(answered)[0]), comparison.contradicted
    proposers = [model for model in cast.models if model.is_left_out]
    is_told = contradicted is None or contradicted <= CONTRADICTED
    claims = _sure(cast, proposers, scores) if is_told and scores.graded >= ENOUGH else set()
    aggregators = {model.name: model.aggregates for model in cast.models}
    without = {model.name: model.without for model in proposers}
    ranks, missed_ranks = _ranks(aggregators, claims), _ranks(without, claims, last_first=True)

    def roles(model: CastModel) -> ModelRoles:
        is_declared, others = model is cast.aggregator, without.get(model.name)
        return ModelRoles(
            model=model.name,
            alone=comparison.named(model.name).score,
            aggregator=comparison.named(model.aggregates).score,
            against=None if is_declared else scores.difference(model.aggregates, cast.reference, seed=seed),
            aggregator_rank=ranks[model.name],
            missed=scores.difference(cast.reference, others, seed=seed) if others else None,
            proposer_rank=missed_ranks.get(model.name),
        )

    models = sorted(map(roles, cast.models), key=lambda one: -one.aggregator.mean)
    if not is_told:
        sentences = ["nothing can be told of the roles, for the judge preferred a place in most of the pairs"]
    elif scores.graded < ENOUGH:
        sentences = [f"too few questions to rank roles, {scores.graded} graded, expected {ENOUGH} or more"]
    else:
        sentences = list(_sentences(cast, claims, ranks, missed_ranks))
    return Roles(cast.reference, models, [*sentences, *_other_proposals(cast, answered), *_without_rank(cast)])


def shared_cost(answered: Mapping[str, GradedAnswers]) -> str:
    """Say what systems cost that share proposals, beside what their figures say."""
    rows = [row for one in answered.values() for row in one.rows]
    paid = cost_told(total(map(known_cost_in, rows), known_only=True))
    spared = cost_told(total([row["spared"] for row in rows if "spared" in row], known_only=True))
    return (
        f"each system's figures say what it costs by itself; proposals were asked for once, so that together they cost "
        f"{paid} on these questions, and spared {spared}"
    )


def cached_cost(answered: Mapping[str, GradedAnswers]) -> str | None:
    """Say what a cache spared systems, beside what their figures say; None where it never answered."""
    spared = [row["spared"] for one in answered.values() for row in one.rows if "spared" in row]
    if not spared:
        return None
    words = cost_told(total(spared, known_only=True))
    return f"each system's figures say what it costs without a cache, which spared {words} of all"


def _sure(cast: Cast, proposers: Sequence[CastModel], scores: _Scores) -> set[tuple[str, str]]:
    """Return which system is ahead of which, for sure: all that is looked at together is luck in one of twenty times.

    By Holm's step-down of Bonferroni's bound (1979), over the pairs of aggregators, those of the mixtures that leave
    one out, and those of each of these and the whole mixture.
    """
    absent = [model.without for model in proposers]
    pairs = [*combinations([model.aggregates for model in cast.models], 2), *combinations(absent, 2)]
    tests = sorted(scores.claim(*pair) for pair in [*pairs, *((cast.reference, label) for label in absent)])
    sure = set()
    for number, test in enumerate(tests):
        if test.p > _LUCK / (len(tests) - number):
            break
        sure.add((test.ahead, test.behind))
    return sure


def _ranks(
    labels: Mapping[str, str], claims: set[tuple[str, str]], *, last_first: bool = False
) -> dict[str, tuple[int, int]]:
    """Return between which ranks each is: behind all that are ahead for sure, ahead of all that are behind."""
    ranks = {}
    for name, label in labels.items():
        ahead = sum((other, label) in claims for other in labels.values())
        behind = sum((label, other) in claims for other in labels.values())
        if last_first:
            ahead, behind = behind, ahead
        ranks[name] = (1 + ahead, len(labels) - behind)
    return ranks


def _sentences(
    cast: Cast,
    claims: set[tuple[str, str]],
    ranks: Mapping[str, tuple[int, int]],
    missed_ranks: Mapping[str, tuple[int, int]],
) -> Iterator[str]:
    models = {model.name: model for model in cast.models}
    better = [(a, b) for a in ranks for b in ranks if (models[a].aggregates, models[b].aggregates) in claims]
    missed = [(a, b) for a in missed_ranks for b in missed_ranks if (models[b].without, models[a].without) in claims]
    yield _order("as aggregators", better, ranks, "{} is better than {}", "{} is the best")
    if missed_ranks:
        yield _order("as proposers", missed, missed_ranks, "{} is missed more than {}", "{} is missed most")
    if needed := [name for name in missed_ranks if (cast.reference, models[name].without) in claims]:
        yield f"without {_listed(needed, 'or')} as a proposer the mixture is worse"
    if harmful := [name for name in missed_ranks if (models[name].without, cast.reference) in claims]:
        yield f"without {_listed(harmful, 'or')} as a proposer the mixture is better"
    if missed_ranks:
        yield _contrast(better, missed, ranks, missed_ranks)


def _order(
    what: str, pairs: Sequence[tuple[str, str]], ranks: Mapping[str, tuple[int, int]], one: str, first: str
) -> str:
    if not pairs:
        names = _listed(list(ranks), "and")
        return f"{what}, {names} cannot be told apart on these questions" if len(ranks) > 1 else f"{what}: {names} only"
    beaten = {name: [b for a, b in pairs if a == name] for name in ranks}
    parts = [one.format(name, _listed(others, "and")) for name, others in beaten.items() if others]
    if leader := next((name for name, others in beaten.items() if len(others) == len(ranks) - 1), None):
        parts = [first.format(leader), *(part for part in parts if not part.startswith(f"{leader} "))]
    is_whole = all(low == high for low, high in ranks.values())
    return f"{what}, {'; '.join(parts)}" + ("" if is_whole else "; the rest may be luck")


def _contrast(
    better: Sequence[tuple[str, str]],
    missed: Sequence[tuple[str, str]],
    ranks: Mapping[str, tuple[int, int]],
    missed_ranks: Mapping[str, tuple[int, int]],
) -> str:
    """Say where the rankings differ: only of two models that stand in one order here and in the other there."""
    last = len(missed_ranks)
    for name, rank in ranks.items():
        if rank == (1, 1) and missed_ranks.get(name) == (last, last) and last > 1:
            return f"the rankings differ: {name} is the best aggregator, and the proposer that is missed least"
        if missed_ranks.get(name) == (1, 1) and rank == (len(ranks), len(ranks)) and last > 1:
            return f"the rankings differ: {name} is the proposer that is missed most, and the worst aggregator"
    if turned := [(a, b) for a, b in better if (b, a) in missed]:
        before = {b: [a for a, other in turned if other == b] for _, b in turned}
        parts = [
            f"{_listed(names, 'and')} {'aggregates' if len(names) == 1 else 'aggregate'} better than {b}, and "
            f"{'is' if len(names) == 1 else 'are'} missed less as {'a proposer' if len(names) == 1 else 'proposers'}"
            for b, names in before.items()
        ]
        return f"the rankings differ: {'; '.join(parts)}"
    return "nothing shows that the two rankings differ: where their order does, it may be luck"


def _other_proposals(cast: Cast, answered: Mapping[str, GradedAnswers]) -> Iterator[str]:
    """Tell where a system was made of other proposals than the declared mixture: a record was lost, or edited."""
    declared = answered[cast.reference].rows
    for label in cast.replayed:
        pairs = zip(answered[label].rows, declared, strict=True)
        if others := sum(not _is_made_of(row, of) for row, of in pairs):
            yield f"{label} had other proposals than {cast.reference} on {others:,} questions; take another folder"


def _is_made_of(row: Row, declared: Row) -> bool:
    mine, theirs = (
        {(p["proposer"], p["sample"]): p["text"] for p in one.get("proposals", []) if p["layer"] == 1}
        for one in (row, declared)
    )
    return all(theirs.get(place, text) == text for place, text in mine.items())


def _without_rank(cast: Cast) -> Iterator[str]:
    for model in cast.models:
        if model.places and not model.is_left_out:
            yield f"{model.name} is the only proposer, so there is no mixture without it"
        if not model.places:
            yield f"{model.name} proposes nothing, so it has no rank as a proposer"


def _listed(names: Sequence[str], joining: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {joining} {names[-1]}"


def _by_luck(differences: Sequence[float]) -> float:
    """Return how likely so large a mean of differences is by luck, as marks have it: of many, it is normal."""
    spread = stdev(differences) / sqrt(len(differences))
    return 2 * NormalDist().cdf(-abs(fmean(differences)) / spread) if spread else float(not any(differences))
