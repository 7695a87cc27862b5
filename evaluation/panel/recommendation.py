"""Recommend a panel, as settings that can be used, and say how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ..calibration import MeasuredRule
from ..ceiling import FEWEST, WORTHWHILE, Ceiling
from ..comparing.paired import Spread
from .gathering import proposer_of
from .members import PanelMember, difference, spread_of
from .selection import SplitHalves, is_ahead

_SURE = 0.8
_MANY = 100
"""Judged questions below which nothing is rather sure."""
_PRECISE = 0.95
"""What the lower end of a wave's precision must keep for it to be recommended."""


@dataclass(frozen=True)
class Recommendation:
    """Say who should sit on a panel."""

    members: list[str]
    """In the order in which to declare them, the strongest first; empty where there are too few questions to tell."""
    gets: Spread | None
    """What it gets: its vote, or where answers are not voted on, the best of its marks."""
    against_best: Spread | None
    """How much more than the best single model that is, paired."""
    behind_whole: Spread | None
    """How much less than the whole panel, paired."""
    is_mixture: bool
    settings: dict[str, Any]
    """As a settings file has them."""
    sentence: str
    sure: str
    """How sure it is."""


def recommended(
    chosen: Sequence[PanelMember],
    gets: Sequence[float],
    whole: Sequence[float],
    *,
    ceiling: Ceiling,
    waves: Sequence[MeasuredRule],
    halves: SplitHalves | None,
    is_closed: bool,
    judged: int,
    best: Sequence[float],
) -> Recommendation:
    """Recommend the smallest panel within noise of the whole.

    Args:
        chosen: Its members, the strongest first.
        gets: What it gets on each question.
        whole: What all members get.
        ceiling: What choosing among all answers gets at most.
        waves: First waves of the strongest, and what stopping after each comes to.
        halves: How choices on half of the questions did on the other half.
        is_closed: Whether answers are voted on.
        judged: On how many questions.
        best: What the best single model gets.
    """
    if judged < FEWEST:
        few = f"too few questions to recommend a panel: {judged} can be graded, expected {FEWEST} or more"
        return Recommendation([], None, None, None, False, {}, few, "not sure at all")
    names = [member.name for member in chosen]
    is_mixture = len(names) > 1
    gain = difference(gets, best)
    return Recommendation(
        members=names,
        gets=spread_of(gets),
        against_best=gain if is_mixture else None,
        behind_whole=difference(whole, gets),
        is_mixture=is_mixture,
        settings=_settings(chosen, waves, is_closed=is_closed),
        sentence=_sentence(names, fmean(gets), gain, ceiling, is_closed=is_closed, is_more=is_ahead(gets, whole)),
        sure=_sure(
            names,
            halves,
            is_closed=is_closed,
            is_shown=any(gets) and (not is_mixture or gain.low > 0),
            judged=judged,
        ),
    )


def _sentence(
    names: Sequence[str], gets: float, gain: Spread, ceiling: Ceiling, *, is_closed: bool, is_more: bool
) -> str:
    if len(names) == 1:
        why = "choosing among all gets no more than noise explains"
        if ceiling.gain < WORTHWHILE:
            why = f"choosing among all wins at most {100 * ceiling.gain:.1f} points"
        return f"ask {names[0]} alone ({100 * gets:.1f} %): {why}; only an aggregator that writes better could win more"
    if not is_closed:
        return (
            f"ask {', '.join(names[:-1])} and {names[-1]} at most: who always took the best of their answers by these "
            f"marks would get {100 * gets:.1f} %, against {100 * (gets - gain.mean):.1f} % of the best single model; "
            "the judge's own noise raises that, and no vote shows how much of it can be got"
        )
    how = "their vote gets"
    points = f"{100 * gain.mean:+z.1f} points [{100 * gain.low:+z.1f}, {100 * gain.high:+z.1f}]"
    shown = "" if gain.low > 0 else ", which may be luck"
    behind = "and more on these questions than the whole panel" if is_more else "within noise of the whole panel"
    return (
        f"ask {', '.join(names[:-1])} and {names[-1]}: {how} {100 * gets:.1f} %, {points} against the best single "
        f"model{shown}, {behind}"
    )


def _sure(names: Sequence[str], halves: SplitHalves | None, *, is_closed: bool, is_shown: bool, judged: int) -> str:
    if halves is None:
        return "nobody knows how sure: too few questions for halves"
    seats = fmean(halves.seats[name] for name in names)
    gain = 100 * (halves.chosen - halves.best)
    is_sure = is_closed and is_shown and judged >= _MANY and halves.within >= _SURE and seats >= _SURE
    level = "rather sure" if is_sure else "not very sure"
    what = "their vote" if is_closed else "the best of their marks"
    return (
        f"{level}: chosen on one half of the questions, {halves.times} times, {what} got {100 * halves.chosen:.1f} % "
        f"on the other half, all members {100 * halves.whole:.1f} %, the single model that was best "
        f"{100 * halves.best:.1f} % ({gain:+z.1f} points); each was chosen in {100 * seats:.0f} % of them on average"
    )


def _settings(chosen: Sequence[PanelMember], waves: Sequence[MeasuredRule], *, is_closed: bool) -> dict[str, Any]:
    seats: dict[str, int] = {}
    for member in chosen:
        proposer = proposer_of(member.name)
        seat = member.model or proposer or member.name
        seats[seat] = seats.get(seat, 0) + 1
    proposers: list[Any] = [
        model if samples == 1 else {"model": model, "samples": samples} for model, samples in seats.items()
    ]
    if len(chosen) == 1:
        return {"system": "single", "proposers": proposers}
    settings: dict[str, Any] = {"system": "vote" if is_closed else "moa", "proposers": proposers}
    sure = [rule for rule in waves if rule.interval and rule.interval[0] >= _PRECISE and _first(rule) < len(chosen)]
    if is_closed and sure:
        settings["waves"] = [min(map(_first, sure))]
    return settings


def _first(rule: MeasuredRule) -> int:
    return int(rule.rule.removeprefix("wave of "))
