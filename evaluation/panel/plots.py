"""Draw what a panel gets: each member, and panels of each size."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..comparing.paired import Spread
from .analysis import PanelAnalysis
from .curve import CurvePoint
from .sheet import (
    LETTER,
    POINTS,
    ROW,
    TOP,
    WIDTH,
    Scale,
    Shape,
    Sheet,
    share_in_words,
    share_scale,
    shortened,
    shown_name,
)

AXIS, AXIS_END = 58.0, WIDTH - 14
AXIS_HEIGHT = 230.0
"""Of what stands between two axes."""
_BESIDE, _MOST_BESIDE = 13.0, 8
"""How far recorded mixtures stand beside the size of their panel, and beside each other, and how many do."""
_MOST_LABELS = 12
"""Sizes that are written below a curve."""


class _Series(NamedTuple):
    """Be one line of a curve."""

    name: str
    of: Callable[[CurvePoint], Spread | None]
    hue: str
    shape: Shape
    dashes: str
    beside: float
    """How far its points stand beside their sizes, so that no interval covers another."""


_VOTE = _Series("their vote", lambda point: point.vote, "blue", "circle", "", 0.0)
_CEILING = _Series("ceiling: one of them is right", lambda point: point.ceiling, "green", "triangle", "6 4", -2.0)
_RANK = _Series("whom the recorded judge puts first", lambda point: point.rank, "violet", "square", "2 3", 2.0)


def draw_accuracy(analysis: PanelAnalysis) -> str:
    """Draw each member's accuracy with its interval, the strongest first, and the vote and the ceiling of all."""
    members = sorted(analysis.members, key=lambda member: -member.accuracy.mean)
    sheet = Sheet(f"{_measure(analysis)} of each member")
    lines = [("ceiling", analysis.ceiling.share, "green", "6 4")]
    if analysis.ceiling.vote is not None:
        lines.insert(0, ("vote of all", analysis.ceiling.vote, "blue", ""))
    ends = ends_of(member.accuracy for member in members)
    scale = share_scale([*ends, *(share for _, share, _, _ in lines)], 14, WIDTH - 14)
    top = TOP + 8
    for name, share, hue, dashes in lines:
        sheet.line(14, top - 4, 44, top - 4, hue=hue, dashes=dashes)
        sheet.text(52, top, f"{name} {share_in_words(share)}", size=11)
        top += ROW
    chosen = set(analysis.recommendation.members)
    if chosen:
        sheet.mark(18, top - 4, "circle", "orange")
        sheet.text(28, top, "recommended", size=11)
        sheet.mark(124, top - 4, "circle", "orange", is_filled=False)
        sheet.text(134, top, "not", size=11)
        top += ROW
    bottom = top + 34.0 * len(members)
    _grid_across(sheet, scale, top, bottom)
    for _, share, hue, dashes in lines:
        sheet.line(scale.at(share), top, scale.at(share), bottom, hue=hue, dashes=dashes)
    for n, member in enumerate(members):
        accuracy, y = member.accuracy, top + 34 * n + 26
        name, words = shown_name(member.name), f"{share_in_words(accuracy.mean)} ({ends_in_words(accuracy)})"
        room = (WIDTH - 16 - len(words) * LETTER * 11) / (LETTER * POINTS) - 1
        sheet.ground(y - 23, 16)  # no line goes through words
        sheet.text(8, y - 11, shortened(name, room), whole=name)
        sheet.text(WIDTH - 8, y - 11, words, anchor="end", size=11, is_soft=True)
        sheet.whisker((scale.at(accuracy.low), y), (scale.at(accuracy.high), y), "orange")
        at = scale.at(accuracy.mean)
        sheet.mark(at, y, "circle", "orange", is_filled=not chosen or member.name in chosen, title=f"{name}: {words}")
    sheet.text(WIDTH / 2, bottom + 34, f"{_axis(analysis)}, with intervals of 95 %", anchor="middle", size=11)
    words = "; ".join(
        f"{shown_name(m.name)} {share_in_words(m.accuracy.mean)} ({ends_in_words(m.accuracy)})" for m in members
    )
    return sheet.svg(bottom + 44, words)


def draw_curve(analysis: PanelAnalysis) -> str:
    """Draw what panels of each size get, with the elbow, the ceiling, and what recorded mixtures made of them."""
    curve = analysis.curve
    sheet = Sheet("How many members it takes")
    lines = [each for each in (_CEILING, _VOTE, _RANK) if any(each.of(point) for point in curve.points)]
    spreads = [spread for each in lines for point in curve.points if (spread := each.of(point))]
    spreads += [each.accuracy for each in curve.synthesis]
    top = TOP + 8
    for each in lines:
        sheet.line(14, top - 4, 44, top - 4, hue=each.hue, dashes=each.dashes)
        sheet.mark(29, top - 4, each.shape, each.hue)
        name = each.name if analysis.is_closed or each is not _CEILING else "ceiling: the best of their marks"
        sheet.text(52, top, name, size=11)
        top += ROW
    for n, made in enumerate(curve.synthesis):
        words = f"{letter_of(n)}: {shown_name(made.system)}, {share_in_words(made.accuracy.mean)}"
        sheet.mark(29, top - 4, "diamond", "orange", is_filled=False)
        sheet.text(52, top, shortened(words, 57), size=11, whole=words)
        top += ROW
    top += 6
    bottom = top + AXIS_HEIGHT
    sizes = [point.size for point in curve.points]
    beside = _BESIDE * min(len(curve.synthesis), _MOST_BESIDE)  # mixtures mostly had all members
    across = Scale(sizes[0] - 0.5, sizes[-1] + 0.5, AXIS, AXIS_END - beside)
    up = share_scale(ends_of(spreads), bottom, top)
    draw_shares(sheet, up)
    step = -(-len(sizes) // _MOST_LABELS)
    for size in sizes[:: max(step, 1)]:
        sheet.text(across.at(size), bottom + 16, f"{size}", anchor="middle", size=11)
    sheet.text((AXIS + AXIS_END) / 2, bottom + 34, "members of the panel", anchor="middle", size=11)
    if curve.elbow is not None:
        at = across.at(curve.elbow)
        sheet.line(at, top, at, bottom, hue="violet", dashes="1 3")
        is_left = at < WIDTH / 2
        sheet.text(
            at + (6 if is_left else -6),
            bottom - 6,
            f"elbow: {curve.elbow}",
            anchor="start" if is_left else "end",
            size=11,
        )
    for each in lines:
        drawn = [(point.size, spread) for point in curve.points if (spread := each.of(point))]
        sheet.path([(across.at(n) + each.beside, up.at(spread.mean)) for n, spread in drawn], each.hue, each.dashes)
        for size, spread in drawn:
            draw_point(sheet, across.at(size) + each.beside, up, spread, each.hue, each.shape, f"{each.name} of {size}")
    for n, made in enumerate(curve.synthesis):
        at = min(max(across.at(made.size), AXIS), across.end) + _BESIDE * (n % _MOST_BESIDE + 0.8)
        name = f"{shown_name(made.system)}, of {made.size:g} proposals"
        draw_point(sheet, at, up, made.accuracy, "orange", "diamond", name, is_filled=False)
        sheet.text(
            at, max(up.at(made.accuracy.high) - 6, top + 8), letter_of(n), anchor="middle", size=11, is_bold=True
        )
    described = [f"the ceiling of {point.size} is {share_in_words(point.ceiling.mean)}" for point in curve.points]
    described += [
        f"the vote of {point.size} gets {share_in_words(point.vote.mean)}" for point in curve.points if point.vote
    ]
    if curve.elbow is not None:
        described.insert(0, f"the elbow is at {curve.elbow} members")
    return sheet.svg(bottom + 44, "; ".join(described))


def ends_in_words(spread: Spread) -> str:
    """Write an interval, without a unit."""
    return f"{100 * spread.low:.1f} to {100 * spread.high:.1f}"


def ends_of(spreads: Iterable[Spread]) -> list[float]:
    """Return where intervals end."""
    return [end for spread in spreads for end in (spread.low, spread.high)]


def _measure(analysis: PanelAnalysis) -> str:
    return "Accuracy" if analysis.is_closed else "Mean mark"


def _axis(analysis: PanelAnalysis) -> str:
    return "right answers, %" if analysis.is_closed else "mean mark, % of the best there is"


def letter_of(n: int) -> str:
    """Return what a recorded mixture is called in a picture."""
    return chr(ord("A") + n) if n < 26 else f"Z{n - 25}"


def draw_point(
    sheet: Sheet, x: float, up: Scale, spread: Spread, hue: str, shape: Shape, name: str, *, is_filled: bool = True
) -> None:
    """Draw a value with its interval.

    Args:
        sheet: What is drawn on.
        x: Where from the left.
        up: Where values lie.
        spread: The value.
        hue: Its colour.
        shape: Its shape.
        name: What it is of.
        is_filled: Whether the shape is.
    """
    sheet.whisker((x, up.at(spread.low)), (x, up.at(spread.high)), hue)
    title = f"{name}: {share_in_words(spread.mean)} ({ends_in_words(spread)})"
    sheet.mark(x, up.at(spread.mean), shape, hue, is_filled=is_filled, title=title)


def _grid_across(sheet: Sheet, scale: Scale, top: float, bottom: float) -> None:
    for tick in scale.ticks():
        sheet.line(scale.at(tick), top, scale.at(tick), bottom)
        sheet.text(scale.at(tick), bottom + 16, f"{100 * tick:.4g}", anchor="middle", size=11)


def draw_shares(sheet: Sheet, scale: Scale) -> None:
    """Draw an axis of shares, and its lines from one side to the other."""
    for tick in scale.ticks():
        sheet.line(AXIS, scale.at(tick), AXIS_END, scale.at(tick))
        sheet.text(AXIS - 6, scale.at(tick) + 4, f"{100 * tick:.4g} %", anchor="end", size=11)
