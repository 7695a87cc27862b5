"""Draw plots as SVG that are the same every time and can be searched."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_plot(file: Path) -> None:
    """Refuse a plot that could not be written, before anything is measured.

    Raises:
        ConfigError: The name has another ending, or its folder is not there.
        MissingExtra: The package is missing.
    """
    if file.suffix.lower() != ".svg":
        raise ConfigError(f"found --plot {file}, expected a name that ends in .svg; name it so")
    if not file.absolute().parent.is_dir():
        raise ConfigError(f"found no folder {file.parent} for --plot, expected one; make it first")
    try:
        import matplotlib  # noqa: F401 - found out before anything is measured
    except ImportError as exc:
        raise MissingExtra("a plot", "plot") from exc


@contextmanager
def plotted(file: Path, *, size: tuple[float, float]) -> "Iterator[Figure]":
    """Write what is drawn on a figure to a file, when the block ends.

    Args:
        file: The SVG.
        size: Width and height, in inches.

    Raises:
        ConfigError: Nothing can be written there.
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    # Text is kept as text: it can be searched, and the file does not depend on the fonts that are here.
    with style.context(["default", {"svg.hashsalt": "langgraph-moa", "svg.fonttype": "none"}]):
        figure = Figure(figsize=size, layout="constrained")
        yield figure
        try:
            figure.savefig(file, format="svg", metadata={"Date": None})
        except OSError as exc:
            raise ConfigError(f"the plot cannot be written to {file}: {exc.strerror or exc}") from exc
