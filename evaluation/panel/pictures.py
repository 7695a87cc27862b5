"""Pictures of a panel by name, each an SVG of its own: `panel --plot` writes them, and the page shows them."""

from collections.abc import Callable, Mapping

from .analysis import PanelAnalysis
from .cost import draw_cost, no_cost
from .grids import draw_correlation, draw_saves, no_correlation, no_saves
from .plots import draw_accuracy, draw_curve

PICTURES: Mapping[str, Callable[[PanelAnalysis], str]] = {
    "accuracy": draw_accuracy,
    "correlation": draw_correlation,
    "curve": draw_curve,
    "cost": draw_cost,
    "saves": draw_saves,
}
"""What draws each; where there is nothing to draw, the picture is a sentence that says why."""

ABSENCES: Mapping[str, Callable[[PanelAnalysis], str | None]] = {
    "correlation": no_correlation,
    "cost": no_cost,
    "saves": no_saves,
}
"""What says, in a sentence, why there is nothing to draw; None where there is something."""
