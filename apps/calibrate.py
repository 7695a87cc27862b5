"""The command `calibrate`: which early stop is worth it, on answers that were recorded."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from ..core.agreement.measures import check_share
from ..core.agreement.whole_texts import near_duplicates
from ..core.checks import MOST_LAYERS, check_number
from ..core.errors import ConfigError
from ..evaluation.batch.gold_names import GoldNames
from ..evaluation.calibration import Calibration, MeasuredRule, Member, measure
from ..evaluation.recorded import read_record
from .logbook import Verbose, told_more
from .mistakes import misused
from .piped import read_again
from .plotting import check_plot, plotted
from .screens import show_table, show_text
from .settings.sources import Config, NoSettings, Sources
from .terminal import note

_T = TypeVar("_T")


def calibrate(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Recorded answers, one JSON object a line; - is standard input.")
    ],
    *,
    models: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Whom of them to ask, and in which order.", show_default=False)
    ] = None,
    precision: Annotated[float, typer.Option(metavar="SHARE", help="What the chosen rule must keep.")] = 0.95,
    layers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Layers of the mixture whose calls are counted, the aggregator's included; where not given, those of "
            "the settings file, or 3.",
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--near-duplicates", metavar="SHARE", help="Measure copies too: texts nearly the same.", show_default=False
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw precision against calls saved, as SVG.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    config: Config = None,
    no_settings: NoSettings = False,
    verbose: Verbose = False,
) -> None:
    """Measure early stops on recorded answers, and pick the cheapest that keeps a precision."""
    with told_more(verbose):
        layers = layers or Sources(config=config, is_alone=no_settings).layers or 3
    with misused():
        check_share("precision", precision)
        check_number("layers", layers, minimum=2, whole=True, most=MOST_LAYERS)
        copies = None if threshold is None else near_duplicates(threshold)
        if plot:
            check_plot(plot)
    names = GoldNames()
    with read_again(file, what="recorded answers") as source:
        proposers, rows = read_record(source.path, models, copies, name=source.name, names_of_gold=names)
    if misnamed := names.sentence():
        note(misnamed)
    calibration = measure(proposers, rows, layers=layers, precision=precision, threshold=threshold)
    if plot and not any(rule.interval for rule in calibration.rules):
        raise ConfigError("found no precision to draw, expected lines with `gold`; add it, or leave out --plot")
    if as_json:
        sys.stdout.write(json.dumps(asdict(calibration), ensure_ascii=False, indent=2) + "\n")
    else:
        _show(calibration, precision)
    if plot:
        _draw(calibration, precision, plot)
        note(f"plot: {plot}")


def _percent(share: float | None, form: str = ".1f") -> str:
    return "–" if share is None else f"{100 * share:{form}} %"


_RULES: dict[str, Callable[[MeasuredRule], str]] = {
    "rule": lambda rule: rule.rule,
    "coverage": lambda rule: _percent(rule.coverage),
    "precision": lambda rule: _percent(rule.precision),
    "95 % interval": lambda rule: (
        f"{100 * rule.interval[0]:.1f} to {_percent(rule.interval[1])}" if rule.interval else "–"
    ),
    "calls": lambda rule: f"{rule.calls:.2f}",
    "saved": lambda rule: _percent(rule.saved),
    "then aggregate": lambda rule: f"{rule.calls_to_aggregate:.2f}",
    "vote: right": lambda rule: _percent(rule.vote_accuracy),
    "vote: calls": lambda rule: f"{rule.vote_calls:.2f}",
}
_MEMBERS: dict[str, Callable[[Member], str]] = {
    "proposer": lambda member: member.name,
    "answered": lambda member: _percent(member.answered),
    "right": lambda member: _percent(member.accuracy),
    "adds to the vote": lambda member: f"{100 * (member.contribution or 0):+z.1f} points",
}
_NEED_GOLD = {"precision", "95 % interval", "vote: right", "right", "adds to the vote"}


def _show(calibration: Calibration, precision: float) -> None:
    panel, judged = calibration.panel, calibration.judged > 0
    show_text(
        f"{calibration.questions:,} questions, {calibration.judged:,} with gold; {len(panel.members)} proposers; calls "
        f"in a mixture of {calibration.layers} layers, {calibration.everyone.calls:g} where nothing stops\n"
    )
    _show_rows(_RULES, [*calibration.rules, calibration.everyone], judged=judged)
    show_text(f"\n{_choice(calibration, precision)}\n")
    _show_rows(_MEMBERS, panel.members, judged=judged)
    if calibration.ceiling:
        show_text(f"\n{calibration.ceiling.sentence()}")
    if panel.pair_ratio is not None:
        show_text(
            f"\nwrong together: two proposers {panel.pair_ratio:.1f} times as often as if independent; all of them on "
            f"{_percent(panel.all_wrong, '.2g')} of questions, {_percent(panel.all_wrong_if_independent, '.2g')} "
            "if independent"
        )


def _show_rows(columns: Mapping[str, Callable[[_T], str]], rows: Sequence[_T], *, judged: bool) -> None:
    shown = {heading: cell for heading, cell in columns.items() if judged or heading not in _NEED_GOLD}
    show_table(list(shown), [[cell(row) for cell in shown.values()] for row in rows])


def _choice(calibration: Calibration, precision: float) -> str:
    if not calibration.judged:
        return "no rule can be picked: precision needs the right answers, as `gold` on each line"
    wish = f"keeps a precision of {100 * precision:g} % (by the lower end of its interval)"
    if calibration.chosen is None:
        return f"no rule {wish}"
    return f"the cheapest rule that {wish}: {calibration.chosen.rule}\n  create_moa(..., {calibration.chosen.options})"


def _draw(calibration: Calibration, precision: float, file: Path) -> None:
    """Draw each rule's precision, with its interval, against the share of calls it saves."""
    shown = [rule for rule in calibration.rules if rule.interval]
    with plotted(file, size=(8, 5)) as figure:
        axes = figure.subplots()
        axes.axhline(100 * precision, color="0.7", linestyle="--")
        for n, rule in enumerate(sorted(shown, key=lambda rule: rule.saved)):
            saved, share = 100 * rule.saved, 100 * (rule.precision or 0)
            low, high = (100 * end for end in rule.interval or (0, 1))
            axes.errorbar(saved, share, yerr=[[share - low], [high - share]], fmt="o", capsize=3, color="C0")
            axes.annotate(
                rule.rule,
                (saved, high),
                xytext=((n + 0.5) / len(shown), 1.05),
                textcoords="axes fraction",
                ha="center",
                rotation=90 if len(shown) > 8 else 0,
                arrowprops={"arrowstyle": "-", "color": "0.8"},
            )
        axes.set_xlabel(f"calls saved, % of a mixture of {calibration.layers} layers")
        axes.set_ylabel("precision, % (95 % Wilson interval)")
