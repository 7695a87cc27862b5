"""Place rows of blocks, and lead lines from one to another past all that is between them."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.cells import cell_len

from .ranks import Wire

_LETTER = 6.3
"""Width of a letter beside a line."""
_LANE = 13.0
_BESIDE = 22.0
_TRACK, _LABELLED = 9.0, 17.0
_ABOVE, _BELOW = 10.0, 15.0
"""Room in a gap above its first track, and below its last one, where the tips are."""
_MARGIN = 4.0


class Point(NamedTuple):
    """Be a place, in pixels."""

    x: float
    y: float

    def moved(self, by: "Point") -> "Point":
        """Return it somewhere else."""
        return Point(self.x + by.x, self.y + by.y)


class Block(NamedTuple):
    """Be what takes room in a row."""

    name: str
    width: float
    height: float


class Link(NamedTuple):
    """Be all edges from one block to another."""

    source: str
    target: str
    labels: tuple[str, ...]
    is_choice: bool
    wires: tuple[Wire, ...]

    @property
    def label(self) -> str:
        """Return what sends a run along it."""
        return " or ".join(self.labels)


class Route(NamedTuple):
    """Be a line in its place."""

    points: tuple[Point, ...]
    link: Link
    label_at: Point
    anchor: str
    """Which end of the label is there: its `start` or its `end`."""

    def moved(self, by: Point) -> "Route":
        """Return it somewhere else."""
        return self._replace(points=tuple(point.moved(by) for point in self.points), label_at=self.label_at.moved(by))


def routed(
    rows: Sequence[Sequence[Block]], links: Mapping[tuple[str, str], Link]
) -> tuple[dict[str, Point], list[Route], tuple[float, float]]:
    """Place blocks and the lines between them.

    Args:
        rows: The blocks, from the top.
        links: What leads where, by its ends.

    Returns:
        Each block's corner, the lines, and the size of all.
    """
    return _Plan(rows, list(links.values())).routed()


class _Plan:
    """Work out one placing: across first, then down."""

    def __init__(self, rows: Sequence[Sequence[Block]], links: Sequence[Link]) -> None:
        self._rows, self._links = rows, links
        self._row = {block.name: n for n, row in enumerate(rows) for block in row}
        self._block = {block.name: block for row in rows for block in row}
        widths = [sum(block.width for block in row) + _BESIDE * (len(row) - 1) for row in rows]
        self._content = max(widths, default=0.0)
        self._x: dict[str, float] = {}
        for row, width in zip(rows, widths, strict=True):
            x = (self._content - width) / 2
            for block in row:
                self._x[block.name] = x
                x += block.width + _BESIDE
        self._lane = self._lanes()
        self._out = {link: self._port(link.source, link, self._of(link.source, 0)) for link in links}
        self._in = {link: self._port(link.target, link, self._of(link.target, 1)) for link in links}

    def _of(self, name: str, end: int) -> list[Link]:
        """Return the lines at one end of a block, from left to right."""
        mine = [link for link in self._links if link[end] == name]
        return sorted(
            mine, key=lambda link: (self._side(link), self._order(link), self._middle((link.target, link.source)[end]))
        )

    def _order(self, link: Link) -> int:
        """Return the number of the lane that a line takes: with the nearest one inside, no line crosses another."""
        return self._lane.get((self._side(link), link.target), 0)

    def _side(self, link: Link) -> int:
        """Say where a line goes: back on the left (-1), straight down (0), or past a row on the right (1)."""
        down = self._row[link.target] - self._row[link.source]
        return -1 if down < 1 else int(down > 1)

    def _middle(self, name: str) -> float:
        return self._x[name] + self._block[name].width / 2

    def _port(self, name: str, link: Link, mine: Sequence[Link]) -> float:
        """Return where a line leaves, or enters, a block: those that go down in the middle, the others beside."""
        side = self._side(link)
        alike = [other for other in mine if self._side(other) == side]
        is_shared = link.target == name and side
        share = 0.5 if is_shared else (alike.index(link) + 0.5) / len(alike)
        width = self._block[name].width
        return self._middle(name) + (0.36 * side + 0.4 * (share - 0.5)) * width * (0.6 if side else 1)

    def _is_straight(self, link: Link) -> bool:
        return self._side(link) == 0 and abs(self._out[link] - self._in[link]) < 1

    def routed(self) -> tuple[dict[str, Point], list[Route], tuple[float, float]]:
        """Return everything in its place."""
        first, last = self._sides()
        lanes = {
            (side, target): last + lane * _LANE if side > 0 else first - lane * _LANE
            for (side, target), lane in self._lane.items()
        }
        first, last = min([first, *lanes.values()]), max([last, *lanes.values()])
        tops, tracks, height = self._down()
        corners = {
            name: Point(x, tops[self._row[name]] + (self._tallest(self._row[name]) - self._block[name].height) / 2)
            for name, x in self._x.items()
        }
        routes = [self._route(link, lanes, tracks, corners) for link in self._links]
        by = Point(_MARGIN - first, _MARGIN)
        moved = {name: corner.moved(by) for name, corner in corners.items()}
        return moved, [route.moved(by) for route in routes], (last - first + 2 * _MARGIN, height + 2 * _MARGIN)

    def _lanes(self) -> dict[tuple[int, str], int]:
        """Give each place that lines lead to past a row a lane beside the rows, the nearest one that is free."""
        spans: dict[tuple[int, str], tuple[int, int]] = {}
        for link in self._links:
            if side := self._side(link):
                gaps = self._row[link.source] + 1, self._row[link.target]
                first, last = spans.get((side, link.target), gaps)
                spans[side, link.target] = min(first, *gaps), max(last, *gaps)
        lanes: dict[tuple[int, str], int] = {}
        for (side, target), (first, last) in sorted(spans.items(), key=lambda item: item[1][1] - item[1][0]):
            busy = {
                lane
                for (other, where), lane in lanes.items()
                if other == side and spans[other, where][0] <= last and first <= spans[other, where][1]
            }
            lanes[side, target] = next(n for n in range(1, len(spans) + 1) if n not in busy)
        return lanes

    def _sides(self) -> tuple[float, float]:
        """Return where the rows end on the left and on the right, with the labels beside their lines."""
        first, last = 0.0, self._content
        for link in self._links:
            side, room = self._side(link), cell_len(link.label) * _LETTER + 9
            if side < 0:
                first = min(first, self._out[link] - room + _LANE)
            elif link.labels:
                last = max(last, self._out[link] + room - (_LANE if side else 0))
        return first, last

    def _tallest(self, row: int) -> float:
        return max(block.height for block in self._rows[row])

    def _down(self) -> tuple[list[float], dict[tuple[Link | tuple[int, str], int], float], float]:
        """Return each row's top, the height of each track in each gap, and that of all."""
        tops, y = [], 0.0
        tracks: dict[tuple[Link | tuple[int, str], int], float] = {}
        for gap in range(len(self._rows) + 1):
            leaving = [link for link in self._links if self._side(link) and self._row[link.source] + 1 == gap]
            leaving.sort(key=lambda link: -self._side(link) * self._order(link))
            bent = [link for link in self._links if self._side(link) == 0 and self._row[link.target] == gap]
            bent = [link for link in bent if link.labels or not self._is_straight(link)]
            coming = dict.fromkeys(
                (self._side(link), link.target)
                for link in self._links
                if self._side(link) and self._row[link.target] == gap
            )
            y += _ABOVE if 0 < gap < len(self._rows) or leaving or coming else 0
            for link in (*leaving, *bent):
                y += _LABELLED if link.labels else _TRACK
                tracks[link, gap] = y
            for arrival in coming:
                y += _TRACK
                tracks[arrival, gap] = y
            y += _BELOW if 0 < gap < len(self._rows) or coming else 0
            if gap < len(self._rows):
                tops.append(y)
                y += self._tallest(gap)
        return tops, tracks, y

    def _route(
        self,
        link: Link,
        lanes: Mapping[tuple[int, str], float],
        tracks: Mapping[tuple[Link | tuple[int, str], int], float],
        corners: Mapping[str, Point],
    ) -> Route:
        side, x, to = self._side(link), self._out[link], self._in[link]
        start = Point(x, corners[link.source].y + self._block[link.source].height)
        end = Point(to, corners[link.target].y)
        leaving = self._row[link.source] + 1
        if side == 0:
            y = tracks.get((link, leaving), end.y)
            middle: tuple[Point, ...] = () if self._is_straight(link) else (Point(x, y), Point(to, y))
            start = start if middle else start._replace(x=to)
            anchor = "end" if to < x - 1 else "start"
            beside = x - 5 if anchor == "end" else x + 5
        else:
            lane, y = lanes[side, link.target], tracks[link, leaving]
            below = tracks[(side, link.target), self._row[link.target]]
            middle = Point(x, y), Point(lane, y), Point(lane, below), Point(to, below)
            anchor, beside = ("end", lane - 5) if side > 0 else ("start", lane + 5)
        points = [point for point, after in pairwise((start, *middle, end)) if point != after] + [end]
        return Route(tuple(points), link, Point(beside, y - 4), anchor)
