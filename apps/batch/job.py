"""One batch as a command line asked for it, from its store to its sums."""

from dataclasses import dataclass, field
from typing import Any

from ...core.batches.parcels import SentParcel
from ...core.bounds.budget import Budget
from ...evaluation.batch.batch import abatch
from ...evaluation.batch.cancelling import cancel_batches
from ...evaluation.batch.tally import BatchReport
from ...graphs.asked import models_asked
from ..garbage import freeze_what_stays
from ..settings.settings import Settings
from ..terminal import note
from .engine import RayEngine, made_anywhere, quiet_ray
from .files import BatchFiles
from .progress import BatchView
from .unfinished import unfinished_runs
from .waves import BatchFlags, terms_of


@dataclass(frozen=True)
class BatchJob:
    """Be what was asked for."""

    settings: Settings
    files: BatchFiles
    concurrency: int
    budget: Budget | None
    retry_errors: bool
    repeat: int
    keeps: bool
    proposals: bool
    batches: BatchFlags = field(default_factory=lambda: BatchFlags(None, cancels=False))
    schema: dict[str, Any] | None = None
    cluster: RayEngine | None = None

    async def cancel(self, view: BatchView) -> list[SentParcel]:
        """Cancel what is under way at providers, and show how far that is."""
        models = models_asked(self.settings.build(batched=True))
        return await cancel_batches(models, [self.files.rows], view.wave)

    async def run(self, view: BatchView) -> BatchReport:
        """Run the batch, and show how far it has come."""
        if self.cluster:
            return await self._on(self.cluster, view)
        async with unfinished_runs(self.files.rows, wanted=self.keeps) as store:

            def begin(sums: BatchReport) -> None:
                store.is_needed = True
                self.files.source.keep()
                for line in terms_of(moa, self.settings.prices) if self.batches.declared else ():
                    note(line)
                view.begin(sums)

            moa = self.settings.build(store.saver, batched=bool(self.batches.declared))
            freeze_what_stays()
            sums = await abatch(
                moa,
                self.files.questions,
                self.files.rows,
                concurrency=self.concurrency,
                budget=self.budget,
                retry_errors=self.retry_errors,
                proposals=self.proposals,
                repeat=self.repeat,
                on_start=begin,
                on_row=view.add,
                schema=self.schema,
                provider_batch=self.batches.declared,
                on_wave=view.wave,
            )
            store.is_needed = store.was_there and sums["left"] > 0
            return sums

    async def _on(self, cluster: RayEngine, view: BatchView) -> BatchReport:
        """Run it on a cluster, which keeps nothing but the rows."""
        from ...evaluation.cluster.ray_batch import ray_batch

        def begin(sums: BatchReport) -> None:
            self.files.source.keep()
            view.begin(sums)

        with quiet_ray():
            return await ray_batch(
                made_anywhere(self.settings, joined=cluster.address is not None),
                self.files.questions,
                self.files.rows,
                actors=cluster.actors,
                address=cluster.address,
                concurrency=self.concurrency,
                budget=self.budget,
                retry_errors=self.retry_errors,
                proposals=self.proposals,
                repeat=self.repeat,
                schema=self.schema,
                on_start=begin,
                on_row=view.add,
            )
