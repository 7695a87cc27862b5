"""Cancel what is under way at providers for files of rows, and wait for its end."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ...core.batches.declared import ProviderBatch, Wave
from ...core.batches.journal import Journal
from ...core.batches.journal_file import JOURNAL_ENDING, journal_beside
from ...core.batches.parcels import SentParcel
from ...core.errors import ConfigError
from ...core.models.capabilities import Model
from ...core.wire.sending import Address
from .rounds import addresses_of, sending_of
from .rows import RowFile

_ENDS_S, _POLL_S = 60.0, 5.0
"""Seconds that the end of what was cancelled is waited for at most, and between two questions for it."""


async def cancel_batches(
    models: Iterable[Model],
    files: Iterable[Path],
    on_wave: Callable[[Wave], None] | None = None,
    *,
    seconds: float = _ENDS_S,
    poll_s: float = _POLL_S,
) -> list[SentParcel]:
    """Cancel what is under way at providers for files of rows, wait for its end, and return it as it is then.

    What was answered by then is billed, and stays beside the rows: the same mixture goes on from it, and another one
    may begin anew once nothing is under way.

    Args:
        models: Whose keys are used.
        files: The files.
        on_wave: Called whenever a provider says how far it is.
        seconds: How long to wait at most, for all of them.
        poll_s: How long to wait at most before a provider is asked again.

    Raises:
        ConfigError: Another process is at work on a file, or a provider refuses, or its batches are not of these
            models; what else was under way was cancelled.
    """
    addresses, clock = addresses_of(models), asyncio.get_running_loop().time
    ends, cancelled = clock() + seconds, list[SentParcel]()
    failure: ConfigError | None = None
    for file in files:
        if not journal_beside(file).exists():
            continue
        try:
            cancelled += await _cancelled(file, addresses, ProviderBatch(poll_s=poll_s), on_wave, ends - clock())
        except ConfigError as exc:  # the others go on, and are billed
            failure = failure or exc
    if failure:
        raise failure
    return cancelled


async def _cancelled(
    file: Path,
    addresses: Mapping[str, Address],
    declared: ProviderBatch,
    on_wave: Callable[[Wave], None] | None,
    seconds: float,
) -> list[SentParcel]:
    """Cancel what is under way for one file."""
    with RowFile(file).locked():
        journal = Journal(journal_beside(file), mixture=None)
        try:
            sending = await sending_of(journal, addresses, declared, on_wave)
            parcels = await sending.cancel(max(seconds, 0.0))
            if all(parcel.stage == "fetched" for parcel in parcels):
                journal.note_cancelled()
            return parcels
        finally:
            journal.close()


def files_with_batches(folder: Path) -> list[Path]:
    """Return the files of a folder beside which batches are known of, whether or not they are there."""
    return sorted(path.with_name(path.name.removesuffix(JOURNAL_ENDING)) for path in folder.glob(f"*{JOURNAL_ENDING}"))
