"""Show what a comparison found: as a table, and as a picture."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ...core.text import printable
from ...evaluation.comparing.measures import Comparison, MeasuredSystem
from ...evaluation.comparing.shown import notes_of
from ..plotting import plotted

_SCORES = {"answer": "right", "exact": "right", "judge": "win rate"}
_UNIT = {"answer": "right", "exact": "right", "judge": "win rate against the baseline"}


def show_comparison(comparison: Comparison) -> None:
    """Print the table, the verdict and what to keep in mind."""
    console = Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 160)
    left_out = (
        f", {comparison.questions - comparison.graded:,} left out" if comparison.questions > comparison.graded else ""
    )
    questions = "1 question" if comparison.questions == 1 else f"{comparison.questions:,} questions"
    console.print(f"{questions}{left_out}; graded by {printable(comparison.grader)}\n", soft_wrap=True)
    console.print(_table(comparison))
    console.print(f"\n{printable(comparison.verdict)}", soft_wrap=True)
    for note in notes_of(comparison):
        console.print(f"- {printable(note)}", soft_wrap=True)


def draw(comparison: Comparison, file: Path) -> None:
    """Draw quality, with its interval, against cost and against time."""
    systems = comparison.systems
    cost, unit = _cost_axis(systems)
    panels = [(cost, unit), ([system.p50 for system in systems], "seconds a question, the median")]
    with plotted(file, size=(10, 5)) as figure:
        for axes, (along, label) in zip(figure.subplots(1, 2, sharey=True), panels, strict=True):
            for number, (system, where) in enumerate(zip(systems, along, strict=True)):
                score, name = (
                    system.score,
                    printable(system.label).replace("$", r"\$"),
                )  # matplotlib would read formulas
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


def _table(comparison: Comparison) -> Table:
    columns: Mapping[str, Callable[[MeasuredSystem], str]] = {
        "system": lambda system: printable(system.label) + (" *" if system.label == comparison.baseline else ""),
        _SCORES.get(comparison.grader, "score"): lambda system: f"{100 * system.score.mean:.1f} %",
        "95 % interval": lambda system: f"{100 * system.score.low:.1f} to {100 * system.score.high:.1f} %",
        "against *": _against,
        "calls": lambda system: _number(system.calls, ".2f"),
        "tokens": lambda system: _number(system.tokens, ",.0f"),
        "usd": lambda system: _number(system.usd, ".3g"),
        "p50": lambda system: _number(system.p50, ".2f", " s"),
        "p95": lambda system: _number(system.p95, ".2f", " s"),
        "length": lambda system: _number(system.length, ",.0f"),
        "errors": lambda system: f"{system.errors:,}",
    }
    table = Table(box=None, padding=(0, 2, 0, 0))
    for n, heading in enumerate(columns):
        table.add_column(heading, justify="right" if n else "left", no_wrap=True)
    for system in comparison.systems:
        table.add_row(*(cell(system) for cell in columns.values()))
    return table


def _against(system: MeasuredSystem) -> str:
    if system.against is None:
        return "–"
    mean, low, high = (100 * part for part in (system.against.mean, system.against.low, system.against.high))
    return f"{mean:+z.1f} [{low:+z.1f}, {high:+z.1f}]"


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "–" if value is None else f"{value:{form}}{unit}"
