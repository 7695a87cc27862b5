"""Have batches created, each once: what is sent is uploaded, created, and looked for where nobody knows."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Literal, TypeVar

from ..clock import unix_time
from ..errors import ConfigError
from ..wire.refusals import ServerError, UnreadableAnswer, may_pass
from ..wire.waiting import jitter
from .account_refusals import is_accounts
from .parcels import Parcels, SentParcel
from .provider import BatchProvider, BatchStatus, is_full_code

_T = TypeVar("_T")
FIRST_PAUSE = 1.0
"""Seconds before a provider is asked again: the first time."""
LONGEST_PAUSE = 300.0
"""Seconds that a provider which fails is left alone at most, and one that asks for more."""
_SETTLING, _LOOKS_APART = 60.0, 5.0
"""Seconds after which a batch that was created stands in its provider's list, and between two looks until then."""
_TRIES = 8
"""How often a file is sent, or a batch asked for, where that fails in passing."""
_NO_BATCHES = frozenset({404, 405, 501})
_HAS_ENDED = frozenset({400, 404, 409})
"""With what a provider answers who cancels a batch that has ended, or is gone."""
WhyNot = Literal["no batches", "too large", "full", "refused"]
"""Why a provider made no batch: it takes none at all, not one of this size, not now, or not this one."""


class NotTaken(Exception):
    """Say that no batch was made."""

    def __init__(self, why: WhyNot, exc: ServerError) -> None:
        super().__init__(str(exc))
        self.why, self.exc = why, exc


class Bringing:
    """Bring the parcels of a journal to their providers."""

    def __init__(self, parcels: Parcels, providers: Mapping[str, BatchProvider], longest: float) -> None:
        """Take up what an earlier process left.

        Args:
            parcels: What is sent.
            providers: Who takes batches, by the address that is asked.
            longest: How many seconds to wait at most before a provider is asked again. Where it is less than a second,
                providers are given as much less time to list what they made.
        """
        self._parcels, self._providers, self._longest = parcels, providers, longest
        self._settling = _SETTLING * min(longest, 1.0)
        self._unsure = {sent.number for sent in parcels.under_way() if sent.stage == "creating"}
        """Parcels of which nobody knows whether their batch was created."""

    def provider(self, sent: SentParcel) -> BatchProvider:
        """Return who takes a parcel.

        Raises:
            ConfigError: Nobody who is asked now.
        """
        try:
            return self._providers[sent.server]
        except KeyError:
            raise ConfigError(
                f"found batches at {sent.server} in the journal, expected those of {', '.join(self._providers)}; go on "
                "with the models that it was begun with"
            ) from None

    async def bring(self, sent: SentParcel) -> None:
        """Upload a parcel and have its batch created; what may have been created already is looked for first.

        Raises:
            NotTaken: There is no batch, and it is known why.
            ServerError: There may be one, or the provider cannot be asked.
        """
        provider, parcel = self.provider(sent), self._parcels.as_parcel(sent)
        if sent.stage == "uploading":
            try:
                file = await self.patient(lambda: provider.upload(parcel), _NO_BATCHES, unless=sent)
            except ServerError as exc:
                raise _of(exc) from exc
            self._parcels.note_stage(sent.number, "creating", file=file, began=unix_time())
        if not await self.is_there(sent):
            await self._create(provider, sent)

    async def is_there(self, sent: SentParcel) -> bool:
        """Tell whether a batch of which nobody knows was created, and note it.

        Raises:
            ServerError: Its provider does not say.
        """
        if sent.number not in self._unsure:
            return False
        provider, others = self.provider(sent), self._parcels.batches(sent.server)
        parcel = self._parcels.as_parcel(self._parcels.parcel(sent.number))
        while True:
            rest = self._settling + min(parcel.began - unix_time(), 0.0)
            # A 404 does not say that there is none.
            status = await self.patient(lambda: provider.find(parcel, others), _NO_BATCHES)
            if rest <= 0 or (status and status.is_certain):
                break
            await asyncio.sleep(min(rest, _LOOKS_APART))
        self._unsure.discard(sent.number)
        if status:
            self._parcels.note_status(sent.number, status)
        return status is not None

    async def cancel(self, sent: SentParcel) -> bool:
        """Ask that a parcel's batch be cancelled, if there is one, or may be; tell whether.

        Raises:
            ServerError: Its provider does not cancel it: it goes on, and is billed.
        """
        if sent.stage == "uploading" or (sent.stage == "creating" and not await self.is_there(sent)):
            return False
        provider, batch = self.provider(sent), str(self._parcels.parcel(sent.number).batch)

        async def ask() -> BatchStatus | None:
            try:
                return await provider.cancel(batch)
            except ServerError as exc:
                if exc.status_code in _HAS_ENDED:
                    return None
                raise

        if status := await self.patient(ask):
            self._parcels.note_status(sent.number, status)
        return True

    async def _create(self, provider: BatchProvider, sent: SentParcel) -> None:
        """Have a batch created, once: where nobody knows whether it was, it is looked for before it is again."""
        for attempt in range(_TRIES):
            self._parcels.note_stage(sent.number, "creating", began=unix_time())
            parcel = self._parcels.as_parcel(self._parcels.parcel(sent.number))
            try:
                self._parcels.note_status(sent.number, await provider.create(parcel))
            except ServerError as exc:
                await self._after(exc, sent, attempt)
                if await self.is_there(sent):
                    return
            else:
                return

    async def _after(self, exc: ServerError, sent: SentParcel, attempt: int) -> None:
        """Wait after a creation that failed, or raise what it stands for."""
        status = exc.status_code
        if is_unknown := status is None or status in (408, 409) or (status >= 500 and status not in _NO_BATCHES):
            self._unsure.add(sent.number)
        elif await self._takes_none(sent, exc):
            raise NotTaken("no batches", exc) from exc
        if attempt == _TRIES - 1 or not (passes(exc) or status in _NO_BATCHES):
            raise exc if is_unknown else _of(exc)
        await self._pause(attempt, exc)

    async def _takes_none(self, sent: SentParcel, exc: ServerError) -> bool:
        """Tell whether a server takes no batches at all: it has no list of them either, and never made one."""
        if exc.status_code not in _NO_BATCHES or self._parcels.batches(sent.server):
            return False
        provider, parcel = self.provider(sent), self._parcels.as_parcel(sent)
        try:
            await self.patient(lambda: provider.find(parcel, ()))
        except ServerError as other:
            if other.status_code in _NO_BATCHES:
                return True
            raise
        return False

    async def patient(
        self, ask: Callable[[], Awaitable[_T]], also: Collection[int] = (), *, unless: SentParcel | None = None
    ) -> _T:
        """Ask for what may be asked for twice, as often as it takes.

        Args:
            ask: What asks.
            also: Statuses that may pass, too.
            unless: A parcel whose server may take no batches at all: then these do not.

        Raises:
            ServerError: There was no answer.
            NotTaken: The server takes no batches.
        """
        for attempt in range(_TRIES - 1):
            try:
                return await ask()
            except ServerError as exc:
                if unless and await self._takes_none(unless, exc):
                    raise NotTaken("no batches", exc) from exc
                if not passes(exc) and exc.status_code not in also:
                    raise
                await self._pause(attempt, exc)
        return await ask()

    async def _pause(self, attempt: int, exc: ServerError) -> None:
        await asyncio.sleep(max(backoff(attempt, self._longest), min(exc.retry_after or 0.0, LONGEST_PAUSE)))


def backoff(attempt: int, longest: float) -> float:
    """Return how many seconds to wait after so many failures in a row.

    Args:
        attempt: How many there were before this one.
        longest: The longest wait.
    """
    return min(FIRST_PAUSE * 2.0 ** min(attempt, 20), longest) * jitter()


def passes(exc: ServerError) -> bool:
    """Tell a failure after which the same request may do; an answer that nobody can read is one."""
    may = exc.status_code is not None and may_pass(exc.status_code)
    return (exc.is_retryable or may or isinstance(exc, UnreadableAnswer)) and not is_accounts(exc.status_code, exc.body)


def _of(exc: ServerError) -> Exception:
    """Return what a refusal of a file or a batch stands for."""
    match exc.status_code:
        case _ if is_accounts(exc.status_code, exc.body):
            return exc
        case 413:
            return NotTaken("too large", exc)
        case 400 if is_full_code(_code_in(exc.body)):
            return NotTaken("full", exc)
        case 429:
            return NotTaken("full", exc)
        case 400 | 404 | 405 | 422 | 501:
            return NotTaken("refused", exc)
    return exc


def _code_in(body: object) -> str:
    inner = body.get("error") if isinstance(body, dict) else None
    return str(inner.get("code")) if isinstance(inner, dict) else ""
