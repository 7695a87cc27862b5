"""Run one mixture over many questions: a row each, and what was paid for is never paid for again."""

import asyncio
import json
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import cast

from ...core.bounds.budget import Budget
from ...core.errors import ConfigError
from ...core.run.costs import total
from ...core.run.records import Cost
from ...core.run.state import Graph
from .ids import Ids
from .one_question import answer_question, bound_of
from .questions import Question, Questions, Row
from .reading import questions_in
from .repeats import Repeated, check_repeatable
from .rows import RowFile
from .survey import BREATH, DONE, TO_ASK, check_apart, check_mixture_of, survey, take_over
from .tally import BatchReport, Tally

OnRow = Callable[[Row, BatchReport], None]
OnStart = Callable[[BatchReport], None]


async def abatch(
    moa: Graph,
    questions: Questions,
    out: str | PathLike[str],
    *,
    concurrency: int = 8,
    budget: Budget | None = None,
    retry_errors: bool = False,
    proposals: bool = True,
    repeat: int = 1,
    on_start: OnStart | None = None,
    on_row: OnRow | None = None,
) -> BatchReport:
    """Put many questions to a mixture, and write a row for each to a file as soon as it is answered.

    Called again with the same file, it goes on: questions whose row is there are not asked. With a checkpointer,
    questions that were under way are taken up where they stopped. A million questions take no more memory than a
    hundred.

        moa = create_moa(proposers=["openai:gpt-6-luna", my_model], aggregator="openai:gpt-6-sol")
        report = asyncio.run(abatch(moa, "questions.jsonl", "rows.jsonl", budget=Budget(usd=20)))

    Args:
        moa: What `create_moa`, or another of this package, returned. Its own budget bounds each run.
        questions: A file as `read_questions` reads it, or `Question`s, texts or objects as in such a file, in whatever
            can be gone through twice: all are checked before the first is asked.
        out: The file of the rows. Only one batch at a time may write to it.
        concurrency: Questions under way at once.
        budget: Bounds for the whole batch, with what earlier calls spent for the rows that are there. A question is
            only started if it fits beside those under way, at most; those end. Seconds are those of this call.
        retry_errors: Ask questions that failed again; their new rows take the place of the old ones.
        proposals: Write what each proposer answered into the rows, too: what `analyse_panel` reads.
        repeat: How often each question is asked, in runs of their own: the rows of `q7` are `q7`, `q7#2` and so on.
        on_start: Called with the sums before anything is asked.
        on_row: Called with each row once it is in the file, and the sums so far.

    Returns:
        The sums. Questions are left, and `stopped` says why, where the budget was not enough, or where the first ten
        all failed alike. A question that fails is a row with an `error`.

    Raises:
        ConfigError: An option or a question is wrong, the file holds rows of other questions or another mixture, or
            another batch is at work on it; nothing has been asked yet. Or the file can not be written any more.
        Exception: Whatever a checkpointer raises that cannot keep what is under way, or read it.
    """
    mixture = check_mixture_of(moa, concurrency, budget)
    file, tally = RowFile(Path(out)), Tally(budget)
    check_apart(questions, file.path)
    check_repeatable(moa, repeat)
    questions = Repeated(questions, repeat) if repeat > 1 else questions
    with file.locked(), Ids() as ids:
        await survey(moa, questions, ids, tally)
        await take_over(file, ids, tally, mixture=mixture, retry_errors=retry_errors)
        file.open()
        if on_start:
            on_start(tally.report())
        work = _Batch(
            moa, questions_in(questions), ids, file, tally, on_row, retry_errors=retry_errors, proposals=proposals
        )
        try:
            await work.run(min(concurrency, tally.questions))
        finally:
            if work.replaced:
                file.settle()
    return tally.report()


class _Batch:
    """Be the questions that are left, and the workers that share them."""

    def __init__(
        self,
        moa: Graph,
        questions: Iterator[Question],
        ids: Ids,
        file: RowFile,
        tally: Tally,
        on_row: OnRow | None,
        *,
        retry_errors: bool,
        proposals: bool,
    ) -> None:
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
            for number, question in enumerate(self._questions):
                if self._tally.stopped:
                    break
                if number % BREATH == 0:
                    await asyncio.sleep(0)
                status = self._ids[question.id]
                if status is None:
                    raise ConfigError(
                        f"found the question {question.id!r} only the second time that all were gone through, expected "
                        "the same ones again; leave them as they are while a batch is at work"
                    )
                if status == TO_ASK or (status != DONE and self._retry_errors):
                    return question if await self._fits(question) else None
            return None

    async def _fits(self, question: Question) -> bool:
        """Wait until a question fits the budget, and set aside what it costs at most."""
        if self._tally.budget is None:
            return True
        bound = bound_of(self._moa, question)
        while why := self._tally.misfit(bound):
            if not self._tally.under_way:
                self._tally.stopped = self._tally.stopped or why
                return False
            self._one_ended.clear()
            await self._one_ended.wait()  # it may have cost less than was set aside
            if self._tally.stopped:
                return False
        self._tally.under_way[question.id] = Cost(calls=bound["calls"], tokens=bound["tokens"], usd=bound["usd"])
        return True

    async def _answer(self, question: Question) -> None:
        tally, file = self._tally, self._file.path
        result = await answer_question(self._moa, question, file=file, proposals=self._proposals)
        row, before = result.row, self._ids[question.id]
        if isinstance(before, str):
            row["cost"] = total([result.cost, cast("Cost", json.loads(before))])
            self.replaced = True
        self._file.append(row)
        tally.under_way.pop(question.id, None)
        tally.spend(result.cost)
        tally.count(row)
        tally.look_at(result.failed_as, row["error"])
        self._one_ended.set()
        if self._on_row:
            self._on_row(row, tally.report())
        for thread in result.threads:
            await self._moa.checkpointer.adelete_thread(thread)  # type: ignore[union-attr] # there is one, for it has threads
