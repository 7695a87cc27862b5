"""The actor that answers questions: one mixture, its connections, and what it tells of its work."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ...core.errors import MoAError
from ...core.models.limits import Limits
from ...core.panel.seats import Seat, with_substitutes
from ...core.run.records import Cost
from ...core.run.state import Graph
from ...core.text import one_line, redact
from ...graphs.plan import plan_of
from ..batch.one_question import QuestionResult, answer_question
from ..batch.questions import Question
from .leases import Leases
from .limiter import Bounds, TakenForGone

Make = Callable[[], Graph]
"""Builds a mixture, in whatever process it is called."""


NOTES_S = 0.25
"""Seconds between two notes of an actor: one for each step of each question would keep the limiter busy."""


class Built(NamedTuple):
    """Say what an actor made of its task."""

    mixture: str
    host: str
    error: str | None
    """Why there is no mixture; it is in words, for exceptions bring a traceback along."""


class Answerer:
    """Answer questions with a mixture of one's own; as many at once as are sent."""

    def __init__(self, make: Make, hub: Any, name: str, out: str, proposals: bool) -> None:
        """Remember what there is to do.

        Args:
            make: Builds the mixture; keys are those of this process's environment.
            hub: The handle of the actor that is the `Limiter`.
            name: How this actor is known there.
            out: The file of the rows, on the driver's machine.
            proposals: Whether rows hold what proposers answered.
        """
        self._make, self._lessor, self._name = make, _Remote(hub), name
        self._out, self._proposals = Path(out), proposals
        self._moa: Graph | None = None
        self._turns: list[Leases] = []
        self._notes: dict[str, Cost | None] = {}
        self._noted: set[str] = set()
        self._noting: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        """Why nothing could be noted."""

    async def build(self) -> Built:
        """Build the mixture, and share its limits with all other actors."""
        try:
            moa = self._make()
            for number, limit in enumerate(limits_in(moa)):
                turns = Leases(self._lessor, number, self._name, bounds_of(limit))
                limit.share(turns)
                self._turns.append(turns)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the driver says it once, for all actors
            words = str(exc) if isinstance(exc, MoAError) else f"{type(exc).__name__}: {exc}"
            return Built("", socket.gethostname(), one_line(redact(words), limit=500))
        self._moa = moa
        return Built(plan_of(moa).rules.mixture, socket.gethostname(), None)

    async def answer(self, question: Question) -> QuestionResult:
        """Answer a question; what goes wrong with it is its row's.

        Raises:
            Exception: The limiter cannot be reached, or what a checkpointer raises.
        """
        if self._moa is None:
            raise RuntimeError("found no mixture, expected it to be built first")
        on_cost = partial(self._note, question.id)
        result = await answer_question(self._moa, question, file=self._out, proposals=self._proposals, on_cost=on_cost)
        self._note(question.id, None)
        failures = [self._failure, *(turns.failure for turns in self._turns)]
        for failure in filter(None, failures):
            if isinstance(failure, TakenForGone):
                _end()
            raise failure  # or every question would fail for it, one after the other
        return result

    def _note(self, id_: str, cost: Cost | None) -> None:
        """Tell what a question has cost so far, with all others of the moment; what is done before that is no news."""
        self._notes[id_] = cost
        if cost is None and id_ not in self._noted:
            del self._notes[id_]
        if self._noting is None and self._notes:
            self._noting = asyncio.create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._notes:
                await asyncio.sleep(NOTES_S)
                notes, self._notes = self._notes, {}
                self._noted |= notes.keys()
                self._noted -= {id_ for id_, cost in notes.items() if cost is None}
                if notes:
                    await self._lessor.note(self._name, notes)
        except Exception as exc:  # noqa: BLE001 - the next question says so
            self._failure = exc
        finally:
            self._noting = None


def _end() -> None:
    """End this actor, and its process: others do its work."""
    import ray

    ray.actor.exit_actor()


class _Remote:
    """Be the limiter for one process, by its actor's handle."""

    def __init__(self, hub: Any) -> None:
        self._hub = hub

    async def slots(self, limit: int, holder: str, returned: int, wanted: int) -> int:
        return int(await self._hub.slots.remote(limit, holder, returned, wanted))

    async def starts(self, limit: int, holder: str, wanted: int) -> int:
        return int(await self._hub.starts.remote(limit, holder, wanted))

    async def note(self, holder: str, costs: dict[str, Cost | None]) -> None:
        await self._hub.note.remote(holder, costs)


def limits_in(moa: Graph) -> list[Limits]:
    """Return the limits that a mixture keeps to, each once, in an order that is the same wherever it is built."""
    limits = {id(limit): limit for seat in with_substitutes(_seats_in(moa)) for limit in seat.limits}
    return list(limits.values())


def bounds_of(limit: Limits) -> Bounds:
    """Return what a limit allows."""
    return limit.concurrency, limit.per_second


def _seats_in(moa: Graph) -> Iterator[Seat]:
    """Go through all who may be asked."""
    plan = plan_of(moa)
    for stage in plan.stages:
        yield from stage.seats
    yield from plan.rules.chain
    beside = [
        plan.moderating and plan.moderating.seat,
        plan.weighing and plan.weighing.checker,
        plan.analysing and plan.analysing.seat,
        plan.search and plan.search.rewriter,
    ]
    yield from filter(None, beside)
