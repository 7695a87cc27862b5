"""Send what a journal holds, ask how far it is, and fetch what came of it; after a kill, take up what was under way."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from functools import partial
from uuid import uuid4

from ..errors import ConfigError
from ..text import one_line
from ..wire.refusals import ServerError, UnreadableAnswer, may_pass
from .bringing import FIRST_PAUSE, LONGEST_PAUSE, Bringing, NotTaken, backoff, jitter, passes
from .declared import ProviderBatch, Wave
from .journal import RequestState
from .parcels import Parcels, SentParcel, undisturbed
from .provider import BatchProvider, BatchResult, BatchStatus, refusals_explained
from .tiers import batch_limits

_GROWTH = 1.5
_AT_ONCE = 500
"""Answers that are written down together."""
_UNKNOWN = 10
"""How often in a row a provider may know nothing of a batch before it is believed, or say what nobody can read: it may
be there a minute later."""
_ALL = 2**31
"""More batches than a request is ever in."""
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
        self._parcels, self._declared, self._on_wave = parcels, declared, on_wave
        self._bringing = Bringing(parcels, providers, declared.poll_s)
        self._most: dict[tuple[str, str], int] = {}
        """How many requests a batch may hold where more were too much."""
        self._full: set[tuple[str, str]] = set()
        """The models for whose requests there was no room."""
        self._pauses = 0
        self._missing: Counter[int] = Counter()
        self._waves = 0

    async def wave(self) -> bool:
        """Send what waits, and wait until all that is under way has come back; tell whether anything was to be.

        Raises:
            ConfigError: A provider takes no batches, or refuses, or the journal cannot be written.
        """
        with refusals_explained():
            return await self._wave()

    async def _wave(self) -> bool:
        await self._pack()
        await self._wait_for_room()
        brought = set[int]()
        while ahead := [
            sent for sent in self._parcels.under_way() if sent.stage != "created" and sent.number not in brought
        ]:
            for sent in ahead:  # of which one may turn out to be too large, and be two others
                brought.add(sent.number)
                await self._bring(sent)
        numbers = [sent.number for sent in self._parcels.under_way() if sent.stage == "created"]
        if not numbers:
            return bool(brought)  # what was refused may wait again
        self._waves += 1
        await self._come_back(numbers)
        return True

    async def _wait_for_room(self) -> None:
        """Wait longer each time in a row that a provider had no room for something."""
        if not self._full or not self._parcels.under_way():
            self._pauses = 0
            return
        await asyncio.sleep(backoff(self._pauses, self._declared.poll_s))
        self._pauses += 1

    async def cancel(self, seconds: float) -> list[SentParcel]:
        """Ask providers to cancel what is under way there, wait for its end, and return it as it is then.

        What was not sent yet waits again; so does what was not answered of a batch that has ended.

        Args:
            seconds: How long to wait at most.

        Raises:
            ConfigError: A provider refuses.
        """
        with refusals_explained():
            numbers = await self._cancelled()
            if numbers:
                self._waves += 1
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._come_back(numbers)
        return [self._parcels.parcel(number) for number in numbers]

    async def _cancelled(self) -> list[int]:
        for sent in self._parcels.under_way():
            is_there = sent.stage == "created" or (sent.stage == "creating" and await self._bringing.is_there(sent))
            if not is_there:
                await self._loose(sent)
            elif batch := self._parcels.parcel(sent.number).batch:
                try:
                    self._parcels.note_status(sent.number, await self._bringing.provider(sent).cancel(batch))
                except ServerError as exc:
                    if exc.status_code not in (400, 404, 409):  # it has ended, or is gone
                        raise
        return [sent.number for sent in self._parcels.under_way()]

    async def _pack(self) -> None:
        """Put all that waits into parcels, as large as its provider takes."""
        for waiting in await undisturbed(self._parcels.waiting):
            limits = batch_limits(waiting.server)
            model = waiting.model if limits.models is not None else None
            few = self._most.get((waiting.server, model or ""))
            most = min(limits.requests, few or limits.requests)
            while await self._packed(waiting.server, model, most):
                if few:  # one at a time, until there is room again
                    break

    async def _packed(self, server: str, model: str | None, most: int) -> SentParcel | None:
        name, most_bytes = f"langgraph-moa-{uuid4().hex[:12]}", batch_limits(server).bytes - 2**20
        return await undisturbed(
            partial(self._parcels.pack, server, name, model=model, most=most, most_bytes=most_bytes)
        )

    async def _bring(self, sent: SentParcel) -> None:
        """Have a parcel's batch created, or decide what becomes of its requests."""
        try:
            await self._bringing.bring(sent)
        except NotTaken as exc:
            match exc.why:
                case "no batches":
                    await self._without_batches(sent, exc.exc)
                case "too large":
                    await self._split(sent, exc)
                case "full":
                    self._tell_full(sent, str(exc))
                case "refused":  # as some servers refuse at once what others find out later
                    note = one_line(
                        f"{sent.server} refused a batch of {sent.model or 'several models'}: {exc}", limit=300
                    )
                    self._on_wave(Wave(self._waves, (), note))
                    await self._forget(sent)
                    await self._settle(sent, f"its batch was refused: {exc}", is_free=True)

    async def _split(self, sent: SentParcel, exc: NotTaken) -> None:
        """Send a parcel that is too large as two; a request that is too large alone fails for good."""
        await self._forget(sent)
        if sent.requests == 1:
            await self._settle(sent, f"it is too large for a batch: {exc}", is_final=True, is_free=True)
            return
        await self._loose(sent)
        for _ in range(2):
            await self._packed(sent.server, sent.model or None, -(-sent.requests // 2))

    def _tell_full(self, sent: SentParcel, why: str) -> None:
        self._full.add((sent.server, sent.model))
        note = one_line(f"{sent.server} has no room for more, and is asked again until it has: {why}", limit=300)
        self._on_wave(Wave(self._waves, (), note))

    async def _come_back(self, numbers: list[int]) -> None:
        """Ask until all have ended, and fetch what came of each as soon as it has."""
        seconds = min(FIRST_PAUSE, self._declared.poll_s)
        self._tell(numbers)
        while True:
            wanted, note = 0.0, None
            for sent in [one for one in map(self._parcels.parcel, numbers) if one.stage != "fetched"]:
                try:
                    status = await self._bringing.provider(sent).poll(str(sent.batch))
                    self._parcels.note_status(sent.number, status)
                    wanted = max(wanted, status.seconds or 0.0)
                    if status.has_ended:
                        await self._fetch(sent, status)
                    del self._missing[sent.number]
                except ServerError as exc:
                    if exc.status_code == 404 or isinstance(exc, UnreadableAnswer):
                        await self._miss(sent, exc)
                    elif not passes(exc):
                        raise
                    wanted = max(wanted, exc.retry_after or 0.0)
                    note = one_line(f"{sent.server} cannot be asked now: {exc}", limit=300)
            open_ = [number for number in numbers if self._parcels.parcel(number).stage != "fetched"]
            self._tell(numbers, note, ended=not open_)
            if not open_:
                return
            await asyncio.sleep(max(seconds * jitter(), min(wanted, LONGEST_PAUSE)))
            seconds = min(seconds * _GROWTH, self._declared.poll_s)

    async def _miss(self, sent: SentParcel, exc: ServerError) -> None:
        """Take a batch, or what came of it, for gone once its provider has said so often enough.

        Raises:
            ServerError: What it says could not be read as often: nobody knows what became of it.
        """
        self._missing[sent.number] += 1
        if self._missing[sent.number] < _UNKNOWN:
            return
        if exc.status_code != 404:
            raise exc
        await self._settle(sent, f"the provider does not know the batch {sent.shown} any more")

    async def _fetch(self, sent: SentParcel, status: BatchStatus) -> None:
        """Write down what came of a batch, and decide on what it did not answer."""
        provider, key = self._bringing.provider(sent), (sent.server, sent.model)
        if status.outputs:
            await self._bringing.patient(lambda: self._store(provider, sent, status))
        await self._forget(sent)
        if status.is_full:  # which is no try: it goes on in smaller ones, once there is room
            self._most[key] = max(1, sent.requests // 2)
            self._tell_full(sent, str(status.error))
            return await self._loose(sent)
        self._full.discard(key)
        if status.state == "completed" and key in self._most:
            self._most[key] *= 2
        why = f"the batch {status.batch} {_ENDS.get(status.state, 'ended')} before it was answered"
        why = f"{why}: {status.error}" if status.error else why
        was_none_asked = status.state != "completed" and not status.outputs
        await self._settle(sent, why, is_late=status.state == "expired", is_free=was_none_asked)
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

    async def _loose(self, sent: SentParcel) -> None:
        """Let the requests of a parcel wait again, as if they had never been in it."""
        await undisturbed(partial(self._parcels.settle, sent.number, why="", tries=_ALL, state="failed", counts=False))

    async def _settle(
        self, sent: SentParcel, why: str, *, is_late: bool = False, is_final: bool = False, is_free: bool = False
    ) -> None:
        declared = self._declared
        tries = declared.tries if declared.failed == "again" and not is_final else None
        state: RequestState = "live" if declared.failed == "live" else "expired" if is_late else "failed"
        why = one_line(why, limit=400)
        await undisturbed(
            partial(self._parcels.settle, sent.number, why=why, tries=tries, state=state, is_free=is_free)
        )

    async def _without_batches(self, sent: SentParcel, exc: ServerError) -> None:
        if self._declared.failed != "live":
            raise ConfigError(
                f"found no batches at {sent.server} (HTTP {exc.status_code}), expected /files and /batches beside "
                "/chat/completions; leave --provider-batch out, or let it be asked at once, at its full price: "
                "--batch-failed live"
            ) from exc
        self.live.add(sent.server)
        await undisturbed(partial(self._parcels.settle, sent.number, why="", tries=None, state="live"))
        self._on_wave(Wave(self._waves, (), f"{sent.server} takes no batches, and is asked at once"))

    async def _forget(self, sent: SentParcel) -> None:
        sent = self._parcels.parcel(sent.number)  # with its file
        try:
            await self._bringing.provider(sent).forget(self._parcels.as_parcel(sent))
        except ServerError as exc:  # a file that stays costs nothing
            _log.debug("%s: the file %s stays: %s", sent.server, sent.file, exc)

    def _tell(self, numbers: list[int], note: str | None = None, *, ended: bool = False) -> None:
        self._on_wave(Wave(self._waves, tuple(map(self._parcels.parcel, numbers)), note, ended))


_ENDS = {"completed": "ended", "failed": "failed", "expired": "expired", "cancelled": "was cancelled"}
