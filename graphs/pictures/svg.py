"""Draw a graph as SVG, by ourselves: nothing is asked of a network, and what others wrote is text and no more."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Literal, NamedTuple

from langchain_core.runnables.graph import Graph as Drawing

from ...core.text import one_line, plain, printable
from .layout import Box, Frame, laid_out
from .ranks import Wire
from .routes import Route

_COLOURS = {"proposer": "#8570d6", "gate": "#2f9363", "aggregator": "#bb7618", "answer": "#bb7618"}
"""Each is told from a white ground and from a black one, three to one at least; so are the others."""
_OTHER, _BAD = "#7b8394", "#d64c48"
_TYPE = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_GROUND = (
    "<style>.moa-alone{color:#1c1d21}.moa-alone .moa-ground{fill:#fff}"
    "@media (prefers-color-scheme:dark){.moa-alone{color:#e7e9ee}.moa-alone .moa-ground{fill:#15171c}}</style>"
    '<rect class="moa-ground" width="100%" height="100%" rx="6"/>'
)
_PALE = 0.62


class Mark(NamedTuple):
    """Say what came of a node in a run."""

    kind: Literal["ran", "failed", "cut", "skipped"]
    note: str = ""


def svg_of(
    drawing: Drawing,
    *,
    title: str,
    marks: Mapping[str, Mark] | None = None,
    taken: Iterable[tuple[str, str]] = (),
    is_alone: bool = False,
) -> str:
    """Draw a graph.

    Args:
        drawing: The graph, as `get_graph()` returns it.
        title: What it is, for who does not see it.
        marks: What came of its nodes in a run; None draws no run.
        taken: The edges that the run went along, by their ends.
        is_alone: Whether the picture is a file of its own, with a ground, or part of a page whose colours it takes on.
    """
    wires = [Wire(e.source, e.target, _label(e.data), bool(e.conditional)) for e in drawing.edges]
    notes = {node: mark.note for node, mark in (marks or {}).items() if mark.note}
    placed = laid_out(drawing.nodes, wires, notes)
    went = None if marks is None else frozenset(taken)
    parts = [*map(_frame, placed.frames), *(_route(route, went) for route in placed.routes)]
    parts += [_box(box, drawing.nodes[box.node].metadata or {}, marks) for box in placed.boxes]
    width, height = round(placed.width), round(placed.height)
    head = 'xmlns="http://www.w3.org/2000/svg" class="moa-alone" ' if is_alone else 'class="moa-graph" '
    return (
        f'<svg {head}role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'style="max-width:100%;height:auto;direction:ltr" '
        f'font-family="{_TYPE}" font-size="12" fill="currentColor" text-anchor="middle">'
        f"<title>{as_xml(title)}</title><desc>{as_xml(_in_words(drawing, marks))}</desc>"
        f"{_GROUND if is_alone else ''}{''.join(parts)}</svg>"
    )


def _label(data: Any) -> str:
    return "" if data is None else str(data)


def as_xml(text: str) -> str:
    """Escape what somebody else wrote, and leave out what no XML may hold."""
    return escape("".join(c for c in printable(plain(text)) if c not in "\ufffe\uffff"))


def _in_words(drawing: Drawing, marks: Mapping[str, Mark] | None) -> str:
    """Say what is drawn."""
    leads: dict[str, list[str]] = {}
    for edge in drawing.edges:
        leads.setdefault(edge.source, []).append(edge.target)
    sentences = [f"{source} leads to {', '.join(targets)}" for source, targets in leads.items()]
    sentences += [f"{node}: {' '.join(filter(None, mark))}" for node, mark in (marks or {}).items()]
    return one_line("; ".join(sentences), limit=4000)


def _frame(frame: Frame) -> str:
    x, y = frame.corner
    shape = (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{frame.width:.1f}" height="{frame.height:.1f}" rx="9" fill="{_OTHER}" '
        f'fill-opacity=".07" stroke="{_OTHER}" stroke-dasharray="3 4"/>'
    )
    if not frame.title:
        return shape
    return f'{shape}<text x="{x + frame.width / 2:.1f}" y="{y + 19:.1f}" font-size="11">{as_xml(frame.title)}</text>'


def _route(route: Route, went: frozenset[tuple[str, str]] | None) -> str:
    """Draw a line with its tip; where a run is drawn, one that it did not take is pale."""
    link = route.link
    is_taken = went is None or any((wire.source, wire.target) in went for wire in link.wires)
    *before, (x, y) = route.points
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in [*before, (x, y - 6)])
    dashes = ' stroke-dasharray="5 4"' if link.is_choice and not (went and is_taken) else ""
    drawn = (
        f'<polyline points="{path}" fill="none" stroke="{_OTHER}" stroke-width="{2 if went and is_taken else 1.4}" '
        f'stroke-linejoin="round"{dashes}/><path d="M{x:.1f} {y:.1f}l-4-8h8z" fill="{_OTHER}"/>'
    )
    if link.label:
        (at_x, at_y), label = route.label_at, as_xml(link.label)
        drawn += f'<text x="{at_x:.1f}" y="{at_y:.1f}" font-size="10.5" text-anchor="{route.anchor}">{label}</text>'
    return f"<g>{drawn}</g>" if is_taken else f'<g opacity="{_PALE}">{drawn}</g>'


def _box(box: Box, about: Mapping[str, Any], marks: Mapping[str, Mark] | None) -> str:
    mark = None if marks is None else marks.get(box.node, Mark("skipped"))
    colour = _BAD if mark and mark.kind == "failed" else _COLOURS.get(str(about.get("moa_role")), _OTHER)
    is_end = box.node.rpartition(":")[2] in ("__start__", "__end__")
    x, y = box.corner
    dashes = ' stroke-dasharray="5 4"' if mark and mark.kind != "ran" else ""
    lines = "".join(
        f'<tspan x="{x + box.width / 2:.1f}" y="{y + 18.5 + 15 * n:.1f}">{as_xml(line)}</tspan>'
        for n, line in enumerate(box.lines)
    )
    whole = ", ".join(filter(None, [box.node, str(about.get("moa_model") or ""), *(mark or ())]))
    pale = f' opacity="{_PALE}"' if mark and mark.kind == "skipped" else ""
    return (
        f"<g{pale}><title>{as_xml(one_line(whole, limit=500))}</title>"
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'rx="{box.height / 2 if is_end else 6:.1f}" fill="{colour}" fill-opacity="{0.04 if dashes else 0.16}" '
        f'stroke="{colour}" stroke-width="1.5"{dashes}/><text>{lines}</text></g>'
    )
