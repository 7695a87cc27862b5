"""Say which models belong in a panel, by what was recorded of them: ceiling, members, selection, waves and sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from ...core.errors import ConfigError
from ..calibration import MeasuredRule, measured_waves
from ..ceiling import Ceiling, ceiling_of
from .curve import Curve, curve_of
from .fate import Fate, fates_of
from .members import PanelMember, Twins, count_saves, error_correlations, find_twins, measured_members, strongest_first
from .reading import read_panel
from .recommendation import Recommendation, recommended
from .recording import PanelRow, Recording, marks_of
from .selection import Selection, SelectionStep, SplitHalves, split_halves
from .votes import Ballots

_FIRST_WAVE = 2


@dataclass(frozen=True)
class PanelAnalysis:
    """Hold everything that was measured of a panel; plain data."""

    questions: int
    judged: int
    """Questions on which an answer has a mark, on which everything is measured."""
    left_out: int
    """Questions that not all members were asked."""
    is_closed: bool
    """Whether answers are right or wrong, and are voted on; else they have marks, and the best of them counts."""
    ceiling: Ceiling
    members: list[PanelMember]
    correlations: list[list[float | None]]
    """How far the errors of each two members go together, in the order of `members`."""
    saves: list[list[int]]
    """By member, and by each other one: on how many questions the other does better, or is right where it is wrong."""
    twins: list[Twins]
    steps: list[SelectionStep]
    """Members in the order in which they help most."""
    halves: SplitHalves | None
    waves: list[MeasuredRule]
    """First waves of the recommended panel, of all where that has no others to ask, and what stopping comes to."""
    curve: Curve
    fates: list[Fate]
    recommendation: Recommendation
    notes: list[str] = field(default_factory=list)


def analyse_panel(
    rows: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    members: Sequence[str] | None = None,
    questions: Mapping[str, tuple[str | None, str | None]] | None = None,
    seed: int = 0,
    called: str | None = None,
) -> PanelAnalysis:
    """Analyse a recorded panel: which models belong in it, how many, in which order, and what a mixture can win at all.

        analysis = analyse_panel(["rows.jsonl"])
        analysis.ceiling.sentence()         # 'choosing among these answers gets at most 98.9 % (98.1 to 99.4), ...'
        analysis.recommendation.settings    # {'system': 'vote', 'proposers': [...], ...}

    Nobody is asked. Everything is measured on the same questions that a choice is made on, but for `halves`.

    Args:
        rows: Files of `batch` or `compare`, records as `calibrate` reads them, or folders of `compare --keep`.
        members: Whom to look at, and in which order they were declared; None is all.
        questions: The text and the right answer of questions by id, for rows, which hold no texts of questions.
        seed: What the halves depend on, and panels that are drawn.
        called: What messages call a single file that is a copy of something else.

    Raises:
        ConfigError: Something cannot be read, there are not two members, or no answer has a mark.
    """
    paths = [rows] if isinstance(rows, str | PathLike) else list(rows)
    recording = read_panel([Path(path) for path in paths], members, questions=questions, called=called)
    return analysed(recording, seed=seed)


def analysed(recording: Recording, *, seed: int = 0) -> PanelAnalysis:
    """Analyse what was read of a panel; see `analyse_panel`.

    Args:
        recording: Who answered what.
        seed: What draws depend on.

    Raises:
        ConfigError: No answer has a mark.
    """
    judged = recording.judged
    if not judged:
        raise ConfigError(
            "found no answer that could be graded, expected right answers as `gold`, or a judge's marks as `score`; "
            "add them, or give the questions with gold (--questions)"
        )
    names, votes = recording.names, recording.is_closed
    ballots = Ballots(judged) if votes else None
    choice = Selection(names, marks_of(judged), ballots)
    order = choice.order()
    smallest = choice.smallest(order)
    members = measured_members(recording, judged, ballots)
    ceiling = _ceiling(recording, judged, ballots)
    if ceiling is None:
        raise ConfigError("found fewer than two members with marks, expected two or more; record more models")
    halves = split_halves(choice, seed=seed)
    seats = smallest if len(smallest) > _FIRST_WAVE else choice.strongest_first(range(len(names)))
    waves = _waves(seats, judged) if votes else []
    twins = find_twins(recording)
    steps = choice.steps(order)
    return PanelAnalysis(
        questions=len(recording.rows),
        judged=len(judged),
        left_out=recording.left_out,
        is_closed=votes,
        ceiling=ceiling,
        members=members,
        correlations=error_correlations(marks_of(judged)),
        saves=count_saves(marks_of(judged)),
        twins=twins,
        steps=steps,
        halves=halves,
        waves=waves,
        curve=curve_of(judged, members, ballots, recording.aggregated, seed=seed),
        fates=fates_of(recording.aggregated),
        recommendation=recommended(
            [members[n] for n in smallest],
            choice.panel(smallest),
            choice.panel(range(len(names))),
            best=choice.panel(order[:1]),
            ceiling=ceiling,
            waves=waves,
            halves=halves,
            is_closed=votes,
            judged=len(judged),
        ),
        notes=_notes(recording, judged, twins),
    )


def ceiling_in_recording(recording: Recording) -> Ceiling | None:
    """Return what choosing among recorded answers gets at most; None without two members or marks.

    Args:
        recording: Who answered what.
    """
    judged = recording.judged
    return _ceiling(recording, judged, Ballots(judged) if judged and recording.is_closed else None)


def _ceiling(recording: Recording, judged: Sequence[PanelRow], ballots: Ballots | None) -> Ceiling | None:
    return ceiling_of(
        recording.names,
        [[each.mark for each in row.answers] for row in judged],
        votes=ballots.marks(strongest_first(marks_of(judged))) if ballots else None,
        golds=[row.gold for row in judged],
    )


def _waves(order: Sequence[int], judged: Sequence[PanelRow]) -> list[MeasuredRule]:
    rows = [
        recorded._replace(answers=tuple(recorded.answers[n] for n in order))
        for recorded in (row.recorded for row in judged)
    ]
    return measured_waves(rows, layers=1)


def _notes(recording: Recording, judged: Sequence[PanelRow], twins: Sequence[Twins]) -> list[str]:
    notes = []
    if recording.left_out:
        notes.append(f"{recording.left_out:,} questions are left out, for not all members were asked them")
    if recording.repeats:
        notes.append(f"{recording.repeats:,} rows are repeats, and do not count: each question does once")
    if ungraded := len(recording.rows) - len(judged):
        notes.append(
            f"{ungraded:,} questions have no gold that can be read, nor marks of the others' kind: not counted"
        )
    for pair in twins:
        why = (
            f"{pair.served_model} answered for both"
            if pair.served_model
            else f"{100 * (pair.equal or 0):.0f} % of their long texts are equal, word for word"
        )
        notes.append(f"{pair.first} and {pair.second} seem to be the same model: {why}; count them as one")
    return notes
