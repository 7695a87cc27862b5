"""The command `calibrate`: which early stop is worth it, on answers that were recorded."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from ..core.agreement.answers import short_answer
from ..core.agreement.closed import closed_answers
from ..core.agreement.measures import check_share
from ..core.agreement.values import FinalAnswer
from ..core.agreement.whole_texts import NearDuplicates, near_duplicates
from ..core.checks import MOST_LAYERS, check_number
from ..core.errors import ConfigError, nearest
from ..core.text import printable
from ..evaluation.calibration import Calibration, Measured, Member, Recorded, measure
from .plotting import check_plot, plotted

T = TypeVar("T")
_MEASURE = closed_answers()


def calibrate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Recorded answers, one JSON object a line.")],
    *,
    models: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Whom of them to ask, and in which order.", show_default=False)
    ] = None,
    precision: Annotated[float, typer.Option(metavar="SHARE", help="What the chosen rule must keep.")] = 0.95,
    layers: Annotated[
        int, typer.Option(metavar="N", help="Layers of the mixture whose calls are counted, the aggregator's included.")
    ] = 3,
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
) -> None:
    """Measure early stops on recorded answers, and pick the cheapest that keeps a precision."""
    check_share("precision", precision)
    check_number("layers", layers, minimum=2, whole=True, most=MOST_LAYERS)
    copies = None if threshold is None else near_duplicates(threshold)
    if plot:
        check_plot(plot)
    proposers, rows = read_record(file, models, copies)
    found = measure(proposers, rows, layers=layers, precision=precision, threshold=threshold)
    if plot and not any(rule.interval for rule in found.rules):
        raise ConfigError("found no precision to draw, expected lines with `gold`; add it, or leave out --plot")
    if as_json:
        sys.stdout.write(json.dumps(asdict(found), ensure_ascii=False, indent=2) + "\n")
    else:
        _show(found, precision)
    if plot:
        _draw(found, precision, plot)


def read_record(
    file: Path, models: str | None = None, copies: NearDuplicates | None = None
) -> tuple[list[str], list[Recorded]]:
    """Read a record line by line, and keep its questions and answers, without the texts.

    Args:
        file: One object a line: `responses` by model, and the right answer as `gold` where it is known.
        models: Whom to keep, with commas between; all, in the order in which they come, where not given.
        copies: What tells nearly equal texts, where that is wanted.

    Returns:
        The proposers' names, and what they answered.

    Raises:
        ConfigError: The file cannot be read, a line of it is wrong, or the models are not those of the file.
    """
    chosen = None if models is None else [name.strip() for name in models.split(",")]
    known: dict[str, None] = {}
    read: list[tuple[dict[str, FinalAnswer | None], FinalAnswer | None, list[str], str | None]] = []
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    where = f"in line {number} of {file}"
                    responses, gold, question = _parsed(line, where)
                    known.update(dict.fromkeys(responses))
                    said = {name: _said(responses.get(name), name, where) for name in chosen or known}
                    alike = _alike({name: text for name, (_, text) in said.items() if text}, copies)
                    read.append(({name: answer for name, (answer, _) in said.items()}, gold, alike, question))
    except OSError as exc:
        raise ConfigError(
            f"{file} cannot be read: {exc.strerror or exc}; expected a file with a JSON object on each line"
        ) from exc
    proposers = list(known) if chosen is None else chosen
    _check_panel(proposers, list(known), file)
    return proposers, [
        Recorded(tuple(map(answers.get, proposers)), gold, tuple(map(proposers.index, alike)), question)
        for answers, gold, alike, question in read
    ]


def _parsed(line: bytes, where: str) -> tuple[dict[str, Any], FinalAnswer | None, str | None]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise ConfigError(f"found no JSON {where}, expected one object; mend the line, or take it out") from exc
    if not isinstance(row, dict) or not isinstance(row.get("responses"), dict):
        raise ConfigError(
            f"found no `responses` by model {where}, expected an object such as "
            '{"responses": {"a": "...", "b": "..."}, "gold": "..."}; write it so, or take it out'
        )
    question = row.get("question")
    gold = short_answer(_text(row.get("gold"), "`gold`", where))
    return row["responses"], gold, question if isinstance(question, str) else None


def _said(response: Any, name: str, where: str) -> tuple[FinalAnswer | None, str]:
    """Return a response's answer and its text; an `answer` of its own is taken as it is, and not looked for."""
    stated = ""
    if isinstance(response, dict) and response.keys() & {"answer", "text"}:
        stated = _text(response.get("answer"), repr(name), where)
        response = response.get("text")
    text = _text(response, repr(name), where)
    return (short_answer(stated) if stated else _MEASURE.read(text)), text or stated


def _text(value: Any, name: str, where: str) -> str:
    if not isinstance(value, str | int | float | None):
        raise ConfigError(
            f"found {type(value).__name__} for {printable(name)} {where}, expected text or a number, or for a response "
            "an object with `text` or `answer`; write it so, or leave it out"
        )
    return "" if value is None else str(value)


def _alike(texts: Mapping[str, str], copies: NearDuplicates | None) -> list[str]:
    """Return who wrote nearly the same text, the one that stands for them first."""
    names = list(texts)
    found = copies(list(texts.values())) if copies and len(texts) > 1 else None
    if found is None or found["representative"] is None:
        return []
    best = found["representative"]
    return [names[n] for n in sorted(found["groups"][0], key=lambda n: n != best)]


def _check_panel(proposers: list[str], known: list[str], file: Path) -> None:
    if not known:
        raise ConfigError(f"found no answers in {file}, expected an object with `responses` on each line; add some")
    for name in proposers:
        if name not in known:
            raise ConfigError(f"found {name!r} among --models, expected some of {file}; {nearest(name, known)}")
    if len(set(proposers)) < max(2, len(proposers)):
        raise ConfigError(f"found the models {', '.join(proposers)}, expected two or more, each once; change the list")


def _percent(share: float | None, form: str = ".1f") -> str:
    return "–" if share is None else f"{100 * share:{form}} %"


_RULES: dict[str, Callable[[Measured], str]] = {
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
    "proposer": lambda member: printable(member.name),
    "answered": lambda member: _percent(member.answered),
    "right": lambda member: _percent(member.accuracy),
    "adds to the vote": lambda member: f"{100 * (member.contribution or 0):+z.1f} points",
}
_NEED_GOLD = {"precision", "95 % interval", "vote: right", "right", "adds to the vote"}


def _show(found: Calibration, precision: float) -> None:
    console = Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 160)
    panel, judged = found.panel, found.judged > 0
    console.print(
        f"{found.questions:,} questions, {found.judged:,} with gold; {len(panel.members)} proposers; calls in a mixture"
        f" of {found.layers} layers, {found.everyone.calls:g} where nothing stops\n",
        soft_wrap=True,
    )
    console.print(_table(_RULES, [*found.rules, found.everyone], judged=judged))
    console.print(f"\n{_choice(found, precision)}\n", soft_wrap=True)
    console.print(_table(_MEMBERS, panel.members, judged=judged))
    if panel.pair_ratio is not None:
        console.print(
            f"\nwrong together: two proposers {panel.pair_ratio:.1f} times as often as if independent; all of them on "
            f"{_percent(panel.all_wrong, '.2g')} of questions, {_percent(panel.all_wrong_if_independent, '.2g')} "
            "if independent",
            soft_wrap=True,
        )


def _table(columns: Mapping[str, Callable[[T], str]], rows: Sequence[T], *, judged: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    shown = {heading: cell for heading, cell in columns.items() if judged or heading not in _NEED_GOLD}
    for n, heading in enumerate(shown):
        table.add_column(heading, justify="right" if n else "left")
    for row in rows:
        table.add_row(*(cell(row) for cell in shown.values()))
    return table


def _choice(found: Calibration, precision: float) -> str:
    if not found.judged:
        return "no rule can be picked: precision needs the right answers, as `gold` on each line"
    kept = f"keeps a precision of {100 * precision:g} % (by the lower end of its interval)"
    if found.chosen is None:
        return f"no rule {kept}"
    return f"the cheapest rule that {kept}: {found.chosen.rule}\n  create_moa(..., {found.chosen.options})"


def _draw(found: Calibration, precision: float, file: Path) -> None:
    """Draw each rule's precision, with its interval, against the share of calls it saves."""
    shown = [rule for rule in found.rules if rule.interval]
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
        axes.set_xlabel(f"calls saved, % of a mixture of {found.layers} layers")
        axes.set_ylabel("precision, % (95 % Wilson interval)")
