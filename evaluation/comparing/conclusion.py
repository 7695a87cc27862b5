"""Say in words what a comparison shows, and no more than it shows."""

from collections.abc import Sequence
from math import ceil

from ..statistics import Z
from .measures import MeasuredSystem
from .paired import Spread

ENOUGH = 50
"""Graded questions below which nothing is concluded: where nothing differs on 30, a tenth of all may still differ."""
_LUCK = 0.05
"""How likely a split of the questions that two differ on may be by luck, for `better` and `worse`."""
CONTRADICTED = 0.5
"""The share of pairs above which a judge that goes by the place knows nothing of the answers."""
_UNHEARD = 0.10
"""The share of questions without an answer that was read above which nothing is told of who is ahead."""
MARGIN = 2.0
"""The gain, in points of a hundred, from which on one counts, where nobody says another."""
_LONGER = 1.3
_OPEN, _OPEN_CHEAPER = "no gain shown", "not shown to be as good"
_JOINED = {_OPEN: " over", _OPEN_CHEAPER: " as", "about as good": " as"}
"""What comes between a claim and whom it is about; else `than`."""
_BASELINE = "the best single model"


def verdict(
    systems: Sequence[MeasuredSystem],
    baseline: MeasuredSystem,
    graded: int,
    *,
    named: bool,
    judged: bool,
    contradicted: float | None = None,
    margin: float = MARGIN,
    in_repeats: Sequence[Sequence[MeasuredSystem]] = (),
) -> str:
    """Hold the best mixture against the baseline, in one sentence or two.

    Args:
        systems: All that were compared.
        baseline: Whom they were held against.
        graded: On how many questions.
        named: Whether somebody named the baseline; else it is the best single model, or the first system without one.
        judged: Whether a model graded.
        contradicted: The share of pairs on which the judge preferred a place.
        margin: The gain, in points of a hundred, from which on one counts.
        in_repeats: The same systems by each repeat alone, where every question was asked several times.
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
    if why := _unheard(best, baseline, rivals, graded, margin / 100, max(len(in_repeats), 1)):
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
        sentence = f"{best.label}: {_judgement(best, baseline, other, graded, margin / 100)}"
        if in_repeats and graded >= ENOUGH:
            sentence += _over_repeats(best, baseline, in_repeats, margin / 100)
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
    best: MeasuredSystem,
    baseline: MeasuredSystem,
    rivals: Sequence[MeasuredSystem],
    graded: int,
    margin: float,
    repeat: int,
) -> str | None:
    """Name a system whose unread answers and errors, had they been right, would have made another verdict.

    Whoever is ahead is only so for sure if nobody behind would be level with it in that case. Where nobody is ahead,
    one that was not heard on more than a tenth of the questions could be far ahead, or behind; and what is no better
    must stay below the margin, what is about as good above it.
    """
    asked_for = graded * repeat
    ahead, behind = (best, rivals) if _is_ahead(best) else (baseline, [best])
    if not _is_ahead(best) and not _is_behind(best):
        unheard = [system for system in (best, *rivals) if system.missing > _UNHEARD * asked_for]
        difference, is_cheaper = best.difference or Spread(0.0, 0.0, 0.0), _is_cheaper(best, baseline)
        if is_cheaper and difference.low > -margin >= difference.low - baseline.missing / asked_for:
            unheard.append(baseline)
        if not is_cheaper and difference.high < margin <= difference.high + best.missing / asked_for:
            unheard.append(best)
    else:
        unheard = [s for s in behind if s.missing and s.score.mean + s.missing / asked_for >= ahead.score.mean]
    if not unheard:
        return None
    most = max(unheard, key=lambda system: system.missing)
    reasons = [f"ends on no short answer in {most.unread:,}"] if most.unread else []
    reasons += [f"gave no answer to {most.errors:,}"] if most.errors else []
    what = f"{asked_for:,} {'questions' if repeat == 1 else 'runs'}"
    return f"{most.label} {' and '.join(reasons)} of {what}, which may be all that sets it apart; mend that"


def _is_ahead(system: MeasuredSystem) -> bool:
    return system.difference is not None and system.difference.low > 0 and _is_no_luck(system)


def _is_behind(system: MeasuredSystem) -> bool:
    return system.difference is not None and system.difference.high < 0 and _is_no_luck(system)


def _is_no_luck(system: MeasuredSystem) -> bool:
    return system.paired is None or system.paired.p < _LUCK


def _is_cheaper(system: MeasuredSystem, other: MeasuredSystem) -> bool:
    ratio = ratio_of(system, other)
    return ratio is not None and ratio[0] < 1


def _judgement(best: MeasuredSystem, baseline: MeasuredSystem, other: str, graded: int, margin: float) -> str:
    cost = times(best, baseline)
    paid = f" for {cost}" if cost else ""
    if graded < ENOUGH:
        few = f"too few questions to tell, {graded} graded, expected {ENOUGH} or more"
        return f"{few}; {_points(best)} against {other}{paid}"
    claim = _claim(best, baseline, margin)
    by = f" by {100 * margin:g} points" if claim == "no better" and 100 * margin != MARGIN else ""
    joined = f"{claim}{_JOINED.get(claim, ' than')} {other}{by}: {_points(best)}"
    if claim in ("better", "worse"):
        return joined + (f" at {cost}" if cost else "")
    is_open = claim in (_OPEN, _OPEN_CHEAPER)
    if is_open and best.paired and best.difference and best.difference.low > 0:
        return f"{joined}{paid}; so uneven a split is luck with p = {best.paired.p:.2f} (McNemar's exact test)"
    return f"{joined}{paid}{_needed(best, graded, margin) if is_open else ''}"


def _claim(best: MeasuredSystem, baseline: MeasuredSystem, margin: float) -> str:
    """Say what an interval allows, and no more."""
    difference = best.difference or Spread(0.0, 0.0, 0.0)
    if _is_ahead(best):
        return "better"
    if _is_behind(best):
        return "worse"
    if _is_cheaper(best, baseline):
        return "about as good" if difference.low > -margin else _OPEN_CHEAPER
    return "no better" if difference.high < margin else _OPEN


def _over_repeats(
    best: MeasuredSystem, baseline: MeasuredSystem, in_repeats: Sequence[Sequence[MeasuredSystem]], margin: float
) -> str:
    """Say in how many repeats, each by itself, the same holds."""
    claim, same = _claim(best, baseline, margin), 0
    for systems in in_repeats:
        by_label = {system.label: system for system in systems}
        same += _claim(by_label[best.label], by_label[baseline.label], margin) == claim
    return f"; {claim} in {same} of {len(in_repeats)} repeats"


def _needed(best: MeasuredSystem, graded: int, margin: float) -> str:
    """Say on how many questions an interval is narrower than the margin, so that it cannot hold both that and zero.

    It goes by how often the two differ, with two questions more, on one of which they do, as where they have not yet.
    """
    difference = best.difference or Spread(0.0, 0.0, 0.0)
    if best.paired:
        variance = (best.paired.differing + 1) / (graded + 2) - difference.mean**2
    else:
        variance = graded * ((difference.high - difference.low) / (2 * Z)) ** 2
    exact = max(variance * (2 * Z / margin) ** 2, graded + 1)
    step = 10 ** max(len(str(int(exact))) - 2, 0)
    return f"; about {ceil(exact / step) * step:,} questions would decide on a margin of {100 * margin:g} points"


def _points(system: MeasuredSystem) -> str:
    difference = system.difference or Spread(0.0, 0.0, 0.0)
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
