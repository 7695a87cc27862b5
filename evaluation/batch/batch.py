"""Run one mixture over many questions: a row each, and what was paid for is never paid for again."""

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ...core.batches.declared import ProviderBatch, Wave
from ...core.batches.journal import check_none_under_way
from ...core.bounds.budget import Budget
from ...core.run.state import Graph
from .ids import Ids
from .questions import Questions
from .reading import questions_in
from .repeats import Repeated, check_repeat
from .rounds import BatchWork, ask_in_rounds, check_batched
from .rows import RowFile
from .structured_rows import Formed, form_of_schema
from .survey import breathing, check_apart, check_mixture_of, survey, take_over
from .tally import BatchReport, OnRow, Tally
from .workers import AskedBy

OnStart = Callable[[BatchReport], None]
OnWave = Callable[[Wave], None]


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
    provider_batch: ProviderBatch | None = None,
    schema: Mapping[str, Any] | type | None = None,
    on_start: OnStart | None = None,
    on_row: OnRow | None = None,
    on_wave: OnWave | None = None,
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
        provider_batch: Ask models in their providers' batches, at half the price: a layer takes minutes to a day. What
            is under way stands in `OUT.batches`. The same call goes on with it, wherever it was stopped.
        schema: A JSON Schema, a pydantic class or a TypedDict that each answer must fit: rows have it as `object`. An
            aggregator whose answer does not is asked once more, then the next one; a row without one is an error.
        on_start: Called with the sums before anything is asked.
        on_row: Called with each row once it is in the file, and the sums so far.
        on_wave: Called whenever a provider says how far its batches are.

    Returns:
        The sums. Questions are left, and `stopped` says why, where the budget was not enough, or where the first ten
        all failed alike. A question that fails is a row with an `error`.

    Raises:
        ConfigError: An option or a question is wrong, the file holds rows of other questions or another mixture, or
            another batch is at work on it; nothing has been asked yet. Or the file can not be written any more.
        Exception: Whatever a checkpointer raises that cannot keep what is under way, or read it.
    """
    return await batch_by(
        None,
        moa,
        questions,
        out,
        concurrency=concurrency,
        budget=budget,
        retry_errors=retry_errors,
        proposals=proposals,
        repeat=repeat,
        provider_batch=provider_batch,
        schema=schema,
        on_start=on_start,
        on_row=on_row,
        on_wave=on_wave,
    )


async def batch_by(
    asked_by: AskedBy | None,
    moa: Graph,
    questions: Questions,
    out: str | PathLike[str],
    *,
    concurrency: int,
    budget: Budget | None = None,
    retry_errors: bool = False,
    proposals: bool = True,
    repeat: int = 1,
    provider_batch: ProviderBatch | None = None,
    schema: Mapping[str, Any] | type | None = None,
    on_start: OnStart | None = None,
    on_row: OnRow | None = None,
    on_wave: OnWave | None = None,
) -> BatchReport:
    """Do what `abatch` does, whoever asks the questions.

    Args:
        asked_by: Who; None is this process.
        moa: The mixture, as it is in this process.
        questions: As for `abatch`, and so all others.
        out: The file of the rows.
        concurrency: Questions under way at once.
        budget: Bounds for the whole batch.
        retry_errors: Ask questions that failed again.
        proposals: Write what each proposer answered into the rows, too.
        repeat: How often each question is asked.
        provider_batch: How providers' batches are made.
        schema: What each answer must fit.
        on_start: Called with the sums before anything is asked.
        on_row: Called with each row once it is in the file.
        on_wave: Called whenever a provider says how far it is.

    Raises:
        ConfigError: As `abatch`.
    """
    mixture = check_mixture_of(moa, concurrency, budget)
    addresses = check_batched(moa, provider_batch, budget) if provider_batch else {}
    file, tally = RowFile(Path(out)), Tally(budget)
    check_apart(questions, file.path)
    check_repeat(repeat)
    form = form_of_schema(moa, schema) if schema is not None else None
    questions = Formed(questions, form) if form else questions
    questions = Repeated(questions, repeat) if repeat > 1 else questions
    with file.locked(), Ids() as ids, Ids() as tally.bounds:
        if not provider_batch:
            check_none_under_way(file.path)
        going = asked_by.going if asked_by else breathing
        await survey(moa, going(questions_in(questions)), ids, tally)
        await take_over(file, ids, tally, mixture=mixture, retry_errors=retry_errors, form=form)
        file.open()
        if on_start:
            on_start(tally.report())
        asks_live = provider_batch is not None and provider_batch.failed == "live"
        work = BatchWork(
            moa, questions, ids, file, tally, on_row, concurrency, retry_errors, proposals, asks_live, asked_by
        )
        if provider_batch:
            await ask_in_rounds(work, provider_batch, addresses, on_wave)
        else:
            await work.once()
    return tally.report()
