"""Say in words what a comparison shows, and no more than it shows."""

from collections.abc import Sequence

from .measures import MeasuredSystem
from .paired import Spread

ENOUGH = 50
"""Graded questions below which nothing is concluded: where nothing differs on 30, a tenth of all may still differ."""
_LUCK = 0.05
"""How likely a split of the questions that two differ on may be by luck, for `better` and `worse`."""
CONTRADICTED = 0.5
"""The share of pairs above which a judge that goes by the place knows nothing of the answers."""
_CLOSE = 0.10
"""How far the interval of a difference may reach above zero for `no better`, and below it too for `about as good`."""
_LONGER = 1.3
_BASELINE = "the best single model"


def verdict(
    systems: Sequence[MeasuredSystem],
    baseline: MeasuredSystem,
    graded: int,
    *,
    named: bool,
    judged: bool,
    contradicted: float | None = None,
) -> str:
    """Hold the best mixture against the baseline, in one sentence or two.

    Args:
        systems: All that were compared.
        baseline: Whom they were held against.
        graded: On how many questions.
        named: Whether somebody named the baseline; else it is the best single model, or the first system without one.
        judged: Whether a model graded.
        contradicted: The share of pairs on which the judge preferred a place.
    """
    if contradicted is not None and contradicted > CONTRADICTED:
        return (
            f"nothing can be told: the judge preferred a place in {_share(contradicted)} of the pairs, whatever answer "
            "stood there; take another judge"
        )
    others = [system for system in systems if system.label != baseline.label]
    mixtures = [system for system in others if not system.is_single]
    best = max(mixtures or others, key=_worth)
    rivals = [baseline] if named else [baseline, *(s for s in others if s.is_single)]
    if why := _unheard(best, baseline, rivals, graded):
        return f"nothing can be told: {why}"
    if not named and not baseline.is_single:
        leader = max(systems, key=_worth)
        return (
            "no single model was among the systems, so nothing shows whether a mixture is worth its money; "
            f"{leader.label} scored highest, {_percent(leader.score)}"
        )
    other = f"the baseline ({baseline.label})" if named else f"{_BASELINE} ({baseline.label})"
    if not mixtures and not named:
        sentence = f"no mixture was among the systems; {other} scored highest, then {best.label}, {_points(best)}"
    else:
        sentence = f"{best.label}: {_judgement(best, baseline, other, graded)}"
    return sentence + (_length_bias(best, baseline) if judged else "")


def caveats(systems: Sequence[MeasuredSystem], baseline: MeasuredSystem, *, named: bool) -> list[str]:
    """Say what was chosen on the very questions that it is measured on, and so looks better than it is."""
    singles = [system for system in systems if system.is_single]
    mixtures = [system for system in systems if not system.is_single and system.label != baseline.label]
    notes = []
    if len(mixtures) > 1:
        notes.append(
            f"{len(mixtures)} mixtures were compared on the same questions, and the best of several looks better than "
            "it is: hold it against the baseline once more, on other questions"
        )
    if len(singles) > 1 and baseline.is_single and not named:
        notes.append(
            f"{baseline.label} was chosen as the best of {len(singles)} single models on the same questions, which "
            "favours the single models"
        )
    return notes


def times(system: MeasuredSystem, other: MeasuredSystem) -> str:
    """Say how much more one costs than another, in what is known of both: dollars, else tokens, else calls."""
    ratio = ratio_of(system, other)
    return "" if ratio is None else f"{ratio[0]:.{1 if ratio[0] >= 0.1 else 2}f} times the {ratio[1]}"


def ratio_of(system: MeasuredSystem, other: MeasuredSystem) -> tuple[float, str] | None:
    """Return how many times as much one costs as another, and in what; None where nothing is known of both."""
    pairs = (
        ("cost", system.usd, other.usd),
        ("tokens", system.tokens, other.tokens),
        ("calls", system.calls, other.calls),
    )
    return next(((mine / theirs, what) for what, mine, theirs in pairs if mine is not None and theirs), None)


def _worth(system: MeasuredSystem) -> tuple[float, float]:
    """Order systems by what they score; the one of fewer tokens first where two score the same."""
    return system.score.mean, -(float("inf") if system.tokens is None else system.tokens)


def _unheard(
    best: MeasuredSystem, baseline: MeasuredSystem, rivals: Sequence[MeasuredSystem], graded: int
) -> str | None:
    """Name a system whose unread answers and errors, had they been right, would have made another verdict.

    Whoever is ahead is only so for sure if nobody behind would be level with it in that case. Where nobody is ahead,
    one that was not heard on more than a tenth of the questions could be far ahead, or behind.
    """
    ahead, behind = (best, rivals) if _is_ahead(best) else (baseline, [best])
    if not _is_ahead(best) and not _is_behind(best):
        unheard = [system for system in (best, *rivals) if system.missing > _CLOSE * graded]
    else:
        unheard = [s for s in behind if s.missing and s.score.mean + s.missing / graded >= ahead.score.mean]
    if not unheard:
        return None
    most = max(unheard, key=lambda system: system.missing)
    reasons = [f"ends on no short answer in {most.unread:,}"] if most.unread else []
    reasons += [f"gave no answer to {most.errors:,}"] if most.errors else []
    return (
        f"{most.label} {' and '.join(reasons)} of {graded:,} questions, which may be all that sets it apart; mend that"
    )


def _is_ahead(system: MeasuredSystem) -> bool:
    return system.against is not None and system.against.low > 0 and _is_no_luck(system)


def _is_behind(system: MeasuredSystem) -> bool:
    return system.against is not None and system.against.high < 0 and _is_no_luck(system)


def _is_no_luck(system: MeasuredSystem) -> bool:
    return system.paired is None or system.paired.p < _LUCK


def _judgement(best: MeasuredSystem, baseline: MeasuredSystem, other: str, graded: int) -> str:
    difference = best.against or Spread(0.0, 0.0, 0.0)
    cost, ratio = times(best, baseline), ratio_of(best, baseline)
    paid = f" for {cost}" if cost else ""
    if graded < ENOUGH:
        few = f"too few questions to tell, {graded} graded, expected {ENOUGH} or more"
        return f"{few}; {_points(best)} against {other}{paid}"
    if _is_ahead(best):
        return f"better than {other}: {_points(best)}" + (f" at {cost}" if cost else "")
    if _is_behind(best):
        return f"worse than {other}: {_points(best)}" + (f" at {cost}" if cost else "")
    is_cheaper = ratio is not None and ratio[0] < 1
    one_sided = difference.low > 0 or difference.high < 0
    if one_sided or difference.high > _CLOSE or (is_cheaper and difference.low < -_CLOSE):
        return f"too few questions to tell it from {other}, {graded} graded: {_points(best)}{paid}"
    return f"{'about as good as' if is_cheaper else 'no better than'} {other}: {_points(best)}{paid}"


def _points(system: MeasuredSystem) -> str:
    difference = system.against or Spread(0.0, 0.0, 0.0)
    points = f"{100 * difference.mean:+z.1f} points [{100 * difference.low:+z.1f}, {100 * difference.high:+z.1f}]"
    if system.paired is None:
        return points
    return f"{points} (they differ on {system.paired.differing:,})"


def _share(part: float) -> str:
    return f"{100 * part:.0f} %"


def _percent(score: Spread) -> str:
    return f"{100 * score.mean:.1f} % [{100 * score.low:.1f}, {100 * score.high:.1f}]"


def _length_bias(best: MeasuredSystem, baseline: MeasuredSystem) -> str:
    ahead, behind = (best, baseline) if (best.difference or best.score).mean > 0 else (baseline, best)
    if not ahead.length or not behind.length or ahead.length <= _LONGER * behind.length:
        return ""
    return (
        f"; the answers of {ahead.label} are {ahead.length / behind.length:.1f} times as long, and judges favour length"
    )
