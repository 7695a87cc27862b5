"""The picker: a function of the user's scores the proposals, and the best one is the answer, word for word."""

import asyncio
import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from langgraph.errors import GraphBubbleUp

from ..core.agreement.vote import best_proposal
from ..core.functions import is_cancelled, is_coroutine_function, value_of
from ..core.panel.pick import Pick
from ..core.run.picking import Picking, Score, Unscored
from ..core.run.records import Proposal
from ..core.text import one_line, printable

_TRUTHS = ("bool", "bool_")
"""What Python and NumPy call their truth values."""


class Picked(NamedTuple):
    """Say which proposal won, or that none has a score."""

    winner: Proposal | None
    picking: Picking
    notes: list[str]
    late: str = ""
    """Who has no score for the run's time was over."""
    too_much: str | None = None
    """The limit of the budget that this was."""

    @property
    def is_late(self) -> bool:
        """Tell whether the run's time was over before all had a score."""
        return bool(self.late)


async def pick_best(pick: Pick, references: Sequence[Proposal], question: str, *, seconds: float | None) -> Picked:
    """Score proposals, and pick the best.

    Args:
        pick: How.
        references: Usable proposals, in the order of declaration.
        question: What the user asked.
        seconds: What the budget leaves.
    """
    scoring = _Scoring(pick, question, seconds)
    started = scoring.loop.time()
    scores = await scoring.of(references)
    best = max((score["score"] for score in scores if score["score"] is not None), default=None)
    tied = [p for p, s in zip(references, scores, strict=True) if best is not None and _is_equal(s["score"], best)]
    winner = await asyncio.to_thread(best_proposal, tied) if tied else None
    picking = Picking(
        function=pick.name,
        picked=winner["proposer"] if winner else None,
        scores=scores,
        seconds=round(scoring.loop.time() - started, 3),
    )
    whys = _whys(scores)
    names = ", ".join(score["proposer"] for score in scores if score["unscored"] == "deadline")
    late = names and f"the run's time was over before {pick.name} had scored {names}"
    if winner is None:
        none = f"{pick.name} gave none of {len(scores)} proposals a score ({'; '.join(whys)})"
        return Picked(None, picking, [none], late)
    others = [p["proposer"] for p in tied if p is not winner]
    also = f"; as many as {', '.join(others)}" if others else ""
    note = f"{pick.name} picked {winner['proposer']} ({best:g}) of {len(scores)} proposals{also}"
    return Picked(winner, picking, [note, *(f"{pick.name}: no score for {why}" for why in whys)], late)


def _is_equal(score: float | None, best: float) -> bool:
    return score is not None and math.isclose(score, best, rel_tol=1e-9)


def _whys(scores: Sequence[Score]) -> list[str]:
    """Say who has no score, those for the same reason together."""
    names: dict[str, list[str]] = {}
    for score in scores:
        if score["error"] is not None:
            names.setdefault(score["error"], []).append(score["proposer"])
    return [f"{', '.join(proposers)}: {error}" for error, proposers in names.items()]


@dataclass
class _Scoring:
    pick: Pick
    question: str
    seconds: float | None

    def __post_init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.end = None if self.seconds is None else self.loop.time() + self.seconds
        self.slots = asyncio.Semaphore(self.pick.concurrency)

    async def of(self, references: Sequence[Proposal]) -> list[Score]:
        """Score proposals, those with the same text once; nothing of it goes on where one of them ends it."""
        keys = [n if self.pick.sees_whole else reference["text"] for n, reference in enumerate(references)]
        firsts = dict(reversed([*zip(keys, references, strict=True)]))
        tasks = {key: self.loop.create_task(self._one(firsts[key])) for key in dict.fromkeys(keys)}
        try:
            await asyncio.wait(tasks.values(), return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks.values():
                task.cancel()
        for task in tasks.values():
            if task.done():
                task.result()
        scores: dict[object, Score] = {key: task.result() for key, task in tasks.items()}
        named = zip(keys, references, strict=True)
        return [{**scores[key], "proposer": reference["proposer"]} for key, reference in named]

    async def _one(self, proposal: Proposal) -> Score:
        async with self.slots:
            rest = None if self.end is None else max(self.end - self.loop.time(), 0.0)
            limits = [limit for limit in (self.pick.timeout, rest) if limit is not None]
            started = self.loop.time()
            if rest == 0.0:
                return _score(proposal, 0.0, unscored="deadline", error="the run's time was over")
            time_out = asyncio.timeout(min(limits, default=None))
            try:
                async with time_out:
                    value = await self._called(proposal)
            except GraphBubbleUp:
                raise
            except asyncio.CancelledError:
                if is_cancelled():
                    raise
                return _score(proposal, self._since(started), unscored="raised", error="raised CancelledError")
            except SystemExit as exc:  # of what was run, and not of who runs the mixture
                return _score(proposal, self._since(started), unscored="raised", error=f"raised SystemExit: {exc.code}")
            except Exception as exc:  # noqa: BLE001 - a function of the user's; the proposals were paid for all the same
                if time_out.expired():
                    is_last = rest is not None and min(limits) == rest
                    why = "the run's time was over" if is_last else f"no answer within {min(limits):g} s"
                    why += "" if is_coroutine_function(self.pick.function) else "; its thread goes on"
                    end: Unscored = "deadline" if is_last else "timeout"
                    return _score(proposal, self._since(started), unscored=end, error=why)
                return _score(proposal, self._since(started), unscored="raised", error=f"raised {_told(exc)}")
            return _read(proposal, self._since(started), value)

    async def _called(self, proposal: Proposal) -> object:
        options = self.pick.options(self.question, copy.deepcopy(proposal) if self.pick.sees_whole else proposal)
        return await value_of(self.pick.function, proposal["text"], **options)

    def _since(self, started: float) -> float:
        return round(self.loop.time() - started, 3)


def _read(proposal: Proposal, seconds: float, value: object) -> Score:
    """Read what a function returned."""
    if value is None or (type(value).__name__ in _TRUTHS and not value):
        return _score(proposal, seconds, unscored="declined", error=f"it returned {value}")
    is_number = hasattr(type(value), "__float__") or hasattr(type(value), "__index__")
    if isinstance(value, str) or not is_number:
        return _score(proposal, seconds, unscored="invalid", error=f"found {type(value).__name__}, expected a number")
    try:
        score = float(value)  # type: ignore[arg-type] # just looked
    except Exception as exc:  # noqa: BLE001 - a number of somebody else's making
        return _score(proposal, seconds, unscored="invalid", error=f"found no number: {_told(exc)}")
    if not math.isfinite(score):
        return _score(proposal, seconds, unscored="invalid", error=f"found {score}, expected a finite number")
    return _score(proposal, seconds, score)


def _score(
    proposal: Proposal,
    seconds: float,
    score: float | None = None,
    *,
    unscored: Unscored | None = None,
    error: str | None = None,
) -> Score:
    return Score(proposer=proposal["proposer"], score=score, unscored=unscored, error=error, seconds=seconds)


def _told(exc: Exception) -> str:
    """Say in a line what a function raised; it may be unable to say so itself."""
    try:
        words = str(exc)
    except Exception:  # noqa: BLE001 - somebody else's
        words = ""
    return one_line(printable(f"{type(exc).__name__}: {words}" if words else type(exc).__name__), limit=120)
