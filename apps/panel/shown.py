"""Show what was found out about a panel: tables, sentences, and what to do."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from ...core.text import printable
from ...evaluation.calibration import MeasuredRule
from ...evaluation.comparing.paired import Spread
from ...evaluation.panel.analysis import PanelAnalysis
from ...evaluation.panel.curve import Synthesis
from ...evaluation.panel.fate import Fate
from ..screens import show_table, show_text
from .settings_file import as_toml

_T = TypeVar("_T")
_V = TypeVar("_V")
_Columns = Mapping[str, Callable[[_T], str | None]]


def show_panel(analysis: PanelAnalysis) -> None:
    """Print what a mixture can win, who answers how well, whom to take, and what became of proposals."""
    score = "right" if analysis.is_closed else "mark"
    show_text(
        f"{analysis.questions:,} questions, {analysis.judged:,} of them graded; {len(analysis.members)} members\n\n"
        f"{analysis.ceiling.sentence()}"
    )
    if advice := analysis.ceiling.advice():
        show_text(advice)
    show_text("\nmembers")
    _show(
        {
            "member": lambda member: member.name,
            score: lambda member: percent(member.accuracy.mean),
            "95 % interval": lambda member: interval(member.accuracy),
            "adds": lambda member: _if(member.adds, points),
            "alone": lambda member: percent(member.alone),
            "tokens": lambda member: figure(member.tokens, ",.0f"),
            "usd": lambda member: figure(member.usd, ".3g"),
        },
        analysis.members,
    )
    show_text("\nin the order in which they help most")
    _show(
        {
            "with": lambda step: step.name,
            "correlation": lambda step: figure(step.correlation, ".2f"),
            "vote" if analysis.is_closed else "best mark": lambda step: percent(step.panel.mean),
            "adds": lambda step: _if(step.adds, points),
            "ceiling": lambda step: percent(step.ceiling),
        },
        analysis.steps,
    )
    _show_waves(analysis.waves)
    _show_curve(analysis)
    for fate in analysis.fates:
        _show_fate(fate)
    recommendation = analysis.recommendation
    show_text(f"\n{recommendation.sentence}\n{recommendation.sure}")
    if recommendation.settings:
        lines = as_toml(recommendation).splitlines()
        show_text("\n".join(f"  {line}" for line in lines if not line.startswith("#")))
    for sentence in analysis.notes:
        show_text(f"- {printable(sentence)}")


def _show_waves(waves: Sequence[MeasuredRule]) -> None:
    if not waves:
        return
    show_text("\nthe strongest first, the others where those differ; who agrees is not always right")
    _show(
        {
            "first": lambda rule: rule.rule.removeprefix("wave of "),
            "agree": lambda rule: percent(rule.coverage),
            "right there": lambda rule: _if(rule.precision, percent),
            "95 % interval": lambda rule: _if(rule.interval, lambda ends: interval(Spread(0, *ends))),
            "vote: right": lambda rule: _if(rule.vote_accuracy, percent),
            "calls": lambda rule: f"{rule.vote_calls:.2f}",
        },
        waves,
    )


def _show_curve(analysis: PanelAnalysis) -> None:
    show_text("\npanels of each size, on average")
    _show(
        {
            "size": lambda point: str(point.size),
            "vote": lambda point: _if(point.vote, lambda vote: percent(vote.mean)),
            "95 % interval": lambda point: _if(point.vote, interval),
            "ranker": lambda point: _if(point.rank, lambda rank: percent(rank.mean)),
            "ceiling": lambda point: percent(point.ceiling.mean),
            "tokens": lambda point: figure(point.tokens, ",.0f"),
            "usd": lambda point: figure(point.usd, ".3g"),
        },
        analysis.curve.points,
    )
    if analysis.curve.elbow == len(analysis.curve.points):
        show_text("no elbow: all of them get more, on average, than fewer do")
    elif analysis.curve.elbow is not None:
        show_text(f"the elbow: {analysis.curve.elbow}, from where on more members bring no more than noise")
    for made in analysis.curve.synthesis:
        show_text(_synthesis(made))


def _synthesis(made: Synthesis) -> str:
    what = "chose one of them, word for word" if made.is_verbatim else "wrote of them"
    right = f"{percent(made.accuracy.mean)} ({interval(made.accuracy)})"
    return f"{made.system}: what it {what}, of {made.size:g} proposals, gets {right}"


def _show_fate(fate: Fate) -> None:
    alone = fate.rescued + fate.lost
    lines = [f"\nwhat became of proposals in {fate.system}, {fate.questions:,} questions"]
    if alone:
        lines.append(
            f"only one proposal was right on {alone:,}: the answer is right on {fate.rescued:,} of them, and lost it "
            f"on {fate.lost:,}"
        )
    if fate.unanimous_lost:
        lines.append(f"all proposals were right and the answer is not: {fate.unanimous_lost:,}")
    if fate.nobody:
        lines.append(f"no proposal was right on {fate.nobody:,}, and the answer is on {fate.written:,} of them")
    for likeness in fate.likeness:
        most = max(likeness.members, key=lambda name: likeness.members[name])
        goes = (
            "nothing tells whether it goes with what is right"
            if likeness.spearman is None
            else f"it goes with what is right by {likeness.spearman.mean:+z.2f} (Spearman, "
            f"{likeness.spearman.low:+z.2f} to {likeness.spearman.high:+z.2f}, {likeness.questions:,} questions)"
        )
        lines.append(
            f"likeness by {likeness.measure}: {likeness.mean:.2f} on average, to {most} most "
            f"({likeness.members[most]:.2f}); {goes}"
        )
    show_text("\n".join(lines))


def _show(columns: _Columns[_T], rows: Sequence[_T]) -> None:
    """Print a table, without columns that say nothing."""
    cells = {heading: [cell(row) for row in rows] for heading, cell in columns.items()}
    shown = {heading: column for heading, column in cells.items() if any(column)}
    show_table(list(shown), [[cell or "–" for cell in line] for line in zip(*shown.values(), strict=True)])


def _if(value: _V | None, shown: Callable[[_V], str]) -> str | None:
    return None if value is None else shown(value)


def percent(share: float) -> str:
    """Return a share as a table has it."""
    return f"{100 * share:.1f} %"


def interval(spread: Spread) -> str:
    """Return an interval as a table has it."""
    return f"{100 * spread.low:.1f} to {100 * spread.high:.1f} %"


def points(spread: Spread) -> str:
    """Return a difference in points of a hundred, with its interval."""
    mean, low, high = (100 * part for part in (spread.mean, spread.low, spread.high))
    return f"{mean:+z.1f} [{low:+z.1f}, {high:+z.1f}]"


def figure(value: float | None, form: str) -> str | None:
    """Return a number as a table has it; None where it is not known."""
    return None if value is None else f"{value:{form}}"
