"""What the pictures of a panel show, as figures: tables for who has no pictures, and sentences below them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..comparing.paired import Spread
from .analysis import PanelAnalysis
from .cost import amount
from .curve import CurvePoint
from .plots import ends_in_words
from .sheet import share_in_words, shown_name

_NOTHING = "–"


class Figures(NamedTuple):
    """Be a table: what its rows are called stands in its first column."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def figures_about(name: str, analysis: PanelAnalysis) -> list[Figures]:
    """Return the tables that say what a picture shows; none where there is nothing.

    Args:
        name: The picture's, of `PICTURES`.
        analysis: What was measured.
    """
    return [table for table in _TABLES[name](analysis) if table.rows]


def captions_of(name: str, analysis: PanelAnalysis) -> list[str]:
    """Say in plain words how a picture is read, and what it shows here.

    Args:
        name: The picture's, of `PICTURES`.
        analysis: What was measured.
    """
    return list(_CAPTIONS[name](analysis))


def _about_accuracy(analysis: PanelAnalysis) -> Iterator[str]:
    strongest = max(analysis.members, key=lambda member: member.accuracy.mean)
    what = "is right" if analysis.is_closed else "is marked"
    yield (
        f"How often each member {what}, the strongest first; the line through a point is where its true value lies, 19 "
        "times of 20. Members whose lines cover each other may be equally good."
    )
    yield f"The strongest is {shown_name(strongest.name)}: {_with_interval(strongest.accuracy)}."
    if analysis.ceiling.vote is not None:
        yield (
            "The full line is the vote of all members, the dashed one the ceiling: a choice among their answers "
            "gets no more."
        )


def _about_correlation(analysis: PanelAnalysis) -> Iterator[str]:
    yield (
        "How far two members are wrong on the same questions. A pair near +1 is one opinion asked twice; a panel gains "
        "most by members near 0. Rows and columns have the same members in the same order."
    )
    square = analysis.correlations
    pairs = [
        (value, one.name, other.name)
        for m, one in enumerate(analysis.members)
        for n, other in enumerate(analysis.members[:m])
        if (value := square[m][n]) is not None
    ]
    if pairs:
        most, least = max(pairs), min(pairs)
        yield f"Most alike: {shown_name(most[2])} and {shown_name(most[1])} ({most[0]:+.2f})."
        if least[0] < most[0]:
            yield f"Least alike: {shown_name(least[2])} and {shown_name(least[1])} ({least[0]:+.2f})."


def _about_curve(analysis: PanelAnalysis) -> Iterator[str]:
    curve = analysis.curve
    yield (
        "What panels of each size get, on average over the panels of that size. The ceiling is what a perfect choice "
        "among their answers would get; the room between it and the other lines is what better choosing could win."
    )
    if curve.elbow is not None:
        if curve.elbow == len(curve.points):
            yield f"The elbow is at all {curve.elbow}: fewer members, drawn by lot, get less than noise explains."
        else:
            size = f"{curve.elbow} members" if curve.elbow > 1 else "a single member"
            yield f"The elbow is at {size}: what more of them get is within noise."
    else:
        yield "There is no vote to draw, for answers here have marks, and the best of them counts."
    if not curve.synthesis:
        yield "No mixture's own answers were recorded, so none are drawn."


def _about_cost(analysis: PanelAnalysis) -> Iterator[str]:
    yield (
        "Up is better, left is cheaper: whatever has another point above it and to its left is not worth its price. "
        "Numbered points are members, the strongest first."
    )
    if _sized(analysis):
        yield "Squares are panels of 2, 3 and more members, on average over the panels of that size."
    if analysis.curve.synthesis:
        yield "Diamonds are mixtures as they were recorded, with what their aggregators cost."


def _about_saves(analysis: PanelAnalysis) -> Iterator[str]:
    better = "is right where the row's member is wrong" if analysis.is_closed else "has the better mark of the two"
    yield f"Each number is of questions on which the column's member {better}: who is worth having beside whom."
    if not analysis.fates:
        yield "No mixture's own answers were recorded, so nothing is known of what an aggregator kept or lost."
    for fate in analysis.fates:
        if fate.savers:
            yield (
                f"Where one proposal alone was right, {shown_name(fate.system)} kept that {_times(fate.rescued)} and "
                f"lost it {_times(fate.lost)}; it got {fate.written:,} of {fate.nobody:,} right that nobody had right."
            )
        else:
            yield f"On no question that {shown_name(fate.system)} answered was one proposal alone right."


_CAPTIONS = {
    "accuracy": _about_accuracy,
    "correlation": _about_correlation,
    "curve": _about_curve,
    "cost": _about_cost,
    "saves": _about_saves,
}


def _accuracy(analysis: PanelAnalysis) -> Iterator[Figures]:
    measure = "right" if analysis.is_closed else "mean mark"
    yield Figures(
        "Members, as they were declared",
        ["member", measure, "interval", "adds to the vote", "right alone", "answered", "model"],
        [
            [
                shown_name(member.name),
                share_in_words(member.accuracy.mean),
                ends_in_words(member.accuracy),
                _points(member.adds),
                share_in_words(member.alone),
                share_in_words(member.answered),
                shown_name(", ".join(member.served_models) or member.model or _NOTHING),
            ]
            for member in analysis.members
        ],
    )
    yield Figures(
        "Members in the order in which they help most",
        ["member", measure, "errs with those before it", "adds", "the panel has", "ceiling"],
        [
            [
                shown_name(step.name),
                share_in_words(step.accuracy.mean),
                _NOTHING if step.correlation is None else f"{step.correlation:+.2f}",
                _points(step.adds),
                _with_interval(step.panel),
                share_in_words(step.ceiling),
            ]
            for step in analysis.steps
        ],
    )


def _correlation(analysis: PanelAnalysis) -> Iterator[Figures]:
    yield _square(
        "Correlation of errors",
        analysis,
        [[_NOTHING if value is None else f"{value:+.2f}" for value in row] for row in analysis.correlations],
    )


def _curve(analysis: PanelAnalysis) -> Iterator[Figures]:
    yield Figures(
        "Panels of each size",
        ["members", "panels", "their vote", "ceiling", "by the judge's marks", "tokens", "US dollars"],
        [
            [
                f"{point.size}",
                f"{point.panels:,}",
                _with_interval(point.vote),
                _with_interval(point.ceiling),
                _with_interval(point.rank),
                *_costs(point.tokens, point.usd),
            ]
            for point in analysis.curve.points
        ],
    )
    yield Figures(
        "Recorded mixtures",
        ["mixture", "proposals", "gets", "tokens", "US dollars"],
        [
            [shown_name(made.system), f"{made.size:.3g}", _with_interval(made.accuracy), *_costs(made.tokens, made.usd)]
            for made in analysis.curve.synthesis
        ],
    )


def _cost(analysis: PanelAnalysis) -> Iterator[Figures]:
    measure, what = ("right", "vote") if analysis.is_closed else ("mean mark", "best")
    rows = [
        (shown_name(member.name), member.accuracy, member.tokens, member.usd)
        for member in sorted(analysis.members, key=lambda member: -member.accuracy.mean)
    ]
    rows += [(f"{what} of {p.size}", p.vote or p.ceiling, p.tokens, p.usd) for p in _sized(analysis)]
    rows += [(shown_name(made.system), made.accuracy, made.tokens, made.usd) for made in analysis.curve.synthesis]
    yield Figures(
        "What a question costs, on average",
        ["who answers", measure, "tokens", "US dollars"],
        [
            [name, _with_interval(accuracy), *_costs(tokens, usd)]
            for name, accuracy, tokens, usd in rows
            if tokens is not None or usd is not None
        ],
    )


def _sized(analysis: PanelAnalysis) -> list[CurvePoint]:
    """Return panels of two and more whose cost is known."""
    return [point for point in analysis.curve.points[1:] if point.tokens is not None or point.usd is not None]


def _saves(analysis: PanelAnalysis) -> Iterator[Figures]:
    if any(map(any, analysis.saves)):
        yield _square(
            "Questions on which the column's member does better than the row's",
            analysis,
            [
                [_NOTHING if m == n else f"{count:,}" for n, count in enumerate(row)]
                for m, row in enumerate(analysis.saves)
            ],
        )
    for fate in analysis.fates:
        yield Figures(
            f"Right answers that one proposal alone had, and what {shown_name(fate.system)} made of them",
            ["proposer", "kept", "lost"],
            [
                [shown_name(name), f"{counts['kept']:,}", f"{counts['lost']:,}"]
                for name, counts in sorted(fate.savers.items(), key=lambda item: -sum(item[1].values()))
            ],
        )


_TABLES = {"accuracy": _accuracy, "correlation": _correlation, "curve": _curve, "cost": _cost, "saves": _saves}


def _square(caption: str, analysis: PanelAnalysis, cells: Sequence[Sequence[str]]) -> Figures:
    """Return a square, whose columns go by number."""
    names = [f"{n} {shown_name(member.name)}" for n, member in enumerate(analysis.members, 1)]
    heads = ["member", *(f"{n}" for n in range(1, len(names) + 1))]
    return Figures(caption, heads, [[name, *row] for name, row in zip(names, cells, strict=True)])


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _with_interval(spread: Spread | None) -> str:
    return _NOTHING if spread is None else f"{share_in_words(spread.mean)} ({ends_in_words(spread)})"


def _points(spread: Spread | None) -> str:
    if spread is None:
        return _NOTHING
    return f"{100 * spread.mean:+z.1f} points ({100 * spread.low:+z.1f} to {100 * spread.high:+z.1f})"


def _costs(tokens: float | None, usd: float | None) -> list[str]:
    return [
        _NOTHING if tokens is None else amount(tokens, is_money=False),
        _NOTHING if usd is None else amount(usd, is_money=True),
    ]
