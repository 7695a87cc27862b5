"""The sheet that a panel's pictures are drawn on: their text, scales and colours, on light ground and on dark."""

import math
from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import Literal, NamedTuple

from rich.cells import cell_len

from ...core.text import one_line, shows_nothing
from ...graphs.pictures.svg import as_xml

WIDTH = 440.0
"""What a phone can show at nearly its size."""
TOP = 34.0
"""Below the title."""
ROW = 18.0
LETTER = 0.61
"""Width of a letter, of its height, of a typeface whose letters are all as wide."""
POINTS = 12.0
_LONGEST_NAME = 300
_FEWEST_TICKS, _MOST_TICKS = 3, 6
_TYPE = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_LIGHT = (
    ".moa-chart{color:#1c1d21;direction:ltr}.moa-chart text{fill:#1c1d21}.moa-chart .chart-ground{fill:#fff}"
    ".moa-chart .chart-soft{fill:#5c6270}.moa-chart .chart-grid{stroke:#dcdfe6}"
)
_DARK = (
    ".moa-chart{color:#e7e9ee}.moa-chart text{fill:#e7e9ee}.moa-chart .chart-ground{fill:#15171c}"
    ".moa-chart .chart-soft{fill:#a2a9b8}.moa-chart .chart-grid{stroke:#343945}"
)
# Classes have names of their own: styles of an SVG and of the page around it are about each other, too.
_STYLE = f"<style>{_LIGHT}@media screen and (prefers-color-scheme:dark){{{_DARK}}}</style>"
"""No variables, which programs that draw SVG without being browsers do not know; on paper all is light."""
HUES = {"blue": "#3f7fd4", "orange": "#bb6a18", "green": "#2f9363", "violet": "#8570d6"}
"""Each is told from a white ground and from a black one, three to one at least, and never alone: shapes differ, too."""

Shape = Literal["circle", "square", "triangle", "diamond"]
Anchor = Literal["start", "middle", "end"]


class Scale(NamedTuple):
    """Say where on a sheet a value lies."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """Return the place of a value."""
        low, high = self._bent(self.low), self._bent(self.high)
        share = (self._bent(value) - low) / (high - low) if high > low else 0.5
        return self.start + (self.end - self.start) * share

    def ticks(self) -> list[float]:
        """Return round values between its ends, few enough to be written."""
        if self.is_log:
            powers = [10.0**n for n in range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)]
            values = [value for value in powers if self.low <= value <= self.high]
            if len(values) < _FEWEST_TICKS:
                values = [digit * value for value in powers for digit in (1, 2, 5)]
            values = values[:: -(-len(values) // (2 * _MOST_TICKS))]
        else:
            step = nice_step(self.high - self.low)
            first = math.ceil(self.low / step - 1e-9)
            values = [n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)]
        return [value for value in values if self.low * (1 - 1e-9) <= value <= self.high * (1 + 1e-9)]

    def _bent(self, value: float) -> float:
        return math.log10(value) if self.is_log else value


def nice_step(length: float) -> float:
    """Return a round step, of 1, 2 or 5, that a length holds a few times."""
    if length <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(length / _MOST_TICKS))
    return next(digit * power for digit in (1, 2, 5, 10, 20) if length / (digit * power) <= _MOST_TICKS)


def share_scale(shares: Iterable[float], start: float, end: float) -> Scale:
    """Return a scale of shares from 0 to 1 that is no wider than it must be: models are apart by little."""
    values = list(shares)
    low, high = min(values), max(values)
    step = nice_step(max(high - low, 0.02))
    return Scale(
        max(math.floor(low / step - 0.2) * step, 0.0), min(math.ceil(high / step + 0.2) * step, 1.0), start, end
    )


def share_in_words(share: float) -> str:
    """Write a share."""
    return f"{100 * share:.1f} %"


def shown_name(text: str) -> str:
    """Return a foreign name as one line, which is never empty."""
    name = one_line(text, limit=_LONGEST_NAME)
    return "(no name)" if shows_nothing(name) else name


def shortened(name: str, cells: float) -> str:
    """Take what does not fit out of a name's middle: those of models differ at their ends.

    Args:
        name: A line.
        cells: How many letters there is room for; letters of some scripts are two of them wide.
    """
    if cell_len(name) <= cells:
        return name
    room = max(int(cells) - 1, 2)
    head, tail = _that_fit(name, (room + 1) // 2), _that_fit(name[::-1], room // 2)[::-1]
    return f"{head}…{tail}"


def _that_fit(text: str, room: int) -> str:
    for count, character in enumerate(text):
        room -= cell_len(character)
        if room < 0:
            return text[:count]
    return text


class Sheet:
    """Gather what is drawn, from the top, and write it as SVG."""

    def __init__(self, title: str, width: float = WIDTH) -> None:
        """Begin with a title.

        Args:
            title: What the picture is of.
            width: In pixels.
        """
        self.width = width
        self._title = title
        self._parts: list[str] = []
        self.text(8, 20, title, size=13, is_bold=True)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        anchor: Anchor = "start",
        size: float = POINTS,
        is_soft: bool = False,
        is_bold: bool = False,
        whole: str | None = None,
    ) -> None:
        """Write a line, its foot at a place.

        Args:
            x: Where from the left.
            y: Where from the top.
            words: Any text.
            anchor: Which end of it is there.
            size: How high its letters are.
            is_soft: Whether it stands back.
            is_bold: Whether it stands out.
            whole: What is shown where a mouse stands still, for what was shortened.
        """
        kind = ' class="chart-soft"' if is_soft else ""
        weight = ' font-weight="600"' if is_bold else ""
        title = f"<title>{as_xml(whole)}</title>" if whole is not None and whole != words else ""
        at = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"'
        self._parts.append(f'<text {at} text-anchor="{anchor}"{kind}{weight}>{title}{as_xml(words)}</text>')

    def paragraph(self, y: float, words: str, *, is_soft: bool = True) -> float:
        """Write lines, as many as it takes, and return where the next one may stand."""
        lines = list(_lines(words, self._cells(POINTS - 1)))
        for n, line in enumerate(lines):
            self.text(8, y + 15 * n, line, size=POINTS - 1, is_soft=is_soft)
        return y + 15 * len(lines)

    def _cells(self, size: float) -> int:
        return int((min(self.width, WIDTH) - 16) / (LETTER * size))

    def line(self, x: float, y: float, to_x: float, to_y: float, *, hue: str = "", dashes: str = "") -> None:
        """Draw a line; of no hue it is one of the grid."""
        look = f'stroke="{HUES[hue]}" stroke-width="1.6"' if hue else 'class="chart-grid"'
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._parts.append(f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" {look}{dash}/>')

    def path(self, points: Iterable[tuple[float, float]], hue: str, dashes: str = "") -> None:
        """Draw a line through points."""
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        look = f'fill="none" stroke="{HUES[hue]}" stroke-width="1.6"'
        self._parts.append(f'<polyline points="{places}" {look}{dash}/>')

    def rect(
        self, x: float, y: float, width: float, height: float, hue: str, strength: float, dashes: str = ""
    ) -> None:
        """Fill a rectangle, so strongly that words on it can be read."""
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        edge = f' stroke="{HUES[hue]}" stroke-opacity=".6"{dash}' if strength or dashes else ' class="chart-grid"'
        look = f'fill="{HUES[hue]}" fill-opacity="{strength:.2f}"{edge}'
        self._parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {look}/>')

    def ground(self, y: float, height: float) -> None:
        """Cover what was drawn, from one side of the sheet to the other."""
        self._parts.append(
            f'<rect class="chart-ground" x="0" y="{y:.1f}" width="{self.width:.1f}" height="{height:.1f}"/>'
        )

    def mark(self, x: float, y: float, shape: Shape, hue: str, *, is_filled: bool = True, title: str = "") -> None:
        """Draw a point."""
        drawn = {
            "circle": f"M{x - 4:.1f} {y:.1f}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
            "square": f"M{x - 3.6:.1f} {y - 3.6:.1f}h7.2v7.2h-7.2z",
            "triangle": f"M{x:.1f} {y - 4.8:.1f}l4.6 8h-9.2z",
            "diamond": f"M{x:.1f} {y - 5.4:.1f}l5 5.4l-5 5.4l-5 -5.4z",
        }[shape]
        words = f"<title>{as_xml(title)}</title>" if title else ""
        ground = f'fill="{HUES[hue]}"' if is_filled else 'class="chart-ground"'
        self._parts.append(f'<path d="{drawn}" {ground} stroke="{HUES[hue]}" stroke-width="1.6">{words}</path>')

    def whisker(self, low: tuple[float, float], high: tuple[float, float], hue: str) -> None:
        """Draw an interval, with a short line across each of its ends."""
        (x, y), (to_x, to_y) = low, high
        self.line(x, y, to_x, to_y, hue=hue)
        across = (3.0, 0.0) if x == to_x else (0.0, 3.0)
        for end_x, end_y in (low, high):
            self.line(end_x - across[0], end_y - across[1], end_x + across[0], end_y + across[1], hue=hue)

    def svg(self, height: float, words: str) -> str:
        """Write all of it.

        Args:
            height: How high it is.
            words: What is drawn, for who does not see it.
        """
        wide, high = math.ceil(self.width), math.ceil(height)
        shrinks = "max-width:100%;height:auto;" if wide <= WIDTH else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="moa-chart" role="img" viewBox="0 0 {wide} {high}" '
            f'width="{wide}" height="{high}" style="{shrinks}direction:ltr" font-family="{_TYPE}">'
            f"<title>{as_xml(self._title)}</title><desc>{as_xml(one_line(words, limit=4000))}</desc>"
            f'{_STYLE}<rect class="chart-ground" width="100%" height="100%"/>{"".join(self._parts)}</svg>'
        )


def _lines(words: str, cells: int) -> Iterator[str]:
    """Break words into lines, where they are broken by blanks; what is longer than a line is broken anywhere."""
    for line in wrap(one_line(words, limit=2000), cells):
        while cell_len(line) > cells:
            head = _that_fit(line, cells)
            yield head
            line = line[len(head) :]
        yield line


def notice(title: str, words: str) -> str:
    """Draw a sentence in the place of a picture that there is nothing for."""
    sheet = Sheet(title)
    return sheet.svg(sheet.paragraph(TOP + 10, words, is_soft=False), words)
