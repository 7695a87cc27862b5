"""Send what a journal holds, ask how far it is, and fetch what came of it; after a kill, take up what was under way."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TypeVar
from uuid import uuid4

from ..clock import unix_time
from ..errors import ConfigError
from ..text import one_line
from ..wire.refusals import ServerError, may_pass
from .declared import ProviderBatch, Wave
from .parcels import Parcels, SentParcel
from .provider import BatchProvider, BatchResult, BatchStatus, refusals_explained
from .tiers import batch_limits

_T = TypeVar("_T")
_FIRST_POLL, _GROWTH = 1.0, 1.5
_LONGEST_PAUSE = 300.0
"""Seconds that a provider which fails is left alone at most, and one that asks for more."""
_AT_ONCE = 500
"""Answers that are written down together."""
_TRIES = 8
"""How often a file is sent, or an end asked for, where that fails in passing."""
_UNKNOWN = 10
"""How often in a row a provider may know nothing of a batch before it is believed: it may be there a minute later."""
_NO_BATCHES = {404, 405, 501}
_log = logging.getLogger(__name__)


class Sending:
    """Be the batches of a journal."""

    def __init__(
        self,
        parcels: Parcels,
        providers: Mapping[str, BatchProvider],
        declared: ProviderBatch,
        on_wave: Callable[[Wave], None] = lambda wave: None,
    ) -> None:
        """Take up what is under way.

        Args:
            parcels: What was sent, and is to be.
            providers: Who takes batches, by the address that is asked.
            declared: How often to ask, and what becomes of what failed.
            on_wave: Called whenever anything is known of what is under way.
        """
        self.live: set[str] = set()
        """The servers that take no batches, and are asked at once where what failed may be."""
        self._parcels, self._providers, self._declared, self._on_wave = parcels, providers, declared, on_wave
        self._most: dict[tuple[str, str], int] = {}
        """How many requests a batch may hold where more were too much."""
        self._missing: Counter[int] = Counter()
        self._waves = 0

    async def wave(self) -> bool:
        """Send what waits, and wait until all that is under way has come back; tell whether anything was.

        Raises:
            ConfigError: A provider takes no batches, or refuses, or the journal cannot be written.
        """
        with refusals_explained():
            return await self._wave()

    async def _wave(self) -> bool:
        for sent in self._parcels.under_way():
            if sent.stage != "created":
                await self._bring(sent, resumed=True)
        self._pack()
        for sent in self._parcels.under_way():
            if sent.stage != "created":
                await self._bring(sent, resumed=False)
        numbers = [sent.number for sent in self._parcels.under_way() if sent.stage == "created"]
        if not numbers:
            return False
        self._waves += 1
        await self._come_back(numbers)
        return True

    async def cancel(self) -> list[SentParcel]:
        """Ask providers to cancel what is under way there, and return it; what was not sent yet waits again.

        Raises:
            ConfigError: A provider refuses.
        """
        with refusals_explained():
            return await self._cancelled()

    async def _cancelled(self) -> list[SentParcel]:
        for sent in self._parcels.under_way():
            is_there = sent.stage == "created" or (sent.stage == "creating" and await self._found(sent))
            if not is_there:
                self._parcels.settle(sent.number, why="", tries=2**31, state="failed", counts=False)
            elif batch := self._parcels.parcel(sent.number).batch:
                try:
                    self._parcels.note_status(sent.number, await self._provider(sent).cancel(batch))
                except ServerError as exc:
                    if exc.status_code not in (400, 404, 409):  # it has ended, or is gone
                        raise
        return self._parcels.under_way()

    def _pack(self) -> None:
        """Put all that waits into parcels, as large as its provider takes."""
        for waiting in self._parcels.waiting():
            limits = batch_limits(waiting.server)
            model = waiting.model if limits.models is not None else None
            few = self._most.get((waiting.server, model or ""))
            most = min(limits.requests, few or limits.requests)
            name = f"langgraph-moa-{uuid4().hex[:12]}"
            while self._parcels.pack(waiting.server, name, model=model, most=most, most_bytes=limits.bytes - 2**20):
                if few:  # one at a time, until there is room again
                    break

    async def _bring(self, sent: SentParcel, *, resumed: bool) -> None:
        """Upload a parcel and have its batch created; what may have been created already is looked for first."""
        provider = self._provider(sent)
        try:
            if sent.stage == "uploading":
                parcel = self._parcels.as_parcel(sent)
                file = await self._patient(lambda: provider.upload(parcel))
                self._parcels.note_stage(sent.number, "creating", file=file, began=unix_time())
                sent, resumed = self._parcels.parcel(sent.number), False
            if not (resumed and await self._found(sent)):
                await self._create(provider, sent)
        except ServerError as exc:
            if exc.status_code in _NO_BATCHES:
                self._without_batches(sent, exc)
            elif exc.status_code == 400:  # as some servers refuse at once what others find out later
                await self._forget(provider, sent)
                self._settle(sent, f"its batch was refused: {exc}")
            elif exc.status_code != 429 or all(other.stage != "created" for other in self._parcels.under_way()):
                raise  # else there may be room once others have come back

    async def _create(self, provider: BatchProvider, sent: SentParcel) -> None:
        """Have a batch created, once: where nobody knows whether it was, it is looked for before it is again."""
        parcel = self._parcels.as_parcel(sent)
        for attempt in range(_TRIES):
            try:
                self._parcels.note_status(sent.number, await provider.create(parcel))
            except ServerError as exc:
                if attempt == _TRIES - 1 or not _may_pass(exc):
                    raise
                await self._pause(attempt, exc)
                if await self._found(sent):
                    return
            else:
                return

    async def _found(self, sent: SentParcel) -> bool:
        """Look for a batch that may have been created."""
        parcel, others = self._parcels.as_parcel(sent), self._parcels.batches(sent.server)
        provider = self._provider(sent)
        status = await self._patient(lambda: provider.find(parcel, others))
        if status:
            self._parcels.note_status(sent.number, status)
        return status is not None

    async def _come_back(self, numbers: list[int]) -> None:
        """Ask until all have ended, and fetch what came of each as soon as it has."""
        seconds = min(_FIRST_POLL, self._declared.poll_s)
        self._tell(numbers)
        while True:
            wanted, note = 0.0, None
            for sent in [one for one in map(self._parcels.parcel, numbers) if one.stage != "fetched"]:
                try:
                    status = await self._provider(sent).poll(str(sent.batch))
                    self._parcels.note_status(sent.number, status)
                    wanted = max(wanted, status.seconds or 0.0)
                    if status.has_ended:
                        await self._fetch(sent, status)
                    del self._missing[sent.number]
                except ServerError as exc:
                    if exc.status_code == 404:
                        self._miss(sent)
                    elif not _may_pass(exc):
                        raise
                    wanted = max(wanted, exc.retry_after or 0.0)
                    note = one_line(f"{sent.server} cannot be asked now: {exc}", limit=300)
            open_ = [number for number in numbers if self._parcels.parcel(number).stage != "fetched"]
            self._tell(numbers, note, ended=not open_)
            if not open_:
                return
            await asyncio.sleep(max(seconds * _jitter(), min(wanted, _LONGEST_PAUSE)))
            seconds = min(seconds * _GROWTH, self._declared.poll_s)

    def _miss(self, sent: SentParcel) -> None:
        """Take a batch, or what came of it, for gone once its provider has said so often enough."""
        self._missing[sent.number] += 1
        if self._missing[sent.number] >= _UNKNOWN:
            self._settle(sent, f"the provider does not know the batch {sent.batch} any more")

    async def _fetch(self, sent: SentParcel, status: BatchStatus) -> None:
        """Write down what came of a batch, and decide on what it did not answer."""
        provider = self._provider(sent)
        if status.outputs:
            await self._patient(lambda: self._store(provider, sent, status))
        if status.is_full:
            return await self._wait_for_room(provider, sent, status)
        key = (sent.server, sent.model)
        if status.state == "completed" and key in self._most:
            self._most[key] *= 2
        why = f"the batch {status.batch} {_ENDS.get(status.state, 'ended')} before it was answered"
        await self._forget(provider, sent)
        self._settle(sent, f"{why}: {status.error}" if status.error else why, is_late=status.state == "expired")
        return None

    async def _store(self, provider: BatchProvider, sent: SentParcel, status: BatchStatus) -> None:
        together: list[BatchResult] = []
        async with aclosing(provider.results(status)) as results:
            async for result in results:
                together.append(result)
                if len(together) >= _AT_ONCE:
                    self._parcels.store(sent.number, together, may_pass)
                    together = []
        self._parcels.store(sent.number, together, may_pass)

    async def _wait_for_room(self, provider: BatchProvider, sent: SentParcel, status: BatchStatus) -> None:
        """Send the requests of a batch that was too much again, in smaller ones, once others have ended."""
        await self._forget(provider, sent)
        if sent.requests == 1:
            self._settle(sent, f"the batch {status.batch} was refused: {status.error}")
            return
        self._most[(sent.server, sent.model)] = max(1, sent.requests // 2)
        self._parcels.settle(sent.number, why="", tries=2**31, state="failed", counts=False)

    def _settle(self, sent: SentParcel, why: str, *, is_late: bool = False) -> None:
        declared = self._declared
        tries = declared.tries if declared.failed == "again" else None
        self._parcels.settle(
            sent.number,
            why=one_line(why, limit=400),
            tries=tries,
            state="live" if declared.failed == "live" else "expired" if is_late else "failed",
        )

    def _without_batches(self, sent: SentParcel, exc: ServerError) -> None:
        if self._declared.failed != "live":
            raise ConfigError(
                f"found no batches at {sent.server} (HTTP {exc.status_code}), expected /files and /batches beside "
                "/chat/completions; leave --provider-batch out, or let it be asked at once, at its full price: "
                "--batch-failed live"
            ) from exc
        self.live.add(sent.server)
        self._parcels.settle(sent.number, why="", tries=None, state="live")
        self._on_wave(Wave(self._waves, (), f"{sent.server} takes no batches, and is asked at once"))

    async def _forget(self, provider: BatchProvider, sent: SentParcel) -> None:
        try:
            await provider.forget(self._parcels.as_parcel(sent))
        except ServerError as exc:  # a file that stays costs nothing
            _log.debug("%s: the file %s stays: %s", sent.server, sent.file, exc)

    def _provider(self, sent: SentParcel) -> BatchProvider:
        try:
            return self._providers[sent.server]
        except KeyError:
            raise ConfigError(
                f"found batches at {sent.server} in the journal, expected those of {', '.join(self._providers)}; go on "
                "with the models that it was begun with"
            ) from None

    async def _patient(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Ask for what may be asked for twice, as often as it takes."""
        for attempt in range(_TRIES - 1):
            try:
                return await ask()
            except ServerError as exc:
                if not _may_pass(exc):
                    raise
                await self._pause(attempt, exc)
        return await ask()

    async def _pause(self, attempt: int, exc: ServerError) -> None:
        backoff = min(_FIRST_POLL * 2**attempt, self._declared.poll_s) * _jitter()
        await asyncio.sleep(max(backoff, min(exc.retry_after or 0.0, _LONGEST_PAUSE)))

    def _tell(self, numbers: list[int], note: str | None = None, *, ended: bool = False) -> None:
        self._on_wave(Wave(self._waves, tuple(map(self._parcels.parcel, numbers)), note, ended))


_ENDS = {"completed": "ended", "failed": "failed", "expired": "expired", "cancelled": "was cancelled"}


def _may_pass(exc: ServerError) -> bool:
    return exc.is_retryable or (exc.status_code is not None and may_pass(exc.status_code))


def _jitter() -> float:
    return 1 - random.random() / 4  # noqa: S311 - no secret
