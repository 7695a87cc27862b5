"""Show a comparison in a notebook, and say what to keep in mind of it."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, TypeVar

from ...core.run.records import Cost
from ...core.text import one_line, plain, printable

if TYPE_CHECKING:
    from .cast import ModelRoles, Roles
    from .measures import Comparison, MeasuredSystem
    from .paired import Spread

_Row = TypeVar("_Row")
_SCORES = {"answer": "right", "exact": "right", "judge": "win rate"}
_CELL = (
    "border:0;border-bottom:1px solid rgba(128,128,128,.45);padding:.25rem .8rem .25rem 0;background:none;color:inherit"
)
_FIGURE = f"{_CELL};text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums"
_NAME = f"{_CELL};text-align:left;overflow-wrap:anywhere;min-width:7rem;max-width:24rem;font-weight:inherit"
_TABLE = "border-collapse:collapse;border:0;margin:.4rem 0;color:inherit;font-size:inherit"
_CAPTION = "caption-side:top;text-align:left;padding:.2rem 0;color:inherit"


def notes_of(comparison: "Comparison") -> list[str]:
    """Return what to keep in mind, one sentence each, with what is missing first."""
    notes = [f"left out: {count:,} {why}" for why, count in comparison.left_out.items()]
    for system in comparison.systems:
        if system.errors:
            why = one_line(printable(system.error or ""), limit=120)
            notes.append(f"{system.label} gave no answer to {system.errors:,}, which count as wrong: {why}")
        if (runs := system.repeats) is not None:
            each = ", ".join(f"{100 * mean:.1f}" for mean in runs.runs)
            notes.append(
                f"{system.label} scored {each} % in its {comparison.repeat} repeats; of the mean's standard error of "
                f"{100 * runs.standard_error:.1f} points runs make {100 * runs.of_runs:.1f} (variance between runs "
                f"{runs.between_runs:.4f}, between questions {runs.between_questions:.4f})"
            )
    if unread := [f"{system.label} in {system.unread:,}" for system in comparison.systems if system.unread]:
        notes.append(f"no short answer was found at the end, which counts as wrong: {', '.join(unread)}")
    if comparison.contradicted:
        share = f"{100 * comparison.contradicted:.0f} %"
        notes.append(f"the judge preferred a place, whatever answer stood there, in {share} of the pairs")
    judging = (
        [f"judging cost {cost_told(comparison.judging)}, which is in no system's figures"] if comparison.judging else []
    )
    ceiling = comparison.ceiling
    winnable = [ceiling.sentence()] if ceiling else []
    # Where a mixture is ahead all the same, its aggregator writes better than all whom it could choose from.
    if ceiling and not any(s.difference and s.difference.low > 0 for s in comparison.systems if not s.is_single):
        winnable += filter(None, [ceiling.advice()])
    return [*notes, *winnable, *comparison.notes, *judging]


def basis_of(comparison: "Comparison") -> str:
    """Say what a comparison rests on: how many questions, and who graded the answers."""
    questions = "1 question" if comparison.questions == 1 else f"{comparison.questions:,} questions"
    left_out = comparison.questions - comparison.graded
    times = f", {comparison.repeat} times each" if comparison.repeat > 1 else ""
    return f"{questions}{times}{f', {left_out:,} left out' if left_out else ''}; graded by {comparison.grader}"


def columns_of(comparison: "Comparison") -> Mapping[str, Callable[["MeasuredSystem"], str]]:
    """Return the columns of a comparison's table, and what stands in each of them for a system."""
    return {
        "system": lambda system: system.label + (" *" if system.label == comparison.baseline else ""),
        _SCORES.get(comparison.grader, "score"): lambda system: f"{100 * system.score.mean:.1f} %",
        "95 % interval": lambda system: f"{100 * system.score.low:.1f} to {100 * system.score.high:.1f} %",
        "against *": lambda system: "–" if system.difference is None else _difference(system.difference),
        "calls": lambda system: _figure(system.calls, ".2f"),
        "tokens": lambda system: _figure(system.tokens, ",.0f"),
        "usd": lambda system: _figure(system.usd, ".3g"),
        "p50": lambda system: _figure(system.p50, ".2f", " s"),
        "p95": lambda system: _figure(system.p95, ".2f", " s"),
        "length": lambda system: _figure(system.length, ",.0f"),
        "errors": lambda system: f"{system.errors:,}",
    }


def role_columns(roles: "Roles") -> Mapping[str, Callable[["ModelRoles"], str]]:
    """Return the columns of the two rankings, side by side, and what stands in each of them for a model."""
    return {
        "model": lambda one: one.model,
        "alone": lambda one: f"{100 * one.alone.mean:.1f} %",
        "as aggregator": lambda one: f"{100 * one.aggregator.mean:.1f} %",
        f"against {roles.reference}": lambda one: "–" if one.against is None else _difference(one.against),
        "aggregator rank": lambda one: _rank(one.aggregator_rank),
        "missed as proposer": lambda one: "–" if one.missed is None else _difference(one.missed),
        "proposer rank": lambda one: "–" if one.proposer_rank is None else _rank(one.proposer_rank),
    }


def _rank(places: tuple[int, int]) -> str:
    best, worst = places
    return str(best) if best == worst else f"{best} to {worst}"


def comparison_html(comparison: "Comparison") -> str:
    """Return a comparison as a piece of HTML that takes on the colours around it, and changes nothing there.

    Args:
        comparison: What was measured; each name and sentence in it is text, and nothing else.
    """
    table = _table(f"{basis_of(comparison)}; * is the baseline", columns_of(comparison), comparison.systems)
    notes = "".join(f"<li>{_text(note)}</li>" for note in notes_of(comparison))
    listed = f'<ul style="margin:.4rem 0;padding-left:1.2rem">{notes}</ul>' if notes else ""
    return (
        '<div style="color:inherit;text-align:left;overflow-wrap:anywhere">'
        f'<p style="margin:.4rem 0"><strong>{_text(comparison.verdict)}</strong></p>'
        f"{table}{listed}{_roles(comparison.roles) if comparison.roles else ''}</div>"
    )


def _roles(roles: "Roles") -> str:
    table = _table("what each model is worth in each role", role_columns(roles), roles.models)
    return table + "".join(f'<p style="margin:.4rem 0">{_text(sentence)}</p>' for sentence in roles.sentences)


def _table(caption: str, columns: Mapping[str, Callable[[_Row], str]], rows: Sequence[_Row]) -> str:
    heads = (f'<th scope="col" style="{_FIGURE if n else _NAME}">{_text(name)}</th>' for n, name in enumerate(columns))
    body = "".join(f"<tr>{_cells(row, columns)}</tr>" for row in rows)
    return (
        f'<div style="overflow-x:auto"><table style="{_TABLE}">'
        f'<caption style="{_CAPTION}">{_text(caption)}</caption>'
        f"<thead><tr>{''.join(heads)}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(row: _Row, columns: Mapping[str, Callable[[_Row], str]]) -> str:
    name, *figures = (_text(cell(row)) for cell in columns.values())
    cells = "".join(f'<td style="{_FIGURE}">{figure}</td>' for figure in figures)
    return f'<th scope="row" style="{_NAME}">{name}</th>{cells}'


def _text(text: str) -> str:
    return escape(printable(plain(text)))


def _difference(spread: "Spread") -> str:
    mean, low, high = (100 * part for part in (spread.mean, spread.low, spread.high))
    return f"{mean:+z.1f} [{low:+z.1f}, {high:+z.1f}]"


def _figure(value: float | None, form: str, unit: str = "") -> str:
    return "unknown" if value is None else f"{value:{form}}{unit}"


def cost_told(cost: Cost) -> str:
    """Say what something cost, in one line."""
    usd = "cost unknown" if cost["usd"] is None else f"${cost['usd']:,.4f}"
    tokens = "tokens unknown" if cost["tokens"] is None else f"{cost['tokens']:,} tokens"
    return f"{cost['calls'] or 0:,} calls, {tokens}, {usd}"
