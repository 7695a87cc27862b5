"""Send what a journal holds, ask how far it is, and fetch what came of it; after a kill, take up what was under way."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from uuid import uuid4

from ..errors import ConfigError
from ..text import one_line
from ..wire.refusals import ServerError, UnreadableAnswer
from ..wire.waiting import jitter
from .bringing import FIRST_PAUSE, LONGEST_PAUSE, Bringing, NotTaken, backoff, passes
from .declared import ProviderBatch, Wave
from .parcels import Parcels, SentParcel, undisturbed
from .provider import BatchProvider, BatchStatus, refusals_explained
from .settling import Settling
from .tiers import batch_limits

_GROWTH = 1.5
_UNKNOWN = 10
"""How often in a row a provider may know nothing of a batch before it is believed, or say what nobody can read: it may
be there a minute later."""
_NO_NEWS = "does not tell what became of its batches"
_NO_CANCELLING = "does not cancel its batches, which go on and are billed"


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
        self._settling = Settling(parcels, declared, self._bringing.provider)
        self._waves = 0

    async def wave(self) -> bool:
        """Send what waits, and wait until all that is under way has come back; tell whether anything was to be.

        Raises:
            ConfigError: A provider takes no batches, or refuses, or the journal cannot be written.
        """
        await self._cancel_unwanted()
        with refusals_explained():
            brought = await self._bring_all()
        numbers = [sent.number for sent in self._parcels.under_way() if sent.stage == "created"]
        if not numbers:
            return bool(brought)  # what was refused may wait again
        self._waves += 1
        await self._come_back(numbers)
        return True

    async def _bring_all(self) -> set[int]:
        await self._pack()
        await self._wait_for_room()
        brought = set[int]()
        while ahead := [
            sent for sent in self._parcels.under_way() if sent.stage != "created" and sent.number not in brought
        ]:
            for sent in ahead:  # of which one may turn out to be too large, and be two others
                brought.add(sent.number)
                await self._bring(sent)
        return brought

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
            ConfigError: A provider refuses to cancel one; all others were cancelled.
        """
        self._settling.is_cancelling = True
        with refusals_explained(_NO_CANCELLING):
            await self._cancel_all()
        numbers = [sent.number for sent in self._parcels.under_way()]
        if numbers:
            self._waves += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._come_back(numbers)
        for number in self._settling.overdue.intersection(sent.number for sent in self._parcels.under_way()):
            self._parcels.give_up(number)
            await self._settling.requeue(self._parcels.parcel(number))
        return [self._parcels.parcel(number) for number in numbers]

    async def _cancel_all(self) -> None:
        """Ask that all be cancelled, and raise why one was not once the others are."""
        failure: Exception | None = None
        for sent in self._parcels.under_way():
            try:
                if not await self._bringing.cancel(sent):
                    await self._let_go(sent)
            except (ServerError, ConfigError) as exc:
                failure = failure or exc
        if failure:
            raise failure

    async def _cancel_unwanted(self) -> None:
        """Cancel batches of whose requests none is wanted any more; what cannot be cancelled now is waited for."""
        for sent in self._parcels.unwanted():
            try:
                is_there = await self._bringing.cancel(sent)
            except ServerError as exc:
                if self._parcels.parcel(sent.number).stage != "created":  # nobody knows of it but this journal
                    with refusals_explained(_NO_CANCELLING):
                        raise
                note = f"{sent.server} {_NO_CANCELLING}, though no question needs {sent.shown or 'one'} any more: {exc}"
                self._on_wave(Wave(self._waves, (), one_line(note, limit=300)))
                continue
            if not is_there or self._parcels.parcel(sent.number).is_certain:
                await self._let_go(sent)

    async def _let_go(self, sent: SentParcel) -> None:
        await self._settling.forget(sent)
        await self._settling.requeue(sent)

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
                    await self._settling.forget(sent)
                    note = f"{sent.server} refused a batch of {sent.model or 'several models'}: {exc}"
                    self._on_wave(Wave(self._waves, (), one_line(note, limit=300)))
                    await self._settling.settle(sent, f"its batch was refused: {exc}", is_free=True)

    async def _split(self, sent: SentParcel, exc: NotTaken) -> None:
        """Send a parcel that is too large as two; a request that is too large alone fails for good."""
        await self._settling.forget(sent)
        if sent.requests == 1:
            await self._settling.settle(sent, f"it is too large for a batch: {exc}", is_final=True, is_free=True)
            return
        await self._settling.requeue(sent)
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
                    note = await self._ask(sent) or note
                except ServerError as exc:
                    wanted = max(wanted, exc.retry_after or 0.0)
                    note = f"{sent.server} cannot be asked now: {exc}"
            open_ = [number for number in numbers if self._parcels.parcel(number).stage != "fetched"]
            self._tell(numbers, note and one_line(note, limit=300), ended=not open_)
            self._settling.check_account()
            if not open_:
                return
            await asyncio.sleep(max(seconds * jitter(), min(wanted, LONGEST_PAUSE)))
            seconds = min(seconds * _GROWTH, self._declared.poll_s)

    async def _ask(self, sent: SentParcel) -> str | None:
        """Ask for one, and fetch it if it has ended; return what else there is to say of it.

        Raises:
            ServerError: It cannot be asked for now.
            ConfigError: It cannot be asked for.
        """
        try:
            status = await self._bringing.provider(sent).poll(str(sent.batch))
            self._parcels.note_status(sent.number, status)
            if status.has_ended:
                return await self._fetch(sent, status)
        except ServerError as exc:
            if exc.status_code == 404 or isinstance(exc, UnreadableAnswer):
                if self._waits_on(sent):
                    raise
                if exc.status_code == 404:
                    why = f"the provider does not know the batch {sent.shown} any more"
                    await self._settling.settle(sent, why)
                    raise
            elif passes(exc):
                raise
            with refusals_explained(_NO_NEWS):
                raise
        del self._missing[sent.number]
        return self._settling.oddness(sent, status)

    def _waits_on(self, sent: SentParcel) -> bool:
        """Tell whether what is not there yet is asked for again: its provider has not said so often enough."""
        self._missing[sent.number] += 1
        return self._missing[sent.number] < _UNKNOWN

    async def _fetch(self, sent: SentParcel, status: BatchStatus) -> str | None:
        """Write down what came of a batch, and decide on what it did not answer; return why that waits."""
        key = sent.server, sent.model
        if status.outputs:
            await self._bringing.patient(lambda: self._settling.store(sent, status))
        results = status.completed + status.failed or (status.state == "completed" and not status.outputs)
        if self._parcels.missing(sent.number, results) and self._waits_on(sent):
            return f"{sent.server} has not handed over all answers of the batch {sent.shown} yet, and is asked again"
        await self._settling.forget(sent)
        if status.is_full:  # which is no try: it goes on in smaller ones, once there is room
            self._most[key] = max(1, sent.requests // 2)
            self._tell_full(sent, str(status.error))
            await self._settling.requeue(sent)
            return None
        if status.is_accounts:
            self._settling.note_refusal(sent, status.error)
        if self._settling.refusal and self._settling.refusal[0] == sent.server:
            await self._settling.requeue(sent)
            return None
        self._full.discard(key)
        if status.state == "completed" and key in self._most:
            self._most[key] *= 2
        why = f"the batch {status.batch} {_ENDS.get(status.state, 'ended')} before it was answered"
        why = f"{why}: {status.error}" if status.error else why
        was_none_asked = status.state != "completed" and not status.outputs
        await self._settling.settle(sent, why, is_late=status.state == "expired", is_free=was_none_asked)
        return None

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

    def _tell(self, numbers: list[int], note: str | None = None, *, ended: bool = False) -> None:
        self._on_wave(Wave(self._waves, tuple(map(self._parcels.parcel, numbers)), note, ended))


_ENDS = {"completed": "ended", "failed": "failed", "expired": "expired", "cancelled": "was cancelled"}
