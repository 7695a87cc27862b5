"""Measure rules for an early stop on recorded answers: how often each stops, how often it is right, what it saves.

A record holds the first layer alone. What an aggregator or a later layer makes of a disagreement is not in it: calls
are counted for a mixture of some layers, the accuracy of a whole policy for a vote of all in place of those.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod
from statistics import fmean

from ..core.agreement.values import FinalAnswer
from ..core.errors import ConfigError
from .ceiling import Ceiling, ceiling_of
from .statistics import wilson
from .stop_rules import Recorded, Rule, is_right, rules_for, vote


@dataclass(frozen=True)
class MeasuredRule:
    """Say what one rule does on a record; calls are a question's average."""

    rule: str
    options: str
    stops: int
    """On how many questions it stops."""
    coverage: float
    """On which share of them."""
    judged: int
    """How many of those have gold."""
    precision: float | None
    """Share of those whose agreed answer is right; None where nobody can tell."""
    interval: tuple[float, float] | None
    """The precision's Wilson interval, of 95 %."""
    calls: float
    """With `then="answer"`; where it does not stop, all layers are asked."""
    calls_to_aggregate: float
    """With `then="aggregate"`: one more at each stop."""
    saved: float
    """Share of the calls of a mixture that never stops, with `then="answer"`."""
    vote_calls: float
    """Of one layer, where all are asked and vote if the rule does not stop."""
    vote_accuracy: float | None
    """Share of right answers then, of all questions with gold."""


@dataclass(frozen=True)
class Member:
    """Say what one proposer brings to its panel."""

    name: str
    answered: float
    """Share of questions with an answer that can be compared."""
    accuracy: float | None
    contribution: float | None
    """Accuracy of the vote of all, minus that of the vote without it."""


@dataclass(frozen=True)
class Panel:
    """Say who sits on a panel, and how far their errors are from independent ones."""

    members: list[Member]
    pair_ratio: float | None
    """How often two are wrong together, over the product of their rates of error: the mean over pairs; 1 is chance."""
    all_wrong: float | None
    """Share of questions on which nobody is right."""
    all_wrong_if_independent: float | None


@dataclass(frozen=True)
class Calibration:
    """Hold everything that was measured on a record."""

    questions: int
    judged: int
    """How many of them have gold."""
    layers: int
    rules: list[MeasuredRule]
    everyone: MeasuredRule
    """What it is like never to stop."""
    chosen: MeasuredRule | None
    """The rule of fewest calls whose precision is, by the lower end of its interval, no less than the wanted one."""
    panel: Panel
    ceiling: Ceiling | None
    """What choosing among the answers gets at most; None without gold."""


def measure(
    proposers: Sequence[str],
    rows: Sequence[Recorded],
    *,
    layers: int = 3,
    precision: float = 0.95,
    threshold: float | None = None,
) -> Calibration:
    """Measure all rules on a record, and the panel that was recorded.

    Args:
        proposers: Their names, as declared; at least two.
        rows: One or more questions.
        layers: Layers of the mixture in which calls are counted; the aggregator is the last.
        precision: What the chosen rule must keep.
        threshold: Likeness from which texts were taken for copies, where they were compared.

    Raises:
        ConfigError: The names or the rows are no lists, or there are too few of them.
    """
    for what, given, fewest in (("proposers", proposers, 2), ("rows", rows, 1)):
        if not isinstance(given, Sequence) or isinstance(given, str):
            raise ConfigError(
                f"found {type(given).__name__} as {what}, expected a list, which each rule goes through; pass list()"
            )
        if len(given) < fewest:
            raise ConfigError(f"found {len(given)} {what}, expected {fewest} or more; record more")
    size = len(proposers)
    rules = [_measured(rule, rows, layers) for rule in rules_for(size, threshold)]
    precise = [rule for rule in rules if rule.interval and rule.interval[0] >= precision]
    return Calibration(
        questions=len(rows),
        judged=sum(row.gold is not None for row in rows),
        layers=layers,
        rules=rules,
        everyone=_measured(Rule("never stop", size, size + 1, "early_stop=None"), rows, layers),
        chosen=min(precise, key=lambda rule: rule.calls, default=None),
        panel=_panel(proposers, rows),
        ceiling=_ceiling(proposers, rows),
    )


def _ceiling(proposers: Sequence[str], rows: Sequence[Recorded]) -> Ceiling | None:
    judged = [row for row in rows if row.gold]
    return ceiling_of(
        proposers,
        [[float(_is_right([answer], row)) for answer in row.answers] for row in judged],
        votes=[float(_is_right(vote(row.answers), row)) for row in judged],
        golds=[row.gold for row in judged],
    )


def measured_waves(rows: Sequence[Recorded], *, layers: int) -> list[MeasuredRule]:
    """Measure first waves of two to four, which stop where all of them agree.

    Args:
        rows: One or more questions, the strongest proposers first.
        layers: Layers of proposers whose calls are counted, and the aggregator's.
    """
    size = len(rows[0].answers)
    rules = [Rule(f"wave of {first}", first, first, f"waves=({first},)") for first in (2, 3, 4) if first < size]
    return [_measured(rule, rows, layers + 1) for rule in rules]


def _measured(rule: Rule, rows: Sequence[Recorded], layers: int) -> MeasuredRule:
    size = len(rows[0].answers)
    everyone = size * (layers - 1) + 1
    agreed = [rule.agreed(row) for row in rows]
    stopped = [_is_right(group, row) for group, row in zip(agreed, rows, strict=True) if group and row.gold]
    ended = [_is_right(group or vote(row.answers), row) for group, row in zip(agreed, rows, strict=True) if row.gold]
    stops = sum(map(bool, agreed))
    coverage = stops / len(rows)
    calls = everyone - coverage * (everyone - rule.first)
    return MeasuredRule(
        rule=rule.name,
        options=rule.options,
        stops=stops,
        coverage=coverage,
        judged=len(stopped),
        precision=_share(stopped),
        interval=wilson(sum(stopped), len(stopped)) if stopped else None,
        calls=calls,
        calls_to_aggregate=calls + coverage,
        saved=1 - calls / everyone,
        vote_calls=size - coverage * (size - rule.first),
        vote_accuracy=_share(ended),
    )


def _panel(proposers: Sequence[str], rows: Sequence[Recorded]) -> Panel:
    judged = [row for row in rows if row.gold]
    wrong = [[not _is_right([row.answers[n]], row) for row in judged] for n in range(len(proposers))]
    rates = [_share(column) or 0.0 for column in wrong]
    everyone = _vote_accuracy(judged)
    return Panel(
        members=[
            Member(
                name=name,
                answered=fmean(row.answers[n] is not None for row in rows),
                accuracy=1 - rates[n] if judged else None,
                contribution=_contribution(n, judged, everyone),
            )
            for n, name in enumerate(proposers)
        ],
        pair_ratio=_pair_ratio(wrong, rates),
        all_wrong=_share(list(map(min, *wrong))),
        all_wrong_if_independent=prod(rates) if judged else None,
    )


def _contribution(n: int, judged: Sequence[Recorded], everyone: float | None) -> float | None:
    """Return what a proposer adds to the accuracy of the vote of everyone."""
    others = _vote_accuracy([row._replace(answers=row.answers[:n] + row.answers[n + 1 :]) for row in judged])
    return None if everyone is None or others is None else everyone - others


def _pair_ratio(wrong: Sequence[Sequence[bool]], rates: Sequence[float]) -> float | None:
    """Return how often two are wrong together, over the product of their rates of error: the mean over pairs."""
    return _share(
        [
            fmean(map(min, wrong[a], wrong[b])) / (rates[a] * rates[b])
            for a, b in combinations(range(len(rates)), 2)
            if rates[a] * rates[b]
        ]
    )


def _vote_accuracy(judged: Iterable[Recorded]) -> float | None:
    return _share([_is_right(vote(row.answers), row) for row in judged])


def _is_right(agreed: Sequence[FinalAnswer | None], row: Recorded) -> bool:
    return is_right(agreed, row.gold, row.question)


def _share(counted: Sequence[float]) -> float | None:
    return fmean(counted) if counted else None
