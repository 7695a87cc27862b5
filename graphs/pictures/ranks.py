"""Sort what a level of a graph holds: what stands in for each other is one bundle, and each bundle has its row."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class Wire(NamedTuple):
    """Be one edge."""

    source: str
    target: str
    label: str = ""
    is_choice: bool = False
    """Whether a run may go another way."""


def bundled_alike(items: Iterable[str], wires: Sequence[Wire]) -> list[list[str]]:
    """Put together what has the same edges: all proposers of a layer are one bundle, with one line in and one out."""
    into: dict[str, set[Wire]] = defaultdict(set)
    out_of: dict[str, set[Wire]] = defaultdict(set)
    for wire in wires:
        out_of[wire.source].add(wire._replace(source=""))
        into[wire.target].add(wire._replace(target=""))
    alike: dict[tuple[frozenset[Wire], frozenset[Wire]], list[str]] = {}
    for item in items:
        alike.setdefault((frozenset(into[item]), frozenset(out_of[item])), []).append(item)
    return list(alike.values())


def rows_of(items: Sequence[str], wires: Iterable[Wire]) -> list[list[str]]:
    """Put each item below all that lead to it, and right above what it leads to; a way back changes nothing.

    Args:
        items: What there is, the beginning first.
        wires: What leads where.
    """
    after: dict[str, list[str]] = {item: [] for item in items}
    for wire in wires:
        if wire.source != wire.target:
            after[wire.source].append(wire.target)
    depth = dict.fromkeys(items, 0)
    last_first = _finished(items, after)
    for item in reversed(last_first):
        for target in after[item]:
            depth[target] = max(depth[target], depth[item] + 1)
    for item in last_first:
        if depth[item] and after[item]:
            depth[item] = min(depth[target] for target in after[item]) - 1
    rows: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for item in items:
        rows[depth[item]].append(item)
    return [row for row in rows if row]


def _finished(items: Sequence[str], after: Mapping[str, list[str]]) -> list[str]:
    """Return items in the order in which a walk is done with them, and take ways back out of `after`."""
    finished: dict[str, None] = {}
    for start in items:
        on_the_way = {start: iter(list(after[start]))} if start not in finished else {}
        while on_the_way:
            item, targets = next(reversed(on_the_way.items()))
            target = next(targets, None)
            if target is None:
                finished[item] = None
                del on_the_way[item]
            elif target in on_the_way:
                after[item].remove(target)
            elif target not in finished:
                on_the_way[target] = iter(list(after[target]))
    return list(finished)
