"""Draw what quality costs: members, panels of each size and recorded mixtures, by what a question takes."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..comparing.paired import Spread
from .analysis import PanelAnalysis
from .curve import CurvePoint
from .members import PanelMember
from .plots import AXIS, AXIS_END, AXIS_HEIGHT, draw_point, draw_shares, ends_of, letter_of
from .sheet import (
    LETTER,
    POINTS,
    ROW,
    TOP,
    WIDTH,
    Scale,
    Shape,
    Sheet,
    notice,
    share_in_words,
    share_scale,
    shortened,
    shown_name,
)

_WIDE_APART = 30
"""How many times as dear the dearest is as the cheapest, from where costs stand on a logarithmic scale."""
_PLACES = ((13, -9), (-13, -9), (13, 9), (-13, 9), (18, 0), (-18, 0), (13, -20), (-13, -20), (13, 20))
"""Where a label may stand beside its point, the best place first."""


class _Spot(NamedTuple):
    """Be one point of quality against cost."""

    label: str
    name: str
    cost: float
    accuracy: Spread
    hue: str
    shape: Shape


def draw_cost(analysis: PanelAnalysis) -> str:
    """Draw accuracy against what a question costs, of members, panels of each size and recorded mixtures."""
    title = "Quality against cost"
    if missing := no_cost(analysis):
        return notice(title, missing)
    is_money = _is_money(analysis)
    spots = list(_spots(analysis, is_money))
    costs = [spot.cost for spot in spots]
    sheet, top = Sheet(title), TOP + 2
    bottom = top + AXIS_HEIGHT
    across = _cost_scale(costs)
    up = share_scale(ends_of(spot.accuracy for spot in spots), bottom, top)
    draw_shares(sheet, up)
    for tick in across.ticks():
        sheet.line(across.at(tick), top, across.at(tick), bottom)
        sheet.text(across.at(tick), bottom + 16, amount(tick, is_money), anchor="middle", size=10)
    unit = "US dollars" if is_money else "tokens of answers"
    apart = ", on a logarithmic scale" if across.is_log else ""
    sheet.text((AXIS + AXIS_END) / 2, bottom + 34, f"{unit} a question{apart}", anchor="middle", size=11)
    panels = [spot for spot in spots if spot.shape == "square"]
    sheet.path([(across.at(spot.cost), up.at(spot.accuracy.mean)) for spot in panels], "blue", "2 3")
    occupied = [(across.at(spot.cost), up.at(spot.accuracy.mean)) for spot in spots]
    for spot in spots:
        x, y = across.at(spot.cost), up.at(spot.accuracy.mean)
        draw_point(sheet, x, up, spot.accuracy, spot.hue, spot.shape, f"{spot.name}, {amount(spot.cost, is_money)}")
        at = _free_place(x, y, occupied, (top, bottom))
        if at and spot.label:
            occupied.append(at)
            sheet.text(at[0], at[1] + 4, spot.label, anchor="middle", size=10)
    below = bottom + 56
    for spot in [spot for spot in spots if spot.label and spot not in panels]:
        words = f"{share_in_words(spot.accuracy.mean)}, {amount(spot.cost, is_money)}"
        sheet.mark(14, below - 4, spot.shape, spot.hue)
        room = (WIDTH - 34 - len(words) * LETTER * 11) / (LETTER * POINTS) - len(spot.label) - 2
        sheet.text(24, below, f"{spot.label} {shortened(spot.name, room)}", whole=f"{spot.label} {spot.name}")
        sheet.text(WIDTH - 8, below, words, anchor="end", size=11, is_soft=True)
        below += ROW
    if panels:
        sheet.mark(14, below - 4, "square", "blue")
        sheet.text(24, below, "vote of 2, 3, ..." if analysis.is_closed else "best of 2, 3, ...", size=11)
        below += ROW
    absent = [shown_name(member.name) for member in analysis.members if _cost(member, is_money) is None]
    if absent:
        below = sheet.paragraph(below, f"Not drawn, for nobody knows what they cost: {', '.join(absent)}")
    described = [f"{s.name}: {share_in_words(s.accuracy.mean)} for {amount(s.cost, is_money)}" for s in spots]
    return sheet.svg(below + 2, "; ".join(described))


def no_cost(analysis: PanelAnalysis) -> str | None:
    """Say why there is nothing to draw; None where there is something."""
    is_money = _is_money(analysis)
    if any(_cost(member, is_money) is not None for member in analysis.members):
        return None
    return "What answers cost is not known: the rows hold neither money (`usd`) nor tokens."


def amount(cost: float, is_money: bool) -> str:
    """Write what a question costs."""
    if not is_money:
        return f"{cost:,.0f}" if cost >= 10 or cost == int(cost) else f"{cost:.1f}"
    return "$0" if not cost else f"${cost:,.2f}" if cost >= 1 else f"${cost:.2g}" if cost >= 1e-4 else f"${cost:.0e}"


def _is_money(analysis: PanelAnalysis) -> bool:
    """Tell whether prices are known; where all is free, tokens tell more."""
    return any(member.usd for member in analysis.members)


def _cost(one: PanelMember | CurvePoint, is_money: bool) -> float | None:
    return one.usd if is_money else one.tokens


def _spots(analysis: PanelAnalysis, is_money: bool) -> Iterator[_Spot]:
    members = sorted(analysis.members, key=lambda member: -member.accuracy.mean)
    for n, member in enumerate(members, 1):
        cost = _cost(member, is_money)
        if cost is not None:
            yield _Spot(f"{n}", shown_name(member.name), cost, member.accuracy, "orange", "circle")
    for point in analysis.curve.points[1:]:
        cost, what = _cost(point, is_money), "vote" if point.vote else "best"
        if cost is not None:
            label = f"×{point.size}" if point.size in (2, analysis.curve.elbow, len(members)) else ""
            yield _Spot(label, f"{what} of {point.size}", cost, point.vote or point.ceiling, "blue", "square")
    for n, made in enumerate(analysis.curve.synthesis):
        cost = made.usd if is_money else made.tokens
        if cost is not None:
            yield _Spot(letter_of(n), shown_name(made.system), cost, made.accuracy, "violet", "diamond")


def _cost_scale(costs: Sequence[float]) -> Scale:
    low, high = min(costs), max(costs)
    if low > 0 and high / low > _WIDE_APART:
        return Scale(low / 1.3, high * 1.3, AXIS, AXIS_END, is_log=True)
    return Scale(0.0, high * 1.08 or 1.0, AXIS, AXIS_END)


def _free_place(
    x: float, y: float, occupied: Sequence[tuple[float, float]], rows: tuple[float, float]
) -> tuple[float, float] | None:
    """Return where a label stands beside its point and on no other; None where there is no room."""
    for right, down in _PLACES:
        at = x + right, y + down
        is_inside = at[0] - 8 > AXIS and at[0] + 8 < WIDTH and rows[0] < at[1] - 4 and at[1] + 4 < rows[1]
        if is_inside and all(abs(at[0] - other) > 11 or abs(at[1] - height) > 8 for other, height in occupied):
            return at
    return None
