"""Find out how systems will be compared, before any of them is asked: who grades, and how the questions are worded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from langsmith.utils import tracing_is_enabled

from ...core.bounds.budget import Budget, check_bounded
from ...core.bounds.checks import check_rules
from ...core.checks import check_number
from ...core.errors import ConfigError, nearest
from ...core.models.capabilities import Model
from ...core.models.limits import Limits
from ...core.models.prices import Prices
from ...core.models.resolve import resolve_model
from ...core.panel.declared import Aggregator, Defaults
from ...core.panel.seating import seat_of
from ...core.panel.seats import Seat
from ...core.run.state import Graph
from ...core.text import one_line, printable
from ...graphs.plan import plan_of
from ...nodes.calls.response_cache import ResponseCache
from ..batch.questions import Question
from ..batch.repeats import Repeated, check_repeat
from ..grading.by_gold import Grader
from ..grading.choose import GraderName, Graders, graders_for
from .in_turn import file_of
from .wording import ASKED, is_marked, marked

VERDICTS = "_verdicts.jsonl"
"""The file of a judge's verdicts."""
GRADES = "_grades.jsonl"
"""The file of what each answer was found to be worth, which `panel` reads."""


@dataclass(frozen=True)
class Prepared:
    """Say what systems will be asked, and who grades what they answer."""

    questions: Sequence[Question]
    """As they are asked: with the line that asks for a short answer, where that is wanted."""
    is_marked: bool
    """Whether they have that line."""
    graders: Graders
    judge: Seat | None
    """The model that judges; None where none does."""
    cache: ResponseCache | None = None
    """Where its whole answers are kept."""

    def check_bounded(self, budget: Budget | None) -> None:
        """Refuse a strict budget over a judge that cannot be bounded.

        Raises:
            ConfigError: It is one.
        """
        if self.judge:
            check_bounded(budget, [self.judge])


def prepare(
    questions: Sequence[Question],
    grader: GraderName | Grader | None,
    judge: str | Model | Aggregator | None,
    folder: Path | None,
    *,
    mark: bool = True,
    resolve: Callable[..., Model] = resolve_model,
    limits: Sequence[Limits] = (),
    prices: Prices | None = None,
    cache: ResponseCache | None = None,
) -> Prepared:
    """Find out who grades and how the questions are worded: once, for a comparison, its pilot and its estimate.

    Args:
        questions: What there is to ask.
        grader: As `acompare` takes it.
        judge: The model that judges, where one does.
        folder: Where rows may be that answer the questions already, in their wording; None keeps none.
        mark: Whether to ask for a short answer, where the grader needs one.
        resolve: Builds a judge that is given as a string.
        limits: Bounds for calls of the judge.
        prices: Your own prices, for the judge.
        cache: Where the judge's whole answers are kept.

    Raises:
        ConfigError: Nobody can grade so, or the rows that are there answer another wording.
    """
    graders = graders_for(grader, questions, judge=judge is not None)
    seat = None
    if graders.judged and judge is not None:
        defaults = Defaults(timeout=180.0, limits=limits, prices=prices or {}, resolve=resolve)
        seat = seat_of(judge, defaults, role="judge")
    is_asked = is_marked(folder, by_answer=graders.name == "answer", mark=mark)
    return Prepared(marked(questions) if is_asked else questions, is_asked, graders, seat, cache)


def check_comparison(
    systems: Mapping[str, Graph],
    questions: Sequence[Question],
    *,
    baseline: str | None,
    budget: Budget | None,
    concurrency: int,
    seed: int,
    experiment: str | None,
    margin: float,
    repeat: int,
) -> None:
    """Refuse what could not be compared, before anybody is asked.

    Raises:
        ConfigError: There are not two systems with files of their own, no questions, or an option is wrong.
    """
    if not isinstance(systems, Mapping) or len(systems) < 2:
        count = len(systems) if isinstance(systems, Mapping) else type(systems).__name__
        raise ConfigError(f"found {count} as systems, expected two or more graphs by name; add what to compare with")
    if not questions:
        raise ConfigError("found no questions, expected at least one; write one on a line")
    _check_names(systems)
    if baseline is not None and baseline not in systems:
        raise ConfigError(
            f"found the baseline {baseline!r}, expected one of the systems; {nearest(baseline, list(systems))}"
        )
    check_rules(quorum=None, budget=budget, cache=None, min_proposals=1, review=False, smallest=0)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ConfigError(f"found seed={seed!r}, expected a whole number; give one")
    check_number("concurrency", concurrency, minimum=1, whole=True)
    check_margin(margin)
    for graph in systems.values():
        plan_of(graph)
    check_repeat(repeat)
    for _ in Repeated(questions, repeat):
        pass  # an id that looks like a repeat's is refused
    if experiment is not None and not tracing_is_enabled():
        raise ConfigError(
            f"found the experiment {experiment!r} without tracing, expected LANGSMITH_TRACING=true; set it, or drop it"
        )


def check_margin(margin: float) -> None:
    """Refuse a margin that no gain could be held against.

    Args:
        margin: The gain, in points of a hundred, from which on one counts.

    Raises:
        ConfigError: It is no number from 0.1 on and below 100.
    """
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not 0.1 <= margin < 100:
        raise ConfigError(
            f"found margin={margin!r}, expected points of a hundred, from 0.1 to below 100; give the smallest gain "
            "that would matter to you, such as 2"
        )


def _check_names(systems: Mapping[str, Graph]) -> None:
    """Refuse systems that are none, and names whose rows would be in one file."""
    files: dict[str, str] = {}
    for label, graph in systems.items():
        if not isinstance(label, str) or not label.strip() or one_line(printable(label), limit=60) != label:
            raise ConfigError(f"found the system's name {label!r:.80}, expected a line of at most 60 characters")
        name = file_of(Path(), label).name.casefold()
        if name in files or name in (VERDICTS, GRADES, ASKED):
            raise ConfigError(
                f"found the systems {files.get(name, name)!r} and {label!r}, whose rows would be in one file, "
                "expected names that differ in letters and digits; rename one"
            )
        files[name] = label
        plan_of(graph)
