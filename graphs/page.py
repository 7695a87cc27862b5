"""Show one run as a page: what ran when, who said what, who agreed, what was lost, what it cost."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from langchain_core.messages import BaseMessage, convert_to_messages

from ..core.errors import InputError
from ..core.panel.signature import STATE_FORMAT
from ..core.run.conversation import answered_in
from ..core.run.costs import spent_by_model
from ..core.run.disagreement import Disagreement, counted_points, still_true
from ..core.run.origins import in_words, joined, origins
from ..core.run.records import RETRIEVAL, USABLE, Aggregation, Call, Proposal, Report, Verdict
from ..core.run.report import busy_spans, calls_of
from ..core.run.state import Graph
from ..core.text import plain, printable
from .cards import Card, dealt
from .course import course_of
from .pictures.svg import svg_of
from .plan import plan_of

_PAUSE = 1.0
"""Seconds without any call under way that are left out of the waterfall: a run may wait for a person for days."""
_GONE = "(no longer in the state)"
_UNANSWERED = ("running", "failed", "interrupted")
_COLOURS = 8
"""Groups that have a colour of their own."""


class Group(NamedTuple):
    """Name who agrees, in letter and colour."""

    letter: str = ""
    colour: int = 0


_ALONE = Group()


class Bar(NamedTuple):
    """Be one call in the waterfall; positions are percent of the whole run's work."""

    name: str
    call: Call
    start: float
    waited: float
    width: float
    group: Group


class Layer(NamedTuple):
    """Be one layer of proposers, and what its gate said."""

    number: int
    bars: list[Bar]
    cards: list[Card]
    verdicts: list[Verdict]
    removed: list[str]
    """Whom a screen took out."""


class Told(NamedTuple):
    """Be one message of a prompt."""

    role: str
    text: str
    added: bool
    """Whether the mixture added it to the conversation."""


class ReportPage(str):
    """Be a page as text, which shows itself in a notebook: its styles are about nothing but itself there."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        style, body = self.rindex("<style>", 0, self.index("</head>")), self.index("<body>") + len("<body>")
        return self[style : self.index("</head>")] + self[body : self.rindex("</body>")]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(f"<a page of {len(self):,} characters about a run>")


def report(state: Mapping[str, Any], moa: Graph | None = None) -> ReportPage:
    """Render one run as a self-contained HTML page, which needs no network and runs no script.

        state = moa.invoke({"messages": [{"role": "user", "content": "Why is the sky blue?"}]})
        Path("run.html").write_text(report(state, moa), encoding="utf-8")

    As the last line of a notebook's cell it shows itself.

    Args:
        state: What a mixture returned, or what `get_state(...).values` or the SDK returned of its thread; also one that
            is not finished. Only its last turn is shown.
        moa: The mixture, whose graph is drawn with what ran of it; None draws the part that the run reached.

    Returns:
        The page, a string. Whatever a model or a user wrote is text in it, and nothing else.

    Raises:
        InputError: It is not the state of a mixture that has begun, or of another mixture.
        ConfigError: `moa` is no mixture.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    run = cast("Report | None", state.get("run"))
    if not run or not state.get("messages"):
        raise InputError("found a state without a run, expected what a mixture returned, with 'messages' and 'run'")
    if run.get("mixture") and not run["mixture"].startswith(f"format {STATE_FORMAT}:"):
        raise InputError(f"found a run of another version ({run['mixture'][:40]!r}), expected format {STATE_FORMAT}")
    if moa is not None and run.get("mixture") and run["mixture"] != (ours := plan_of(moa).rules.mixture):
        raise InputError(f"found a run of {run['mixture']!r:.120}, expected one of {ours!r:.120}; give its own mixture")
    turn = run["turn"]
    proposals = [cast("Proposal", p) for p in state.get("proposals", []) if p["turn"] == turn]
    verdicts = [cast("Verdict", v) for v in state.get("verdicts", []) if v["turn"] == turn]
    judges, analysts = calls_of(verdicts), [look["call"] for v in verdicts if (look := v.get("analysis"))]
    comparison = cast("Disagreement | None", state.get("disagreement"))
    comparison = _still_true(comparison, proposals) if comparison and comparison["turn"] == turn else None
    clock = Clock([*proposals, *judges, *run["aggregators"]])
    messages = convert_to_messages(state["messages"])
    question = answered_in(messages, turn)
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_readable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    answer = _answer(messages, question) if run["stopped"] not in _UNANSWERED else None
    counted = joined(answer, proposals) if answer else None
    course = course_of(
        run,
        proposals,
        verdicts,
        drawing=moa.get_graph() if moa else None,
        disagreement=comparison,
        is_answered=answer is not None,
        is_checked=answer is not None and state.get("citations") is not None,
    )
    costs = spent_by_model([*(p for p in proposals if p["layer"] != RETRIEVAL), *judges, *run["aggregators"]])
    page = pages.get_template("report.html").render(
        run=run,
        question=_GONE if question is None else _words(messages[question]),
        earlier=question or 0,
        answer=answer,
        joined=in_words(counted) if counted else None,
        origins=origins(answer, proposals) if answer and counted else [],
        layers=[_layer(n, proposals, verdicts, clock) for n in sorted({p["layer"] for p in proposals})],
        judges=[clock.bar("analyst" if call in analysts else "judge", call) for call in judges],
        aggregators=[clock.bar("aggregator", call) for call in run["aggregators"]],
        disagreement=comparison,
        compared=counted_points(comparison) if comparison else "",
        points_of=_points(comparison) if comparison else {},
        evidence=state.get("evidence"),
        citations=state.get("citations") or [],
        cited={citation["id"] for citation in state.get("citations") or [] if not citation["problem"]},
        prompts=[(call, _prompt(call, messages)) for call in run["aggregators"] if call["prompt"]],
        seconds=clock.seconds,
        pauses=clock.pauses,
        usable=USABLE,
        colours=_COLOURS,
        drawing=Markup(  # noqa: S704 - svg_of escapes all that is foreign
            svg_of(course.drawing, title="The graph, and what ran of it", marks=course.marks, taken=course.taken)
        ),
        is_whole=moa is not None,
        costs=costs,
        several_places=len({one.model for one in costs}) < len(costs),
    )
    return ReportPage(page)


class Clock:
    """Say where in a run's work a moment lies; time in which nothing was under way is no work."""

    def __init__(self, calls: Iterable[Call]) -> None:
        self._busy = busy_spans(calls, pause=_PAUSE)
        self.seconds = sum(end - start for start, end in self._busy)
        self.pauses = max(len(self._busy) - 1, 0)

    def bar(self, name: str, call: Call, group: Group = _ALONE) -> Bar:
        """Place a call."""
        start = self._percent(self._at(call["started"] - call["waited"]))
        width = self._percent(call["seconds"])
        return Bar(name, call, start, self._percent(call["waited"]), width, group)

    def _at(self, moment: float) -> float:
        return sum(max(min(moment, end) - start, 0.0) for start, end in self._busy)

    def _percent(self, seconds: float) -> float:
        return round(100 * seconds / self.seconds, 3) if self.seconds else 0.0


def _layer(number: int, proposals: Sequence[Proposal], verdicts: Sequence[Verdict], clock: Clock) -> Layer:
    mine = [p for p in proposals if p["layer"] == number]
    judged = [v for v in verdicts if v["layer"] == number]
    agreed = judged[-1]["agreement"] if judged else None
    letters = {
        name: Group(chr(ord("A") + n) if n < 26 else str(n + 1), n % _COLOURS)
        for n, group in enumerate(agreed["groups"] if agreed else [])
        for name in group
        if len(group) > 1
    }
    # What a person wrote or dropped is not what was compared.
    groups = [_ALONE if p["reviewed"] else letters.get(p["proposer"], _ALONE) for p in mine]
    before = "retrieve/" if number == RETRIEVAL else ""
    bars = [clock.bar(before + p["proposer"], p, group) for p, group in zip(mine, groups, strict=True)]
    screening = judged[-1].get("screening") if judged else None
    return Layer(number, bars, dealt(mine, agreed), judged, screening["removed"] if screening else [])


def _still_true(disagreement: Disagreement, proposals: Sequence[Proposal]) -> Disagreement | None:
    """Leave out what somebody has changed in the state since it was compared."""
    return still_true(
        disagreement, [p for p in proposals if p["layer"] == disagreement["layer"] and p["status"] in USABLE]
    )


def _points(disagreement: Disagreement) -> dict[str, list[tuple[str, list[str]]]]:
    """Return all but contradictions, each with who says it."""
    return {
        "consensus": [(point, []) for point in disagreement["consensus"]],
        "partial_coverage": [(one["point"], one["proposers"]) for one in disagreement["partial_coverage"]],
        "unique_insights": [(one["insight"], [one["proposer"]]) for one in disagreement["unique_insights"]],
        "blind_spots": [(point, []) for point in disagreement["blind_spots"]],
    }


def _answer(messages: Sequence[BaseMessage], question: int | None) -> str:
    after = messages[-1:] if question is None else messages[question + 1 : question + 2]
    return _words(after[0]) if after else _GONE


def _prompt(call: Aggregation, messages: Sequence[BaseMessage]) -> list[Told]:
    by_id = {message.id: message for message in messages}
    return [
        Told(line["role"], line["text"], added=True)
        if line["text"] is not None
        else Told(line["role"], _words(by_id[line["id"]]) if line["id"] in by_id else _GONE, False)
        for line in call["prompt"]
    ]


def _words(message: BaseMessage) -> str:
    """Return a message's text, and say where it holds more than text."""
    others = [block["type"] for block in message.content_blocks if block["type"] not in ("text", "reasoning")]
    return "\n".join(filter(None, [message.text, *(f"[{kind}]" for kind in others)]))


def _readable(value: Any) -> Any:
    """Keep what no page can carry out of it, whatever kind of string it is; Jinja escapes what is left."""
    return printable(plain(value)) if isinstance(value, str) and not hasattr(value, "__html__") else value
