"""The actors of a batch, as its driver sees them: who is free is asked, who died is replaced."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError
from ...core.run.costs import NOTHING
from ...core.run.records import Cost
from ...core.text import one_line, printable, redact
from ..batch.one_question import AttemptLost, QuestionResult
from ..batch.questions import Question
from .answering import Answerer, Built, Make
from .limiter import Bounds, Limiter

_STARTS = 3
"""Actors in a row that may die before they have built their mixture."""
_PATIENCE_S = 600.0
"""Seconds that a batch waits for room in its cluster while none of its actors is there."""


@dataclass(eq=False)
class _Member:
    """Be one actor."""

    name: str
    handle: Any
    under_way: int = 0
    is_ready: bool = False
    loss: "asyncio.Task[dict[str, Cost]] | None" = None
    """Set once it is gone: what its questions had cost."""


@dataclass
class ActorPool:
    """Ask actors, each so many questions at once at most."""

    ray: Any
    make: Make
    mixture: str
    limits: Sequence[Bounds]
    out: Path
    proposals: bool
    concurrency: int
    _members: list[_Member] = field(default_factory=list)
    _number: int = 0
    _dead_starts: int = 0
    _failure: Exception | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _tasks: set["asyncio.Task[Any]"] = field(default_factory=set)
    _hub: Any = None

    def start(self, actors: int) -> None:
        """Have actors started, as far as there is room for them; the rest follows once there is.

        Args:
            actors: How many.
        """
        ray = self.ray
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            node_id=ray.get_runtime_context().get_node_id(), soft=False
        )
        hub = ray.remote(Limiter).options(num_cpus=0, max_restarts=0, max_concurrency=10_000, scheduling_strategy=here)
        self._hub = hub.remote(list(self.limits))
        for _ in range(actors):
            self._add()

    async def ask(self, question: Question) -> QuestionResult:
        """Put a question to whoever has least to do.

        Raises:
            AttemptLost: The actor died before it had answered.
            ConfigError: No actor can be started, or the mixture cannot be built there.
        """
        member = await self._free()
        try:
            return await self._asked(member, question)
        finally:
            member.under_way -= 1
            async with self._changed:
                self._changed.notify()

    def close(self) -> None:
        """End all actors, and whatever they are doing."""
        for task in self._tasks:
            task.cancel()
        for handle in [member.handle for member in self._members] + [self._hub]:
            if handle is not None:
                self.ray.kill(handle)

    async def _asked(self, member: _Member, question: Question) -> QuestionResult:
        errors = self.ray.exceptions
        try:
            result: QuestionResult = await member.handle.answer.remote(question)
        except errors.RayTaskError as exc:
            raise (exc.cause if isinstance(exc.cause, Exception) else exc) from None
        except errors.RayError as exc:
            costs = await asyncio.shield(self._lose(member))
            raise AttemptLost(_reason(exc), costs.get(question.id, NOTHING)) from exc
        return result

    async def _free(self) -> _Member:
        async with self._changed:
            while True:
                if self._failure:
                    raise self._failure
                free = [m for m in self._members if m.is_ready and m.under_way < self.concurrency]
                if free:
                    member = min(free, key=lambda one: one.under_way)
                    member.under_way += 1
                    return member
                await self._change()

    async def _change(self) -> None:
        """Wait until something has changed; not for ever where nobody is there to change it."""
        patience = None if any(member.is_ready for member in self._members) else _PATIENCE_S
        try:
            async with asyncio.timeout(patience):
                await self._changed.wait()
        except TimeoutError:
            raise ConfigError(
                f"found no room for an actor in the Ray cluster for {_PATIENCE_S:g} s, expected a free CPU for each; "
                "wait until there is one, or ask for fewer actors; the same batch goes on then"
            ) from None

    def _add(self) -> None:
        """Have one more actor started."""
        self._number += 1
        name = f"answerer-{self._number}"
        actor = self.ray.remote(Answerer).options(
            num_cpus=1,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=self.concurrency + 1,
            scheduling_strategy="SPREAD",
        )
        member = _Member(name, actor.remote(self.make, self._hub, name, str(self.out), self.proposals))
        self._members.append(member)
        self._run(self._built(member))

    def _run(self, work: Any) -> "asyncio.Task[Any]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _built(self, member: _Member) -> None:
        """Wait until an actor has its mixture, and the right one."""
        try:
            built: Built = await member.handle.build.remote()
        except self.ray.exceptions.RayError as exc:
            self._dead_starts += 1
            if self._dead_starts >= _STARTS:
                self._failure = ConfigError(
                    f"{_STARTS} actors in a row died before they had begun, the last one with: {_reason(exc)}; mend "
                    "that, and start the same batch again"
                )
            else:
                self._lose(member)
        else:
            self._dead_starts, member.is_ready = 0, True
            if built.error:
                self._failure = ConfigError(f"the mixture cannot be built on {built.host}: {built.error}")
            elif built.mixture != self.mixture:
                self._failure = ConfigError(
                    f"found another mixture on {built.host} ({built.mixture}), expected {self.mixture}, as here; give "
                    "all machines of the cluster the same environment, and the same version of langgraph-moa"
                )
        async with self._changed:
            self._changed.notify_all()

    def _lose(self, member: _Member) -> "asyncio.Task[dict[str, Cost]]":
        """Take an actor for gone, make sure that it is, and start another in its place; return what is known of it."""
        if member.loss is None:
            member.is_ready = False
            self._members.remove(member)
            self.ray.kill(member.handle)  # one that cannot be reached may still be at work
            member.loss = self._run(self._forgotten(member))
            self._add()
        return member.loss

    async def _forgotten(self, member: _Member) -> dict[str, Cost]:
        try:
            costs: dict[str, Cost] = await self._hub.forget.remote(member.name)
        except self.ray.exceptions.RayError as exc:
            self._failure = ConfigError(
                f"the batch's limiter is gone ({_reason(exc)}), expected it to be there; start the same batch again"
            )
            return {}
        return costs


def _reason(exc: BaseException) -> str:
    """Return why an actor died, in one line: Ray writes a paragraph, or a traceback with the reason at its end."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    shown = next((line for line in reversed(lines) if "Error: " in line), lines[0] if lines else "")
    return one_line(redact(printable(f"{type(exc).__name__}: {shown}")), limit=300)
