"""Show what was measured of a panel as one page: who to ask, what can be won, five pictures and their figures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...core.text import one_line, plain, printable
from .analysis import PanelAnalysis
from .pictures import ABSENCES, PICTURES
from .tables import Figures, captions_of, figures_about

_HEADINGS = {
    "accuracy": "How good is each member?",
    "correlation": "Whose errors go together?",
    "curve": "How many members does it take?",
    "cost": "What does quality cost?",
    "saves": "Who saves whom?",
}
_LONGEST = 4000
"""Characters of a sentence that names members, of which there may be many, with long names."""


class Section(NamedTuple):
    """Be one picture, and what is said of it."""

    id: str
    heading: str
    absence: str | None
    """Why there is no picture."""
    picture: Any
    captions: list[str]
    tables: list[Figures]


def panel_html(analysis: PanelAnalysis) -> str:
    """Render what was measured of a panel as a self-contained HTML page, which needs no network and runs no script.

        Path("panel.html").write_text(panel_html(analyse_panel(["rows.jsonl"])), encoding="utf-8")

    Args:
        analysis: What `analyse_panel` returned.

    Returns:
        The page. Whatever others wrote, such as names of models, is text in it, and nothing else.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_legible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template("panel.html").render(
        recommended=_sentence(analysis.recommendation.sentence),
        sure=_sentence(analysis.recommendation.sure),
        ceiling=_sentence(analysis.ceiling.sentence()),
        advice=_sentence(analysis.ceiling.advice() or ""),
        counts=_counts(analysis),
        notes=analysis.notes,
        settings=_as_toml(analysis.recommendation.settings),
        sections=[_section(name, analysis) for name in PICTURES],
    )


def _section(name: str, analysis: PanelAnalysis) -> Section:
    from markupsafe import Markup

    absence = ABSENCES[name](analysis) if name in ABSENCES else None
    picture = "" if absence else Markup(PICTURES[name](analysis))  # noqa: S704 - sheets escape all that is foreign
    captions = [] if absence else captions_of(name, analysis)
    return Section(name, _HEADINGS[name], absence, picture, captions, figures_about(name, analysis))


def _sentence(words: str) -> str:
    line = one_line(words, limit=_LONGEST)
    return f"{line[:1].upper()}{line[1:]}{'' if line.endswith(('.', '…')) or not line else '.'}"


def _counts(analysis: PanelAnalysis) -> str:
    kind = "right or wrong" if analysis.is_closed else "marked from 0 to 1"
    members, judged = len(analysis.members), analysis.judged
    return f"{members} members, {judged:,} questions whose answers are {kind}; intervals are of 95 %."


def _as_toml(settings: Mapping[str, Any]) -> str:
    """Write settings as a settings file has them: JSON's texts, numbers and lists are TOML's, too."""
    return "\n".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in settings.items())


def _legible(value: Any) -> Any:
    """Keep what no page can carry out of it; Jinja escapes what is left."""
    return printable(plain(value)) if isinstance(value, str) and not hasattr(value, "__html__") else value
