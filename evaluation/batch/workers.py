"""The questions of a batch that are left, and the workers that share them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from ...core.batches.deferring import Deferred, Deferring
from ...core.batches.journal import Journal
from ...core.deferral import deferred_by, reckoned_in_batches
from ...core.errors import ConfigError
from ...core.models.servers import SERVERS
from ...core.run.costs import total
from ...core.run.records import Cost
from ...core.run.state import Graph
from .ids import Ids
from .one_question import AttemptLost, QuestionResult, answer_question, bound_of, given_up
from .questions import Question
from .rows import RowFile
from .survey import DONE, TO_ASK, breathing
from .tally import OnRow, Tally

MOST_LOSSES = 5
"""Attempts at a question that may be lost with the process that made them, before it is taken for the reason."""


@dataclass(frozen=True, kw_only=True)
class AskedBy:
    """Say how a batch's questions are gone through and asked, where another process asks them."""

    ask: Callable[[Question], Awaitable[QuestionResult]]
    """Puts a question to the mixture there, or raises `AttemptLost`."""
    going: Callable[[Iterator[Question]], AsyncIterator[Question]] = breathing
    """Goes through questions without keeping the event loop to itself."""


class Workers:
    """Be the questions that are left, and the workers that share them."""

    def __init__(
        self,
        moa: Graph,
        questions: AsyncIterator[Question],
        ids: Ids,
        file: RowFile,
        tally: Tally,
        on_row: OnRow | None,
        *,
        retry_errors: bool,
        proposals: bool,
        journal: Journal | None = None,
        live: frozenset[str] = frozenset(),
        probes: int = 0,
        asks_live: bool = False,
        asked_by: AskedBy | None = None,
    ) -> None:
        """Get ready.

        Args:
            moa: The mixture.
            questions: All questions, of which those are asked that are left.
            ids: What is known of each.
            file: Where rows are written.
            tally: The sums.
            on_row: Called with each row.
            retry_errors: Whether questions that failed are asked again.
            proposals: Whether rows hold what proposers answered.
            journal: What has the answers of calls that providers' batches make; None makes all calls now.
            live: Servers that are asked now all the same.
            probes: How many questions are run that wait, to see whether they ask what they asked before.
            asks_live: Whether what batches do not answer is asked at once, at the full price.
            asked_by: Who asks the questions; None is this process.
        """
        self.replaced = False
        """Whether the file holds rows with an error that have a later one."""
        self._moa = moa
        self._questions = questions
        self._ids = ids
        self._file = file
        self._tally = tally
        self._on_row = on_row
        self._retry_errors = retry_errors
        self._proposals = proposals
        self._journal, self._live, self._probes = journal, live, probes
        self._are_all_batched = journal is not None and not live and not asks_live
        self.is_full: str | None = None
        """Which limit of the budget kept a question from being asked beside those under way."""
        self._running, self._asked_by = 0, asked_by
        self._one_at_a_time = asyncio.Lock()
        self._one_ended = asyncio.Event()

    async def run(self, workers: int) -> None:
        """Answer what is left, or what the budget allows of it."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work())
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    def check_all_came(self) -> None:
        """Say so where questions are left that did not come."""
        if self._tally.report()["left"] and not self._tally.stopped:
            self._tally.stopped = (
                "fewer questions came when all were gone through again: they changed, or can be read only once"
            )

    async def _work(self) -> None:
        while question := await self._next():
            await self._answer(question)

    async def _next(self) -> Question | None:
        """Return a question to be asked now; None where there is none, or the batch was stopped."""
        async with self._one_at_a_time:
            if self._tally.stopped:
                return None
            async for question in self._questions:
                if self._tally.stopped:
                    break
                status = self._ids[question.id]
                if status is None:
                    raise ConfigError(
                        f"found the question {question.id!r} only the second time that all were gone through, expected "
                        "the same ones again; leave them as they are while a batch is at work"
                    )
                is_due = status == TO_ASK or (status != DONE and self._retry_errors)
                if not is_due or self._waits(question):
                    continue
                if await self._fits(question):
                    self._running += 1
                    return question
                if self._journal is None:
                    return None
            return None

    def _waits(self, question: Question) -> bool:
        """Tell whether running a question would come no further, and would not show either whether it was changed."""
        if not (self._journal and self._journal.is_open(question.id)):
            return False
        self._probes -= 1
        return self._probes < 0

    async def _fits(self, question: Question) -> bool:
        """Wait until a question fits the budget, and set aside what it costs at most."""
        if self._tally.budget is None or self._tally.has_aside(question.id):
            return True
        if self.is_full:
            return False
        with reckoned_in_batches(are_all=self._are_all_batched):
            bound = bound_of(self._moa, question)
        while why := self._tally.misfit(bound):
            if not self._running:  # of those that wait for a batch, none ends now
                self.is_full = why
                if not self._tally.under_way:
                    self._tally.stopped = self._tally.stopped or why
                return False
            self._one_ended.clear()
            await self._one_ended.wait()  # it may have cost less than was set aside
            if self._tally.stopped:
                return False
        self._tally.set_aside(question.id, bound)
        return True

    async def _answer(self, question: Question) -> None:
        result = await self._result(question)
        self._running -= 1
        if result:
            self._write(question, result)
            for thread in result.threads:
                await self._moa.checkpointer.adelete_thread(thread)  # type: ignore[union-attr] # there is one, for it has threads
        self._one_ended.set()

    async def _result(self, question: Question) -> QuestionResult | None:
        """Answer a question; None where that waits for a batch."""
        file = self._file.path
        if self._asked_by:
            return await self._result_of(self._asked_by, question)
        if self._journal is None:
            return await answer_question(self._moa, question, file=file, proposals=self._proposals)
        while True:
            deferring = Deferring(self._journal, question.id, live=self._live)
            result: QuestionResult | None = None
            with SERVERS.apart(), deferred_by(deferring), suppress(Deferred):
                result = await answer_question(self._moa, question, file=file, proposals=self._proposals)
            if deferring.check_unchanged(f"the question {question.id!r}"):
                break
        if result:
            for act in deferring.at_the_end:
                await act()
        return result

    async def _result_of(self, asked_by: AskedBy, question: Question) -> QuestionResult | None:
        """Have a question asked until there is a result; None where the budget has no room for asking it again."""
        losses: list[Cost] = []
        while True:
            try:
                result = await asked_by.ask(question)
            except AttemptLost as loss:
                losses.append(loss.cost)
                self._tally.lose(question.id, loss.cost)
                self._one_ended.set()
                if len(losses) < MOST_LOSSES:
                    self._running -= 1
                    fits = await self._fits(question)
                    self._running += 1
                    if fits:
                        continue
                    return None
                result = given_up(question, loss, len(losses))
            if losses:
                result.row["cost"] = total([result.cost, *losses])
            return result

    def _write(self, question: Question, result: QuestionResult) -> None:
        tally, row, before = self._tally, result.row, self._ids[question.id]
        if isinstance(before, str):
            row["cost"] = total([row["cost"], cast("Cost", json.loads(before))])
            self.replaced = True
        self._file.append(row)
        self._ids[question.id] = DONE
        if self._journal:
            self._journal.forget(question.id)
        tally.release(question.id)
        tally.spend(result.cost)
        tally.count(row)
        tally.look_at(result.failed_as, row["error"])
        if self._on_row:
            self._on_row(row, tally.report())
