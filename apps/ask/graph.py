"""The command `graph`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ...core.errors import ConfigError, MissingExtra
from ..settings.flags import with_mixture
from ..settings.settings import Settings
from .starting import build_mixture


@with_mixture
def graph(
    settings: Settings,
    *,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a picture instead (extra: png).", show_default=False)
    ] = None,
) -> None:
    """Print the mixture's graph as Mermaid."""
    drawn = build_mixture(settings).get_graph()
    drawn.nodes = {key: node._replace(metadata=None) for key, node in drawn.nodes.items()}
    if png is None:
        sys.stdout.write(drawn.draw_mermaid())
        return
    try:
        import pygraphviz  # noqa: F401 - what draw_png needs
    except ImportError as exc:
        raise MissingExtra("a picture of the graph", "png") from exc
    try:
        png.write_bytes(drawn.draw_png(None))
    except OSError as exc:
        raise ConfigError(f"the picture cannot be written to {png}: {exc.strerror or exc}") from exc
