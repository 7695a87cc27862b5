"""Draw squares of a panel's members: whose errors go together, and who saves whom."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .analysis import PanelAnalysis
from .fate import Fate
from .sheet import LETTER, POINTS, ROW, TOP, WIDTH, Sheet, notice, shortened, shown_name

STRONGEST = 0.55
"""How strongly a cell is filled at most, for the words on it to be read on light ground and on dark."""
_FEW, _SOME = 6, 10
_IN_A_CELL = 40
"""Letters of each of two names in the words about a cell, of which there are thousands."""


class _Cell(NamedTuple):
    """Be one cell of a square."""

    words: str
    hue: str = "orange"
    strength: float = 0.0
    """From 0 to 1."""
    dashes: str = ""
    title: str = ""


def draw_correlation(analysis: PanelAnalysis) -> str:
    """Draw how far the errors of each two members go together, as a heat map whose cells hold numbers."""
    title = "Errors that go together"
    if missing := no_correlation(analysis):
        return notice(title, missing)
    names = [shown_name(member.name) for member in analysis.members]
    short = [shortened(name, _IN_A_CELL) for name in names]

    def cell(row: int, column: int) -> _Cell:
        value = analysis.correlations[row][column]
        if row == column:
            return _Cell("—")
        if value is None:
            return _Cell("?", title=f"{short[row]}, {short[column]}: nothing can be told")
        hue, dashes = ("orange", "") if value >= 0 else ("blue", "3 2")
        return _Cell(short_correlation(value), hue, abs(value), dashes, f"{short[row]}, {short[column]}: {value:+.3f}")

    sheet = Sheet(title, _width(len(names)))
    below = _square(sheet, TOP + 4, names, cell) + 22
    for n, value in enumerate((-0.8, -0.4, 0.0, 0.4, 0.8)):
        hue, dashes = ("orange", "") if value >= 0 else ("blue", "3 2")
        sheet.rect(8 + 46 * n, below - 12, 42, ROW, hue, STRONGEST * abs(value), dashes)
        sheet.text(29 + 46 * n, below + 1, short_correlation(value), anchor="middle", size=10)
    below = sheet.paragraph(below + 26, "−1: one errs where the other is right; 0: by chance; +1: both err on the same")
    if any(value is None for row in analysis.correlations for value in row):
        below = sheet.paragraph(
            below, "?: one of the two is right, or wrong, on every question, and nothing can be told"
        )
    return sheet.svg(below, f"Correlation of errors between {len(names)} members: {', '.join(names)}")


def no_correlation(analysis: PanelAnalysis) -> str | None:
    """Say why there is nothing to draw; None where there is something."""
    square = analysis.correlations
    if any(square[m][n] is not None for m in range(len(square)) for n in range(m)):
        return None
    return (
        "No two members can be compared: each has the same mark on all questions that can be graded, "
        "or all but one have."
    )


def draw_saves(analysis: PanelAnalysis) -> str:
    """Draw who saves whom, and what aggregators made of answers that one member alone had right."""
    title = "Who saves whom"
    if missing := no_saves(analysis):
        return notice(title, missing)
    names = [shown_name(member.name) for member in analysis.members]
    short = [shortened(name, _IN_A_CELL) for name in names]
    most = max(max(row) for row in analysis.saves) or 1

    def cell(row: int, column: int) -> _Cell:
        count = analysis.saves[row][column]
        words = f"{short[column]} does better than {short[row]} on {count:,} questions"
        return _Cell("—") if row == column else _Cell(f"{count}", "green", count / most, "", words)

    sheet = Sheet(title, _width(len(names)))
    below = _square(sheet, TOP + 4, names, cell) + 18
    what = "is right where the row's is wrong" if analysis.is_closed else "has a better mark than the row's"
    below = sheet.paragraph(below, f"on how many of {analysis.judged:,} questions the column's member {what}")
    for fate in analysis.fates:
        if fate.savers:
            below = _savers(sheet, below + 16, fate)
    return sheet.svg(below, f"On how many questions each of {', '.join(names)} {what}")


def no_saves(analysis: PanelAnalysis) -> str | None:
    """Say why there is nothing to draw; None where there is something."""
    if any(fate.savers for fate in analysis.fates) or any(map(any, analysis.saves)):
        return None
    return "Nobody saves anybody: on each question all members are right together, or wrong together."


def short_correlation(value: float) -> str:
    """Write a correlation, as short as its cell is."""
    words = f"{abs(value):.2f}".removeprefix("0")
    sign = "" if words == ".00" else "+" if value > 0 else "−"
    return f"{sign}{words}"


def _cell(members: int) -> float:
    return 42.0 if members <= _FEW else 36.0 if members <= _SOME else 32.0


def _beside(members: int) -> float:
    """Return the room for names: what a phone has beside the cells, and enough of it beside many."""
    return max(WIDTH - members * _cell(members) - 12, 176.0 if members <= _SOME else 240.0)


def _width(members: int) -> float:
    return max(_beside(members) + members * _cell(members) + 12, WIDTH)


def _square(sheet: Sheet, top: float, names: Sequence[str], cell: Callable[[int, int], _Cell]) -> float:
    """Draw a square with a row and a column a member, and return where it ends; columns go by number."""
    side, start, high = _cell(len(names)), _beside(len(names)) + 4, 26.0
    for n, name in enumerate(names):
        sheet.text(start + side * (n + 0.5), top + 10, f"{n + 1}", anchor="middle", size=11, is_soft=True)
        foot = top + 18 + high * n + high / 2 + 4
        label = f"{n + 1} {shortened(name, (start - 16) / (LETTER * POINTS) - len(str(n + 1)) - 1)}"
        sheet.text(8, foot, label, whole=f"{n + 1} {name}")
        for m in range(len(names)):
            one = cell(n, m)
            x = start + side * m
            sheet.rect(x + 1, top + 19 + high * n, side - 2, high - 2, one.hue, STRONGEST * one.strength, one.dashes)
            sheet.text(x + side / 2, foot, one.words, anchor="middle", size=10, whole=one.title or None)
    return top + 18 + high * len(names)


def _savers(sheet: Sheet, top: float, fate: Fate) -> float:
    """Draw, a row a member, how often it alone was right, and whether the answer kept that."""
    room = int((WIDTH - 16) / (LETTER * POINTS))
    system, what = shown_name(fate.system), "right answers that one alone had"
    heading = f"{shortened(system, room - len(what) - 2)}: {what}"
    sheet.text(8, top, heading, is_bold=True, whole=f"{system}: {what}")
    savers = sorted(fate.savers.items(), key=lambda item: -sum(item[1].values()))
    most = max(sum(counts.values()) for _, counts in savers)
    below = top
    for name, counts in savers:
        below += 2 * ROW
        rescues, losses = counts["kept"], counts["lost"]
        words = f"{rescues:,} kept, {losses:,} lost"
        shown = shortened(shown_name(name), room - len(words) - 2)
        sheet.text(8, below - ROW + 4, shown, whole=shown_name(name))
        sheet.text(WIDTH - 8, below - ROW + 4, words, anchor="end", size=11)
        length = (WIDTH - 18) / most
        if rescues:
            sheet.rect(8, below - 8, length * rescues, 10, "green", 0.9)
        if losses:
            sheet.rect(8 + length * rescues, below - 8, length * losses, 10, "orange", 0.15, "3 2")
    return sheet.paragraph(below + 20, "filled: kept by the answer; dashed: lost, the answer is wrong")
