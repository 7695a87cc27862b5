"""Let a judge's verdicts come in providers' batches: both looks at all pairs are one wave."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from ...core.batches.declared import ProviderBatch, Wave
from ...core.batches.deferring import Deferred, Deferring
from ...core.batches.journal import Journal, check_none_under_way
from ...core.batches.journal_file import journal_beside
from ...core.deferral import deferred_by
from ...core.models.servers import SERVERS
from ...core.ordinary import on_the_disk
from ...core.panel.seats import Seat
from ..batch.rounds import addresses_of, sending_of
from ..batch.rows import RowFile
from .jury import Jury

_T = TypeVar("_T")


async def judge_all(
    judge: Callable[[Jury], Awaitable[_T]],
    begin: Callable[[], Jury],
    seat: Seat,
    file: Path,
    declared: ProviderBatch | None,
    on_wave: Callable[[Wave], None] | None,
) -> tuple[_T, Jury]:
    """Judge, and again with what came of it, until all verdicts are there.

    Args:
        judge: Has a jury give all verdicts.
        begin: Makes a jury that knows the verdicts that are there.
        seat: The judge.
        file: The file of its verdicts; what is under way stands beside it.
        declared: How batches are made; None asks for all verdicts now.
        on_wave: Called whenever a provider says how far it is.

    Raises:
        ConfigError: The judge cannot be asked in batches, or its provider refuses; or it is at work already.
    """
    with RowFile(file).locked():
        if declared:
            return await _in_batches(judge, begin, seat, file, declared, on_wave)
        check_none_under_way(file)
        jury = begin()
        return await judge(jury), jury


async def _in_batches(
    judge: Callable[[Jury], Awaitable[_T]],
    begin: Callable[[], Jury],
    seat: Seat,
    file: Path,
    declared: ProviderBatch,
    on_wave: Callable[[Wave], None] | None,
) -> tuple[_T, Jury]:
    addresses = addresses_of([seat.model], declared)
    # All verdicts are written before any of them is forgotten: at the end.
    journal = Journal(
        journal_beside(file), mixture=f"the judge {seat.label}", before_forgetting=lambda: on_the_disk(file)
    )
    try:
        sending = await sending_of(journal, addresses, declared, on_wave)
        while True:
            jury, deferring = begin(), Deferring(journal, "verdicts", live=frozenset(sending.live))
            waits = True
            with SERVERS.apart(), deferred_by(deferring), suppress(Deferred):
                verdicts = await judge(jury)
                waits = False
            if not deferring.check_unchanged("the judge"):
                continue
            if not waits:
                break
            journal.save()
            journal.begins_anew = False
            await sending.wave()
    finally:
        journal.close()
    journal.remove()
    return verdicts, jury
