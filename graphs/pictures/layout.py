"""Place a graph: rows of boxes from the top, and lanes beside them for edges that pass a row or lead back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from ...core.text import one_line
from .ranks import Wire, bundled_alike, rows_of
from .routes import Block, Link, Point, Route, routed

_CELL = 7.3
"""Width of a letter, of a typeface whose letters are all as wide."""
_LINE = 15.0
_LONGEST_LINE, _MOST_LINES = 24, 3
_INSIDE = ":/"
"""Behind the name of a node that is opened: what is in it has another name than it, whatever that is."""
_WIDEST = 470.0
"""What boxes side by side may take, so that a phone can show them."""
_BETWEEN, _PAD = 10.0, 9.0


class Box(NamedTuple):
    """Be a node in its place."""

    node: str
    corner: Point
    width: float
    height: float
    lines: tuple[str, ...]


class Frame(NamedTuple):
    """Be what surrounds several nodes: those that run at once, or the inside of one."""

    title: str
    corner: Point
    width: float
    height: float


class Layout(NamedTuple):
    """Be a graph, placed."""

    width: float
    height: float
    boxes: list[Box]
    frames: list[Frame]
    routes: list[Route]

    def moved(self, by: Point) -> "Layout":
        """Return it somewhere else."""
        return self._replace(
            boxes=[box._replace(corner=box.corner.moved(by)) for box in self.boxes],
            frames=[frame._replace(corner=frame.corner.moved(by)) for frame in self.frames],
            routes=[route.moved(by) for route in self.routes],
        )


def laid_out(nodes: Iterable[str], wires: Iterable[Wire], notes: Mapping[str, str] | None = None) -> Layout:
    """Place a graph.

    Args:
        nodes: Its nodes, the beginning first; `a:b` is inside of `a`.
        wires: Its edges.
        notes: A line more for some nodes.
    """
    return _level("", list(nodes), list(wires), notes or {})


def _level(path: str, nodes: Sequence[str], wires: Sequence[Wire], notes: Mapping[str, str]) -> Layout:
    """Place what is inside of one node, or of none."""
    inside: dict[str, list[str]] = {}
    for node in nodes:
        head, _, rest = node.removeprefix(path).partition(":")
        inside.setdefault(f"{path}{head}{_INSIDE}" if head and rest else node, []).append(node)
    home = {node: item for item, members in inside.items() for node in members}
    lifted: dict[Wire, list[Wire]] = {}
    for wire in wires:
        ends = home.get(wire.source), home.get(wire.target)
        if None not in ends and (ends[0] != ends[1] or wire.source == wire.target):
            lifted.setdefault(wire._replace(source=str(ends[0]), target=str(ends[1])), []).append(wire)
    bundles = {members[0]: members for members in bundled_alike(inside, list(lifted))}
    head_of = {item: first for first, members in bundles.items() for item in members}

    def block_of(item: str, shared: str = "") -> Layout:
        if inside[item] == [item]:
            return _leaf(item, item.removeprefix(path).removeprefix(shared), notes.get(item))
        name = item.removesuffix(_INSIDE)
        inner = _level(f"{name}:", inside[item], wires, notes)
        return _framed(inner, name.removeprefix(path).removeprefix(shared))

    blocks = {first: _bundle(path, members, block_of) for first, members in bundles.items()}
    links: dict[tuple[str, str], Link] = {}
    for wire, originals in lifted.items():
        ends = head_of[wire.source], head_of[wire.target]
        link = links.get(ends) or Link(*ends, labels=(), is_choice=wire.is_choice, wires=())
        labels = dict.fromkeys([*link.labels, *filter(None, [one_line(wire.label, limit=60)])])
        links[ends] = link._replace(labels=tuple(labels), wires=(*link.wires, *originals))
    rows = rows_of(list(bundles), [Wire(*ends) for ends in links])
    sizes = {first: (block.width, block.height) for first, block in blocks.items()}
    placed, routes, (width, height) = routed([[Block(first, *sizes[first]) for first in row] for row in rows], links)
    moved = [block.moved(placed[first]) for first, block in blocks.items()]
    return Layout(
        width,
        height,
        [box for block in moved for box in block.boxes],
        [frame for block in moved for frame in block.frames],
        [*routes, *(route for block in moved for route in block.routes)],
    )


def _leaf(node: str, name: str, note: str | None) -> Layout:
    lines = (*broken(name), *broken(note or ""))
    width = max(52.0, max(map(cell_len, lines), default=0) * _CELL + 20)
    height = len(lines) * _LINE + 13
    return Layout(width, height, [Box(node, Point(0, 0), width, height, lines)], [], [])


def _bundle(path: str, members: Sequence[str], block_of: Callable[[str, str], Layout]) -> Layout:
    """Place what stands in for each other as a grid, in a frame that says what it is."""
    names = [member.removeprefix(path) for member in members]
    if len(members) == 1:
        return block_of(members[0], "")
    heads = {name.partition("/")[0] if "/" in name else "" for name in names}
    shared = heads.pop() if len(heads) == 1 else ""
    blocks = [block_of(member, f"{shared}/" if shared else "") for member in members]
    lines: list[list[Layout]] = [[]]
    for block in blocks:
        if lines[-1] and _across([*lines[-1], block]) > _WIDEST:
            lines.append([])
        lines[-1].append(block)
    wide, top = max(map(_across, lines)), 0.0
    parts: list[Layout] = []
    for line in lines:
        x, tall = (wide - _across(line)) / 2, max(block.height for block in line)
        for block in line:
            parts.append(block.moved(Point(x, top + (tall - block.height) / 2)))
            x += block.width + _BETWEEN
        top += tall + _BETWEEN
    grid = Layout(
        wide,
        top - _BETWEEN,
        [box for part in parts for box in part.boxes],
        [frame for part in parts for frame in part.frames],
        [route for part in parts for route in part.routes],
    )
    return _framed(grid, f"{shared} · {len(members)} in parallel" if shared else "")


def _across(line: Sequence[Layout]) -> float:
    return sum(block.width for block in line) + _BETWEEN * (len(line) - 1)


def _framed(inner: Layout, title: str) -> Layout:
    """Put a frame around something, with its title on top."""
    name = one_line(title, limit=_LONGEST_LINE * 2)
    above = _LINE + 4 if name else 0.0
    width = max(inner.width, cell_len(name) * _CELL) + 2 * _PAD
    height = inner.height + above + 2 * _PAD
    moved = inner.moved(Point((width - inner.width) / 2, _PAD + above))
    return moved._replace(width=width, height=height, frames=[Frame(name, Point(0, 0), width, height), *moved.frames])


def broken(text: str) -> list[str]:
    """Break a text into a few short lines, behind marks where there are any; what is longer ends in `…`."""
    rest = one_line(text, limit=1000)
    lines: list[str] = []
    while rest:
        end = _that_fits(rest)
        if len(lines) == _MOST_LINES - 1 and end < len(rest):
            return [*lines, f"{rest[: _that_fits(rest, _LONGEST_LINE - 1)].rstrip()}…"]
        better = max((rest.rfind(mark, 0, end) + 1 for mark in "/-_.@ "), default=0) if end < len(rest) else end
        end = better if better > end // 2 else end
        lines.append(rest[:end].strip())
        rest = rest[end:].lstrip()
    return lines


def _that_fits(text: str, cells: int = _LONGEST_LINE) -> int:
    """Return how many characters of a text a line has room for; at least one."""
    room = cells
    for count, character in enumerate(text):
        room -= cell_len(character)
        if room < 0:
            return max(count, 1)
    return len(text)
