"""Show what a comparison found: as a table, and as a picture."""

from collections.abc import Sequence
from pathlib import Path

from ...core.text import printable
from ...evaluation.comparing.measures import Comparison, MeasuredSystem
from ...evaluation.comparing.shown import basis_of, columns_of, notes_of
from ..plotting import plotted
from ..screens import show_table, show_text
from .roles import show_roles

_UNIT = {"answer": "right", "exact": "right", "judge": "win rate against the baseline"}


def show_comparison(comparison: Comparison) -> None:
    """Print the table, the verdict and what to keep in mind."""
    show_text(f"{basis_of(comparison)}\n")
    columns = columns_of(comparison)
    show_table(list(columns), [[cell(system) for cell in columns.values()] for system in comparison.systems])
    show_text(f"\n{comparison.verdict}")
    for note in notes_of(comparison):
        show_text(f"- {note}")
    if comparison.roles:
        show_roles(comparison.roles)


def draw(comparison: Comparison, file: Path) -> None:
    """Draw quality, with its interval, against cost and against time."""
    systems = comparison.systems
    cost, unit = _cost_axis(systems)
    panels = [(cost, unit), ([system.p50 for system in systems], "seconds a question, the median")]
    with plotted(file, size=(10, 5)) as figure:
        for axes, (along, label) in zip(figure.subplots(1, 2, sharey=True), panels, strict=True):
            for number, (system, where) in enumerate(zip(systems, along, strict=True)):
                score = system.score
                name = printable(system.label).replace("$", r"\$")  # matplotlib would read formulas
                axes.errorbar(
                    float("nan") if where is None else where,
                    100 * score.mean,
                    yerr=[[100 * (score.mean - score.low)], [100 * (score.high - score.mean)]],
                    fmt="s" if system.is_single else "o",
                    capsize=3,
                    color=f"C{number % 10}",
                    label=name.lstrip("_"),
                )
            axes.margins(x=0.1)
            axes.set_xlim(left=0)
            axes.set_xlabel(label)
        figure.axes[0].set_ylabel(f"{_UNIT.get(comparison.grader, 'score')}, % (95 % interval)")
        handles, names = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=min(len(names), 5), frameon=False)


def _cost_axis(systems: Sequence[MeasuredSystem]) -> tuple[Sequence[float | None], str]:
    """Take dollars where all are known and one is not free, else tokens, else calls."""
    usd = [system.usd for system in systems]
    if None not in usd and any(usd):
        return usd, "US dollars a question"
    tokens = [system.tokens for system in systems]
    if None not in tokens:
        return tokens, "tokens a question"
    return [system.calls for system in systems], "calls a question"
