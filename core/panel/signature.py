"""Write down who sits where: what a thread is checked against."""

from collections.abc import Sequence

from .seating import Seated
from .seats import Seat
from .stages import Stage

STATE_FORMAT = 7
"""Raised when a run's state changes its meaning, so that an older run is not resumed as something else."""


def mixture_of(
    stages: Sequence[Stage],
    seated: Seated,
    *,
    may_answer: bool,
    moderators: Sequence[Seat] = (),
    checkers: Sequence[Seat] = (),
    analysts: Sequence[Seat] = (),
    before: Sequence[str] = (),
) -> str:
    """Write down who sits where, and in which format a run's state is kept: what a thread is checked against.

    Args:
        stages: Who is asked together.
        seated: Who sits in it.
        may_answer: Whether an agreed proposal can be the answer.
        moderators: Who keeps some of each layer's proposals.
        checkers: Who says whether the first answer is right.
        analysts: Who compares what goes on to the last.
        before: Who looks for evidence first.
    """
    steps = "".join((" | " if stage.wave == 1 else "; ") + _signatures(stage.seats) for stage in stages)
    first = ["an agreed proposal"] * may_answer + ["a vote"] * (seated.vote is not None)
    first += ["a pick"] * (seated.pick is not None)
    first += ["ranked by"] * (seated.rank is not None)
    last = ", ".join(filter(None, [*first, _signatures(seated.chain)]))
    last += f"; moderated by {_signatures(moderators)}" if moderators else ""
    last += f"; checked by {_signatures(checkers)}" if checkers else ""
    last += f"; compared by {_signatures(analysts)}" if analysts else ""
    search = f"{', '.join(before)} | " if before else ""
    return f"format {STATE_FORMAT}: {search}{f'{steps} | {last}'.removeprefix(' | ')}"


def _signatures(seats: Sequence[Seat]) -> str:
    return ", ".join(map(_signature, seats))


def _signature(seat: Seat) -> str:
    reads = "" if seat.reads is None else f"reads {', '.join(map(str, sorted(seat.reads))) or 'nobody'}"
    model = seat.label if seat.label != seat.title else ""
    model += f" at {seat.server}".removeprefix("" if model else " ") if seat.server else ""
    others = f"else {', '.join(other.label for other in seat.instead)}" if seat.instead else ""
    more = [model, others, reads, "debates" if seat.debates else ""]
    notes = "; ".join(filter(None, more))
    return f"{seat.title} ({notes})" if notes else seat.title
