"""The command `graph`."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ...core.errors import ConfigError, MissingExtra
from ...core.ordinary import unreachable
from ...core.text import escaped
from ..mistakes import Misuse
from ..settings.flags import with_mixture
from ..settings.settings import Settings
from .starting import build_mixture

_MERMAID = "```mermaid\n"
_BEGINS = {
    ".png": b"\x89PNG",
    ".svg": b"<",
    ".pdf": b"%PDF",
    ".mmd": b"",
    ".mermaid": b"",
    ".md": _MERMAID.encode(),
}
"""What a drawing is called, and how such a file begins; Mermaid's own begin in many ways."""
_PICTURES = (".png", ".svg", ".pdf")


@with_mixture
def graph(
    settings: Settings,
    *,
    png: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a drawing instead, as its name ends: .png, .svg, .pdf (extra: png), .mmd or .md.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print the mixture's graph as Mermaid."""
    if png is not None:
        _check(png)
    drawn = build_mixture(settings).get_graph()
    drawn.nodes = {key: node._replace(metadata=None) for key, node in drawn.nodes.items()}
    if png is None:
        sys.stdout.write(drawn.draw_mermaid())
        return
    try:
        png.write_bytes(_drawing(drawn, png.suffix.lower()))
    except OSError as exc:
        raise ConfigError(f"the drawing cannot be written to {png}: {exc.strerror or exc}") from exc
    sys.stdout.write(f"drawing: {escaped(str(png.absolute()))}\n")


def _check(file: Path) -> None:
    """Refuse a drawing that could not be written, or would write over something else, before anything is built.

    Raises:
        Misuse: Its name says nothing that can be drawn, its folder is not there, or it is no drawing of before.
        MissingExtra: The package that draws pictures is missing.
    """
    form = file.suffix.lower()
    if form not in _BEGINS:
        ending = f"a name that ends in {form}" if form else "no ending"
        raise Misuse(f"found {ending} in --png {file}, expected one of {', '.join(_BEGINS)}; name it so")
    if why := unreachable(file):
        raise Misuse(f"found no right to look at --png {file}: {why}, expected a file or folder of yours")
    if not file.absolute().parent.is_dir():
        raise Misuse(f"found no folder {file.parent} for --png, expected one; make it first")
    if file.exists() and not (file.is_file() and _is_drawing(file)):
        what = "a folder" if file.is_dir() else f"another text than a drawing in {file.name}"
        raise Misuse(f"found {what} at --png {file}, expected a new name or an earlier drawing; choose another name")
    if not os.access(file if file.exists() else file.absolute().parent, os.W_OK):
        raise Misuse(f"found no right to write --png {file}, expected a file or folder of yours; choose another")
    if form in _PICTURES:
        try:
            import pygraphviz  # noqa: F401 - what draws pictures
        except ImportError as exc:
            raise MissingExtra("a picture of the graph", "png") from exc


def _is_drawing(file: Path) -> bool:
    """Tell what may be written over: a drawing of that form, or a file that holds nothing."""
    try:
        with file.open("rb") as content:
            first = content.read(1024).lstrip()
    except OSError:
        return False
    return not first or first.startswith(_BEGINS[file.suffix.lower()])


def _drawing(drawn: Any, form: str) -> bytes:
    if form not in _PICTURES:
        mermaid: str = drawn.draw_mermaid()
        return (f"{_MERMAID}{mermaid.rstrip()}\n```\n" if form == ".md" else mermaid).encode()
    from langchain_core.runnables.graph_png import PngDrawer
    from pygraphviz import AGraph

    drawer, picture = PngDrawer(), AGraph(directed=True, nodesep=0.9, ranksep=1.0)
    try:
        drawer.add_nodes(picture, drawn)
        drawer.add_edges(picture, drawn)
        drawer.add_subgraph(picture, [node.split(":") for node in drawn.nodes])
        drawer.update_styles(picture, drawn)
        content: bytes = picture.draw(None, format=form[1:], prog="dot")
    finally:
        picture.close()
    return content
