"""A placed graph: nothing lies on anything else, and nothing outside of the picture."""

from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph_moa.graphs.pictures.layout import Box, broken, laid_out
from langgraph_moa.graphs.pictures.ranks import Wire
from tables import each

NAMES = st.sampled_from(
    ["a", "b", "c", "layer_1/x", "layer_1/y", "g:a", "g:b", "g:h:c", "g:h:d", "長い名前" * 9, ":", "g:", ":/", "g:/"]
)
WIRES = st.lists(st.builds(Wire, NAMES, NAMES, st.sampled_from(["", "why", "a longer reason"])), max_size=14)


def overlap(one: Box, other: Box) -> bool:
    return all(
        a < b + other_size and b < a + size
        for a, b, size, other_size in zip(
            one.corner, other.corner, (one.width, one.height), (other.width, other.height), strict=True
        )
    )


@pytest.mark.parametrize("examples", [100, pytest.param(1000, marks=pytest.mark.soak)])
def test_whatever_the_graph_nothing_lies_on_anything_else(examples: int) -> None:
    settings(max_examples=examples, deadline=None)(given(st.lists(NAMES, unique=True), WIRES)(check_places))()


def check_places(nodes: list[str], wires: list[Wire]) -> None:
    mine = [wire for wire in wires if wire.source in nodes and wire.target in nodes]
    placed = laid_out(nodes, mine)

    assert sorted(box.node for box in placed.boxes) == sorted(nodes)
    assert not [(one.node, other.node) for one, other in combinations(placed.boxes, 2) if overlap(one, other)]
    assert {wire[:2] for route in placed.routes for wire in route.link.wires} == {wire[:2] for wire in mine}
    for x, y in [point for route in placed.routes for point in route.points] + [box.corner for box in placed.boxes]:
        assert -0.1 <= x <= placed.width + 0.1
        assert -0.1 <= y <= placed.height + 0.1
    for route in placed.routes:
        assert not [box.node for box in placed.boxes if any(crosses(a, b, box) for a, b in pairwise(route.points))]


def crosses(start: Any, end: Any, box: Box) -> bool:
    """Tell whether a piece of a line runs through a box, and does more than touch it."""
    low, high = (min(start.x, end.x), min(start.y, end.y)), (max(start.x, end.x), max(start.y, end.y))
    corner, far = box.corner, (box.corner.x + box.width, box.corner.y + box.height)
    return all(low[n] < far[n] - 0.5 and high[n] > corner[n] + 0.5 for n in (0, 1))


def test_a_layer_of_thirty_is_as_wide_as_a_phone_can_show() -> None:
    nodes = [f"layer_1/model {n}" for n in range(30)]
    placed = laid_out(["s", *nodes, "g"], [wire for n in nodes for wire in (Wire("s", n), Wire(n, "g"))])

    assert placed.width < 520
    assert [frame.title for frame in placed.frames] == ["layer_1 · 30 in parallel"]
    assert len(placed.routes) == 2


def test_what_is_inside_of_a_node_has_a_frame_with_its_name() -> None:
    placed = laid_out(["s", "agent:model", "agent:tools", "e"], [Wire("s", "agent:model"), Wire("agent:model", "e")])

    assert [frame.title for frame in placed.frames] == ["agent", ""]
    assert {box.lines for box in placed.boxes} == {("s",), ("model",), ("tools",), ("e",)}


@each(
    ("text", "lines"),
    [
        ("gate_1", ["gate_1"]),
        ("", []),
        ("anthropic-claude-opus-4.5-20251101", ["anthropic-claude-opus-4.", "5-20251101"]),
        ("x" * 60, ["x" * 24, "x" * 24, "x" * 12]),
        ("x" * 90, ["x" * 24, "x" * 24, "x" * 23 + "…"]),
        ("漢" * 20, ["漢" * 12, "漢" * 8]),
        ("two\nlines", ["two lines"]),
    ],
)
def test_a_long_name_is_broken(text: str, lines: list[str]) -> None:
    assert broken(text) == lines
