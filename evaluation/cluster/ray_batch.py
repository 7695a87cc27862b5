"""Run one mixture over many questions on a Ray cluster; rows are those of `abatch`, and either goes on from them."""

import asyncio
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ...core.bounds.budget import Budget
from ...core.checks import check_number
from ...core.errors import ConfigError
from ..batch.batch import OnStart, batch_by
from ..batch.questions import Questions, Row
from ..batch.survey import check_apart, check_mixture_of
from ..batch.tally import BatchReport, OnRow
from ..batch.workers import AskedBy
from .answering import Make, bounds_of, limits_in
from .cluster_file import ClusterFile, in_a_thread, is_url
from .joining import part_of_cluster
from .metrics import RowMetrics
from .pool import ActorPool

_MOST_ACTORS = 10_000


async def ray_batch(
    make: Make,
    questions: Questions,
    out: str | PathLike[str],
    *,
    actors: int | None = None,
    address: str | None = None,
    concurrency: int = 8,
    budget: Budget | None = None,
    retry_errors: bool = False,
    proposals: bool = True,
    repeat: int = 1,
    schema: Mapping[str, Any] | type | None = None,
    on_start: OnStart | None = None,
    on_row: OnRow | None = None,
) -> BatchReport:
    """Put many questions to a mixture that runs on the machines of a Ray cluster, with a row for each in one file.

    Ray Data reads the questions, actors answer them, each with a mixture of its own, and this process writes the rows:
    each once, however many actors or machines die. Called again with the same file, it goes on, and so does `abatch`.
    `Limits` hold for all actors together, and so does the budget. It needs the extra `ray`.

        def mixture():
            return create_moa(proposers=["openai:gpt-6-luna", "together:zai-org/GLM-5"], aggregator="openai:gpt-6-sol")

        report = asyncio.run(ray_batch(mixture, "s3://bucket/questions.jsonl", "rows.jsonl", address="auto"))

    Args:
        make: Builds the mixture, here and in every actor. Keys are read from the environment of each machine; none
            may be written into it, for it travels through the cluster.
        questions: A file, JSON Lines or Parquet, of this machine or by an address such as s3:// and gs://; or what
            `abatch` takes. They are gone through twice.
        out: The file of the rows, on this machine.
        actors: How many answer; None is one for each CPU of the cluster.
        address: Of a cluster to join, `host:port` or `auto`; None starts one on this machine, and ends it.
        concurrency: Questions under way at once in each actor.
        budget: As for `abatch`: it bounds the whole batch, wherever it runs.
        retry_errors: As for `abatch`, and so the rest.
        proposals: Write what each proposer answered into the rows, too.
        repeat: How often each question is asked.
        schema: As for `abatch`.
        on_start: Called with the sums before anything is asked.
        on_row: Called with each row once it is in the file, and the sums so far.

    Returns:
        The sums, as of `abatch`; `lost` says what died on the way.

    Raises:
        ConfigError: As `abatch`, or the cluster cannot be joined, or has no room for an actor, or the mixture cannot be
            built there.
        MissingExtra: Ray is not installed.
    """
    if actors is not None:
        check_number("actors", actors, minimum=1, whole=True, most=_MOST_ACTORS)
    if not callable(make):
        raise ConfigError(
            f"found {type(make).__name__} as what makes the mixture, expected a function that returns one, for every "
            "actor makes its own; pass the function that calls create_moa"
        )
    moa = make()
    mixture = check_mixture_of(moa, concurrency, budget)
    if isinstance(questions, str | PathLike) and not is_url(questions):
        check_apart(questions, Path(out))
    limits = [bounds_of(limit) for limit in limits_in(moa)]
    async with part_of_cluster(address, actors) as ray:
        wanted = actors or max(int(ray.cluster_resources().get("CPU", 1)), 1)
        given = ClusterFile(ray, questions) if isinstance(questions, str | PathLike) else questions
        metrics = RowMetrics()
        pool = ActorPool(ray, make, mixture, limits, Path(out), proposals, concurrency)

        def begin(sums: BatchReport) -> None:
            if on_start:
                on_start(sums)
            if sums["left"] or retry_errors:
                pool.start(min(wanted, -(-sums["questions"] // concurrency)))

        def show(row: Row, sums: BatchReport) -> None:
            metrics.add(row, sums)
            if on_row:
                on_row(row, sums)

        try:
            return await batch_by(
                AskedBy(ask=pool.ask, going=in_a_thread),
                moa,
                given,
                out,
                concurrency=wanted * concurrency,
                budget=budget,
                retry_errors=retry_errors,
                repeat=repeat,
                schema=schema,
                on_start=begin,
                on_row=show,
            )
        finally:
            pool.close()
            if isinstance(given, ClusterFile):
                await asyncio.shield(asyncio.to_thread(given.close))
