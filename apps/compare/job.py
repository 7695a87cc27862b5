"""What was asked for of a comparison, and how it is done."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer

from ...core.batches.declared import ProviderBatch
from ...core.batches.parcels import SentParcel
from ...core.bounds.budget import Budget
from ...core.models.capabilities import Model
from ...core.run.state import Graph
from ...evaluation.batch.batch import abatch
from ...evaluation.batch.cancelling import cancel_batches, files_with_batches
from ...evaluation.batch.questions import Question
from ...evaluation.batch.tally import BatchReport
from ...evaluation.comparing.cast import Cast
from ...evaluation.comparing.compare import compare_prepared
from ...evaluation.comparing.in_turn import left_of
from ...evaluation.comparing.measures import Comparison
from ...evaluation.comparing.preparing import Prepared, check_comparison
from ...evaluation.comparing.proposal_file import PROPOSALS, ProposalFile
from ...evaluation.comparing.role_systems import check_role_systems
from ...evaluation.comparing.wording import note_wording
from ...graphs.asked import models_asked
from ..batch.progress import BatchView
from ..batch.waves import tiers_unsent
from ..garbage import freeze_what_stays
from ..interrupts import INTERRUPTED, TERMINATED
from ..terminal import note, notes, sigterm_as_ctrl_c
from .equalise import Equaliser, Equalled
from .folder import rows_of_systems
from .pilot import Pilot
from .progress import Watch
from .roles import graphs_of_roles
from .specs import Spec


@dataclass(frozen=True, kw_only=True)
class Job:
    """Be a comparison that was asked for."""

    specs: Sequence[Spec]
    prepared: Prepared
    equal: str | None
    baseline: str | None
    budget: Budget | None
    concurrency: int
    retry_errors: bool
    seed: int
    margin: float
    repeat: int
    experiment: str | None
    batches: ProviderBatch | None
    cast: Cast | None = None
    """Who plays what, where roles are compared."""
    keep: Callable[[], None]
    """Called once it is clear that the questions are those of the rows that are there."""

    def estimated(self) -> dict[str, Graph]:
        """Build the systems as they will be asked, without asking any."""
        return self._graphs(asyncio.run(self._scaled(Path())).specs)

    def run(self, folder: Path | None) -> Comparison:
        """Compare, and say how to go on where it is stopped.

        Args:
            folder: The folder of the rows; None is one that is gone afterwards.
        """
        models = self._models()  # what cannot be built is told before a folder is made
        for line in tiers_unsent(models) if self.batches else ():
            note(line)
        watch = Watch()
        try:
            with sigterm_as_ctrl_c() as ending, rows_of_systems(folder, self.specs) as rows:
                note_wording(rows, self.prepared.is_marked)  # a pilot's rows may be the first
                return ending.run(self._compare(rows, watch))
        except KeyboardInterrupt:
            watch.end()
            how = "the same command goes on" if folder else "nothing is kept; with --keep DIR the same command goes on"
            sys.stderr.write(f"stopped: {how}{watch.under_way}\n")
            raise typer.Exit(TERMINATED if ending.terminated else INTERRUPTED) from None
        finally:
            watch.end()

    def cancel(self, folder: Path) -> list[SentParcel]:
        """Cancel what is under way at providers for systems and judge.

        Args:
            folder: The folder of the rows.
        """
        with BatchView(notes) as view:
            return asyncio.run(cancel_batches(self._models(), files_with_batches(folder), view.wave))

    def _models(self) -> list[Model]:
        """Return whom the systems ask, and the judge."""
        models = [model for graph in self._graphs(self.specs).values() for model in models_asked(graph)]
        judge = self.prepared.judge
        return [*models, judge.model] if judge else models

    async def _compare(self, folder: Path, watch: Watch) -> Comparison:
        scaled = await self._scaled(folder)
        watch.know({spec.label: spec.why for spec in scaled.specs})
        systems = self._graphs(scaled.specs, folder)
        freeze_what_stays()
        options: dict[str, Any] = {
            "baseline": scaled.renamed.get(self.baseline or "", self.baseline),
            "budget": left_of(self.budget, scaled.beside, by="the pilot"),
            "concurrency": self.concurrency,
            "seed": self.seed,
            "margin": self.margin,
            "repeat": self.repeat,
            "experiment": self.experiment,
        }
        check_comparison(systems, self.prepared.questions, **options)
        self.prepared.check_bounded(options["budget"])

        def begin(label: str, sums: BatchReport) -> None:
            self.keep()
            watch.begin(label, sums)

        comparison = await compare_prepared(
            systems,
            self.prepared,
            folder,
            retry_errors=self.retry_errors,
            on_start=begin,
            on_row=watch.add,
            on_judged=watch.judged,
            cast=self.cast,
            provider_batch=self.batches,
            on_wave=watch.wave,
            **options,
        )
        return replace(comparison, notes=[*scaled.notes, *comparison.notes])

    async def _scaled(self, folder: Path) -> Equalled:
        if not self.equal:
            return Equalled(list(self.specs))
        pilot = Pilot(self.equal, self.prepared.questions, folder, self._ask_few, self.budget)
        scaled = await Equaliser(pilot).scale(self.specs)
        for sentence in scaled.notes:
            note(sentence)
        return scaled

    async def _ask_few(self, graph: Graph, few: Sequence[Question], file: Path, budget: Budget | None) -> object:
        return await abatch(graph, few, file, concurrency=self.concurrency, budget=budget)

    def _graphs(self, specs: Sequence[Spec], folder: Path | None = None) -> dict[str, Graph]:
        """Build the systems; those of roles over the proposals of a folder."""
        if not self.cast:
            return {spec.label: spec.settings.build(batched=bool(self.batches)) for spec in specs}
        path = folder / PROPOSALS if folder else None
        file = ProposalFile(path, retry_errors=self.retry_errors, responses=self.prepared.cache)
        graphs = graphs_of_roles(self.cast, specs, file)
        check_role_systems(self.cast, graphs, is_marked=self.prepared.is_marked)
        return graphs
